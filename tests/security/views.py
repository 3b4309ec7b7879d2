"""Views that do what goes wrong: they fail half-way, or lose their session while they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    SESSION_KEY,
    login,
    logout,
    update_session_auth_hash,
)
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.views import View
from django.views.decorators.cache import cache_page
from django.views.decorators.http import require_POST

from jenk import lifecycle
from jenk.decorators import public, session_required, session_required_ajax
from jenk.mixins import SessionRequiredMixin
from tests.engines import Session
from website.models import User


class FailureError(Exception):
    """What a view raises."""


def twin(view: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same view as an async one."""

    async def asynchronous(request: HttpRequest, **kwargs: Any) -> Any:
        return await sync_to_async(view)(request, **kwargs)

    asynchronous.__name__ = f"a{view.__name__}"
    return asynchronous


def fail(request: HttpRequest) -> HttpResponse:
    """Store something, and fail."""
    request.session["stored"] = "before the failure"
    raise FailureError


def rotate_and_fail(request: HttpRequest) -> HttpResponse:
    lifecycle.rotate(request)
    raise FailureError


def rotate_and_roll_back(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        return rotate_and_fail(request)


def sign_out_and_fail(request: HttpRequest) -> HttpResponse:
    logout(request)
    raise FailureError


def cycle_and_roll_back(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        request.session.cycle_key()
        raise FailureError


def cycle_and_refuse(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        request.session.cycle_key()
        transaction.set_rollback(True)
    return HttpResponse("not now", status=409)


def enter_by_hand(request: HttpRequest, username: str) -> HttpResponse:
    """Sign in where the project itself says when to commit."""
    transaction.set_autocommit(False)
    try:
        enter(request, username)
        transaction.commit()
    finally:
        transaction.set_autocommit(True)
    return HttpResponse()


def replace(request: HttpRequest) -> HttpResponse:
    """Put another store in the session's place, which nobody has looked up yet."""
    request.session = type(request.session)(request.session.session_key)
    return HttpResponse()


def sign_out_and_roll_back(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        logout(request)
        raise FailureError


def enter(request: HttpRequest, username: str) -> HttpResponse:
    """Sign somebody in by code, as an impersonation does."""
    login(request, User.objects.get(username=username))
    return HttpResponse()


def enter_and_raise(request: HttpRequest, username: str) -> HttpResponse:
    enter(request, username)
    raise FailureError


def enter_and_roll_back(request: HttpRequest, username: str) -> HttpResponse:
    with transaction.atomic():
        return enter_and_raise(request, username)


def change_password(request: HttpRequest) -> HttpResponse:
    user = request.user
    user.set_password("another")
    user.save()
    update_session_auth_hash(request, user)
    return HttpResponse()


def delete_row(request: HttpRequest) -> None:
    """End the session as another process would, while this request runs."""
    Session.objects.filter(pk=request.session.session_key).delete()
    request.session["late"] = "write"


def lose_session(request: HttpRequest) -> HttpResponse:
    delete_row(request)
    return HttpResponse("late")


def lose_and_rotate(request: HttpRequest) -> HttpResponse:
    delete_row(request)
    lifecycle.rotate(request)
    return HttpResponse("late")


def lose_and_save(request: HttpRequest) -> HttpResponse:
    delete_row(request)
    request.session.save()
    return HttpResponse("late")


def claim(request: HttpRequest, user_id: str) -> HttpResponse:
    """Write a user into the session by hand."""
    request.session[SESSION_KEY] = user_id
    request.session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    return HttpResponse()


async def aclaim(request: HttpRequest, user_id: str) -> HttpResponse:
    await request.session.aset(SESSION_KEY, user_id)
    await request.session.aset(BACKEND_SESSION_KEY, "django.contrib.auth.backends.ModelBackend")
    return HttpResponse()


class CachedPage(SessionRequiredMixin, View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return elsewhere(request)


def stream(request: HttpRequest) -> StreamingHttpResponse:
    name = request.user.get_username()

    def parts() -> Iterator[str]:
        yield from (name, "!")

    return StreamingHttpResponse(parts())


async def astream(request: HttpRequest) -> StreamingHttpResponse:
    name = request.user.get_username()

    async def parts() -> Any:
        for part in (name, "!"):
            yield part

    return StreamingHttpResponse(parts())


def token(request: HttpRequest) -> HttpResponse:
    """Show a form's token, which CSRF_USE_SESSIONS keeps in the session."""
    return HttpResponse(get_token(request))


def hello(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"hello {request.user.get_username()}")


def sign_in_page(request: HttpRequest) -> HttpResponse:
    """A sign-in page that is no LoginView."""
    return HttpResponse("sign in here")


def elsewhere(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"secret of {request.user.get_username()}")


def stacked(view: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
    """Return a view under several decorators, in each order."""
    return {
        "login-first": login_required(session_required(view)),
        "login-last": session_required(login_required(view)),
        "post-first": require_POST(session_required(view)),
        "post-last": session_required(require_POST(view)),
        "public-first": public(session_required(view)),
        "public-last": session_required(public(view)),
        "twice": session_required(session_required(view)),
    }


def external(view: Callable[..., Any]) -> Callable[..., Any]:
    return session_required(login_url="https://sso.example/enter?tenant=1")(view)


def cached(view: Callable[..., Any]) -> Callable[..., Any]:
    """Cache what a protected view answers; the wrong way round, as it happens."""
    return cache_page(60)(session_required(view))


def cached_ajax(view: Callable[..., Any]) -> Callable[..., Any]:
    return cache_page(60)(session_required_ajax(view))
