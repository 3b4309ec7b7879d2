"""Signals about sessions.

All are sent with `send_robust` once the change they tell of is committed; an error in a receiver
is logged by Django and never disturbs the request. Every one carries `sender` (the SessionStore
class), `request` (or None), `handle` (the session's public name; None on Django's own engines)
and `user`.
"""

from __future__ import annotations

from django.dispatch import Signal

#: Somebody signed in: the session now carries `user`.
session_started = Signal()

#: The same session got a new key: same-user sign-in, password change, `lifecycle.rotate()`.
session_rotated = Signal()

#: A signed-in session is over for good. Also `reason`, a code of `jenk.reasons.Reason`, and
#: `actor`, the user who ended it, or None for the system.
session_ended = Signal()

#: A request brought a key that must not be used any more. Also `reason`. Django's own engines keep
#: nothing of an old key, so there it is never sent.
session_refused = Signal()
