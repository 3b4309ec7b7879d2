"""Django's own signals of signing in and out, which every way of doing either sends."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from jenk import lifecycle
from jenk.effects import run
from jenk.reasons import Reason


def on_signed_in(*, request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    """Make the session the user's. A sign-in without a session, as for an API token, is not ours.

    Connected as a sync receiver: under `alogin()` Django runs it in its own thread.
    """
    if request is not None and hasattr(request, "session"):
        run(lifecycle.sign_in(request, user))


def on_user_saved(*, instance: Any, **kwargs: Any) -> None:
    """End the sessions of a user who was disabled, in the transaction that does it."""
    if getattr(instance, "is_active", True) is False:
        lifecycle.end_for(instance.pk, Reason.DISABLED)


def on_user_deleted(*, instance: Any, **kwargs: Any) -> None:
    """End the sessions of a user who was deleted, in the transaction that does it."""
    lifecycle.end_for(instance.pk, Reason.DELETED)


def on_signed_out(*, request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    """Note who is about to sign out."""
    if request is not None and hasattr(request, "session"):
        run(lifecycle.sign_out(request, user))
