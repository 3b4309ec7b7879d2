"""Why a session ended, or why a request that brought one was refused."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The codes that signals, JSON, logs and pages use.

    The last three are reasons of a refusal only, never of an end.
    """

    LOGOUT = "logout"
    IDLE = "idle"
    ABSOLUTE = "absolute"
    EXPIRED = "expired"
    ENDED_BY_USER = "ended_by_user"
    ENDED_BY_ADMIN = "ended_by_admin"
    ENDED_BY_CODE = "ended_by_code"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a reason's code, no password
    DISABLED = "disabled"
    DELETED = "deleted"
    LIMIT = "limit"
    SWITCHED_USER = "switched_user"
    ROTATED = "rotated"
    KEY_REUSE = "key_reuse"
    TAMPERED = "tampered"


REFUSALS_ONLY = frozenset({Reason.ROTATED, Reason.KEY_REUSE, Reason.TAMPERED})


def end_reason(value: str) -> Reason:
    """Return `value` as the reason of an end.

    Raises:
        ValueError: it is no reason, or the reason of a refusal only.
    """
    allowed = [reason for reason in Reason if reason not in REFUSALS_ONLY]
    if value in allowed:
        return Reason(value)
    message = f"{value!r} is not a reason for ending a session. Use one of: {', '.join(allowed)}."
    raise ValueError(message)
