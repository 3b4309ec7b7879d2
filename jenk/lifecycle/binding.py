"""Who is signed in to a session: written at sign-in, at a new password and at nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, UpdateError

from jenk import keys, policies, record, seals
from jenk.client import Client
from jenk.conf import user_model
from jenk.lifecycle import limiting, people
from jenk.lifecycle.ending import Ending
from jenk.reasons import Reason
from jenk.stores.base import Event, Record


class Binding(Ending):
    """A session that becomes somebody's."""

    def insert(self, data: dict[str, Any], user: Any = None) -> Record:
        """Store a session for the first time."""
        if keys.split(self.session_key) is None:
            self.start()
        parts = cast("tuple[str, str]", keys.split(self.session_key))
        now = record.now()
        signed_in = data.get(SESSION_KEY) is not None
        last = self.clocks.last_activity or now
        new = Record(parts[0], seals.digest(parts[1]), last_activity=last)
        if signed_in:
            self.identify(new, data, now)
        self.fill(new, data)
        events = [Event("started")] if signed_in else []
        with self.store.transaction():
            if signed_in:
                limiting.make_room(self, new.user_id, user, now)
            kept = self.store.insert(new, now, self.client(), events)
        if not kept:
            raise CreateError
        self.advance(new, self.session_key, data)
        return new

    def bind(self, data: dict[str, Any], user: Any) -> bool:
        """Write who is signed in, under a key that nobody else knows."""
        if self.superseded:
            return False
        before, after = self._signed[0], data.get(SESSION_KEY)
        if after is None:
            return self.bind_nobody(data)
        if user is not None or before != after:
            return self.bind_sign_in(data, user, again=before == after)
        return self.bind_new_password(data)

    def bind_nobody(self, data: dict[str, Any]) -> bool:
        now = record.now()
        new, key = self.renewable(now)
        self.identify(new, data, now)
        return self.put(new, key, data, now)

    def bind_sign_in(self, data: dict[str, Any], user: Any, *, again: bool) -> bool:
        now = record.now()
        new, key = self.renewable(now)
        self.identify(new, data, now)
        new.last_activity = policies.later(new.last_activity, now)
        events = [Event("reauthenticated" if again else "started")]
        with self.store.transaction():
            limiting.make_room(self, new.user_id, user, now, keep=new.handle)
            return self.put(new, key, data, now, client=self.client(), events=events)

    def bind_new_password(self, data: dict[str, Any]) -> bool:
        """Write the hash of a new password, and end the user's other sessions."""
        now = record.now()
        new, key = self.renewable(now)
        events = [] if self.rotated else [Event("rotated")]
        with self.store.transaction():
            self.store.lock_sessions_of(new.user_id, new.handle)
            if not self.put(new, key, data, now, events=events):
                return False
            self.end_others_of(new, now)
        return True

    def renewable(self, now: datetime) -> tuple[Record, str | None]:
        """Return the record to write next, with a new key unless this request has made one."""
        assert self.record is not None  # noqa: S101 - asked by try_update()
        new = self.record.changed()
        return new, self.session_key if self.rotated else self.renewed(new, now)

    def put(
        self,
        new: Record,
        key: str | None,
        data: dict[str, Any],
        now: datetime,
        *,
        client: Client | None = None,
        events: Sequence[Event] = (),
    ) -> bool:
        """Put a record with an identity of its own in the place of the one that was seen."""
        assert self.record is not None  # noqa: S101 - asked by try_update()
        self.seal(new, data)
        self.fill(new, data)
        if not self.store.replace(self.record, new, now, client=client, events=events):
            return False
        self.rotated = True
        self.advance(new, key, data)
        return True

    def resume(self, data: dict[str, Any], user: Any = None) -> None:
        """Go on after the session was ended, if who is signed in has just proved it.

        Raises:
            UpdateError: the session was ended, and stays so.
        """
        if user is not None:
            self.start()
            self.insert(data, user)
        elif self.has_proof(data):
            self.start()
            with self.store.transaction():
                self.store.owner(user_model()._meta.pk.to_python(data[SESSION_KEY]))
                self.end_others_of(self.insert(data), record.now())
        else:
            raise UpdateError

    def has_proof(self, data: dict[str, Any]) -> bool:
        """Tell whether the data have the hash of a new password, and nothing but that ended it."""
        if self.record is None or not self.has_new_identity(data):
            return False
        if self.interrupted and self.interrupted_by != Reason.PASSWORD_CHANGED:
            return False
        return people.verifies_now(data.get(SESSION_KEY), data.get(HASH_SESSION_KEY))
