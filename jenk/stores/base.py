"""What a store of sessions promises.

A store keeps records and nothing else: it knows no requests, makes no decisions and sends no
signals. Every promise below holds under any number of processes.

1.  A record is found by its handle. What is returned is one state that the record really had.
2.  `replace` is a compare-and-set. It changes a record only if it is not ended, and its version
    and payload code are those of the record that the caller last saw; then it bumps the version.
    If it moves the clock or the deadline, the time of the last use must be the one seen as well.
    Either all of the change is made, with its events, or none.
3.  Nothing makes a record except `insert`, which refuses a handle that was ever used and is still
    known. In particular no write brings back a record that was ended or removed.
4.  An ended record stays ended. It keeps no data; it keeps when and why it ended, and the digest of
    its last secret, until it is swept.
5.  `end` tells exactly one of any number of concurrent callers that it ended the record.
6.  `touch` moves the time of the last use forward, never back, and changes nothing else but the
    deadline. It does nothing to a record that is ended, or whose secret or expiry somebody else
    has changed.
7.  A store tells "there is no such record" from "I cannot say": the second is an exception of the
    database's own, which is passed on as it is.
8.  `live_of` returns the records of a user that are not ended and whose tag is among those given.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from jenk.client import Client
from jenk.policies import Clocks


@dataclass(slots=True)
class Record:
    """What a store keeps of one session, as far as a request needs it."""

    handle: str
    secret_hash: str
    previous_secret_hash: str = ""
    rotated_at: datetime | None = None
    user_id: Any = None
    authenticated_at: datetime | None = None
    auth_tag: str = ""
    last_activity: datetime | None = None
    expire_date: datetime | None = None
    payload: str = ""
    payload_mac: str = ""
    version: int = 1
    seal: str = ""
    expiry: str | None = None
    ended_at: datetime | None = None
    end_reason: str = ""

    def __repr__(self) -> str:
        return f"<Record {self.handle}>"

    @property
    def clocks(self) -> Clocks:
        return Clocks(self.authenticated_at, self.last_activity)

    def changed(self, **changes: Any) -> Record:
        """Return the record with these changes, one version on."""
        return replace(self, **changes, version=self.version + 1)


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a session, as its history keeps it."""

    kind: str
    reason: str = ""
    actor: str = ""


class Found(NamedTuple):
    """A record, and its user where the store brought both at once."""

    record: Record | None
    user: Any = None
    joined: bool = False


class Store(ABC):
    """Keeps sessions; see the promises at the top of this module."""

    @abstractmethod
    def find(self, handle: str) -> Found:
        """Return the record of a handle, and its user if that costs no more."""

    @abstractmethod
    def read(self, handle: str, *, lock: bool = False) -> Record | None:
        """Return the record as it is now; with `lock`, hold it until the transaction's end."""

    @abstractmethod
    def lock(self, handle: str) -> None:
        """Have nobody else change the record until the transaction's end."""

    @abstractmethod
    def lock_in_order(self, handles: Collection[str]) -> None:
        """Lock records in the one order in which nobody waits for somebody who waits."""

    @abstractmethod
    def lock_sessions_of(self, user_id: Any, own: str) -> None:
        """Hold the user's owner record, their live ones and `own` until the transaction's end."""

    @abstractmethod
    def insert(
        self, record: Record, now: datetime, client: Client, events: Sequence[Event] = ()
    ) -> bool:
        """Keep a new record; return False if its handle is taken."""

    @abstractmethod
    def replace(
        self,
        seen: Record,
        new: Record,
        now: datetime,
        *,
        client: Client | None = None,
        events: Sequence[Event] = (),
    ) -> bool:
        """Put `new` in the place of `seen`; return False if `seen` is not what is kept.

        `client` is given where somebody has just signed in.
        """

    @abstractmethod
    def touch(self, seen: Record, last: datetime, deadline: datetime) -> bool:
        """Note a use of the session; return False if that is not to be."""

    @abstractmethod
    def end(
        self,
        handle: str,
        now: datetime,
        *,
        reason: str,
        actor: str = "",
        only: Record | None = None,
        judged: Record | None = None,
        address: str | None = None,
    ) -> Record | None:
        """End one record and return what it was; None if there was none to end.

        With `only`, just if the record still has that secret, or that user. With `judged`, just if
        nobody has used or changed the record since.
        """

    @abstractmethod
    def end_many(
        self,
        now: datetime,
        *,
        reason: str,
        actor: str = "",
        user_id: Any = None,
        handles: Collection[str] | None = None,
        keep: str | None = None,
        report: bool = False,
    ) -> tuple[int, list[tuple[str, Any]]]:
        """End the records of a user, those with these handles, or all; except `keep`.

        Return how many were ended, and with `report` whose they were: pairs of handle and user id.
        """

    @abstractmethod
    def correct_reason(self, handle: str, reason: str) -> None:
        """Replace the reason of an end that was noted before it could be known."""

    @abstractmethod
    def note(self, record: Record, now: datetime, event: Event, client: Client) -> None:
        """Keep an event that changes nothing, as a refusal."""

    @abstractmethod
    def live_of(self, user_id: Any, tags: Collection[str], now: datetime) -> list[Any]:
        """Return the user's live records as rows for people, the last used first."""

    @abstractmethod
    def sweep(self, now: datetime) -> int:
        """End what is past its deadline by `now`; return how many that were."""

    @abstractmethod
    def owner(self, user_id: Any) -> None:
        """Wait until no other transaction holds the user's owner record, then hold it."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Any]:
        """Return a context in which all changes are made or none."""

    @abstractmethod
    def in_transaction(self) -> bool:
        """Tell whether what is written now may still be taken back."""

    @abstractmethod
    def on_commit(self, callback: Callable[[], None]) -> bool:
        """Call back once the transaction is committed; forget it if that is taken back.

        Return False where there is no transaction that could tell.
        """
