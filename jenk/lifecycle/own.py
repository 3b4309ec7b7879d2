"""What happens to the session of a request on jenk's own engines."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.contrib.sessions.exceptions import SessionInterrupted
from django.http import HttpRequest

from jenk import client, record, signals, snapshot, verification
from jenk.announce import announce, announce_end
from jenk.effects import Steps, store_io
from jenk.exceptions import SessionLimitReached
from jenk.lifecycle.admission import Kind
from jenk.policies import Clocks
from jenk.reasons import REFUSALS_ONLY, Reason
from jenk.visits import Visit

INTERRUPTED = (
    "The request's session was deleted before the request completed. The user may have logged out "
    "in a concurrent request, for example."
)


def introduce(session: Any, request: HttpRequest) -> None:
    """Let a session know what browser it is of."""
    if record.is_own(session):
        session.client = partial(client.read, request.META)


def is_kept_from_browser(session: Any) -> bool:
    """Tell whether the browser must get no cookie: it has, or will have, a newer one."""
    refusal = getattr(session, "refusal", None)
    return refusal is not None and refusal.keeps_cookie


def has_newer_key_elsewhere(session: Any) -> bool:
    """Tell whether another request has changed the key, so that the browser has that one."""
    return record.is_own(session) and (session.superseded or session.detached)


def end_again(session: Any) -> Steps[None]:
    """End once more what a transaction of the view's has brought back, and others go by."""
    if record.is_own(session) and session.has_ends():
        yield from store_io(session.end_again, sync_to_async(session.end_again))


def receive(session: Any, now: datetime) -> None:
    """Make a session for a visitor."""
    if record.is_own(session):
        session.clocks = Clocks(None, now)
        session.start()
    else:
        record.write_clocks(session, Clocks(None, now))


def count(session: Any) -> None:
    """Note that this request counts as using the session."""
    if record.is_own(session):
        session.counted = True


def note_reason(request: HttpRequest, reason: Reason) -> None:
    """Note why the session is about to be emptied: Django's flush() cannot say."""
    if record.is_own(request.session):
        cast("Any", request.session).end_note = (reason, "")


def note_refusal(request: HttpRequest, visit: Visit) -> Steps[None]:
    """Note what loading the session has found out about its key."""
    session: Any = request.session
    refusal = session.refusal
    if refusal is None or refusal.kind is Kind.UNKNOWN:
        return
    if refusal.keeps_cookie:
        visit.retired = refusal.reason
    else:
        visit.ended = refusal.reason
    if refusal.reason in REFUSALS_ONLY:
        facts = {"reason": refusal.reason.value, "handle": session.refused_handle}
        yield from announce(signals.session_refused, request, None, **facts)
    elif session.ended_handle is not None:
        yield from announce_end(request, session.user_found_gone, refusal.reason)


def rotate(request: HttpRequest, visit: Visit | None) -> Steps[None]:
    """Renew the key.

    Raises:
        SessionInterrupted: the session was ended while the request ran.
    """
    session: Any = request.session
    yield from store_io(session.cycle_key, session.acycle_key)
    if session.interrupted and record.is_signed_in(session):
        raise SessionInterrupted(INTERRUPTED)
    if visit:
        visit.announced_key = session.session_key
    if record.is_signed_in(session) and not session.superseded:
        yield from announce(signals.session_rotated, request, getattr(visit, "user", None))


def sign_in(request: HttpRequest, visit: Visit | None, user: Any) -> Steps[None]:
    """Store that `user` has signed in, under a new key."""
    session: Any = request.session
    again = session.record is not None and session.record.user_id == user.pk
    former = session.ended_handle if visit and visit.signed_in else None
    facts = snapshot.facts(user)
    try:
        session.sign_in(user, facts)
    except SessionLimitReached:
        note_reason(request, Reason.LIMIT)
        session.flush()
        verification.become_anonymous(request)
        raise
    if visit and visit.signed_in:
        reason = yield from announce_former(request, visit, user)
        if former is not None and visit.leaving is None:
            session.store.correct_reason(former, reason or Reason.PASSWORD_CHANGED)
    signal = signals.session_rotated if again else signals.session_started
    yield from announce(signal, request, user)
    if visit:
        visit.user, visit.facts, visit.signed_in = user, facts, True
        visit.leaving, visit.signed_out, visit.retired, visit.ended = None, False, None, None
        visit.key = visit.announced_key = session.session_key
        visit.clocks = session.clocks


def announce_former(request: HttpRequest, visit: Visit, user: Any) -> Steps[Reason | None]:
    """Tell of the sign-in that ends because `user` signs in, if one does."""
    if visit.leaving is not None:
        yield from announce_end(request, visit.leaving, Reason.LOGOUT)
        return Reason.LOGOUT
    if visit.user.pk != user.pk:
        yield from announce_end(request, visit.user, Reason.SWITCHED_USER)
        return Reason.SWITCHED_USER
    return None
