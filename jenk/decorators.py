"""Protect views, and say what a view is to the session."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from inspect import iscoroutinefunction
from types import FunctionType
from typing import Any, cast, overload

from django.contrib.auth import REDIRECT_FIELD_NAME

from jenk import gate
from jenk.effects import arun, run
from jenk.gate import Roles
from jenk.session_user import get_session_user
from jenk.view_traits import Terms

__all__ = ["get_session_user", "passive", "public", "session_required", "session_required_ajax"]

type View = Callable[..., Any]


@overload
def session_required[V: View](view: V, /) -> V: ...


@overload
def session_required[V: View](
    *,
    roles: Collection[Any] | None = None,
    login_url: str | None = None,
    redirect_field_name: str = REDIRECT_FIELD_NAME,
) -> Callable[[V], V]: ...


def session_required(
    view: View | None = None,
    /,
    *,
    roles: Collection[Any] | None = None,
    login_url: str | None = None,
    redirect_field_name: str = REDIRECT_FIELD_NAME,
) -> Any:
    """Let only signed-in users into a view, sync or async.

    A person is sent to sign in and back; a script gets a 401 in JSON, htmx a redirect.

    Args:
        roles: the values of `user_role` that may enter; others get a 403. Exact: there is no
            ranking, and superusers are not exempt.
        login_url: where to sign in instead of LOGIN_URL; a URL or the name of one.
        redirect_field_name: the query parameter that carries the way back.

    Raises:
        TypeError: what is decorated is no view, or `roles` is no collection; at import.
    """
    return protector(
        "session_required", view, roles, Terms(login_url, redirect_field_name, always_json=False)
    )


@overload
def session_required_ajax[V: View](view: V, /) -> V: ...


@overload
def session_required_ajax[V: View](
    *, roles: Collection[Any] | None = None, login_url: str | None = None
) -> Callable[[V], V]: ...


def session_required_ajax(
    view: View | None = None,
    /,
    *,
    roles: Collection[Any] | None = None,
    login_url: str | None = None,
) -> Any:
    """Let only signed-in users into a view that answers scripts: every refusal is JSON.

    The answer is 401 with `code`, `reason`, `detail` and `login_url`; for a wrong role, 403.

    Args:
        roles: as for `session_required`.
        login_url: what the answer names as the place to sign in.

    Raises:
        TypeError: what is decorated is no view, or `roles` is no collection; at import.
    """
    terms = Terms(login_url, always_json=True)
    return protector("session_required_ajax", view, roles, terms)


def public[V: View](view: V) -> V:
    """Leave a view open to everyone, also to a visitor whose session has just ended.

    For class-based views: `@method_decorator(public, name="dispatch")`.
    """
    checked_view("public", view)
    cast("Any", view).jenk_public = True
    return view


def passive[V: View](view: V) -> V:
    """Have requests to a view not count as using the session, as for a status poll.

    For class-based views: `@method_decorator(passive, name="dispatch")`.
    """
    checked_view("passive", view)
    cast("Any", view).jenk_passive = True
    return view


def protector(name: str, view: View | None, roles: Any, terms: Terms) -> Any:
    """Return the protected view, or the decorator that protects one."""
    checked = gate.checked_roles(roles)
    if view is not None:
        return protected(name, view, checked, terms)
    return lambda view: protected(name, view, checked, terms)


def protected(name: str, view: View, roles: Roles, terms: Terms) -> View:
    """Return `view` behind the gate, sync or async as it is."""
    checked_view(name, view)
    if iscoroutinefunction(view) or dispatches_async(view):

        @wraps(view)
        async def asynchronous(request: Any, *args: Any, **kwargs: Any) -> Any:
            refusal = await arun(gate.admit(request, roles, terms))
            if refusal is not None:
                return refusal
            return gate.keep_private(await view(request, *args, **kwargs))

        return labelled(asynchronous, terms)

    @wraps(view)
    def synchronous(request: Any, *args: Any, **kwargs: Any) -> Any:
        refusal = run(gate.admit(request, roles, terms))
        return refusal if refusal is not None else gate.keep_private(view(request, *args, **kwargs))

    return labelled(synchronous, terms)


def dispatches_async(view: Any) -> bool:
    """Tell whether `view` is the `dispatch` of an async view, as `method_decorator` hands it."""
    owner = getattr(getattr(view, "func", view), "__self__", None)
    return bool(getattr(owner, "view_is_async", False))


def labelled(view: Any, terms: Terms) -> View:
    """Tell the middleware, Django's LoginRequiredMiddleware too, how this view refuses."""
    view.jenk_terms = terms
    view.login_url = terms.login_url
    view.redirect_field_name = terms.redirect_field_name
    return cast("View", view)


def checked_view(name: str, view: Any) -> None:
    """Refuse what is no view function, while the programmer is looking at it.

    Raises:
        TypeError: with the way to write it.
    """
    if isinstance(view, type):
        message = (
            f"@{name} is on the class {view.__qualname__}. For a class-based view write "
            f'@method_decorator({name}, name="dispatch") or use SessionRequiredMixin.'
        )
        raise TypeError(message)
    if not callable(view) or isinstance(view, staticmethod | classmethod):
        message = (
            f"@{name} was given {view!r}, which is no view function. Write @{name} above a view, "
            f"or @{name}(...) with keyword arguments alone."
        )
        raise TypeError(message)
    if isinstance(view, FunctionType) and view.__code__.co_varnames[:1] == ("self",):
        message = (
            f"@{name} is on the method {view.__qualname__}. For a method write "
            f"@method_decorator({name}), from django.utils.decorators."
        )
        raise TypeError(message)
