"""What a project can get wrong at run time, and who is signed in by other means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ObjectDoesNotExist
from django.http import HttpRequest
from django.test import override_settings
from django.utils.decorators import sync_and_async_middleware
from django.utils.functional import SimpleLazyObject

from jenk.record import duration
from jenk.snapshot import attribute
from tests.browsers import Browser
from website.models import User

pytestmark = pytest.mark.django_db

AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"
SESSION = "jenk.middleware.SessionMiddleware"


@sync_and_async_middleware
def by_token(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Sign the owner of a token in for one request, lazily, as token middleware do."""

    def middleware(request: HttpRequest) -> Any:
        if "Authorization" in request.headers:
            request.user = SimpleLazyObject(lambda: User(username="tess", role=2))
            del request.auser
        return get_response(request)

    if settings.TOKEN_ASYNC:

        async def amiddleware(request: HttpRequest) -> Any:
            return await middleware(request)

        return amiddleware
    return middleware


@pytest.mark.parametrize("missing", [SESSION, AUTH])
def test_a_middleware_that_is_missing_is_named_with_the_order(
    browser: Browser, missing: str
) -> None:
    left = [one for one in settings.MIDDLEWARE if one != missing]
    if missing == SESSION:
        left.remove(AUTH)
        left.remove("django.contrib.messages.middleware.MessageMiddleware")
    with (
        override_settings(MIDDLEWARE=left),
        pytest.raises(ImproperlyConfigured, match=r"found no request\.(session|user)\. Write in"),
    ):
        browser.another().get("plain/")


def test_a_user_signed_in_by_a_token_has_facts_and_no_session(browser: Browser) -> None:
    order = list(settings.MIDDLEWARE)
    order.insert(1 + order.index(AUTH), "tests.test_misuse.by_token")
    with override_settings(MIDDLEWARE=order, TOKEN_ASYNC=browser.asynchronous):
        browser = browser.another()
        response = browser.get("managers/", headers={"Authorization": "Token x"})

    assert response.json()["session_user"]["user"] == "tess"
    assert response.json()["session_user"]["login_time"] is None
    assert response.json()["keys"] == {}
    assert response.headers["Cache-Control"] == "no-store"
    assert browser.key is None


@pytest.mark.parametrize("seconds", [10**15, -(10**15)])
def test_a_duration_beyond_all_bounds_is_the_longest_there_is(seconds: int) -> None:
    assert (duration(seconds).days > 10**8) == (seconds > 0)


class Account:
    """A user whose status is kept in a row of its own, that is not there."""

    _meta = User._meta

    @property
    def status(self) -> int:
        raise ObjectDoesNotExist


def test_a_relation_that_leads_nowhere_is_nothing() -> None:
    assert attribute(Account(), "status") is None
