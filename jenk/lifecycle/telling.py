"""Signals about sessions that are not the request's own."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.db import router, transaction

from jenk import signals
from jenk.conf import user_model


def is_heard(sender: Any) -> bool:
    """Tell whether anybody wants to know of each session that is ended."""
    return bool(signals.session_ended.has_listeners(sender))


def tell_ended(
    sender: Any, pairs: Iterable[tuple[str, Any]], reason: str, actor: Any = None
) -> None:
    """Tell of sessions that were ended, once that is committed; pairs of handle and user id."""
    pairs = list(pairs)
    if not pairs or not is_heard(sender):
        return
    users = user_model()._default_manager.in_bulk({user_id for _, user_id in pairs})
    for handle, user_id in pairs:
        facts = {"request": None, "handle": handle, "user": users.get(user_id)}
        send = partial(
            signals.session_ended.send_robust, sender, **facts, reason=str(reason), actor=actor
        )
        after_commit(sender, send)


def after_commit(sender: Any, send: Any) -> None:
    using = router.db_for_write(sender.model)
    transaction.on_commit(send, using=using, robust=True)
