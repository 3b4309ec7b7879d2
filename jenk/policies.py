"""When a session ends and what counts as using it: facts in, verdict out, no I/O.

Every rule about time is in this module, and nothing here knows of requests or of Django. All
instants are aware; both limits follow NIST SP 800-63B-4 section 5.2 and OWASP ASVS 5.0 7.3.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from jenk.reasons import Reason

#: How far ahead of this machine's a stored clock may be, so that workers whose clocks differ a
#: little do not end each other's sessions.
SKEW = timedelta(minutes=1)

#: Refused, forbidden or throttled: the request was not let in, so it used nothing.
NOT_LET_IN = frozenset({401, 403, 429})

MINUTE, HOUR, DAY = 60, 3600, 86400


class Preset(NamedTuple):
    """The limits of a standard, in seconds, and the clause that gives them."""

    idle: int | None
    absolute: int | None
    clause: str


PRESETS = {
    "nist-aal1": Preset(None, 30 * DAY, "NIST SP 800-63B-4 section 2.1.3"),
    "nist-aal2": Preset(HOUR, DAY, "NIST SP 800-63B-4 section 2.2.3"),
    "nist-aal3": Preset(15 * MINUTE, 12 * HOUR, "NIST SP 800-63B-4 section 2.3.3"),
    "nist-aal2-rev3": Preset(30 * MINUTE, 12 * HOUR, "NIST SP 800-63B (revision 3) section 4.2.3"),
    "nist-aal3-rev3": Preset(15 * MINUTE, 12 * HOUR, "NIST SP 800-63B (revision 3) section 4.3.3"),
    "pci": Preset(15 * MINUTE, 12 * HOUR, "PCI DSS 4.0.1 requirement 8.2.8"),
    "hipaa": Preset(15 * MINUTE, 12 * HOUR, "HIPAA 45 CFR 164.312(a)(2)(iii)"),
    "psd2": Preset(5 * MINUTE, 4 * HOUR, "PSD2 RTS (EU) 2018/389 article 4(3)(d)"),
    "fedramp-high": Preset(15 * MINUTE, None, "NIST SP 800-53 AC-11 and AC-12 as set by FedRAMP"),
    "owasp-high-value": Preset(5 * MINUTE, 4 * HOUR, "OWASP Session Management Cheat Sheet"),
    "owasp-low-risk": Preset(30 * MINUTE, 8 * HOUR, "OWASP Session Management Cheat Sheet"),
}


class Expiry(NamedTuple):
    """What `set_expiry()` asked for this one session: another idle limit, or a fixed end."""

    idle: timedelta | None = None
    end: datetime | None = None


class Limits(NamedTuple):
    """The limits of one session: the longest gap, the longest life, a fixed end."""

    idle: timedelta | None
    absolute: timedelta | None = None
    end: datetime | None = None


class Clocks(NamedTuple):
    """When the user last proved who they are, and when the session was last used."""

    authenticated_at: datetime | None = None
    last_activity: datetime | None = None


NO_PRESET = Preset(None, None, "")
NO_EXPIRY = Expiry()


def limits(
    idle: timedelta,
    absolute: timedelta | None,
    *,
    preset: str | None = None,
    expiry: Expiry | None = None,
) -> Limits:
    """Return the limits in force for a session.

    Args:
        idle: the site's idle limit.
        absolute: the site's explicit absolute limit; it wins over the preset's.
        preset: a name in `PRESETS`; its idle limit caps every other.
        expiry: the session's own `set_expiry()`, which replaces the site's idle limit.
    """
    chosen = PRESETS[preset] if preset else NO_PRESET
    own = expiry or NO_EXPIRY
    gap = None if own.end else own.idle if own.idle is not None else idle
    cap = timedelta(seconds=chosen.idle) if chosen.idle else None
    if absolute is None and chosen.absolute:
        absolute = timedelta(seconds=chosen.absolute)
    return Limits(min_or_none(gap, cap), absolute, own.end)


def min_or_none(one: timedelta | None, other: timedelta | None) -> timedelta | None:
    """Return the shorter duration, where None means "no limit"."""
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)


def judge(clocks: Clocks, limit: Limits, now: datetime) -> Reason | None:
    """Return why a session has ended by `now`, or None while it lives.

    The boundary instant counts as ended, and of several ends the earliest. Limits are judged as
    they are now, from the clocks, so a limit that was lowered applies to a session that is already
    running.
    """
    at, last = clocks.authenticated_at, clocks.last_activity
    latest = now + SKEW
    if (at is not None and at > latest) or (last is not None and last > latest):
        return Reason.EXPIRED
    past: dict[Reason, timedelta] = {}
    if at is not None and limit.absolute is not None and now - at >= limit.absolute:
        past[Reason.ABSOLUTE] = now - at - limit.absolute
    if limit.end is not None and now >= limit.end:
        past[Reason.EXPIRED] = now - limit.end
    if last is not None and limit.idle is not None and now - last >= limit.idle:
        past[Reason.IDLE] = now - last - limit.idle
    return max(past, key=past.__getitem__) if past else None


#: No column of a database holds a later instant than this one everywhere.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def deadline(clocks: Clocks, limit: Limits) -> datetime:
    """Return the instant from which a session that is not used again has ended."""
    at, last = clocks.authenticated_at, clocks.last_activity
    ends = [limit.end] if limit.end is not None else []
    for clock, gap in ((at, limit.absolute), (last, limit.idle)):
        if clock is not None and gap is not None:
            ends.append(after(clock, gap))
    return min(ends, default=NEVER)


def after(instant: datetime, gap: timedelta) -> datetime:
    try:
        return min(instant + gap, NEVER)
    except OverflowError:
        return NEVER if gap > timedelta() else datetime.min.replace(tzinfo=UTC)


def interval(configured: timedelta, idle: timedelta | None) -> timedelta:
    """Return how old a stored activity may grow before it is written again.

    At most a tenth of the idle limit, so that a short limit stays sharp.
    """
    return configured if idle is None else max(min(configured, idle / 10), timedelta())


def spread(every: timedelta, over: str) -> timedelta:
    """Return an interval up to a tenth shorter, by a name, so that writes do not come in waves."""
    return every * (1 - sum(over.encode()) % 32 / 320)


def is_due(stored: datetime | None, now: datetime, every: timedelta) -> bool:
    """Tell whether the stored activity is old enough to be written again."""
    return stored is None or now - stored >= every


def counts(status: int, *, passive: bool, refused: bool) -> bool:
    """Tell whether a request with this answer counts as using the session."""
    return not (passive or refused or status in NOT_LET_IN or status >= 500)


def later(stored: datetime | None, now: datetime) -> datetime:
    """Return `now`, or what is stored if that is later: activity never goes back."""
    return now if stored is None else max(stored, now)


def written(instant: datetime) -> str:
    """Return an instant as the session keeps it: ISO 8601, microseconds, UTC."""
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    return instant.isoformat(timespec="microseconds")


def read(value: object, *, naive: tzinfo = UTC) -> datetime | None:
    """Return the instant in `value`, or None where there is none that can be read.

    A session holds whatever code wrote into it, so anything may come.

    Args:
        naive: the zone of an instant that names none.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    try:
        return (value if value.tzinfo else value.replace(tzinfo=naive)).astimezone(UTC)
    except OverflowError:
        return None
