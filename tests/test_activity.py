"""What counts as using a session, and when that is written down."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import override_settings

from tests.browsers import Browser
from tests.engines import OWN_ENGINE, Session, stored_clocks

pytestmark = [pytest.mark.django_db, pytest.mark.table]

START = "2026-03-20T12:00:00Z"
STARTED = "2026-03-20T12:00:00.000000+00:00"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(START, tick=False) as clock:
        yield clock


def stored(browser: Browser) -> dict[str, Any]:
    return Session.objects.get(pk=browser.key).get_decoded()


@pytest.fixture(params=[True, False], ids=["saving", "not-saving"])
def saving(request: Any) -> Any:
    with override_settings(SESSION_SAVE_EVERY_REQUEST=request.param):
        yield request.param


def test_the_view_reads_its_own_request_as_the_last_activity(
    browser: Browser, alice: Any, clock: Any, saving: bool
) -> None:
    browser.sign_in("alice")
    clock.shift(30)
    seen = browser.get("plain/").json()

    now = "2026-03-20T12:00:30.000000+00:00"
    assert seen["session_user"]["last_activity"] == now
    assert seen["keys"]["last_activity"] == now
    assert seen["keys"]["login_time"] == STARTED


def test_each_request_is_written_when_saving(
    browser: Browser, alice: Any, clock: Any, settings: Any
) -> None:
    if OWN_ENGINE:  # which saves every request once an interval
        settings.JENK_ACTIVITY_INTERVAL = 1
    browser.sign_in("alice")
    clock.shift(1)
    browser.get("plain/")

    assert stored(browser)["last_activity"] == "2026-03-20T12:00:01.000000+00:00"
    assert stored_clocks(browser.key) == {
        "authenticated_at": STARTED,
        "last_activity": "2026-03-20T12:00:01.000000+00:00",
    }


@override_settings(SESSION_SAVE_EVERY_REQUEST=False)
# An engine of jenk's spreads the writes: up to a tenth sooner.
@pytest.mark.parametrize(
    ("after", "written"), [(53 if OWN_ENGINE else 59, False), (60, True)], ids=["before", "after"]
)
def test_without_saving_it_is_written_once_an_interval(
    browser: Browser, alice: Any, clock: Any, after: int, written: bool
) -> None:
    browser.sign_in("alice")
    clock.shift(after)
    response = browser.get("plain/")

    assert (stored(browser)["last_activity"] != STARTED) == written
    assert ("sessionid" in response.cookies) == written


@override_settings(SESSION_SAVE_EVERY_REQUEST=False, JENK_ACTIVITY_INTERVAL=0)
def test_an_interval_of_zero_writes_every_time(browser: Browser, alice: Any, clock: Any) -> None:
    browser.sign_in("alice")
    clock.shift(1)
    browser.get("plain/")

    assert stored(browser)["last_activity"] == "2026-03-20T12:00:01.000000+00:00"


@override_settings(SESSION_SAVE_EVERY_REQUEST=False)
def test_a_change_by_the_view_carries_the_activity_along(
    browser: Browser, alice: Any, clock: Any
) -> None:
    browser.sign_in("alice")
    clock.shift(5)
    browser.get("write/?cart=3")

    assert stored(browser)["cart"] == "3"
    assert stored(browser)["last_activity"] == "2026-03-20T12:00:05.000000+00:00"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("poll/", {}),
        ("plain/", {"Sec-Purpose": "prefetch;prerender"}),
        ("answer/401/", {}),
        ("answer/403/", {}),
        ("answer/429/", {}),
        ("answer/500/", {}),
        ("managers-ajax/", {}),
        ("denied/", {}),
    ],
)
def test_what_does_not_count(
    browser: Browser, alice: Any, clock: Any, saving: bool, path: str, headers: dict[str, str]
) -> None:
    browser.sign_in("alice")
    clock.shift(120)
    browser.get(path, headers=headers)

    assert stored(browser)["last_activity"] == STARTED
    assert stored_clocks(browser.key)["last_activity"] == STARTED


def test_a_passive_request_reads_the_last_real_one(
    browser: Browser, alice: Any, clock: Any
) -> None:
    browser.sign_in("alice")
    clock.shift(120)

    assert browser.get("poll/").json()["session_user"]["last_activity"] == STARTED


def test_polling_does_not_keep_a_session_alive(browser: Browser, alice: Any, clock: Any) -> None:
    with override_settings(SESSION_COOKIE_AGE=600):
        browser.sign_in("alice")
        for _ in range(19):
            clock.shift(30)
            assert browser.get("poll/").json()["user"] == "alice"
        clock.shift(30)
        assert browser.get("poll/").status_code == 302


@pytest.mark.parametrize("entry", ["{views}:plain", "tests.views.{plain}"])
def test_passive_views_can_be_listed(browser: Browser, alice: Any, clock: Any, entry: str) -> None:
    view = "plain" if browser.views == "sync" else "aplain"
    with override_settings(JENK_PASSIVE_VIEWS=(entry.format(views=browser.views, plain=view),)):
        browser.sign_in("alice")
        clock.shift(120)
        browser.get("plain/")

    assert stored(browser)["last_activity"] == STARTED


@pytest.mark.parametrize("path", ["plain/", "answer/404/", "nowhere/", "answer/302/"])
def test_what_counts(browser: Browser, alice: Any, clock: Any, path: str) -> None:
    browser.sign_in("alice")
    clock.shift(120)
    browser.get(path)

    assert stored(browser)["last_activity"] == "2026-03-20T12:02:00.000000+00:00"


def test_a_request_that_csrf_refuses_does_not_count(
    browser: Browser, alice: Any, clock: Any
) -> None:
    strict = browser.another(enforce_csrf_checks=True)
    browser.sign_in("alice")
    strict.set_cookie("sessionid", str(browser.key))
    clock.shift(120)

    assert strict.post("plain/").status_code == 403
    assert stored(browser)["last_activity"] == STARTED


def test_activity_never_goes_back(browser: Browser, alice: Any, clock: Any) -> None:
    browser.sign_in("alice")
    clock.shift(-30)
    browser.get("plain/")

    assert stored(browser)["last_activity"] == STARTED


@pytest.mark.parametrize("path", ["rotate/", "write/?a=1", "plain/"])
def test_login_time_moves_at_sign_in_alone(
    browser: Browser, alice: Any, clock: Any, path: str
) -> None:
    browser.sign_in("alice")
    clock.shift(60)
    browser.get(path)
    assert stored(browser)["login_time"] == STARTED

    browser.sign_in("alice")
    assert stored(browser)["login_time"] == "2026-03-20T12:01:00.000000+00:00"


def test_signed_in_responses_are_not_stored_by_caches(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")

    assert browser.get("plain/").headers["Cache-Control"] == "no-store"
    assert browser.get("plain/").headers["Vary"] == "Cookie"


@override_settings(JENK_NO_STORE=False)
def test_no_store_can_be_left_out(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")

    assert not browser.get("plain/").has_header("Cache-Control")


@override_settings(JENK_CLEAR_SITE_DATA=("cache", "storage"))
def test_sign_out_can_have_the_browser_clear_what_it_keeps(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    assert not browser.get("plain/").has_header("Clear-Site-Data")

    assert browser.sign_out().headers["Clear-Site-Data"] == '"cache", "storage"'
    assert not browser.sign_out().has_header("Clear-Site-Data")


@override_settings(USE_TZ=False, TIME_ZONE="America/New_York")
def test_naive_times_of_the_project_do_not_matter(browser: Browser, alice: Any, clock: Any) -> None:
    browser.sign_in("alice")
    assert browser.get("plain/").json()["keys"]["login_time"] == STARTED
    session = browser.client.session
    session.set_expiry(timedelta(hours=1))
    session.save()
    clock.shift(timedelta(minutes=59))
    assert browser.get("private/").status_code == 200
    clock.shift(MINUTE)
    assert browser.get("private/").status_code == 302
