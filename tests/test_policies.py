from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from jenk import policies
from jenk.policies import PRESETS, Clocks, Expiry, Limits
from jenk.reasons import Reason

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def ago(delta: timedelta) -> datetime:
    return NOW - delta


@pytest.mark.parametrize(
    ("idle_for", "verdict"),
    [
        (HOUR - SECOND, None),
        (HOUR - timedelta(microseconds=1), None),
        (HOUR, Reason.IDLE),
        (HOUR + SECOND, Reason.IDLE),
        (timedelta(), None),
    ],
)
def test_idle_limit_ends_at_its_instant(idle_for: timedelta, verdict: Reason | None) -> None:
    clocks = Clocks(ago(2 * DAY), ago(idle_for))

    assert policies.judge(clocks, Limits(HOUR), NOW) == verdict


@pytest.mark.parametrize(
    ("age", "verdict"),
    [(DAY - SECOND, None), (DAY, Reason.ABSOLUTE), (DAY + SECOND, Reason.ABSOLUTE)],
)
def test_absolute_limit_ends_an_active_session(age: timedelta, verdict: Reason | None) -> None:
    clocks = Clocks(ago(age), NOW)

    assert policies.judge(clocks, Limits(HOUR, DAY), NOW) == verdict


def test_without_limits_a_session_lives() -> None:
    assert policies.judge(Clocks(ago(9999 * DAY), ago(9999 * DAY)), Limits(None), NOW) is None


def test_without_clocks_a_session_lives() -> None:
    assert policies.judge(Clocks(), Limits(HOUR, DAY), NOW) is None


def test_a_visitor_has_no_absolute_limit() -> None:
    assert policies.judge(Clocks(None, NOW), Limits(HOUR, SECOND), NOW) is None


@pytest.mark.parametrize(
    ("left", "verdict"), [(SECOND, None), (timedelta(), Reason.EXPIRED), (-SECOND, Reason.EXPIRED)]
)
def test_a_fixed_end_ends_at_its_instant(left: timedelta, verdict: Reason | None) -> None:
    limits = Limits(None, end=NOW + left)

    assert policies.judge(Clocks(ago(DAY), ago(DAY)), limits, NOW) == verdict


@pytest.mark.parametrize("clock", ["authenticated_at", "last_activity"])
@pytest.mark.parametrize(
    ("ahead", "verdict"),
    [(timedelta(minutes=1), None), (timedelta(minutes=1, seconds=1), Reason.EXPIRED)],
)
def test_a_clock_in_the_future_ends_the_session(
    clock: str, ahead: timedelta, verdict: Reason | None
) -> None:
    clocks = Clocks(**{clock: NOW + ahead})

    assert policies.judge(clocks, Limits(HOUR, DAY), NOW) == verdict


def test_clocks_of_other_zones_are_the_same_instants() -> None:
    summer = timezone(timedelta(hours=2))
    clocks = Clocks(None, ago(HOUR - SECOND).astimezone(summer))

    assert policies.judge(clocks, Limits(HOUR), NOW) is None


def test_the_site_sets_the_idle_limit() -> None:
    assert policies.limits(HOUR, None) == Limits(HOUR)


@pytest.mark.parametrize("own", [timedelta(minutes=5), 30 * DAY])
def test_a_session_may_have_a_shorter_or_longer_idle_limit(own: timedelta) -> None:
    assert policies.limits(HOUR, None, expiry=Expiry(idle=own)) == Limits(own)


def test_a_fixed_end_replaces_the_idle_limit() -> None:
    assert policies.limits(HOUR, DAY, expiry=Expiry(end=NOW)) == Limits(None, DAY, NOW)


def test_a_preset_caps_every_idle_limit() -> None:
    cap = timedelta(minutes=15)

    assert policies.limits(HOUR, None, preset="pci") == Limits(cap, 12 * HOUR)
    assert policies.limits(5 * SECOND, None, preset="pci").idle == 5 * SECOND
    assert policies.limits(HOUR, None, preset="pci", expiry=Expiry(idle=DAY)).idle == cap
    assert policies.limits(HOUR, None, preset="pci", expiry=Expiry(end=NOW)) == Limits(
        cap, 12 * HOUR, NOW
    )


