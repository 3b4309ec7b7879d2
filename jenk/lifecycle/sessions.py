"""The session of one request on jenk's own engines, and every change it can make to its record."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from asgiref.sync import sync_to_async
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError

from jenk import keys, payload, policies, record, seals, snapshot
from jenk.client import Client
from jenk.conf import conf, site, user_model
from jenk.lifecycle import admission, limiting, merging, people, telling
from jenk.lifecycle.admission import Kind, Refusal
from jenk.lifecycle.undo import Undo, state_to_return_to
from jenk.policies import Clocks
from jenk.reasons import Reason
from jenk.stores.base import Event, Record, Store

logger = logging.getLogger("jenk")

#: Why a session is emptied where nobody has said: by code of the project.
UNSAID = (Reason.ENDED_BY_CODE, "")

#: Values that cannot be changed in place.
FLAT = frozenset({str, int, float, bool, type(None)})

#: Tries to write beside others before the record is locked, which always comes to an end.
ATTEMPTS = 4
PAUSE = 0.002  # seconds, doubled after each try


class OwnSession(SessionBase):
    """Django's session, kept as a record that is changed by compare-and-set alone."""

    store: ClassVar[Store]
    keeps_record = True

    if TYPE_CHECKING:  # what Django's SessionBase has, and its stubs leave out
        _session_cache: dict[str, Any]
        _session: dict[str, Any]

        def _get_session(self, no_load: bool = ...) -> dict[str, Any]: ...

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self.record: Record | None = None
        self.refusal: Refusal | None = None
        self.verified_user: Any = None
        self.facts: snapshot.Facts = {}
        self.clocks = Clocks()
        self.client: Callable[[], Client] = Client
        self.end_note: tuple[Reason, str] = UNSAID
        self.ended_handle: str | None = None
        self.counted = False
        self.touch_due = False
        self.touched = False
        self.is_new = False
        self.rotated = False
        self.superseded = False
        self.detached = False
        self.interrupted = False
        self.interrupted_by = ""
        self.outlived: Record | None = None
        self._renew = False
        self._signed: tuple[Any, Any] = (None, None)
        self._expiry: Any = None
        self._limits: tuple[Any, policies.Limits] | None = None
        self._undos: list[Undo] = []
        self._ends: list[Undo] = []

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.handle or 'without a record'}>"

    @classmethod
    def has_shape(cls, key: str) -> bool:
        """Tell whether `key` could be one of this engine's."""
        return keys.split(key) is not None

    @property
    def handle(self) -> str | None:
        """The public name of the session: stable for its life, and no secret."""
        parts = keys.split(self.session_key)
        return parts[0] if parts else None

    # Loading

    def load(self, *, again: bool = False) -> dict[str, Any]:
        """Return what the session holds; nothing where its key opens none.

        `again`: another request has changed the record while it was judged.
        """
        parts = keys.split(self.session_key)
        self.record, self.verified_user, self.facts = None, None, {}
        if parts is None:
            self._session_key = None
            return {}
        now = record.now()
        found = self.store.find(parts[0])
        digest = seals.digest(parts[1])
        refusal = admission.judge_key(found.record, digest, now)
        if refusal or found.record is None:
            # What it was once, and why it ended, is not brought along where nobody asks for it.
            whole = self.store.read(parts[0]) if found.record is not None else None
            refusal = admission.judge_key(whole, digest, now)
            return self.refuse(whole, refusal or admission.UNKNOWN, digest, now)
        fallback = sealed_by(found.record)
        if fallback is None:
            return self.refuse(found.record, admission.TAMPERED, digest, now)
        self._renew = fallback > 0
        data = self.unpacked(found.record.payload)
        late = admission.judge_time(found.record, self.limits_of(data), now)
        verified = people.verify(data, found) if late is None else people.Verified(found.user, late)
        if verified.reason is not None:
            if self.end_found(found.record, verified, now) or again:
                return {}
            return self.load(again=True)
        self.take(found.record, data)
        if verified.user is not None:
            self.know(data, verified)
        return data

    def take(self, found: Record, data: dict[str, Any]) -> None:
        """Take a record as the one that this session is."""
        self.record, self.clocks, self.is_new = found, found.clocks, False
        self._signed = (data.get(SESSION_KEY), data.get(HASH_SESSION_KEY))
        self._expiry = data.get(record.EXPIRY_KEY)
        self.refusal = None

    def know(self, data: dict[str, Any], verified: people.Verified) -> None:
        """Show the facts about a verified user to whoever reads the session."""
        self.verified_user = verified.user
        self.facts = snapshot.facts(verified.user)
        if verified.new_hash is not None:
            data[HASH_SESSION_KEY] = verified.new_hash
            self._signed = (self._signed[0], verified.new_hash)
            self._renew = True
        if conf().JENK_SNAPSHOT is not None:
            data.update(self.facts, **record.times(self.clocks))

    def show(self, facts: snapshot.Facts) -> None:
        """Lay facts over what the session holds; they are never stored."""
        if conf().JENK_SNAPSHOT is not None and hasattr(self, "_session_cache"):
            self._session_cache.update(facts)

    def refuse(
        self, found: Record | None, refusal: Refusal, digest: str, now: datetime
    ) -> dict[str, Any]:
        """Have this be no session, and keep in the history what nobody should have sent."""
        self._session_key, self.refusal = None, refusal
        self.outlived = found if admission.is_outlived(found, refusal, digest) else None
        if found is not None and refusal.kind in {Kind.REUSED, Kind.TAMPERED}:
            reason = str(refusal.reason)
            self.store.note(found, now, Event("refused", reason), self.client())
        return {}

    def end_found(self, found: Record, verified: people.Verified, now: datetime) -> bool:
        """End a session that turned out to be over; that of a visitor in silence.

        Return whether the record still was what was judged. If another request has used it or has
        changed the password meanwhile, it is not over.
        """
        reason = verified.reason or Reason.EXPIRED
        ended = self.store.end(
            found.handle, now, reason=reason, judged=found, address=self.client().address
        )
        if ended is None and self.is_still_there(found):
            return False
        self._session_key = None
        self.refusal = admission.UNKNOWN
        if found.user_id is not None:
            self.refusal = Refusal(Kind.ENDED, reason)
            self.user_found_gone = verified.user
            self.ended_handle = found.handle if ended else None
        return True

    def is_still_there(self, found: Record) -> bool:
        current = self.store.read(found.handle)
        return current is not None and current.ended_at is None

    user_found_gone: Any = None

    def unpacked(self, text: str) -> dict[str, Any]:
        """Return the data in a payload; nothing where it cannot be read, as Django has it."""
        try:
            return payload.unpacked(text, self.serializer)
        except Exception:  # noqa: BLE001 - whatever a serializer raises
            logging.getLogger("django.security.SuspiciousSession").warning("Session data corrupted")
            return {}

    def decoded(self, row: Any) -> dict[str, Any]:
        """Return what a row holds, and about whom; nothing where it is not as jenk left it."""
        if row.ended_at is not None or sealed_by(row) is None:
            return {}
        data = self.unpacked(row.payload)
        user = None if row.user_id is None else people.by_id(row.user_id)
        if user is not None and conf().JENK_SNAPSHOT is not None:
            clocks = Clocks(row.authenticated_at, row.last_activity)
            data |= snapshot.facts(user) | record.times(clocks)
        return data

    def limits_of(self, data: dict[str, Any]) -> policies.Limits:
        """Return the limits of a session that holds `data`."""
        return self.limits_with(data.get(record.EXPIRY_KEY), empty=not data)

    def limits_with(self, expiry: Any, *, empty: bool) -> policies.Limits:
        """Return the limits, worked out once as long as the session asks for the same."""
        asked = (expiry, empty)
        if self._limits is None or self._limits[0] != asked:
            own = record.expiry_of(expiry)
            found = record.limits_for(self.get_session_cookie_age(), own, empty=empty)
            self._limits = (asked, found)
        return self._limits[1]

    @classmethod
    def judge_row(cls, row: Any, now: datetime) -> Reason | None:
        """Return why the session of a row is over by now, None while it lives."""
        expiry = record.expiry_of(as_set(row.expiry))
        limits = record.limits_for(cls().get_session_cookie_age(), expiry)
        return admission.judge_time(row, limits, now)

    def exists(self, session_key: str | None) -> bool:
        """Tell whether a key opens a session that has not been ended."""
        parts = keys.split(session_key)
        if parts is None:
            return False
        found = self.store.read(parts[0])
        return admission.judge_key(found, seals.digest(parts[1]), record.now()) is None

    # Saving

    def create(self) -> None:
        """Start a session in the store, under a key of its own."""
        self.start()
        self.save(must_create=True)
        self.modified = True

    def start(self) -> None:
        """Take a new key, under which nothing is stored yet."""
        self._session_key = self._get_new_session_key()
        if not hasattr(self, "_session_cache"):
            self._session_cache = {}
        self.record, self.is_new, self.modified = None, True, True
        self.superseded = self.interrupted = self.detached = False

    def _get_new_session_key(self) -> str:
        return keys.new_handle() + keys.new_secret()

    async def _aget_new_session_key(self) -> str:
        return self._get_new_session_key()

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

    def insert(self, data: dict[str, Any], user: Any = None) -> None:
        """Store a session for the first time."""
        parts = keys.split(self.session_key)
        if parts is None:
            self.start()
            parts = keys.split(self.session_key)
        assert parts is not None  # noqa: S101 - start() has just made it
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

    def write_beside_others(self, data: dict[str, Any], user: Any = None) -> None:
        """Store changes to a session that is stored."""
        for attempt in range(ATTEMPTS):
            if self.try_update(data, user):
                return
            if not self.store.in_transaction():
                time.sleep(PAUSE * 2**attempt)
        with self.store.transaction():
            assert self.record is not None  # noqa: S101 - try_update() keeps it or raises
            self.store.lock(self.record.handle)
            if not self.try_update(data, user):
                self.try_update(data, user)

    def try_update(self, data: dict[str, Any], user: Any) -> bool:
        """Write once; return whether that, or what was found instead, settles it."""
        if self.detached or self.record is None:
            return True
        if self.has_new_identity(data) or user is not None:
            done = self.bind(data, user)
        else:
            done = self.write(data)
        return done or self.catch_up(data, user)

    def has_new_identity(self, data: dict[str, Any]) -> bool:
        return (data.get(SESSION_KEY), data.get(HASH_SESSION_KEY)) != self._signed

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
            self.store.lock_sessions_of(new.user_id)
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

    def end_others_of(self, new: Record, now: datetime) -> None:
        """End the user's other sessions, as the password is another now."""
        _count, pairs = self.store.end_many(
            now,
            reason=Reason.PASSWORD_CHANGED,
            user_id=new.user_id,
            keep=new.handle,
            report=telling.is_heard(type(self)),
        )
        telling.tell_ended(type(self), pairs, Reason.PASSWORD_CHANGED)

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
                self.insert(data, user)
                if self.record is not None:
                    self.end_others_of(self.record, record.now())
        else:
            raise UpdateError

    def has_proof(self, data: dict[str, Any]) -> bool:
        """Tell whether the data have the hash of a new password, and nothing but that ended it."""
        if self.record is None or not self.has_new_identity(data):
            return False
        if self.interrupted and self.interrupted_by != Reason.PASSWORD_CHANGED:
            return False
        return people.verifies_now(data.get(SESSION_KEY), data.get(HASH_SESSION_KEY))

    def interrupt(self, current: Record | None) -> None:
        """Note that the session was ended while this request went on, and why."""
        self.interrupted = True
        self.interrupted_by = current.end_reason if current is not None else ""

    # Coming second

    def catch_up(self, data: dict[str, Any], user: Any) -> bool:
        """Find out why a write did not succeed, and make good; return whether that settles it.

        Raises:
            UpdateError: the session was ended.
        """
        seen = self.record
        assert seen is not None  # noqa: S101 - asked by try_update()
        current = self.store.read(seen.handle, lock=self.store.in_transaction())
        if current is None or current.ended_at is not None or sealed_by(current) is None:
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

    # Renewing the key

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
        for attempt in range(ATTEMPTS):
            if self.interrupted or self.superseded or self.rotate(data):
                return
            if not self.store.in_transaction():
                time.sleep(PAUSE * 2**attempt)
        with self.store.transaction():
            self.store.lock(self.record.handle)
            if not self.rotate(data) and not self.interrupted and not self.superseded:
                self.rotate(data)

    def rotate(self, data: dict[str, Any]) -> bool:
        """Try to renew the key; return whether that, or what was found instead, settles it."""
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
        current = self.store.read(seen.handle, lock=True) if self.store.in_transaction() else None
        current = current or self.store.read(seen.handle)
        if current is None or current.ended_at is not None or sealed_by(current) is None:
            self.interrupt(current)
        elif current.secret_hash != seen.secret_hash or not is_same_sign_in(seen, current):
            self.superseded = True
        else:
            self.merge(data, seen, current)
        return False

    def renewed(self, new: Record, now: datetime) -> str:
        """Give a record another secret, and return the key with it."""
        secret = keys.new_secret()
        new.previous_secret_hash, new.secret_hash = new.secret_hash, seals.digest(secret)
        new.rotated_at = now
        return new.handle + secret

    # Ending

    def delete(self, session_key: str | None = None) -> None:
        """End a session, this one unless told; for the reason that was noted."""
        key = self.session_key if session_key is None else session_key
        parts = keys.split(key)
        if parts is None or (self.is_new and key == self.session_key):
            return
        known = Record(parts[0], seals.digest(parts[1]))
        if key == self.session_key and self.record is not None:
            known = self.record
        self.end(known, *self.end_note)

    def end(self, known: Record, reason: Reason, actor: str) -> None:
        """End the session of a record, and see to it that no transaction takes that back."""
        ended = self.store.end(
            known.handle,
            record.now(),
            reason=reason,
            actor=actor,
            only=known,
            address=self.client().address,
        )
        self.ended_handle = known.handle if ended else None
        undo = Undo((known, reason, actor))
        if ended and undo.watch(self.store):
            self._ends.append(undo)

    def end_again(self) -> None:
        """End what a transaction has brought back: its user was told that it is over."""
        ends, self._ends = self._ends, []
        for undo in ends:
            if undo.was_taken_back:
                self.end(*undo.before)

    def has_ends(self) -> bool:
        """Tell whether a session was ended in a transaction."""
        return bool(self._ends)

    def flush(self) -> None:
        """End the session, and be one of nobody."""
        if not record.is_loaded(self):
            self._get_session()
        judged = self.is_of_old_password()
        self.clear()
        if judged:
            self.end_judged(judged)
        else:
            self.delete()
        if self.outlived is not None and self.end_note[0] is Reason.LOGOUT:
            self.end(self.outlived, *self.end_note)
        self.forget()

    def is_of_old_password(self) -> Record | None:
        """Return the record if Django is about to empty the session over a changed password.

        Its `get_user()` does so when the auth hash does not verify, and says nothing of it. That is
        only true of the record that was loaded: the change may since have renewed it.
        """
        if self.record is None or self.record.user_id is None or self.end_note != UNSAID:
            return None
        user_id, auth_hash = self._signed
        return None if people.verifies_now(user_id, auth_hash) else self.record

    def end_judged(self, judged: Record) -> None:
        ended = self.store.end(
            judged.handle,
            record.now(),
            reason=Reason.PASSWORD_CHANGED,
            judged=judged,
            address=self.client().address,
        )
        self.ended_handle = judged.handle if ended else None

    def forget(self) -> None:
        """Be the session of a browser that never was here."""
        self._session_key = None
        self.record, self.verified_user, self.facts, self.clocks = None, None, {}, Clocks()
        self.is_new = self.rotated = self.superseded = self.interrupted = False
        self.touch_due = self.touched = self._renew = False
        self.outlived = None
        self.end_note = UNSAID
        self._signed, self._expiry = (None, None), None

    @classmethod
    def clear_expired(cls) -> None:
        """End what is past its deadline."""
        cls.store.sweep(record.now())

    # What is written

    def packed(self, data: dict[str, Any]) -> str:
        return payload.packed(self.stripped(data), self.serializer)

    @staticmethod
    def stripped(data: dict[str, Any]) -> dict[str, Any]:
        """Return what is stored: of a signed-in session all but the facts about its user."""
        if SESSION_KEY not in data or conf().JENK_SNAPSHOT is None:
            return data
        return {key: value for key, value in data.items() if key not in snapshot.KEYS}

    def fill(self, new: Record, data: dict[str, Any], text: str | None = None) -> None:
        """Put the data into a record, with what follows from them."""
        new.payload = self.packed(data) if text is None else text
        new.payload_mac = seals.code(seals.PAYLOAD, seals.payload_message(new))
        if not new.seal:
            new.seal = seals.code(seals.IDENTITY, seals.identity_message(new))
        value = data.get(record.EXPIRY_KEY)
        new.expiry = None if value is None else str(value)[:40]
        new.expire_date = policies.deadline(new.clocks, self.limits_of(self.stripped(data)))

    def seal(self, new: Record, data: dict[str, Any]) -> None:
        """Seal a record's identity with the SECRET_KEY of today."""
        if new.user_id is not None:
            new.auth_tag = seals.auth_tag(data.get(HASH_SESSION_KEY))
        new.seal = seals.code(seals.IDENTITY, seals.identity_message(new))

    def identify(self, new: Record, data: dict[str, Any], now: datetime) -> None:
        """Have a record be of whom the data name."""
        claimed = data.get(SESSION_KEY)
        new.user_id, new.auth_tag, new.authenticated_at = None, "", None
        if claimed is not None:
            new.user_id = user_model()._meta.pk.to_python(claimed)
            new.auth_tag = seals.auth_tag(data.get(HASH_SESSION_KEY))
            new.authenticated_at = now

    def advance(self, new: Record, key: str | None, data: dict[str, Any] | None = None) -> None:
        """Go on from what was written, until a transaction takes it back."""
        undo = Undo((self.record, self.session_key, self.is_new))
        if undo.watch(self.store):
            self._undos.append(undo)
        self._session_key = key
        self.record, self.is_new, self.refusal = new, False, None
        last = new.last_activity or record.now()
        self.clocks = Clocks(new.authenticated_at, policies.later(self.clocks.last_activity, last))
        if data is not None:
            self.take_identity(data)

    def take_identity(self, data: dict[str, Any]) -> None:
        self._signed = (data.get(SESSION_KEY), data.get(HASH_SESSION_KEY))
        self._renew = False

    def recall(self) -> None:
        """Go back to what is stored, where a transaction has taken back what was written."""
        undo = state_to_return_to(self._undos) if self._undos else None
        if undo is None:
            return
        self.record, self._session_key, self.is_new = undo.before
        self.rotated = False
        self.modified = True
        stored = self.unpacked(self.record.payload) if self.record else {}
        self._signed = (stored.get(SESSION_KEY), stored.get(HASH_SESSION_KEY))

    # What middleware asks

    def sign_in(self, user: Any, facts: snapshot.Facts) -> None:
        """Store that `user` has just signed in, and show the facts about them."""
        self.recall()
        data = self._get_session()
        if self.is_new or self.session_key is None:
            if self.session_key is None:
                self.start()
            self.insert(data, user)
        elif self.interrupted or self.record is None:
            self.resume(data, user)
        else:
            self.write_beside_others(data, user)
        self.verified_user, self.facts = user, facts
        self.show(facts | record.times(self.clocks))

    def set_clocks(self, clocks: Clocks, *, due: bool) -> None:
        """Read as used at that time; `due` if that is to be stored."""
        shown, self.clocks, self.touch_due = self.clocks, clocks, due
        if self.verified_user is not None and clocks.last_activity != shown.last_activity:
            self.show(record.last_use(clocks))

    def will_save(self) -> bool:
        """Tell whether there is anything to store."""
        if self.detached or (self.session_key is None and not self._has_data()):
            return False
        return bool(
            self.modified
            or self.touch_due
            or self.is_new
            or (site().SESSION_SAVE_EVERY_REQUEST and self.has_changed())
        )

    def _has_data(self) -> bool:
        return bool(getattr(self, "_session_cache", None))

    def has_changed(self) -> bool:
        """Tell whether the data are others than those stored, also where nothing says so."""
        if self.record is None or not record.is_loaded(self):
            return False
        if all(type(value) in FLAT for value in self._session_cache.values()):
            return False  # nothing in them can change but by their key, which sets `modified`
        return self.packed(self._session_cache) != self.record.payload

    def sends_cookie(self, sent: tuple[str, ...]) -> bool:
        """Tell whether the browser has to get the cookie, once what is due was stored."""
        if self.superseded or self.detached or self.session_key is None:
            return False
        data = getattr(self, "_session_cache", {})
        return (
            self.session_key not in sent
            or self.touched
            or self.touch_due
            or data.get(record.EXPIRY_KEY) != self._expiry
        )

    def rewrite(self, by: timedelta) -> None:
        """Store data and clocks as they are now, the deadline moved back; for tests alone."""
        seen = self.record
        if seen is None:
            raise UpdateError
        data, new = self._session, seen.changed()
        new.authenticated_at = self.clocks.authenticated_at
        new.last_activity = self.clocks.last_activity
        self.seal(new, data)
        self.fill(new, data)
        if by and seen.expire_date is not None:
            new.expire_date = seen.expire_date - by
        self.store.replace(seen, new, record.now())

    # Async twins: one change of threads for each

    async def aload(self) -> dict[str, Any]:
        return await sync_to_async(self.load)()

    async def aexists(self, session_key: str | None) -> bool:
        return await sync_to_async(self.exists)(session_key)

    async def acreate(self) -> None:
        await sync_to_async(self.create)()

    async def asave(self, must_create: bool = False) -> None:
        await sync_to_async(self.save)(must_create)

    async def adelete(self, session_key: str | None = None) -> None:
        await sync_to_async(self.delete)(session_key)

    async def aflush(self) -> None:
        await sync_to_async(self.flush)()

    async def acycle_key(self) -> None:
        await sync_to_async(self.cycle_key)()

    @classmethod
    async def aclear_expired(cls) -> None:
        await sync_to_async(cls.clear_expired)()


def sealed_by(found: Any) -> int | None:
    """Return which SECRET_KEY both codes of a record were made with, the oldest of the two.

    None where one of them is not ours: somebody else has written to the record.
    """
    identity = seals.check(found.seal, seals.IDENTITY, seals.identity_message(found))
    if identity is None:
        return None
    data = seals.check(found.payload_mac, seals.PAYLOAD, seals.payload_message(found))
    return None if data is None else max(identity, data)


def as_set(expiry: str | None) -> float | str | None:
    """Return what `set_expiry()` was given, from the text that a record keeps of it."""
    try:
        return float(expiry) if expiry is not None else None
    except ValueError:
        return expiry


def is_same_sign_in(one: Record, other: Record) -> bool:
    return (one.user_id, one.authenticated_at) == (other.user_id, other.authenticated_at)
