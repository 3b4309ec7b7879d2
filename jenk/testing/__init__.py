"""Test your own views at any point of a session's life.

Each function takes Django's test client, `Client` or `AsyncClient`, and changes its stored session
as time or an event would have changed it. The `a` twins are for async tests.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import caches
from django.test import AsyncClient, Client

from jenk import cookies, marker, policies, record
from jenk.conf import Duration, seconds
from jenk.effects import Steps, arun, io, run
from jenk.marker import OUTLIVES_SESSION, SIGNED_IN
from jenk.policies import Clocks
from jenk.reasons import Reason
from jenk.snapshot import TIME_KEYS

type AnyClient = Client | AsyncClient


def sign_in(client: AnyClient, user: Any, *, at: datetime | None = None) -> None:
    """Sign `user` in as their browser would be after the sign-in page.

    Args:
        client: a `Client`, as `self.client` in a TestCase.
        user: a saved user.
        at: when it was, if not now; aware. Time that has passed since is passed as by `age()`.
    """
    client.force_login(user)
    run(_signed_in(client, at))


async def asign_in(client: AnyClient, user: Any, *, at: datetime | None = None) -> None:
    """See `sign_in()`."""
    await client.aforce_login(user)
    await arun(_signed_in(client, at))


def age(client: AnyClient, by: Duration) -> None:
    """Let time pass for the client's session and for its cookies.

    Args:
        by: how long, as a timedelta or in seconds.

    Raises:
        ValueError: the client has no session.
    """
    run(_age(client, seconds(by)))


async def aage(client: AnyClient, by: Duration) -> None:
    """See `age()`."""
    await arun(_age(client, seconds(by)))


def expire(client: AnyClient, reason: str = "idle") -> None:
    """Bring the client's session to its end: its next request is the first one too late.

    Args:
        reason: "idle", "absolute" (JENK_ABSOLUTE_TIMEOUT must be set), "expired" (the engine has
            dropped it) or "password_changed". For "disabled" and "deleted" change the user.

    Raises:
        ValueError: another reason, no limit of that kind, or the client has no session.
    """
    run(_expire(client, reason))


async def aexpire(client: AnyClient, reason: str = "idle") -> None:
    """See `expire()`."""
    await arun(_expire(client, reason))


def _store(client: AnyClient) -> SessionBase:
    cookie = client.cookies.get(settings.SESSION_COOKIE_NAME)
    if cookie is None or not cookie.value:
        message = "This client has no session. Call jenk.testing.sign_in(client, user) first."
        raise ValueError(message)
    store: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore(cookie.value)
    return store


def _signed_in(client: AnyClient, at: datetime | None) -> Steps[None]:
    session = _store(client)
    yield from io(session.keys, session.akeys)
    age = cookies.max_age(session)
    _set_cookie(client, settings.SESSION_COOKIE_NAME, session.session_key or "", age)
    outlives = None if age is None else age + int(OUTLIVES_SESSION.total_seconds())
    _set_cookie(client, marker.cookie_name(), SIGNED_IN, outlives)
    if at is not None:
        yield from _age(client, record.now() - at)


def _set_cookie(client: AnyClient, name: str, value: str, age: int | None) -> None:
    client.cookies[name] = value
    client.cookies[name]["path"] = settings.SESSION_COOKIE_PATH
    client.cookies[name]["max-age"] = "" if age is None else age


def _age(client: AnyClient, by: timedelta) -> Steps[None]:
    session = _store(client)
    yield from io(session.keys, session.akeys)
    kept = record.clocks(session)
    shifted = (clock and clock - by for clock in (kept.authenticated_at, kept.last_activity))
    _set_clocks(session, Clocks(*shifted))
    end = session.get(record.EXPIRY_KEY)
    if isinstance(end, str):
        session[record.EXPIRY_KEY] = (datetime.fromisoformat(end) - by).isoformat()
    yield from _save(session, by)
    _age_cookies(client, int(by.total_seconds()))


def _expire(client: AnyClient, reason: str) -> Steps[None]:
    session = _store(client)
    yield from io(session.keys, session.akeys)
    kept, limits, now = record.clocks(session), record.limits(session), record.now()
    if reason == Reason.IDLE and limits.idle is not None:
        _set_clocks(session, Clocks(kept.authenticated_at, now - limits.idle))
    elif reason == Reason.ABSOLUTE and limits.absolute is not None:
        _set_clocks(session, Clocks(now - limits.absolute, kept.last_activity))
    elif reason == Reason.PASSWORD_CHANGED:
        session[HASH_SESSION_KEY] = "of another password"
    elif reason == Reason.EXPIRED:
        cast("Any", session).end_note = (Reason.EXPIRED, "")
        yield from io(session.delete, session.adelete)
        return
    else:
        message = (
            f"expire() cannot bring a session to the end {reason!r}. It can do "
            '"expired" and "password_changed", and "idle" and "absolute" where such a limit is set.'
        )
        raise ValueError(message)
    yield from _save(session, timedelta())


def _set_clocks(session: SessionBase, clocks: Clocks) -> None:
    record.write_clocks(session, clocks)
    if TIME_KEYS[0] in session:
        record.write_facts(session, record.times(clocks))


def _save(session: Any, by: timedelta) -> Steps[None]:
    """Save the session as it would be stored `by` ago."""
    if record.is_own(session):
        yield from io(partial(session.rewrite, by), sync_to_async(partial(session.rewrite, by)))
        return
    model, key = getattr(session, "model", None), session.session_key
    if model is None:
        yield from io(session.save, session.asave)
        unused = Clocks(None, record.clocks(session).last_activity)
        if by and policies.judge(unused, record.limits(session), record.now()):
            yield from io(session.delete, session.adelete)
        return
    row = model._default_manager.filter(pk=key)
    stored = yield from io(row.get, row.aget)
    yield from io(session.save, session.asave)
    if by:
        end = stored.expire_date - by
        yield from io(partial(row.update, expire_date=end), partial(row.aupdate, expire_date=end))
    if hasattr(session, "cache_key"):
        cache = caches[settings.SESSION_CACHE_ALIAS]
        yield from io(
            partial(cache.delete, session.cache_key), partial(cache.adelete, session.cache_key)
        )


def _age_cookies(client: AnyClient, by: int) -> None:
    """Have the client forget the cookies that a browser would have forgotten."""
    for name, morsel in list(client.cookies.items()):
        if morsel["max-age"]:
            morsel["max-age"] = int(morsel["max-age"]) - by
            if morsel["max-age"] <= 0:
                del client.cookies[name]
