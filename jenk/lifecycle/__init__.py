"""The verbs: all that may happen to a session, and the only code that makes it happen.

On Django's own engines a project can rotate the session of its request. Listing sessions, and
ending others than the request's own, takes an engine of jenk's, which keeps sessions by user.
"""

from __future__ import annotations

import logging
from functools import partial
from importlib import import_module
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.exceptions import ImproperlyConfigured
from django.db import router
from django.http import HttpRequest
from django.utils import timezone

from jenk import keys, record, signals, snapshot, verification, visits
from jenk.announce import announce, announce_end
from jenk.conf import conf
from jenk.effects import Steps, arun, run, store_io
from jenk.lifecycle import own, people, telling
from jenk.lifecycle.own import (
    INTERRUPTED,
    announce_former,
    count,
    end_again,
    has_newer_key_elsewhere,
    introduce,
    is_kept_from_browser,
    note_refusal,
    receive,
)
from jenk.lifecycle.sessions import OwnSession
from jenk.policies import Clocks
from jenk.reasons import Reason, end_reason
from jenk.visits import Visit

__all__ = [
    "INTERRUPTED",
    "aend",
    "aend_all",
    "aend_everyone",
    "aend_others",
    "announce_end",
    "arotate",
    "asessions_of",
    "count",
    "end",
    "end_again",
    "end_all",
    "end_everyone",
    "end_for",
    "end_others",
    "has_newer_key_elsewhere",
    "introduce",
    "is_kept_from_browser",
    "note_refusal",
    "receive",
    "rotate",
    "sessions_of",
]

logger = logging.getLogger("jenk")


def rotate(request: HttpRequest) -> None:
    """Give the request's session a new key; what it holds, its clocks and its user stay.

    Call it when the user's privileges change (OWASP Session Management Cheat Sheet, "Renew the
    Session ID After Any Privilege Level Change"). The old key stops working.

    Raises:
        SessionInterrupted: the session was ended while the request ran. Let it pass: the answer is
            a sign-in page or a 401, or with Django's session middleware a 400.
    """
    run(_rotate(request))


async def arotate(request: HttpRequest) -> None:
    """See `rotate()`."""
    await arun(_rotate(request))


def sessions_of(user: Any) -> list[Any]:
    """Return the live sessions of a user, the last used first.

    Raises:
        ImproperlyConfigured: the engine is one of Django's own.
    """
    engine = _own_engine("List a user's sessions")
    now = record.now()
    rows = engine.store.live_of(user.pk, people.tags(user), now)
    return [row for row in rows if engine.judge_row(row, now) is None]


async def asessions_of(user: Any) -> list[Any]:
    """See `sessions_of()`."""
    return await sync_to_async(sessions_of)(user)


def end(handle: str, *, reason: str, actor: Any = None) -> bool:
    """End one session for good.

    Args:
        handle: its public name, `request.session.handle` or a row's `handle`.
        reason: why; a code of `jenk.reasons.Reason`.
        actor: the user who ends it, None for the system.

    Returns:
        Whether it was this call that ended it.

    Raises:
        ValueError: `reason` is not the code of an end.
        ImproperlyConfigured: the engine is one of Django's own.
    """
    why = end_reason(reason)
    engine = _own_engine("End a session by its handle")
    ended = engine.store.end(handle, record.now(), reason=why, actor=_name_of(actor))
    if ended is None:
        return False
    if ended.user_id is not None:
        telling.tell_ended(engine, [(handle, ended.user_id)], why, actor)
    return True


async def aend(handle: str, *, reason: str, actor: Any = None) -> bool:
    """See `end()`."""
    return await sync_to_async(end)(handle, reason=reason, actor=actor)


def end_others(request: HttpRequest, *, reason: str, actor: Any = None) -> int:
    """End the other sessions of the request's user, and return how many there were.

    Raises:
        ValueError: `reason` is not the code of an end.
        ImproperlyConfigured: the engine is one of Django's own, or nobody is signed in.
    """
    end_reason(reason)
    engine = _own_engine("End a user's other sessions")
    user = verification.unwrapped(request.user)
    if not user.is_authenticated:
        message = "end_others() needs somebody to be signed in; protect the view that calls it."
        raise ImproperlyConfigured(message)
    return _end_many(engine, reason, actor, user_id=user.pk, keep=request.session.handle)  # type: ignore[attr-defined]


async def aend_others(request: HttpRequest, *, reason: str, actor: Any = None) -> int:
    """See `end_others()`."""
    return await sync_to_async(end_others)(request, reason=reason, actor=actor)


