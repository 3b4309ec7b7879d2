"""The one place that turns a refusal into a redirect, a 401 or an htmx redirect."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, reverse
from django.utils.cache import patch_vary_headers
from django.utils.encoding import iri_to_uri
from django.utils.http import escape_leading_slashes, url_has_allowed_host_and_scheme

from jenk import visits, wording
from jenk.exceptions import SessionLimitReached
from jenk.view_traits import DEFAULT_TERMS, Terms

HTML_RANGES = frozenset({"text/html", "application/xhtml+xml", "text/*", "*/*"})
LONGEST_NEXT = 2048
LONGEST_ACCEPT = 4096


def refuse(request: HttpRequest, terms: Terms = DEFAULT_TERMS) -> HttpResponse:
    """Return the answer to a request that needs a signed-in session and has none."""
    visit = visits.required_visit(request, "A refusal")
    visit.refused = True
    login = login_url(request, terms.login_url)
    response: HttpResponse
    if terms.always_json or is_scripted(request):
        response = refuse_script(request, login, visit, terms)
    else:
        visit.told = is_seen(request)
        target = return_path(request, login) if request.method in {"GET", "HEAD"} else None
        response = HttpResponseRedirect(with_next(login, target, terms))
    patch_vary_headers(response, ("Cookie",))
    return response


def refuse_script(
    request: HttpRequest, login: str, visit: visits.Visit, terms: Terms
) -> HttpResponse:
    """Return the 401 that a script can act on; htmx goes to sign in by itself."""
    retired, reason = visit.retired, visit.retired or visit.reason
    detail = wording.MESSAGES[reason] if reason else wording.SIGN_IN_REQUIRED
    response = as_json(
        401,
        code="session_ended" if reason and not retired else "session_required",
        reason=reason.value if reason else None,
        detail=str(detail),
        login_url=login,
    )
    if "HX-Request" in request.headers:
        response["HX-Redirect"] = with_next(login, htmx_page(request), terms)
    return response


def forbid(request: HttpRequest, terms: Terms = DEFAULT_TERMS) -> HttpResponse:
    """Return the answer to a signed-in user whose role is another.

    Raises:
        PermissionDenied: a person is looking, and shall see the site's own page for it.
    """
    visits.required_visit(request, "A refusal").refused = True
    if terms.always_json or is_scripted(request):
        return as_json(403, code="forbidden", detail=str(wording.FORBIDDEN))
    raise PermissionDenied(str(wording.FORBIDDEN))


def refuse_limit(request: HttpRequest, error: SessionLimitReached) -> HttpResponse | None:
    """Return the answer to a script that may not sign in; a person sees the site's page for a 403.

    The view that signs in need know nothing of limits.
    """
    if not is_scripted(request):
        return None
    return as_json(403, code="limit_reached", detail=str(error))


def with_next(login: str, target: str | None, terms: Terms) -> str:
    """Return the URL to sign in, which knows where to come back to."""
    if target is None or not terms.redirect_field_name:
        return login
    return redirect_to_login(target, login, terms.redirect_field_name).url


def as_json(status: int, **body: Any) -> JsonResponse:
    response = JsonResponse(body, status=status)
    response["Cache-Control"] = "no-store"
    return response


def login_url(request: HttpRequest, own: str | None) -> str:
    """Return where to sign in: the view's own choice, its admin site's login, or LOGIN_URL.

    Raises:
        NoReverseMatch: it does not resolve.
    """
    match = request.resolver_match
    if own is None and match is not None and match.app_names[-1:] == ["admin"]:
        try:
            return reverse(f"{match.namespace}:login", current_app=match.namespace)
        except NoReverseMatch:
            pass  # another app of that name, or an admin whose address takes arguments
    return resolve_url(own or settings.LOGIN_URL)


def is_scripted(request: HttpRequest) -> bool:
    """Tell whether a script sent the request, which has no use for a sign-in page."""
    headers = request.headers
    return (
        "HX-Request" in headers
        or "X-Requested-With" in headers
        or headers.get("Sec-Fetch-Dest") == "empty"
        or prefers_json(headers.get("Accept", ""))
    )


def prefers_json(accept: str) -> bool:
    """Tell whether an Accept header ranks JSON above HTML (RFC 9110 section 12.5.1)."""
    json = html = (0.0, 0)
    for part in accept[:LONGEST_ACCEPT].split(","):
        media_type, _, parameters = part.partition(";")
        rank = (quality(parameters), specificity(media_type.strip()))
        if is_json(media_type):
            json = max(json, rank)
        if accepts_html(media_type):
            html = max(html, rank)
    return json[0] > 0 and json > html


def quality(parameters: str) -> float:
    """Return the weight that a media range's parameters give it, 1 unless they say."""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                weight = float(value)
            except ValueError:
                return 1.0
            return weight if 0.0 <= weight <= 1.0 else 1.0
    return 1.0


def specificity(media_type: str) -> int:
    return 0 if media_type == "*/*" else 1 if media_type.endswith("/*") else 2


def is_json(media_type: str) -> bool:
    media_type = media_type.strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def accepts_html(media_type: str) -> bool:
    return media_type.strip().lower() in HTML_RANGES


def is_seen(request: HttpRequest) -> bool:
    """Tell whether a person will see the answer: a navigation, neither ahead of time nor a part.

    Browsers that send no Fetch Metadata get the benefit of the doubt.
    """
    mode = request.headers.get("Sec-Fetch-Mode", "navigate")
    return mode == "navigate" and request.method != "HEAD" and not visits.is_prefetch(request)


def return_path(request: HttpRequest, login: str) -> str | None:
    """Return where to come back to after signing in, if it is safe to say."""
    parts = urlsplit(login)
    same_site = (not parts.scheme or parts.scheme == request.scheme) and (
        not parts.netloc or parts.netloc == request.get_host()
    )
    return checked(request, request.get_full_path() if same_site else request.build_absolute_uri())


def htmx_page(request: HttpRequest) -> str | None:
    """Return the path of the page that htmx sent the request from, if it is ours."""
    current = request.headers.get("HX-Current-URL", "")
    if len(current) > 3 * LONGEST_NEXT:  # each byte may be percent-encoded
        return None
    if request.headers.get("HX-Current-URL-URI-AutoEncoded") == "true":
        current = unquote(current)
    if not checked(request, current):
        return None
    parts = urlsplit(current)
    path = iri_to_uri(f"{parts.path}?{parts.query}" if parts.query else parts.path)
    return checked(request, escape_leading_slashes(path))


def checked(request: HttpRequest, url: str) -> str | None:
    """Return `url` if a redirect may lead there (OWASP ASVS 5.0 3.7.2), else None."""
    safe = len(url) <= LONGEST_NEXT and url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if safe else None
