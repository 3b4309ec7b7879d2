"""Who is signed in: Django's own verification, run once, and why it said no."""

from __future__ import annotations

from functools import cache, partial
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY, load_backend
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.functional import LazyObject, empty

from jenk.conf import site, user_model
from jenk.effects import Steps, io
from jenk.reasons import Reason

DJANGOS = "django.contrib.auth.middleware"


def claimed(session: SessionBase) -> tuple[Any, str | None]:
    """Return the user id and the backend that the session names, unverified."""
    return session.get(SESSION_KEY), session.get(BACKEND_SESSION_KEY)


def is_claimed_for(session: SessionBase, user: Any) -> bool:
    """Tell whether the session names `user`, as Django's `login()` writes it."""
    return bool(session.get(SESSION_KEY) == user._meta.pk.value_to_string(user))


def is_possible(user_id: Any) -> bool:
    """Tell whether `user_id` can be a primary key of the user model as it is now.

    Django raises on one that cannot, as after a change of the key's type, and a database on text
    that it cannot hold.
    """
    try:
        user_model()._meta.pk.to_python(user_id)
        return b"\0" not in str(user_id).encode()
    except (ValidationError, ValueError, TypeError, OverflowError):
        return False


def resolve(request: HttpRequest) -> Steps[Any]:
    """Return the request's user, and make `user`, `auser` and their caches that one object."""
    user = yield from io(partial(ask, request), partial(aask, request))
    share(request, user)
    return user


def ask(request: HttpRequest) -> Any:
    return unwrapped(request.user)


async def aask(request: HttpRequest) -> Any:
    """Await the user, unless code before us has already said who it is, or will when asked."""
    if not isinstance(request.user, LazyObject) or request.user._wrapped is not empty:
        return unwrapped(request.user)
    chosen_by = getattr(vars(request.user).get("_setupfunc"), "__module__", None)
    if hasattr(request, "auser") and chosen_by == DJANGOS:
        return await request.auser()
    return await sync_to_async(unwrapped)(request.user)


def is_djangos_to_say(request: HttpRequest) -> bool:
    """Tell whether nobody but Django has said, or will when asked, whose request it is."""
    user = request.user
    if not isinstance(user, LazyObject):
        return False
    return getattr(vars(user).get("_setupfunc"), "__module__", None) == DJANGOS


def unwrapped(user: Any) -> Any:
    """Return the user inside a lazy one, which is asked for it if need be."""
    if not isinstance(user, LazyObject):
        return user
    if user._wrapped is empty:
        user._setup()
    return user._wrapped


def is_known(request: HttpRequest) -> bool:
    """Tell whether the request is known to be somebody's, without asking anew."""
    user = request.user
    if isinstance(user, LazyObject) and user._wrapped is empty:
        return False
    return bool(user.is_authenticated)


def share(request: HttpRequest, user: Any) -> None:
    """Make `user` what every way of asking the request for its user gives.

    `login()` and `logout()` change `request.user`, and before Django 6.1 nothing else.
    """

    async def auser() -> Any:
        return unwrapped(request.user)

    request.user = user
    request.auser = auser
    caches = cast("Any", request)
    caches._cached_user = caches._acached_user = user


def was_asked(request: HttpRequest) -> bool:
    """Tell whether somebody has already asked Django whose request it is."""
    return hasattr(request, "_cached_user") or hasattr(request, "_acached_user")


def become_anonymous(request: HttpRequest) -> None:
    """Make the request one of nobody."""
    share(request, AnonymousUser())


def why_not(session: SessionBase, user_id: Any, backend: str | None) -> Steps[tuple[Any, Any]]:
    """Return the reason why the user of a session was not accepted, and that user.

    Both are None where it is for somebody else to say: the backend is gone from the settings, or
    is one with rules of its own.
    """
    if SESSION_KEY not in session:
        user = yield from look_up(user_id)
        return Reason.PASSWORD_CHANGED, user
    if not has_stock_get_user(backend):
        return None, None
    user = yield from look_up(user_id)
    if user is None:
        return Reason.DELETED, None
    return (None, None) if getattr(user, "is_active", True) else (Reason.DISABLED, user)


def has_stock_get_user(path: str | None) -> bool:
    """Tell whether a backend is there, and finds users as ModelBackend does."""
    if path is None or path not in site().AUTHENTICATION_BACKENDS:
        return False
    kind: Any = type(load_backend(path))
    return is_stock(kind)


@cache
def is_stock(backend: Any) -> bool:
    """Tell whether the class of a backend finds users as ModelBackend does."""
    return issubclass(backend, ModelBackend) and all(
        getattr(backend, name) is getattr(ModelBackend, name) for name in ("get_user", "aget_user")
    )


def look_up(user_id: Any) -> Steps[Any]:
    """Return the user of that id, or None."""
    found = user_model()._default_manager.filter(pk=user_id)
    return (yield from io(found.first, found.afirst))