def end_all(user: Any, *, reason: str, actor: Any = None, keep: str | None = None) -> int:
    """End all sessions of a user, but the one with the handle `keep`; return how many.

    Raises:
        ValueError: `reason` is not the code of an end.
        ImproperlyConfigured: the engine is one of Django's own.
    """
    end_reason(reason)
    engine = _own_engine("End all of a user's sessions")
    return _end_many(engine, reason, actor, user_id=user.pk, keep=keep)


async def aend_all(user: Any, *, reason: str, actor: Any = None, keep: str | None = None) -> int:
    """See `end_all()`."""
    return await sync_to_async(end_all)(user, reason=reason, actor=actor, keep=keep)


def end_everyone(*, reason: str, actor: Any = None, keep: str | None = None) -> int:
    """End every session there is, but the one with the handle `keep`; return how many.

    Raises:
        ValueError: `reason` is not the code of an end.
        ImproperlyConfigured: the engine is one of Django's own.
    """
    end_reason(reason)
    return _end_many(_own_engine("End everyone's sessions"), reason, actor, keep=keep)


async def aend_everyone(*, reason: str, actor: Any = None, keep: str | None = None) -> int:
    """See `end_everyone()`."""
    return await sync_to_async(end_everyone)(reason=reason, actor=actor, keep=keep)


def end_for(user_id: Any, reason: Reason) -> None:
    """End all sessions of a user whose account says so; on Django's engines loading does it."""
    engine = _engine()
    if issubclass(engine, OwnSession):
        _end_many(engine, reason, None, user_id=user_id)


def _end_many(engine: type[OwnSession], reason: str, actor: Any, **which: Any) -> int:
    count, pairs = engine.store.end_many(
        record.now(),
        reason=reason,
        actor=_name_of(actor),
        report=telling.is_heard(engine),
        **which,
    )
    telling.tell_ended(engine, pairs, reason, actor)
    return count


def _name_of(actor: Any) -> str:
    return "" if actor is None else str(actor.pk)


def _engine() -> type[SessionBase]:
    engine: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
    return engine


def _own_engine(what: str) -> type[OwnSession]:
    """Return the engine, if it is one of jenk's.

    Raises:
        ImproperlyConfigured: it is not.
    """
    engine = _engine()
    if issubclass(engine, OwnSession):
        return engine
    message = (
        f"{what}: SESSION_ENGINE is {settings.SESSION_ENGINE!r}, which keeps no list of whose "
        'sessions there are. Write SESSION_ENGINE = "jenk.backends.db" and run migrate.'
    )
    raise ImproperlyConfigured(message)


def _rotate(request: HttpRequest) -> Steps[None]:
    visit, session = visits.visit_of(request), request.session
    if session.session_key is None:
        return
    if record.is_own(session):
        yield from own.rotate(request, visit)
        return
    yield from store_io(session.keys, session.akeys)
    if session.session_key and not (yield from _is_there(session)):
        if record.is_signed_in(session):
            raise SessionInterrupted(INTERRUPTED)
        return
    yield from _renew_key(request, visit, getattr(visit, "user", None))


def _is_there(session: Any) -> Steps[bool]:
    """Tell whether the session is still there: a new key for one that was ended would revive it.

    On these engines nothing can keep it from being ended in the next instant.
    """
    if not issubclass(type(session), keys.DJANGO_STORES):
        return True
    there: bool = yield from store_io(
        lambda: session.exists(session.session_key), lambda: session.aexists(session.session_key)
    )
    return there


def _renew_key(request: HttpRequest, visit: Visit | None, user: Any) -> Steps[None]:
    session = request.session
    yield from store_io(session.cycle_key, session.acycle_key)
    if visit:
        visit.announced_key = session.session_key
    yield from announce(signals.session_rotated, request, user)


def sign_in(request: HttpRequest, user: Any) -> Steps[None]:
    """Make the session that of `user`, who has just proved who they are.

    Django has already taken up the user and given a visitor's session a new key; a session of
    somebody else it has emptied. What is left is the sign-in of the same user once more, whose
    key has to change as well (OWASP ASVS 5.0 7.2.4).

    The signal of a sign-in is also sent where a token is given out, and the session is nobody's
    or somebody else's. Such a session stays as it is.
    """
    session, now = request.session, record.now()
    if visits.is_untouched(session) or not verification.is_claimed_for(session, user):
        return
    visit = visits.visit_of(request)
    if record.is_own(session):
        yield from own.sign_in(request, visit, user)
        return
    again = record.clocks(session).authenticated_at is not None
    if visit and visit.signed_in:
        yield from announce_former(request, visit, user)
    facts = snapshot.facts(user)
    _start(session, facts, Clocks(now, now))
    if again:
        yield from _renew_key(request, visit, user)
    else:
        yield from announce(signals.session_started, request, user)
    if visit:
        visit.user, visit.facts, visit.signed_in = user, facts, True
        visit.leaving, visit.signed_out = None, False
        visit.key = visit.announced_key = session.session_key
        visit.clocks = Clocks(now, now)


