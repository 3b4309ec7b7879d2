"""Send the public signals: after commit, and never to the harm of the request."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import router, transaction
from django.dispatch import Signal
from django.http import HttpRequest

from jenk import signals
from jenk.effects import Steps, io
from jenk.reasons import Reason


def announce(signal: Signal, request: HttpRequest, user: Any, **facts: Any) -> Steps[None]:
    """Tell `signal`'s receivers of a change to the request's session.

    From sync code once the transaction around it is committed, if there is one. Async code has no
    transactions in Django, so there it is at once.
    """
    session = request.session
    facts |= {"sender": type(session), "request": request, "user": user}
    facts.setdefault("handle", getattr(session, "handle", None))
    yield from io(partial(send, signal, session, facts), partial(asend, signal, facts))


def announce_end(request: HttpRequest, user: Any, reason: Reason) -> Steps[None]:
    """Tell that the request's session was ended, for the system's own reasons."""
    session = request.session
    handle = getattr(session, "ended_handle", None) or getattr(session, "handle", None)
    facts = {"reason": reason.value, "actor": None, "handle": handle}
    yield from announce(signals.session_ended, request, user, **facts)


def send(signal: Signal, session: Any, facts: dict[str, Any]) -> None:
    model = getattr(session, "model", None)
    using = router.db_for_write(model) if model else None
    tell = partial(signal.send_robust, **facts)
    connection = transaction.get_connection(using)
    if connection.in_atomic_block or connection.get_autocommit():
        transaction.on_commit(tell, using=using, robust=True)
    else:
        tell()  # the project commits by itself, and Django cannot say when


async def asend(signal: Signal, facts: dict[str, Any]) -> None:
    await signal.asend_robust(**facts)
