"""May the session of this key be used? Facts in, verdict out."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from jenk.policies import Clocks, Limits, judge
from jenk.reasons import Reason
from jenk.stores.base import Record

#: How long a browser may still send a key that it was given another for, as requests cross.
GRACE = timedelta(minutes=1)

#: Ends that the browser itself asked for, so that requests of its own may still be under way.
ITS_OWN = frozenset({Reason.LOGOUT, Reason.SWITCHED_USER})


class Kind(Enum):
    """Why a key opens nothing."""

    UNKNOWN = "unknown"  # nobody's, or of a visitor's session that is over
    ENDED = "ended"  # its session is over, and whoever brings the key may know why
    RETIRED = "retired"  # the browser has, or is about to get, another one
    REUSED = "reused"  # it was replaced long ago: somebody has kept a copy
    TAMPERED = "tampered"  # the record is not as jenk left it


@dataclass(frozen=True, slots=True)
class Refusal:
    """A key that opens nothing, and what may be said of it."""

    kind: Kind
    reason: Reason | None = None

    @property
    def keeps_cookie(self) -> bool:
        """Whether the browser's cookie stays as it is: it has a newer one, or the record lives."""
        return self.kind in {Kind.RETIRED, Kind.TAMPERED}


UNKNOWN = Refusal(Kind.UNKNOWN)
TAMPERED = Refusal(Kind.TAMPERED, Reason.TAMPERED)


def judge_key(record: Record | None, digest: str, now: datetime) -> Refusal | None:
    """Return why a key must not open the record that its handle names, None if it may."""
    if record is None:
        return UNKNOWN
    if hmac.compare_digest(record.secret_hash.encode(), digest.encode()):
        return None if record.ended_at is None else judge_tombstone(record, now)
    if record.rotated_at is not None and now - record.rotated_at < GRACE:
        return Refusal(Kind.RETIRED, Reason.ROTATED)
    if record.ended_at is None and hmac.compare_digest(
        record.previous_secret_hash.encode(), digest.encode()
    ):
        return Refusal(Kind.REUSED, Reason.KEY_REUSE)
    return UNKNOWN


def is_outlived(record: Record | None, refusal: Refusal, digest: str) -> bool:
    """Tell whether the key was this sign-in's own until a moment ago.

    A sign-out that crossed with the renewal of its key ends the session all the same. The key that
    a visitor had before signing in is none of the sign-in's: somebody may have planted it.
    """
    if record is None or refusal.reason is not Reason.ROTATED or record.ended_at is not None:
        return False
    at, rotated = record.authenticated_at, record.rotated_at
    return (
        at is not None
        and rotated is not None
        and rotated > at
        and hmac.compare_digest(record.previous_secret_hash.encode(), digest.encode())
    )


def judge_tombstone(record: Record, now: datetime) -> Refusal:
    """Return what to say to whoever brings the key of an ended session."""
    if record.user_id is None or record.ended_at is None:
        return UNKNOWN
    reason = reason_of(record)
    if reason in ITS_OWN and now - record.ended_at < GRACE:
        return Refusal(Kind.RETIRED, reason)
    return Refusal(Kind.ENDED, reason)


def reason_of(record: Record) -> Reason:
    """Return the reason in a tombstone; whatever somebody else wrote there says nothing."""
    try:
        return Reason(record.end_reason)
    except ValueError:
        return Reason.EXPIRED


def judge_time(record: Record, limits: Limits, now: datetime) -> Reason | None:
    """Return why a session is over by now, or None while it lives.

    The stored deadline counts too: a limit that was raised revives nothing.
    """
    reason = judge(Clocks(record.authenticated_at, record.last_activity), limits, now)
    if reason is None and record.expire_date is not None and now >= record.expire_date:
        return Reason.EXPIRED
    return reason
