"""What templates learn of the session."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from jenk.session_user import get_session_user
from jenk.visits import end_reason


def session(request: HttpRequest) -> dict[str, Any]:
    """Give `session_user`, the eight facts or None, and `session_end_reason`.

    A page that a middleware in front of jenk's answers with, such as a 403, has neither.

    `session_end_reason` is None, or the code of why the visitor was signed out, with the sentence
    for people in `.message`.
    """
    return {
        "session_user": SimpleLazyObject(partial(user_of, request)),
        "session_end_reason": end_reason(request),
    }


def user_of(request: HttpRequest) -> dict[str, Any] | None:
    return get_session_user(request) if hasattr(request, "user") else None
