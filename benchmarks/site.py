"""The pages that are asked for: the same for every contestant."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.http import HttpRequest, HttpResponse
from django.urls import path

USER = "alice"
NOTE = "kept"
TEXT = f"{NOTE} {USER}"
BACKEND = "django.contrib.auth.backends.ModelBackend"


def answer(text: str) -> HttpResponse:
    """Return a page that says how long it is, which is CommonMiddleware's to say elsewhere."""
    return HttpResponse(text, headers={"Content-Length": str(len(text))})


def page(request: HttpRequest) -> HttpResponse:
    """Read the session and the user."""
    return answer(f"{request.session['note']} {request.user.get_username()}")


async def apage(request: HttpRequest) -> HttpResponse:
    note = await request.session.aget("note")
    user = await request.auser()
    return answer(f"{note} {user.get_username()}")


def bare(request: HttpRequest) -> HttpResponse:
    """Answer as `page` does, without looking."""
    return answer(TEXT)


async def abare(request: HttpRequest) -> HttpResponse:
    return answer(TEXT)


def sign_in(request: HttpRequest) -> HttpResponse:
    user = get_user_model()._default_manager.get(username=USER)
    login(request, user, backend=BACKEND)
    request.session["note"] = NOTE
    return answer("in")


if settings.MIDDLEWARE:
    urlpatterns = [
        path("page", page),
        path("apage", apage),
        path("sign-in", sign_in),
    ]
else:
    urlpatterns = [path("page", bare), path("apage", abare), path("sign-in", bare)]
