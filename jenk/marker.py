"""The marker cookie: "somebody was signed in here", and why that ended.

The session cookie dies in the browser together with the session, so a visitor whose session has
expired would look like one who was never here. The marker outlives it by a day. It names nobody
and opens nothing: at worst a forged one has its sender asked to sign in.

Its value is `1` while a session lives. After the end it is the signed reason: untold for a day at
most, so that a script that asks on its own does not use it up while nobody is there; told once a
page has been refused over it, for five minutes or until it was shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.core.signing import BadSignature, TimestampSigner

from jenk.conf import site
from jenk.reasons import Reason

SUFFIX = "_seen"
SIGNED_IN = "1"
OUTLIVES_SESSION = timedelta(days=1)


class State(StrEnum):
    """What a marker says."""

    ABSENT = "absent"
    SIGNED_IN = "signed_in"
    UNTOLD = "untold"
    TOLD = "told"


REASON_AGES = {State.UNTOLD: OUTLIVES_SESSION, State.TOLD: timedelta(minutes=5)}


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker as the browser brought it."""

    state: State = State.ABSENT
    reason: Reason | None = None


def cookie_name() -> str:
    """Return the name of the marker cookie, which goes by that of the session cookie."""
    return f"{site().SESSION_COOKIE_NAME}{SUFFIX}"


def read(value: str | None) -> Marker:
    """Return what a cookie's value says; whatever jenk did not write says nothing."""
    if not value:
        return Marker()
    if value == SIGNED_IN:
        return Marker(State.SIGNED_IN, Reason.EXPIRED)
    try:
        state, _, reason = signer().unsign(value).partition(".")
        found = Marker(State(state), Reason(reason))
        signer().unsign(value, max_age=REASON_AGES[found.state])
    except (BadSignature, ValueError, KeyError):
        return Marker()
    return found


def write(state: State, reason: Reason) -> str:
    """Return the value that carries a reason."""
    return signer().sign(f"{state}.{reason}")


def signer() -> TimestampSigner:
    return TimestampSigner(salt="jenk.marker")
