"""`{% load jenk %}`: why the visitor was signed out, and a form to sign out."""

from __future__ import annotations

from typing import Any

from django import template
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.context import RequestContext
from django.urls import NoReverseMatch, reverse

from jenk.visits import end_reason

register = template.Library()


@register.inclusion_tag("jenk/end_reason.html", takes_context=True)
def session_end_reason(context: RequestContext) -> dict[str, Any]:
    """Say why the visitor was signed out, once; nothing where there is nothing to say."""
    return {"reason": end_reason(request_of(context, "session_end_reason"))}


@register.inclusion_tag("jenk/sign_out_form.html", takes_context=True)
def sign_out_form(context: RequestContext, url: str = "logout", next: str = "") -> dict[str, Any]:  # noqa: A002 - the name of the form's field
    """Show a button that signs out, to whoever is signed in.

    Args:
        url: the name of the sign-out URL, or the URL.
        next: where to go afterwards, instead of LOGOUT_REDIRECT_URL.
    """
    request = request_of(context, "sign_out_form")
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {}
    return {"logout_url": logout_url(url), "csrf_token": get_token(request), "next": next}


def logout_url(url: str) -> str:
    """Return the URL of that name, or `url` itself where it is a path.

    Raises:
        NoReverseMatch: there is none.
    """
    if "/" in url:
        return url
    try:
        return reverse(url)
    except NoReverseMatch:
        message = (
            f"{{% sign_out_form %}} found no URL named {url!r}. Name your sign-out view so, or "
            'give its name: {% sign_out_form "accounts:logout" %}.'
        )
        raise NoReverseMatch(message) from None


def request_of(context: RequestContext, tag: str) -> HttpRequest:
    """Return the request that a template is rendered for.

    Raises:
        ImproperlyConfigured: the template has none.
    """
    request = context.get("request")
    if isinstance(request, HttpRequest):
        return request
    message = (
        f"{{% {tag} %}} needs the request. Render the template with render(request, ...) and add "
        '"django.template.context_processors.request" to the context processors in TEMPLATES.'
    )
    raise ImproperlyConfigured(message)