def test_an_explicit_absolute_limit_wins_over_the_preset() -> None:
    assert policies.limits(HOUR, 30 * DAY, preset="pci").absolute == 30 * DAY
    assert policies.limits(HOUR, HOUR, preset="pci").absolute == HOUR


def test_a_preset_without_an_idle_limit_leaves_the_sites() -> None:
    assert policies.limits(HOUR, None, preset="nist-aal1") == Limits(HOUR, 30 * DAY)


def test_a_preset_without_an_absolute_limit_sets_none() -> None:
    assert policies.limits(HOUR, None, preset="fedramp-high").absolute is None


def test_every_preset_has_a_limit_and_names_its_clause() -> None:
    assert all((preset.idle or preset.absolute) and preset.clause for preset in PRESETS.values())


def test_the_interval_is_at_most_a_tenth_of_the_idle_limit() -> None:
    minute = timedelta(minutes=1)

    assert policies.interval(minute, DAY) == minute
    assert policies.interval(minute, minute) == timedelta(seconds=6)
    assert policies.interval(minute, None) == minute
    assert policies.interval(timedelta(), DAY) == timedelta()
    assert policies.interval(minute, -minute) == timedelta()


def test_activity_is_due_after_the_interval() -> None:
    minute = timedelta(minutes=1)

    assert policies.is_due(None, NOW, minute)
    assert policies.is_due(ago(minute), NOW, minute)
    assert not policies.is_due(ago(minute - SECOND), NOW, minute)
    assert policies.is_due(NOW, NOW, timedelta())


@pytest.mark.parametrize("status", [200, 204, 302, 304, 400, 404, 410, 422])
def test_answers_that_count(status: int) -> None:
    assert policies.counts(status, passive=False, refused=False)
    assert not policies.counts(status, passive=True, refused=False)
    assert not policies.counts(status, passive=False, refused=True)


@pytest.mark.parametrize("status", [401, 403, 429, 500, 502, 503])
def test_answers_that_do_not_count(status: int) -> None:
    assert not policies.counts(status, passive=False, refused=False)


def test_activity_never_goes_back() -> None:
    assert policies.later(None, NOW) == NOW
    assert policies.later(ago(HOUR), NOW) == NOW
    assert policies.later(NOW + SECOND, NOW) == NOW + SECOND


def test_an_instant_reads_as_it_was_written() -> None:
    written = policies.written(NOW.astimezone(timezone(timedelta(hours=-7))))

    assert written == "2026-03-29T01:30:00.000000+00:00"
    assert policies.read(written) == NOW


@pytest.mark.parametrize("value", ["", "yesterday", 5, None, [], {}, True, b"2026", "2026-13-01"])
def test_what_is_no_instant_reads_as_none(value: object) -> None:
    assert policies.read(value) is None


def test_a_naive_instant_is_taken_for_utc() -> None:
    assert policies.read("2026-03-29T01:30:00") == NOW
    assert policies.read(NOW.replace(tzinfo=None)) == NOW


@pytest.mark.parametrize(
    ("idle_for", "age", "end", "verdict"),
    [
        (100, 100, None, Reason.IDLE),  # at 60, before 90
        (20, 100, None, Reason.ABSOLUTE),
        (100, 100, 50, Reason.EXPIRED),
        (100, 100, 30, Reason.IDLE),
        (61, 91, None, Reason.ABSOLUTE),  # of two at once the one that nothing extends
    ],
)
def test_of_several_ends_the_earliest_counts(
    idle_for: int, age: int, end: int | None, verdict: Reason
) -> None:
    """OWASP ASVS 5.0 7.3: the limits are independent of each other."""
    clocks = Clocks(ago(age * SECOND), ago(idle_for * SECOND))
    fixed = None if end is None else ago(end * SECOND)

    assert policies.judge(clocks, Limits(60 * SECOND, 90 * SECOND, fixed), NOW) == verdict


def test_the_longest_limit_there_is_ends_nothing() -> None:
    clocks = Clocks(NOW + timedelta(seconds=30), NOW + timedelta(seconds=30))

    assert policies.judge(clocks, Limits(timedelta.max, timedelta.max), NOW) is None
