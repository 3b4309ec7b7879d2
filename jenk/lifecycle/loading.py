"""From a key to a session, or to why there is none."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY

from jenk import keys, record, seals, snapshot
from jenk.conf import conf
from jenk.lifecycle import admission, people
from jenk.lifecycle.admission import Kind, Refusal
from jenk.lifecycle.state import State, sealed_by
from jenk.policies import Clocks
from jenk.reasons import Reason
from jenk.stores.base import Event, Record


class Loading(State):
    """A session that is looked up, judged, and ended if it turns out to be over."""

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
        verified = (
            people.verify(data, found)
            if late is None
            else people.Verified(people.owner_of(found), late)
        )
        if verified.reason is not None:
            if self.end_found(found.record, verified, now) or again:
                return {}
            return self.load(again=True)
        self.take(found.record, data)
        if verified.user is not None:
            self.know(data, verified)
        return data

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

    def refuse(
        self, found: Record | None, refusal: Refusal, digest: str, now: datetime
    ) -> dict[str, Any]:
        """Have this be no session, and keep in the history what nobody should have sent."""
        self._session_key, self.refusal = None, refusal
        self.refused_handle = found.handle if found is not None else None
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


def as_set(expiry: str | None) -> float | str | None:
    """Return what `set_expiry()` was given, from the text that a record keeps of it."""
    try:
        return float(expiry) if expiry is not None else None
    except ValueError:
        return expiry
