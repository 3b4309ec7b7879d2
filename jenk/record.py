"""What jenk keeps of a session on Django's own engines, inside the session's own data.

The clocks live under one private key; the eight facts beside it are copies for people to read. A
session has to be loaded before anything here is called: then no call does any I/O.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone

from jenk import policies
from jenk.conf import conf, seconds, site
from jenk.policies import Clocks, Expiry, Limits
from jenk.snapshot import KEYS, TIME_KEYS, Facts

PRIVATE_KEY = "_jenk"
EXPIRY_KEY = "_session_expiry"


def is_own(session: SessionBase) -> bool:
    """Tell whether the session is of an engine of jenk's, which keeps clocks and user by itself."""
    return hasattr(session, "keeps_record")


def now() -> datetime:
    """Return the time, aware also where the project keeps naive times."""
    return timezone.now() if site().USE_TZ else datetime.now(UTC)


def is_loaded(session: SessionBase) -> bool:
    """Tell whether the session's data are here, so that asking for them does no I/O."""
    return hasattr(session, "_session_cache")


def is_signed_in(session: SessionBase) -> bool:
    """Tell whether the session carries a user, verified or not."""
    return SESSION_KEY in session


def holds_nothing(session: SessionBase) -> bool:
    """Tell whether nobody but jenk has stored anything."""
    return all(key == PRIVATE_KEY for key in session.keys())  # noqa: SIM118 - not a mapping


def clocks(session: SessionBase) -> Clocks:
    """Return the session's clocks."""
    if is_own(session):
        own: Clocks = cast("Any", session).clocks
        return own
    kept = session.get(PRIVATE_KEY)
    if not isinstance(kept, dict):
        return Clocks()
    return Clocks(
        policies.read(kept.get("authenticated_at")), policies.read(kept.get("last_activity"))
    )


def times(clocks: Clocks) -> Facts:
    """Return the two times of the snapshot, None where a session keeps no clock."""
    at, last = clocks.authenticated_at, clocks.last_activity
    return {
        "login_time": policies.written(at) if at else None,
        "last_activity": policies.written(last) if last else None,
    }


def last_use(clocks: Clocks) -> Facts:
    """Return the one of the two times that moves with every use."""
    last = clocks.last_activity
    return {"last_activity": policies.written(last) if last else None}


def write_clocks(session: SessionBase, new: Clocks, *, quietly: bool = False) -> None:
    """Keep the clocks; `quietly` if that alone is no reason to save the session."""
    if is_own(session):
        cast("Any", session).set_clocks(new, due=not quietly)
        return
    kept = {
        name: policies.written(clock)
        for name in ("authenticated_at", "last_activity")
        if (clock := getattr(new, name)) is not None
    }
    put(session, {PRIVATE_KEY: kept}, quietly=quietly)


def write_facts(session: SessionBase, new: Facts, *, quietly: bool = False) -> None:
    """Keep the facts that differ from what the session holds."""
    if is_own(session):
        cast("Any", session).show(new)
        return
    differing = {
        key: value for key, value in new.items() if key not in session or session[key] != value
    }
    if differing:
        put(session, differing, quietly=quietly)


def holds_facts(session: SessionBase) -> bool:
    """Tell whether jenk has filled in the eight keys: a project has no use for these two times."""
    return all(key in session for key in TIME_KEYS)


def remove_facts(session: SessionBase) -> None:
    """Take the eight keys out of the session."""
    for key in KEYS:
        session.pop(key, None)


def expiry(session: SessionBase) -> Expiry:
    """Return what `set_expiry()` asked for."""
    return expiry_of(session.get(EXPIRY_KEY))


def expiry_of(value: object) -> Expiry:
    """Return what `set_expiry()` has kept in a session; 0 concerns the cookie alone."""
    if isinstance(value, int | float):
        return Expiry(idle=duration(value) if value and isfinite(value) else None)
    return Expiry(end=policies.read(value, naive=timezone.get_default_timezone()))


def duration(value: float) -> timedelta:
    """Return seconds as a duration, the longest there is where they are too many."""
    try:
        return timedelta(seconds=value)
    except OverflowError:
        return timedelta.max if value > 0 else timedelta.min


def limits(session: SessionBase) -> Limits:
    """Return the limits in force for the session."""
    if is_own(session):
        found: Limits = cast("Any", session).limits_with(session.get(EXPIRY_KEY), empty=False)
        return found
    return limits_for(session.get_session_cookie_age(), expiry(session))


def limits_for(age: float, own: Expiry, *, empty: bool = False) -> Limits:
    """Return the limits in force.

    Args:
        age: the site's idle limit, in seconds.
        own: the session's own `set_expiry()`.
        empty: it is a visitor's session that holds nothing, which ends sooner.
    """
    chosen = conf()
    absolute = chosen.JENK_ABSOLUTE_TIMEOUT
    found = policies.limits(
        timedelta(seconds=age),
        None if absolute is None else seconds(absolute),
        preset=chosen.JENK_PRESET,
        expiry=own,
    )
    if empty:
        gap = policies.min_or_none(found.idle, seconds(chosen.JENK_EMPTY_SESSION_AGE))
        return Limits(gap, found.absolute, found.end)
    return found


def is_alive(session: SessionBase) -> bool:
    """Tell whether a session that its engine still has is within its limits."""
    if is_own(session):
        return cast("Any", session).record is not None
    return policies.judge(clocks(session), limits(session), now()) is None


def activity_is_due(session: SessionBase, stored: Clocks, now: Clocks) -> bool:
    """Tell whether the time of the last use is to be written down again."""
    gap = limits(session).idle
    if holds_nothing(session):
        gap = policies.min_or_none(gap, seconds(conf().JENK_EMPTY_SESSION_AGE))
    every = policies.interval(seconds(conf().JENK_ACTIVITY_INTERVAL), gap)
    if is_own(session):
        every = policies.spread(every, cast("Any", session).handle or "")
    last = now.last_activity
    return last is not None and policies.is_due(stored.last_activity, last, every)


def will_set_cookie(session: SessionBase, status: int, sent: tuple[str, ...]) -> bool:
    """Tell whether the session middleware will save the session and send its cookie."""
    if status >= 500 or session.is_empty():
        return False
    return sends_cookie(session, sent) if is_own(session) else is_to_be_saved(session)


def sends_cookie(session: SessionBase, sent: tuple[str, ...]) -> bool:
    """Tell whether the browser, which sent these keys, has to get the cookie of a saved session."""
    return not is_own(session) or bool(cast("Any", session).sends_cookie(sent))


def is_to_be_saved(session: SessionBase) -> bool:
    """Tell whether there is a reason to save the session."""
    if is_own(session):
        return bool(cast("Any", session).will_save())
    return bool(session.modified or site().SESSION_SAVE_EVERY_REQUEST)


def put(session: SessionBase, values: Facts, *, quietly: bool) -> None:
    """Put values into the session; `quietly` if that alone is no reason to save it."""
    before = session.modified
    session.update(values)
    session.modified = before if quietly else True
