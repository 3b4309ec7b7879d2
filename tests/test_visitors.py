"""Sessions for visitors: when one is made, and when none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path
from django.views.decorators.cache import cache_page

from tests.browsers import Browser, close_file
from tests.engines import OWN_ENGINE, Session

pytestmark = [pytest.mark.django_db, pytest.mark.table]


@pytest.fixture(params=["sync", "async"])
def either(request: pytest.FixtureRequest) -> Browser:
    """A browser for each handler, where the style of the view makes no difference."""
    return Browser(asynchronous=request.param == "async", views="sync")


def rows() -> int:
    return Session.objects.count()


def test_a_visitor_gets_a_session(browser: Browser) -> None:
    response = browser.get("plain/")

    assert rows() == 1
    assert Session.objects.get() == Session.objects.get(pk=browser.key)
    assert list(Session.objects.get().get_decoded()) == ([] if OWN_ENGINE else ["_jenk"])
    assert response.json() == {"user": "", "session_user": None, "keys": {}}
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Vary"] == "Cookie"


def test_the_same_visitor_keeps_it(browser: Browser) -> None:
    browser.get("write/?cart=3")
    key = browser.key

    assert browser.get("plain/").json()["keys"] == {"cart": "3"}
    assert browser.key == key
    assert rows() == 1


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("head", "plain/", {}),
        ("options", "plain/", {}),
        ("get", "plain/", {"Sec-Purpose": "prefetch"}),
        ("get", "plain/", {"Authorization": "Token abc"}),
        ("get", "/static/jenk/jenk.css", {}),
        ("get", "answer/500/", {}),
    ],
)
def test_when_a_visitor_gets_none(
    browser: Browser, method: str, path: str, headers: dict[str, str]
) -> None:
    response = browser.request(method, path, headers=headers)
    close_file(response)

    assert rows() == 0
    assert "sessionid" not in response.cookies


def test_health_checks_can_go_without(browser: Browser) -> None:
    with override_settings(JENK_NO_SESSION_VIEWS=(f"{browser.views}:untouched",)):
        browser.get("untouched/")

    assert rows() == 0


@override_settings(JENK_ANONYMOUS_SESSIONS="on_write")
def test_on_write_a_row_only_when_something_is_stored(browser: Browser) -> None:
    response = browser.get("plain/")
    assert rows() == 0
    assert not response.cookies

    browser.get("write/?cart=3")
    assert rows() == 1
    assert browser.get("plain/").json()["keys"] == {"cart": "3"}


@override_settings(JENK_ANONYMOUS_SESSIONS="on_write")
def test_on_write_a_page_for_everyone_does_not_vary(browser: Browser) -> None:
    response = browser.get("untouched/")

    assert not response.has_header("Vary")
    assert not response.has_header("Cache-Control")


@override_settings(JENK_ANONYMOUS_SESSIONS="on_write")
def test_on_write_an_unknown_cookie_makes_no_row(browser: Browser) -> None:
    browser.set_cookie("sessionid", "a" * 32)
    response = browser.get("plain/")

    assert rows() == 0
    assert response.cookies["sessionid"]["max-age"] == 0


def test_an_empty_session_ends_after_an_hour(browser: Browser) -> None:
    with time_machine.travel("2026-03-20T12:00:00Z", tick=False) as clock:
        browser.get("plain/")
        first = browser.key
        clock.shift(timedelta(seconds=3599))
        browser.get("plain/")
        assert browser.key == first
        clock.shift(timedelta(hours=1))
        browser.get("plain/")

    assert browser.key != first
    assert rows() == 1


def test_a_session_that_holds_something_does_not(browser: Browser) -> None:
    with time_machine.travel("2026-03-20T12:00:00Z", tick=False) as clock:
        browser.get("write/?cart=3")
        clock.shift(timedelta(days=13))
        assert browser.get("plain/").json()["keys"] == {"cart": "3"}


def test_an_empty_sessions_age_does_not_survive_sign_in(browser: Browser, alice: Any) -> None:
    with time_machine.travel("2026-03-20T12:00:00Z", tick=False) as clock:
        browser.get("plain/")
        browser.sign_in("alice")
        clock.shift(timedelta(days=13))
        assert browser.get("private/").status_code == 200


def test_what_a_visitor_stored_is_kept_at_sign_in(browser: Browser, alice: Any) -> None:
    browser.get("write/?cart=3")
    browser.sign_in("alice")

    assert browser.get("plain/").json()["keys"]["cart"] == "3"


def test_a_response_that_ends_a_session_starts_no_other(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    browser.expire()
    browser.get("plain/")
    assert rows() == 0

    browser.sign_in("alice")
    browser.sign_out()
    assert rows() == 0


@pytest.mark.parametrize("key", ["x", "a" * 31, "a" * 33, "A" * 32, "ä" * 32, "a" * 31 + "\n"])
def test_a_key_of_another_shape_is_not_looked_up(
    browser: Browser, key: str, django_assert_num_queries: Any
) -> None:
    browser.set_cookie("sessionid", key.encode("latin-1", "replace").decode("latin-1"))
    with override_settings(JENK_ANONYMOUS_SESSIONS="on_write"), django_assert_num_queries(0):
        assert browser.get("plain/").status_code == 200


def test_a_projects_own_keys_are_left_alone_and_grant_nothing(browser: Browser) -> None:
    browser.get("write/?user=root&user_role=3")
    response = browser.get("plain/")

    assert response.json() == {
        "user": "",
        "session_user": None,
        "keys": {"user": "root", "user_role": "3"},
    }
    assert browser.get("private/").status_code == 302
    assert browser.get("managers/").status_code == 302


SHARED = ["public", "public, max-age=60", "max-age=60", "s-maxage=60", "Public, Max-Age=1"]
OWN = ["private", "private, max-age=60", "no-store", "no-cache", "max-age=0", "must-revalidate"]


@pytest.mark.parametrize("said", [*SHARED, *OWN])
def test_a_page_that_a_cache_may_share_brings_no_session(either: Browser, said: str) -> None:
    """RFC 9111 section 3: a shared cache would hand one visitor's key to the next."""

    def page(request: Any) -> HttpResponse:
        return HttpResponse(headers={"Cache-Control": said})

    with override_settings(ROOT_URLCONF=(path("page/", page),)):
        response = either.get("/page/")

    assert ("sessionid" in response.cookies) is (said in OWN)
    assert response.headers["Cache-Control"] == said
    assert rows() == (said in OWN)


def test_a_page_of_djangos_cache_brings_no_session(either: Browser) -> None:
    with override_settings(
        ROOT_URLCONF=(path("page/", cache_page(60)(lambda request: HttpResponse("page"))),),
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    ):
        for _ in range(2):
            assert "sessionid" not in either.get("/page/").cookies

    assert rows() == 0


@override_settings(JENK_EMPTY_SESSION_AGE=30, SESSION_SAVE_EVERY_REQUEST=False)
def test_an_empty_session_lives_while_its_visitor_comes(browser: Browser) -> None:
    with time_machine.travel("2026-03-20T12:00:00Z", tick=False) as clock:
        browser.get("plain/")
        key = browser.key
        for _ in range(9):
            clock.shift(10)
            browser.get("plain/")
            assert browser.key == key
        clock.shift(30)
        browser.get("plain/")

    assert browser.key != key
