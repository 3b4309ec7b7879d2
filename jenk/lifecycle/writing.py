"""Changes to a session beside those that other requests make to it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from jenk import policies, record, seals
from jenk.lifecycle import merging, people
from jenk.lifecycle.binding import Binding
from jenk.lifecycle.state import is_same_sign_in, lives
from jenk.policies import Clocks
from jenk.stores.base import Event, Record

logger = logging.getLogger("jenk")

#: Tries to write beside others before the record is locked, which always comes to an end.
ATTEMPTS = 4
PAUSE = 0.002  # seconds, doubled after each try


class Writing(Binding):
    """A session whose changes are stored, or merged with what others have stored meanwhile."""

    def create(self) -> None:
        """Start a session in the store, under a key of its own."""
        self.start()
        self.save(must_create=True)
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        """Store what has changed; beside what others have changed meanwhile.

        Raises:
            UpdateError: the session was ended, so there is nothing to save it to.
        """
        self.recall()
        if self.session_key is None:
            self.start()
            must_create = True
        data = self._get_session(no_load=must_create)
        if self.detached:
            return
        people.drop_impossible(data)
        if must_create or self.is_new:
            self.insert(data)
        elif self.interrupted or self.record is None:
            self.resume(data)
        else:
            self.write_beside_others(data)

    def write_beside_others(self, data: dict[str, Any], user: Any = None) -> None:
        """Store changes to a session that is stored."""
        self.settle(lambda: self.try_update(data, user))

    def settle(self, attempt: Callable[[], bool]) -> None:
        """Try until it is settled: beside others at first, then with the record locked."""
        for place in range(ATTEMPTS):
            if attempt():
                return
            if not self.store.in_transaction():
                time.sleep(PAUSE * 2**place)
        with self.store.transaction():
            assert self.record is not None  # noqa: S101 - what is not settled has a record
            self.store.lock(self.record.handle)
            if not attempt():  # what was written before the lock; the next comes alone
                attempt()

    def try_update(self, data: dict[str, Any], user: Any) -> bool:
        """Write once; return whether that, or what was found instead, settles it."""
        if self.detached or self.record is None:
            return True
        if self.has_new_identity(data) or user is not None:
            done = self.bind(data, user)
        else:
            done = self.write(data)
        return done or self.catch_up(data, user)

    def write(self, data: dict[str, Any]) -> bool:
        """Write data and clocks, as far as they have changed."""
        seen = self.record
        assert seen is not None  # noqa: S101 - asked by try_update()
        text = self.packed(data)
        if text == seen.payload and not (self._renew and self.touch_due):
            return self.touch(data)
        new = seen.changed()
        if self.counted:
            new.last_activity = policies.later(seen.last_activity, self.used_at(seen))
        if self._renew:
            self.seal(new, data)
        self.fill(new, data, text)
        if not self.store.replace(seen, new, record.now()):
            return False
        self.touched = self.touched or self.touch_due
        self.touch_due = False
        self.advance(new, self.session_key, data)
        return True

    def touch(self, data: dict[str, Any]) -> bool:
        """Write down the time of this use alone, if it is due."""
        if not self.touch_due:
            return True
        seen = self.record
        assert seen is not None  # noqa: S101 - asked by write()
        last = self.used_at(seen)
        deadline = policies.deadline(Clocks(seen.authenticated_at, last), self.limits_of(data))
        self.touched = self.store.touch(seen, last, deadline) or self.touched
        self.touch_due = False
        return True

    def used_at(self, seen: Record) -> datetime:
        return self.clocks.last_activity or seen.last_activity or record.now()

    def catch_up(self, data: dict[str, Any], user: Any) -> bool:
        """Find out why a write did not succeed, and make good; return whether that settles it.

        Raises:
            UpdateError: the session was ended.
        """
        seen = self.record
        assert seen is not None  # noqa: S101 - asked by try_update()
        current = self.store.read(seen.handle, lock=self.store.in_transaction())
        if not lives(current):
            self.interrupt(current)
            self.resume(data, user)
            return True
        if current.secret_hash != seen.secret_hash:
            self.superseded = True
        if self.superseded and (user is not None or self.has_new_identity(data)):
            self.resume(data, user)
            return True
        if is_same_sign_in(seen, current):
            self.merge(data, seen, current)
            return False
        if seen.user_id is None:
            self.leave_behind(data, seen, current)
        else:
            logger.warning("Session %s: what a late request wrote was dropped.", seen.handle)
        self.detached = True
        return True

    def merge(self, data: dict[str, Any], seen: Record, current: Record) -> None:
        """Take what others have written since, beneath what was written here."""
        base, theirs = self.unpacked(seen.payload), self.unpacked(current.payload)
        found = merging.merged(base, self.stripped(data), theirs)
        for key in self.stripped(data).keys() - found.keys() - merging.AUTHENTICATION:
            del data[key]
        data.update({key: found[key] for key in found if key not in merging.AUTHENTICATION})
        self.record = current

    def leave_behind(self, data: dict[str, Any], seen: Record, current: Record) -> None:
        """Give what a visitor's request stored to the session that somebody signed in to."""
        base, mine = self.unpacked(seen.payload), self.stripped(data)
        for _ in range(ATTEMPTS):
            theirs = self.unpacked(current.payload)
            found = merging.added(base, mine, theirs)
            if found == theirs:
                return
            new = current.changed()
            self.fill(new, found)
            if self.store.replace(current, new, record.now()):
                return
            latest = self.store.read(current.handle, lock=self.store.in_transaction())
            if latest is None or latest.ended_at or not is_same_sign_in(latest, current):
                return
            current = latest

    def cycle_key(self) -> None:
        """Give the session a new key; what it holds stays.

        A session that was ended meanwhile is not brought back: the response says so.
        """
        data = self._session
        self.recall()
        self.modified = True
        if self.record is None or self.is_new:
            self.start()
            self._session_cache = data
            return
        self.settle(lambda: self.interrupted or self.superseded or self.rotate(data))

    def rotate(self, data: dict[str, Any]) -> bool:
        """Try to renew the key; return whether that was done."""
        seen, now = self.record, record.now()
        assert seen is not None  # noqa: S101 - asked by cycle_key()
        new = seen.changed()
        key = self.renewed(new, now)
        new.seal = seals.code(seals.IDENTITY, seals.identity_message(new))
        events = [Event("rotated")] if new.user_id is not None else []
        if self.store.replace(seen, new, now, events=events):
            self.rotated = True
            self.advance(new, key)
            return True
        current = self.store.read(seen.handle, lock=self.store.in_transaction())
        if not lives(current):
            self.interrupt(current)
        elif current.secret_hash != seen.secret_hash or not is_same_sign_in(seen, current):
            self.superseded = True
        else:
            self.merge(data, seen, current)
        return False
