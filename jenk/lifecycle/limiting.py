"""How many sessions a user may have: decided while nobody else can sign in as them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from jenk.conf import conf
from jenk.exceptions import SessionLimitReached
from jenk.lifecycle import people, telling
from jenk.reasons import Reason

if TYPE_CHECKING:
    from jenk.lifecycle.state import State


def make_room(
    session: State, user_id: Any, user: Any, now: datetime, *, keep: str | None = None
) -> None:
    """Wait for the user's turn, then end what is too much with the session that is to start.

    Raises:
        SessionLimitReached: JENK_LIMIT_ACTION is "refuse" and there is no room.
    """
    if conf().JENK_MAX_SESSIONS is None:
        return
    user = user if user is not None else people.by_id(user_id)
    most = maximum(user)
    if user is None or most is None:
        return
    session.store.owner(user_id)
    live = [
        row.handle
        for row in session.store.live_of(user_id, people.tags(user), now)
        if row.handle != keep
    ]
    surplus = len(live) + 1 - max(most, 1)
    if surplus <= 0:
        return
    if conf().JENK_LIMIT_ACTION == "refuse":
        raise SessionLimitReached(_("You are signed in on as many devices as you may be."))
    ends = live[-surplus:]
    session.store.lock_in_order(ends if keep is None else [*ends, keep])
    _count, pairs = session.store.end_many(
        now, reason=Reason.LIMIT, handles=ends, report=telling.is_heard(type(session))
    )
    telling.tell_ended(type(session), pairs, Reason.LIMIT)


def maximum(user: Any) -> int | None:
    """Return how many sessions the user may have, None for any number."""
    chosen = conf().JENK_MAX_SESSIONS
    found = chosen(user) if callable(chosen) else chosen
    return None if found is None else int(found)
