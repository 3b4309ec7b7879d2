"""What templates learn of the session."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from jenk.session_user import get_session_user
from jenk.visits import end_reason


def session(request: HttpRequest) -> dict[str, Any]:
    """Give `session_user`, the eight facts or None, and `session_end_reason`.

    `session_end_reason` is None, or the code of why the visitor was signed out, with the sentence
    for people in `.message`.
    """
    return {
        "session_user": SimpleLazyObject(lambda: get_session_user(request)),
        "session_end_reason": end_reason(request),
    }
