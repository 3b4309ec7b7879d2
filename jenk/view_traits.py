"""What a view is to the session: public, passive, or without one.

A view is judged by what the URL resolved to, never by the raw path, so no spelling of a path
slips past (OWASP ASVS 5.0 8.3.1).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth import views as auth_views
from django.contrib.staticfiles.views import serve as serve_static
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, Resolver404, ResolverMatch, get_script_prefix, resolve
from django.views.static import serve as serve_file

from jenk.conf import conf

FILE_VIEWS = (serve_file, serve_static)
SIGN_IN_VIEWS = (auth_views.LoginView,)
PUBLIC_VIEWS = (
    auth_views.LoginView,
    auth_views.LogoutView,
    auth_views.PasswordResetView,
    auth_views.PasswordResetDoneView,
    auth_views.PasswordResetConfirmView,
    auth_views.PasswordResetCompleteView,
)
ADMIN_PUBLIC_NAMES = ("login", "logout")


@dataclass(frozen=True, slots=True)
class Terms:
    """How one view wants its refusals: what its decorator was told."""

    login_url: str | None = None
    redirect_field_name: str = REDIRECT_FIELD_NAME
    always_json: bool = False


DEFAULT_TERMS = Terms()


class ViewTraits:
    """What the session middleware has to know of the view that a request reached.

    Worked out when asked: most requests ask for one or two of them.
    """

    def __init__(self, request: HttpRequest, view: Any) -> None:
        self.request = request
        self.view = view
        self.match = request.resolver_match

    @cached_property
    def serves_file(self) -> bool:
        """Static files and media: no page that anybody signs in for."""
        return self.view in FILE_VIEWS

    @cached_property
    def signs_in(self) -> bool:
        """A page to sign in on."""
        return is_sign_in(self.request, self.view, self.match)

    @cached_property
    def public(self) -> bool:
        """Open to a visitor, whatever became of their session."""
        return (
            self.serves_file
            or self.says("jenk_public")
            or is_public(self.view, self.match)
            or self.signs_in
        )

    @cached_property
    def passive(self) -> bool:
        """Not a use of the session: a status poll, a file."""
        return (
            self.serves_file
            or self.says("jenk_passive")
            or is_listed(self.view, self.match, conf().JENK_PASSIVE_VIEWS)
        )

    @cached_property
    def terms(self) -> Terms:
        """What its decorator or mixin says of refusals."""
        found = (getattr(place, "jenk_terms", None) for place in (self.view, self.handler))
        mixed = terms_of_class(self.view)
        return next((one for one in found if isinstance(one, Terms)), mixed)

    @cached_property
    def handler(self) -> Any:
        """The method of a class-based view that answers this request, None for other views."""
        method = (self.request.method or "").lower()
        view_class = getattr(self.view, "view_class", None)
        found = getattr(view_class, method, None)
        return getattr(view_class, "get", None) if found is None and method == "head" else found

    def says(self, mark: str) -> bool:
        """Tell whether a decorator has left this mark, on the view or on its method."""
        return any(getattr(place, mark, False) for place in (self.view, self.handler))

    @cached_property
    def no_session(self) -> bool:
        """No session is made for a visitor: a health check, a file."""
        return self.serves_file or is_listed(self.view, self.match, conf().JENK_NO_SESSION_VIEWS)


def terms_of_class(view: Any) -> Terms:
    """Return what `SessionRequiredMixin` was told, in its class or by `as_view()`."""
    found = getattr(getattr(view, "view_class", None), "jenk_terms", None)
    if not isinstance(found, Terms):
        return DEFAULT_TERMS
    given = getattr(view, "view_initkwargs", {})
    names = {one.name for one in fields(Terms)}
    return replace(found, **{name: given[name] for name in names & given.keys()})


def is_public(view: Any, match: ResolverMatch | None) -> bool:
    """Tell whether a visitor may see this view whatever became of their session."""
    return (
        not getattr(view, "login_required", True)
        or is_class_of(view, PUBLIC_VIEWS)
        or is_admin(match, ADMIN_PUBLIC_NAMES)
        or is_listed(view, match, conf().JENK_PUBLIC_VIEWS)
    )


def is_sign_in(request: HttpRequest, view: Any, match: ResolverMatch | None) -> bool:
    """Tell whether this is a page to sign in on: a LoginView, the admin's own or LOGIN_URL."""
    return (
        is_class_of(view, SIGN_IN_VIEWS)
        or is_admin(match, ("login",))
        or (match is not None and is_login_url(request, match))
    )


def is_class_of(view: Any, classes: tuple[type, ...]) -> bool:
    view_class = getattr(view, "view_class", None)
    return isinstance(view_class, type) and issubclass(view_class, classes)


def is_admin(match: ResolverMatch | None, names: Collection[str]) -> bool:
    return match is not None and match.app_names[-1:] == ["admin"] and match.url_name in names


def is_login_url(request: HttpRequest, match: ResolverMatch) -> bool:
    """Tell whether LOGIN_URL leads to the view that was resolved."""
    if not settings.LOGIN_URL:
        return False
    try:
        parts = urlsplit(resolve_url(settings.LOGIN_URL))
        if parts.netloc and parts.netloc != request.get_host():
            return False
        inside = "/" + parts.path.removeprefix(get_script_prefix()).removeprefix("/")
        login = resolve(inside, getattr(request, "urlconf", None))
    except (NoReverseMatch, Resolver404, DisallowedHost):
        return False
    return all(
        getattr(login, part) == getattr(match, part) for part in ("func", "route", "args", "kwargs")
    )


def is_listed(view: Any, match: ResolverMatch | None, entries: Collection[str]) -> bool:
    """Tell whether a view is in one of the lists of URL names and dotted paths."""
    if not entries:
        return False
    if isinstance(entries, str):
        entries = (entries,)  # or a part of the text would do for an entry
    return dotted_path(view) in entries or (match is not None and match.view_name in entries)


def dotted_path(view: Any) -> str:
    """Return the path by which a view's function or class is imported."""
    view = getattr(view, "view_class", None) or getattr(view, "cls", None) or view
    name = getattr(view, "__qualname__", type(view).__qualname__)
    return f"{getattr(view, '__module__', '')}.{name}"
