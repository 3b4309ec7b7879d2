"""Sessions in the database that Django uses: SQLite, MariaDB, MySQL or PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from itertools import batched
from typing import Any

from django.db import IntegrityError, connections, router, transaction
from django.db.models import F, Q
from django.utils import timezone

from jenk.client import Client
from jenk.conf import site
from jenk.models import Session, SessionEvent, SessionOwner
from jenk.reasons import Reason
from jenk.stores import ending, joined
from jenk.stores.base import Event, Found, Record, Store
from jenk.stores.ending import BATCH, Ending, Pairs, end_handles, end_of_user

COLUMNS = tuple(field.name for field in fields(Record))
INSTANTS = frozenset({"rotated_at", "authenticated_at", "last_activity", "expire_date", "ended_at"})


class DatabaseStore(Store):
    """Keeps sessions in the tables of `jenk.models`."""

    @property
    def alias(self) -> str:
        return router.db_for_write(Session)

    @property
    def rows(self) -> Any:
        return Session.everything.using(self.alias)

    def find(self, handle: str) -> Found:
        alias = self.alias
        if joined.is_possible(alias):
            found = joined.find(alias, handle)
            if found.record is not None:
                make_aware(found.record)
            return found
        return Found(self.read(handle))

    def read(self, handle: str, *, lock: bool = False) -> Record | None:
        rows = self.rows.filter(pk=handle)
        values = first(rows.select_for_update() if lock else rows, COLUMNS)
        return None if values is None else make_aware(Record(*values))

    def lock(self, handle: str) -> None:
        # By a write: SQLite has no other lock, and refuses one to a transaction that began to read.
        self.rows.filter(pk=handle).update(version=F("version"))

    def lock_in_order(self, handles: Collection[str]) -> None:
        if connections[self.alias].vendor != "sqlite":  # pragma: no cover - needs a server
            named = self.rows.filter(pk__in=sorted(handles)).order_by("pk")
            list(named.select_for_update().values_list("pk"))

    def lock_sessions_of(self, user_id: Any, own: str) -> None:
        self.owner(user_id)
        chosen = self.rows.filter(user=user_id, ended_at=None)
        if connections[self.alias].vendor != "sqlite":  # pragma: no cover - needs a server
            live = ending.latest(self.alias, chosen).values_list("pk", flat=True)
            self.lock_in_order({own, *live})

    def insert(
        self, record: Record, now: datetime, client: Client, events: Sequence[Event] = ()
    ) -> bool:
        row = Session(
            **as_columns(record),
            created_at=as_column(now),
            address=client.address,
            user_agent=client.user_agent,
        )
        try:
            with self.transaction():
                row.save(force_insert=True, using=self.alias)
                self.keep(record, now, events, client.address)
        except IntegrityError:
            if self.read(record.handle) is None:
                raise
            return False
        return True

    def replace(
        self,
        seen: Record,
        new: Record,
        now: datetime,
        *,
        client: Client | None = None,
        events: Sequence[Event] = (),
    ) -> bool:
        changes = {
            name: as_column(getattr(new, name))
            for name in COLUMNS
            if getattr(new, name) != getattr(seen, name)
        }
        if client is not None:
            changes |= {"address": client.address, "user_agent": client.user_agent}
        rows = self.as_seen(seen)
        if "last_activity" in changes or "expire_date" in changes:
            rows = rows.filter(last_activity=as_column(seen.last_activity))
        if not events:
            return bool(rows.update(**changes) == 1)
        with self.transaction():
            if rows.update(**changes) != 1:
                return False
            self.keep(new, now, events, client.address if client else None)
        return True

    def as_seen(self, seen: Record) -> Any:
        """Return the row of a record, if nobody has changed it since."""
        return self.rows.filter(
            pk=seen.handle, version=seen.version, payload_mac=seen.payload_mac, ended_at=None
        )

    def touch(self, seen: Record, last: datetime, deadline: datetime) -> bool:
        rows = self.rows.filter(
            pk=seen.handle,
            secret_hash=seen.secret_hash,
            ended_at=None,
            expiry=seen.expiry,
            last_activity__lte=as_column(last),
        )
        return bool(
            rows.update(last_activity=as_column(last), expire_date=as_column(deadline)) == 1
        )

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
        rows = self.rows.filter(pk=handle, ended_at=None)
        if judged is not None:
            rows = self.as_seen(judged).filter(last_activity=as_column(judged.last_activity))
        known = judged or only
        if only is not None:
            same = Q(secret_hash=only.secret_hash)
            if only.user_id is not None:
                same |= Q(user=only.user_id)
            rows = rows.filter(same)
        with self.transaction():
            if rows.update(**Ending(self.alias, as_column(now), reason, actor).tombstone()) != 1:
                return None
            found = known if known is not None and known.user_id is not None else self.read(handle)
            if found is not None and found.user_id is not None:
                self.keep(found, now, [Event("ended", reason, actor)], address)
            else:
                self.rows.filter(pk=handle)._raw_delete(self.alias)
        return found

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
    ) -> tuple[int, Pairs]:
        how = Ending(self.alias, as_column(now), reason, actor)
        if user_id is not None:
            with self.transaction():
                count, ended = end_of_user(how, user_id, keep)
                return count, list(ended.values_list("pk", "user")) if report and count else []
        if handles is not None:
            batches: Iterable[Sequence[str]] = batched(sorted(handles), BATCH)
        else:
            batches = self.in_batches(self.rows.filter(ended_at=None))
        return self.end_batches(how, batches, keep, report=report)

    def in_batches(self, chosen: Any) -> Iterator[list[str]]:
        """Give the handles of the chosen rows in order, some at a time."""
        last = ""
        while handles := list(
            ending.latest(self.alias, chosen.filter(pk__gt=last).order_by("pk")).values_list(
                "pk", flat=True
            )[:BATCH]
        ):
            yield handles
            last = handles[-1]

    def end_batches(
        self, how: Ending, batches: Iterable[Sequence[str]], keep: str | None, *, report: bool
    ) -> tuple[int, Pairs]:
        """End the records of these handles, a batch a transaction."""
        total, pairs = 0, []
        for handles in batches:
            with self.transaction():
                count, ended = end_handles(how, [one for one in handles if one != keep])
                total += count
                if report and count:
                    pairs += ended.exclude(user=None).values_list("pk", "user")
        return total, pairs

    def correct_reason(self, handle: str, reason: str) -> None:
        self.rows.filter(pk=handle).exclude(ended_at=None).update(end_reason=reason)
        events = SessionEvent.objects.using(self.alias).filter(handle=handle, kind="ended")
        events.update(reason=reason)

    def note(self, record: Record, now: datetime, event: Event, client: Client) -> None:
        self.keep(record, now, [event], client.address)

    def keep(
        self, record: Record, now: datetime, events: Iterable[Event], address: str | None
    ) -> None:
        for event in events:
            SessionEvent.objects.using(self.alias).create(
                at=as_column(now),
                kind=event.kind,
                handle=record.handle,
                user_id=record.user_id,
                reason=event.reason,
                actor=event.actor,
                address=address,
            )

    def live_of(self, user_id: Any, tags: Collection[str], now: datetime) -> list[Any]:
        rows = self.rows.filter(user=user_id, ended_at=None, auth_tag__in=sorted(tags))
        rows = ending.latest(self.alias, rows)
        return list(rows.filter(expire_date__gt=as_column(now)).order_by("-last_activity", "pk"))

    def sweep(self, now: datetime) -> int:
        still = Q(expire_date__lte=as_column(now))
        sweeping = Ending(self.alias, as_column(now), Reason.EXPIRED, "", still)
        past = self.in_batches(self.rows.filter(still, ended_at=None))
        return self.end_batches(sweeping, past, None, report=False)[0]

    def owner(self, user_id: Any) -> None:
        # One statement that takes the row's lock whether it is there or not: an UPDATE of none
        # locks a gap on MariaDB, and two that then insert wait for each other.
        SessionOwner.objects.using(self.alias).bulk_create(
            [SessionOwner(user_id=user_id, locked_at=timezone.now())],
            update_conflicts=True,
            update_fields=["locked_at"],
            unique_fields=None if connections[self.alias].vendor == "mysql" else ["user"],
        )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        connection = connections[self.alias]
        began = not connection.in_atomic_block
        if began:
            setattr(connection, ending.BEGAN_HERE, True)
        try:
            with transaction.atomic(using=self.alias):
                yield
        finally:
            if began:
                setattr(connection, ending.BEGAN_HERE, False)

    def in_transaction(self) -> bool:
        connection = connections[self.alias]
        return connection.in_atomic_block or not connection.get_autocommit()

    def on_commit(self, callback: Callable[[], None]) -> bool:
        if not connections[self.alias].in_atomic_block:
            return False
        transaction.on_commit(callback, using=self.alias)
        return True


def first(rows: Any, columns: Sequence[str]) -> Any:
    """Return the values of a row, or None; without a LIMIT, which some locks refuse."""
    return next(iter(rows.values_list(*columns)), None)


def as_columns(record: Record) -> dict[str, Any]:
    return {name: as_column(getattr(record, name)) for name in COLUMNS}


def as_column(value: Any) -> Any:
    """Return an instant as the project's columns hold one; anything else as it is."""
    if isinstance(value, datetime) and not site().USE_TZ and value.tzinfo is not None:
        return timezone.make_naive(value, timezone.get_default_timezone())
    return value


def make_aware(record: Record) -> Record:
    """Make aware what a project with USE_TZ = False keeps as the wall clock's time."""
    if site().USE_TZ:
        return record
    now = datetime.now(UTC)
    for name in INSTANTS:
        value = getattr(record, name)
        if value is not None:
            setattr(record, name, instant_of(value, now, past=name != "expire_date"))
    return record


def instant_of(value: datetime, now: datetime, *, past: bool) -> datetime:
    """Return the instant that a wall clock's time means.

    In autumn one hour comes twice. A time in it means the later instant, unless that is yet to come
    and the time is of something that was: so nobody seems idle for the hour that was repeated.
    """
    zone = timezone.get_default_timezone()
    wall = value if value.tzinfo is None else timezone.make_naive(value, zone)
    earlier, later = (wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if past and later.astimezone(UTC) > now:
        return earlier.astimezone(UTC)
    return max(earlier.astimezone(UTC), later.astimezone(UTC))
