"""The functions that projects test with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import override_settings

from jenk import testing
from tests.browsers import Browser, now

pytestmark = pytest.mark.django_db


def sign_in(browser: Browser, user: Any, **options: Any) -> None:
    if browser.asynchronous:
        async_to_sync(testing.asign_in)(browser.client, user, **options)
    else:
        testing.sign_in(browser.client, user, **options)


def test_signing_in_is_as_through_the_page(browser: Browser, alice: Any) -> None:
    sign_in(browser, alice)

    assert browser.get("private/").json()["user"] == "alice"
    assert browser.marker == "1"


def test_signing_in_some_time_ago(browser: Browser, alice: Any) -> None:
    at = now() - timedelta(days=3)
    sign_in(browser, alice, at=at)
    keys = browser.get("private/").json()["keys"]

    assert abs((now() - timedelta(days=3) - parsed(keys["login_time"])).total_seconds()) < 5
    assert parsed(keys["last_activity"]) > now() - timedelta(seconds=5)


def parsed(value: str) -> Any:
    return type(now()).fromisoformat(value)


@pytest.mark.parametrize("by", [3600, timedelta(hours=1)])
def test_time_passes(browser: Browser, alice: Any, by: Any) -> None:
    with override_settings(SESSION_COOKIE_AGE=3600):
        sign_in(browser, alice)
        browser.verb("age", 3590)
        assert browser.get("private/").status_code == 200
        browser.verb("age", by)
        assert "sessionid" not in browser.client.cookies
        assert browser.get("private/").status_code == 302


def test_a_fixed_end_comes_closer(browser: Browser, alice: Any) -> None:
    sign_in(browser, alice)
    session = browser.client.session
    session.set_expiry(timedelta(hours=2))
    session.save()
    browser.verb("age", timedelta(hours=1, minutes=59))
    assert browser.get("private/").status_code == 200
    browser.verb("age", 90)

    assert browser.get("private/").status_code == 302


@override_settings(JENK_ABSOLUTE_TIMEOUT=timedelta(days=30))
@pytest.mark.parametrize("reason", ["idle", "absolute", "expired", "password_changed"])
def test_each_end(browser: Browser, alice: Any, reason: str) -> None:
    sign_in(browser, alice)
    browser.expire(reason)

    assert browser.get("ajax/").json()["reason"] == reason


@pytest.mark.parametrize("reason", ["absolute", "disabled", "boredom"])
def test_an_end_that_cannot_be_brought_about(browser: Browser, alice: Any, reason: str) -> None:
    sign_in(browser, alice)
    with pytest.raises(ValueError, match=f"cannot bring a session to the end '{reason}'"):
        browser.expire(reason)


@pytest.mark.parametrize(("verb", "argument"), [("age", 5), ("expire", "idle")])
def test_a_client_without_a_session_is_told_so(browser: Browser, verb: str, argument: Any) -> None:
    with pytest.raises(ValueError, match=r"Call jenk\.testing\.sign_in\(client, user\) first"):
        browser.verb(verb, argument)


@override_settings(JENK_SNAPSHOT=None)
def test_without_the_keys_the_clocks_still_go(browser: Browser, alice: Any) -> None:
    sign_in(browser, alice, at=now() - timedelta(days=3))

    keys = browser.get("private/").json()
    assert keys["keys"] == {}
    assert keys["session_user"]["user"] == "alice"
    assert parsed(keys["session_user"]["login_time"]) < now() - timedelta(days=2)


@pytest.mark.parametrize("engine", ["file", "cache", "cached_db"])
def test_other_engines(browser: Browser, alice: Any, engine: str, tmp_path: Any) -> None:
    cache = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    with override_settings(
        SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}",
        CACHES=cache,
        SESSION_FILE_PATH=str(tmp_path),
    ):
        browser = browser.another()
        sign_in(browser, alice)
        browser.verb("age", timedelta(days=13))
        assert browser.get("private/").status_code == 200
        browser.verb("age", timedelta(days=14))
        assert browser.get("private/").status_code == 302


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({}, 1209600),
        ({"JENK_PRESET": "pci"}, 900),
        ({"SESSION_COOKIE_AGE": 60}, 60),
        ({"SESSION_EXPIRE_AT_BROWSER_CLOSE": True}, None),
    ],
)
def test_the_cookies_are_those_that_a_browser_would_have(
    browser: Browser, alice: Any, options: dict[str, Any], kept: int | None
) -> None:
    with override_settings(**options, JENK_ACTIVITY_INTERVAL=0):  # so that every answer has them
        sign_in(browser, alice)
        made = {name: browser.client.cookies[name]["max-age"] for name in browser.client.cookies}
        sent = browser.get("plain/").cookies

    assert made == {name: morsel["max-age"] for name, morsel in sent.items()}
    assert made["sessionid"] == ("" if kept is None else kept)
    assert made["sessionid_seen"] == ("" if kept is None else kept + 86400)


@override_settings(JENK_PRESET="pci")
@pytest.mark.parametrize(("by", "reason"), [(899, None), (901, "expired"), (80000, "expired")])
def test_time_passes_at_once_as_after_a_request(
    browser: Browser, alice: Any, by: int, reason: str | None
) -> None:
    sign_in(browser, alice)
    browser.verb("age", by)

    assert browser.get("ajax/").json().get("reason") == reason


@override_settings(SESSION_EXPIRE_AT_BROWSER_CLOSE=True)
def test_time_alone_takes_no_cookie_that_lasts_until_the_browser_closes(
    browser: Browser, alice: Any
) -> None:
    sign_in(browser, alice)
    browser.verb("age", timedelta(days=15))

    assert browser.client.cookies.keys() == {"sessionid", "sessionid_seen"}
    assert browser.get("ajax/").json()["code"] == "session_ended"
