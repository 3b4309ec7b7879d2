"""The brief, "Configuration Adjustments"."""

from __future__ import annotations

from typing import Any

import pytest

from tests.brief import brief

pytestmark = pytest.mark.django_db

TIMEOUTS = {
    "1 hour": 3600,
    "1 day": 86400,
    "1 week": 604800,
    "14 days (current)": 1209600,
}


@pytest.mark.parametrize("name", TIMEOUTS)
def test_change_session_timeout_moves_the_limit(
    visitor: Any, alice: Any, name: str, settings: Any, clock: Any
):
    settings.SESSION_COOKIE_AGE = timeout = TIMEOUTS[name]
    response = visitor.sign_in("alice")
    assert response.cookies["sessionid"]["max-age"] == timeout
    clock.shift(timeout - 1)
    assert visitor.get("private/").status_code == 200
    clock.shift(timeout - 1)
    assert visitor.get("private/").status_code == 200
    clock.shift(timeout)
    response = visitor.get("private/")
    assert response["Location"] == f"/login?next=/{visitor.views}/private/"


def test_the_names_of_the_timeouts_are_true():
    hour = 60 * 60
    assert list(TIMEOUTS.values()) == [hour, 24 * hour, 7 * 24 * hour, 14 * 24 * hour]
    assert brief.SETTINGS["SESSION_COOKIE_AGE"] == TIMEOUTS["14 days (current)"]


@pytest.fixture
def _https(settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = True
    settings.SESSION_COOKIE_HTTPONLY = True
    settings.CSRF_COOKIE_SECURE = True


@pytest.mark.usefixtures("_https")
@pytest.mark.parametrize("name", ["sessionid", "sessionid_seen"])
def test_enable_for_production_makes_the_cookies_of_the_session_secure(
    visitor: Any, alice: Any, name: str
):
    fields = {"username": "alice", "password": "pw"}
    cookie = visitor.post("/login", fields, secure=True).cookies[name]
    assert cookie["secure"]
    assert cookie["httponly"]
    assert {"Secure", "HttpOnly"} < set(cookie.OutputString().split("; "))


@pytest.mark.usefixtures("_https")
def test_enable_for_production_makes_a_visitors_cookie_secure(visitor: Any, db: Any):
    cookie = visitor.get("plain/", secure=True).cookies["sessionid"]
    assert cookie["secure"]
    assert cookie["httponly"]


@pytest.mark.usefixtures("_https")
def test_enable_for_production_makes_the_csrf_cookie_secure(visitor: Any, db: Any):
    assert visitor.get("/login", secure=True).cookies["csrftoken"]["secure"]


@pytest.mark.usefixtures("_https")
def test_enable_for_production_makes_the_cookie_of_a_reason_secure(visitor: Any, alice: Any):
    visitor.post("/login", {"username": "alice", "password": "pw"}, secure=True)
    visitor.expire()
    cookie = visitor.get("plain/", secure=True).cookies["sessionid_seen"]
    assert cookie["secure"]
    assert cookie["httponly"]


def test_without_it_the_cookies_work_over_http_and_scripts_still_cannot_read_them(
    visitor: Any, alice: Any
):
    cookies = visitor.sign_in("alice").cookies
    for name in ("sessionid", "sessionid_seen"):
        assert not cookies[name]["secure"]
        assert cookies[name]["httponly"]


def test_a_cookie_that_scripts_may_read_is_still_the_projects_choice(
    visitor: Any, alice: Any, settings: Any
):
    settings.SESSION_COOKIE_HTTPONLY = False
    assert not visitor.sign_in("alice").cookies["sessionid"]["httponly"]


@pytest.mark.parametrize("value", ["Lax", "Strict", "None"])
def test_samesite_is_as_set_on_both_cookies(wsgi: Any, alice: Any, value: str, settings: Any):
    settings.SESSION_COOKIE_SAMESITE = value
    cookies = wsgi.sign_in("alice").cookies
    assert {cookies[name]["samesite"] for name in ("sessionid", "sessionid_seen")} == {value}
