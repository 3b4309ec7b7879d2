"""The end of a session, and of its user's others."""

from __future__ import annotations

from datetime import datetime

from jenk import keys, record, seals
from jenk.lifecycle import people, telling
from jenk.lifecycle.loading import Loading
from jenk.lifecycle.state import UNSAID
from jenk.lifecycle.undo import Undo
from jenk.policies import Clocks
from jenk.reasons import Reason
from jenk.stores.base import Record


class Ending(Loading):
    """A session that can be ended for good."""

    def delete(self, session_key: str | None = None) -> None:
        """End a session, this one unless told; for the reason that was noted."""
        self.recall()
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
        self.recall()
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