def sign_out(request: HttpRequest, user: Any) -> Steps[None]:
    """Note that somebody signs out, `user` where they were signed in; Django empties the session.

    That waits for the end of the visit where there is one going on: what is left by then decides.
    """
    visit = visits.visit_of(request)
    own.note_reason(request, Reason.LOGOUT)
    if visit is None:
        visits.note_signed_out(request)
    elif not visit.departed:
        visit.leaving, visit.signed_out = user, True
        return
    if user is not None:
        yield from announce_end(request, user, Reason.LOGOUT)


def adopt(request: HttpRequest, visit: Visit, facts: snapshot.Facts) -> None:
    """Fill the eight keys, and start the clocks of a session from before jenk was installed."""
    session, visit.facts = request.session, facts
    if visit.clocks.authenticated_at is None:
        visit.clocks = Clocks(visit.now, visit.now)
        record.write_clocks(session, visit.clocks)
    if conf().JENK_SNAPSHOT is None and record.holds_facts(session):
        record.remove_facts(session)
    _fill(session, facts, visit.clocks)


def release(session: SessionBase) -> None:
    """Leave nothing of a sign-in in a session that code has made a visitor's."""
    record.write_clocks(session, Clocks(None, record.clocks(session).last_activity))
    record.remove_facts(session)


def disown(request: HttpRequest, visit: Visit) -> None:
    """Take the eight keys out of a session whose user was not accepted.

    Keys of these names in a session that jenk never filled are the project's own.
    """
    if visit.clocks.authenticated_at is not None:
        record.remove_facts(request.session)


def use(request: HttpRequest, visit: Visit, at: Clocks, *, quietly: bool) -> None:
    """Set the clocks of the request's session to `at`."""
    session = request.session
    record.write_clocks(session, at, quietly=quietly)
    if record.is_own(session):
        return  # which shows the times itself
    if visit.signed_in and record.is_signed_in(session):
        _fill(session, {}, at, quietly=quietly)


def end_current(request: HttpRequest, visit: Visit, reason: Reason) -> Steps[None]:
    """End the session of the request for good: its data go and its user is nobody."""
    session, user, was_signed_in = request.session, visit.user, visit.signed_in
    own.note_reason(request, reason)
    yield from store_io(session.flush, session.aflush)
    verification.become_anonymous(request)
    visit.user, visit.signed_in, visit.key, visit.clocks = None, False, None, Clocks()
    if was_signed_in:
        visit.ended = reason
        yield from announce_end(request, user, reason)


def clear_dropped(session: SessionBase, visit: Visit) -> Steps[None]:
    """Clear what is left of a session that its engine has dropped.

    Django's engines keep the row of an expired session, and take it for a living one again should
    the clock go back. The file engine makes an empty session in its place, which nobody asked for.
    """
    try:
        if hasattr(session, "model"):
            delete = partial(_delete_expired, session, visit)
            yield from store_io(delete, sync_to_async(delete))
        if session.session_key is not None:
            yield from store_io(session.flush, session.aflush)
    except Exception:
        logger.exception("An expired session could not be cleared.")


def _delete_expired(session: Any, visit: Visit) -> None:
    """Delete the row of a session if it has expired.

    An engine also returns nothing when its cache fails; a session that lives must outlast that.
    """
    rows = session.model._default_manager.using(router.db_for_write(session.model))
    expired = rows.filter(session_key=visit.key, expire_date__lte=timezone.now())
    if expired.exists():  # a key that was made up costs no write
        expired.delete()


def note_emptied(request: HttpRequest, visit: Visit) -> Steps[None]:
    """Note that Django's check of the password emptied the session before jenk saw it."""
    visit.ended = Reason.PASSWORD_CHANGED
    yield from announce_end(request, None, Reason.PASSWORD_CHANGED)


def note_ended(request: HttpRequest, visit: Visit, reason: Reason, user: Any) -> Steps[None]:
    """End a session whose user was not accepted, if Django has not already emptied it."""
    visit.user, visit.signed_in = user, True
    yield from end_current(request, visit, reason)


def _start(session: Any, facts: snapshot.Facts, clocks: Clocks) -> None:
    record.write_clocks(session, clocks)
    _fill(session, facts, clocks)


def _fill(session: Any, facts: snapshot.Facts, clocks: Clocks, *, quietly: bool = False) -> None:
    """Keep the facts and the two times in the session, unless the project wants none there."""
    if conf().JENK_SNAPSHOT is not None:
        record.write_facts(session, facts | record.times(clocks), quietly=quietly)
