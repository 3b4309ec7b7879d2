"""How long a person who keeps coming stays signed in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.brief.brief import A_DAY, A_SECOND, FOURTEEN_DAYS
from tests.browsers import Browser

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["sync", "async"])
def browser(request: pytest.FixtureRequest) -> Browser:
    """Time passes alike in every style of view, so two will do."""
    return Browser(asynchronous=request.param == "async", views=request.param)


@pytest.fixture(params=[True, False], ids=["saving-every-request", "saving-changes"])
def saving(request: pytest.FixtureRequest, settings: Any) -> bool:
    settings.SESSION_SAVE_EVERY_REQUEST = request.param
    return request.param


def test_one_visit_a_day_keeps_a_person_signed_in_for_a_month(
    visitor: Any, alice: Any, saving: bool, clock: Any
):
    visitor.sign_in("alice")
    for day in range(1, 31):
        clock.shift(A_DAY)
        assert (day, visitor.get("private/").status_code) == (day, 200)
    assert visitor.cookie("sessionid_seen") == "1"


def test_thirteen_days_and_a_bit_are_not_fourteen(
    visitor: Any, alice: Any, saving: bool, clock: Any
):
    """Alive at 13 days 23:59:59 without a visit, dead at 14 days."""
    visitor.sign_in("alice")
    clock.shift(timedelta(days=13, hours=23, minutes=59, seconds=59))
    assert visitor.get("private/").status_code == 200
    clock.shift(FOURTEEN_DAYS)
    assert visitor.get("private/").status_code == 302


@pytest.mark.parametrize("gap", [timedelta(seconds=1), timedelta(seconds=59), timedelta(minutes=2)])
def test_the_end_is_never_late_and_at_most_one_interval_early(
    wsgi: Any, alice: Any, saving: bool, clock: Any, gap: timedelta
):
    wsgi.sign_in("alice")
    clock.shift(gap)
    assert wsgi.get("private/").status_code == 200
    clock.shift(FOURTEEN_DAYS - timedelta(seconds=60))
    assert wsgi.get("private/").status_code == 200
    clock.shift(FOURTEEN_DAYS)
    assert wsgi.get("private/").status_code == 302


def test_without_an_interval_the_end_is_exact_to_the_second(
    visitor: Any, alice: Any, saving: bool, settings: Any, clock: Any
):
    settings.JENK_ACTIVITY_INTERVAL = 0
    visitor.sign_in("alice")
    clock.shift(A_SECOND)
    assert visitor.get("private/").status_code == 200
    clock.shift(FOURTEEN_DAYS - A_SECOND)
    assert visitor.get("private/").status_code == 200
    clock.shift(FOURTEEN_DAYS)
    assert visitor.get("private/").status_code == 302


def test_the_absolute_limit_is_reached_however_active_the_person_is(
    visitor: Any, alice: Any, saving: bool, settings: Any, clock: Any
):
    settings.JENK_ABSOLUTE_TIMEOUT = timedelta(days=30)
    visitor.sign_in("alice")
    for _ in range(29):
        clock.shift(A_DAY)
        assert visitor.get("private/").status_code == 200
    clock.shift(A_DAY - A_SECOND)
    assert visitor.get("private/").status_code == 200
    clock.shift(A_SECOND)
    response = visitor.get("ajax/")
    assert (response.status_code, response.json()["reason"]) == (401, "absolute")
    assert visitor.key is None


def test_the_absolute_limit_counts_from_the_last_sign_in(
    visitor: Any, alice: Any, settings: Any, clock: Any
):
    settings.JENK_ABSOLUTE_TIMEOUT = timedelta(days=2)
    visitor.sign_in("alice")
    clock.shift(A_DAY)
    visitor.sign_in("alice")
    clock.shift(2 * A_DAY - A_SECOND)
    assert visitor.get("private/").status_code == 200
    clock.shift(A_SECOND)
    assert visitor.get("private/").status_code == 302


def test_a_lowered_timeout_ends_a_live_session_at_once(
    visitor: Any, alice: Any, saving: bool, settings: Any, clock: Any
):
    visitor.sign_in("alice")
    clock.shift(3600)
    settings.SESSION_COOKIE_AGE = 3600
    response = visitor.get("ajax/")
    assert (response.status_code, response.json()["reason"]) == (401, "idle")


def test_a_lowered_timeout_spares_a_session_that_is_within_it(
    visitor: Any, alice: Any, saving: bool, settings: Any, clock: Any
):
    visitor.sign_in("alice")
    clock.shift(3599)
    settings.SESSION_COOKIE_AGE = 3600
    assert visitor.get("private/").status_code == 200


def test_a_raised_timeout_revives_no_session_that_had_ended(
    visitor: Any, alice: Any, saving: bool, settings: Any, clock: Any
):
    settings.SESSION_COOKIE_AGE = 3600
    visitor.sign_in("alice")
    key = visitor.key
    clock.shift(3600)
    settings.SESSION_COOKIE_AGE = 1209600
    visitor.set_cookie("sessionid", key)  # though the browser had dropped it
    assert visitor.get("private/").status_code == 302
    visitor.set_cookie("sessionid", key)
    assert visitor.get("private/").status_code == 302


def test_a_session_that_a_lowered_timeout_ended_stays_ended(
    visitor: Any, alice: Any, saving: bool, settings: Any, clock: Any
):
    visitor.sign_in("alice")
    key = visitor.key
    clock.shift(7200)
    settings.SESSION_COOKIE_AGE = 3600
    assert visitor.get("private/").status_code == 302
    settings.SESSION_COOKIE_AGE = 1209600
    visitor.set_cookie("sessionid", key)
    assert visitor.get("private/").status_code == 302
