"""What one request's session knows of its record, and how the next one is made of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeGuard

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase

from jenk import keys, payload, policies, record, seals, snapshot
from jenk.client import Client
from jenk.conf import conf, user_model
from jenk.lifecycle.admission import Refusal
from jenk.lifecycle.undo import Undo, state_to_return_to
from jenk.policies import Clocks
from jenk.reasons import Reason
from jenk.stores.base import Record, Store

#: Why a session is emptied where nobody has said: by code of the project.
UNSAID = (Reason.ENDED_BY_CODE, "")


class State(SessionBase):
    """Django's session, kept as a record; what can be done with it comes in later modules."""

    store: ClassVar[Store]
    keeps_record = True
    user_found_gone: Any = None

    # As they are to begin with; a request sets the few that change.
    record: Record | None = None
    refusal: Refusal | None = None
    verified_user: Any = None
    clocks = Clocks()
    end_note: tuple[Reason, str] = UNSAID
    ended_handle: str | None = None
    refused_handle: str | None = None
    counted = False
    touch_due = False
    touched = False
    is_new = False
    rotated = False
    superseded = False
    detached = False
    interrupted = False
    interrupted_by = ""
    outlived: Record | None = None
    _renew = False
    _signed: tuple[Any, Any] = (None, None)
    _expiry: Any = None
    _limits: tuple[Any, policies.Limits] | None = None

    if TYPE_CHECKING:  # what Django's SessionBase has, and its stubs leave out
        _session_cache: dict[str, Any]
        _session: dict[str, Any]

        def _get_session(self, no_load: bool = ...) -> dict[str, Any]: ...

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self.facts: snapshot.Facts = {}
        self.client: Callable[[], Client] = Client
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

    def start(self) -> None:
        """Take a new key, under which nothing is stored yet."""
        self._session_key = self._get_new_session_key()
        if not hasattr(self, "_session_cache"):
            self._session_cache = {}
        self.record, self.is_new, self.modified = None, True, True
        self.superseded = self.interrupted = self.detached = False

    def _get_new_session_key(self) -> str:
        return keys.new_handle() + keys.new_secret()

    def take(self, found: Record, data: dict[str, Any]) -> None:
        """Take a record as the one that this session is."""
        self.record, self.clocks, self.is_new = found, found.clocks, False
        self._signed = (data.get(SESSION_KEY), data.get(HASH_SESSION_KEY))
        self._expiry = data.get(record.EXPIRY_KEY)
        self.refusal = None

    def show(self, facts: snapshot.Facts) -> None:
        """Lay facts over what the session holds; they are never stored."""
        if conf().JENK_SNAPSHOT is not None and hasattr(self, "_session_cache"):
            self._session_cache.update(facts)

    def unpacked(self, text: str) -> dict[str, Any]:
        """Return the data in a payload; nothing where it cannot be read, as Django has it."""
        try:
            return payload.unpacked(text, self.serializer)
        except Exception:  # noqa: BLE001 - whatever a serializer raises
            logging.getLogger("django.security.SuspiciousSession").warning("Session data corrupted")
            return {}

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

    def renewed(self, new: Record, now: datetime) -> str:
        """Give a record another secret, and return the key with it."""
        secret = keys.new_secret()
        new.previous_secret_hash, new.secret_hash = new.secret_hash, seals.digest(secret)
        new.rotated_at = now
        return new.handle + secret

    def has_new_identity(self, data: dict[str, Any]) -> bool:
        return (data.get(SESSION_KEY), data.get(HASH_SESSION_KEY)) != self._signed

    def interrupt(self, current: Record | None) -> None:
        """Note that the session was ended while this request went on, and why."""
        self.interrupted = True
        self.interrupted_by = current.end_reason if current is not None else ""

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


def sealed_by(found: Any) -> int | None:
    """Return which SECRET_KEY both codes of a record were made with, the oldest of the two.

    None where one of them is not ours: somebody else has written to the record.
    """
    identity = seals.check(found.seal, seals.IDENTITY, seals.identity_message(found))
    if identity is None:
        return None
    data = seals.check(found.payload_mac, seals.PAYLOAD, seals.payload_message(found))
    return None if data is None else max(identity, data)


def lives(record: Record | None) -> TypeGuard[Record]:
    """Tell whether a record is there, not ended, and as jenk has left it."""
    return record is not None and record.ended_at is None and sealed_by(record) is not None


def is_same_sign_in(one: Record, other: Record) -> bool:
    return (one.user_id, one.authenticated_at) == (other.user_id, other.authenticated_at)
