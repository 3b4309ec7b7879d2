"""Sessions in the database that Django uses: SQLite, MariaDB, MySQL or PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import fields
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connections, router, transaction
from django.db.models import F, Q
from django.utils import timezone

from jenk import keys
from jenk.client import Client
from jenk.models import Session, SessionEvent, SessionOwner
from jenk.reasons import Reason
from jenk.stores import joined
from jenk.stores.base import Event, Found, Record, Store

COLUMNS = tuple(field.name for field in fields(Record))
INSTANTS = frozenset({"rotated_at", "authenticated_at", "last_activity", "expire_date", "ended_at"})

#: Rows that one statement ends. More would hold their locks for longer than a request can wait.
BATCH = 1000


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
            if not settings.USE_TZ and found.record is not None:
                make_aware(found.record)
            return found
        return Found(self.read(handle))

    def read(self, handle: str, *, lock: bool = False) -> Record | None:
        rows = self.rows.filter(pk=handle)
        if lock:
            rows = rows.select_for_update()
        values = rows.values_list(*COLUMNS).first() if not lock else first(rows, COLUMNS)
        return None if values is None else make_aware(Record(*values))

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
        rows = self.rows.filter(
            pk=seen.handle, version=seen.version, payload_mac=seen.payload_mac, ended_at=None
        )
        if not events:
            return bool(rows.update(**changes) == 1)
        with self.transaction():
            if rows.update(**changes) != 1:
                return False
            self.keep(new, now, events, client.address if client else None)
        return True

    def touch(self, seen: Record, last: datetime, deadline: datetime) -> bool:
        rows = self.rows.filter(
            pk=seen.handle, ended_at=None, expiry=seen.expiry, last_activity__lte=as_column(last)
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
        address: str | None = None,
    ) -> Record | None:
        rows = self.rows.filter(pk=handle, ended_at=None)
        if only is not None:
            same = Q(secret_hash=only.secret_hash)
            if only.user_id is not None:
                same |= Q(user=only.user_id)
            rows = rows.filter(same)
        with self.transaction():
            if rows.update(**ended(now, reason, actor)) != 1:
                return None
            record = self.read(handle)
            if record is not None and record.user_id is None:
                self.rows.filter(pk=handle)._raw_delete(self.alias)
            elif record is not None:
                self.keep(record, now, [Event("ended", reason, actor)], address)
        return record

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
        chosen = self.rows.filter(ended_at=None)
        if user_id is not None:
            chosen = chosen.filter(user=user_id)
        if handles is not None:
            chosen = chosen.filter(pk__in=sorted(handles))
        if keep is not None:
            chosen = chosen.exclude(pk=keep)
        count, pairs = 0, []
        while batch := list(chosen.order_by("pk").values_list("pk", "user")[:BATCH]):
            done = self.end_batch([handle for handle, _ in batch], now, reason, actor)
            count += len(done)
            pairs += [pair for pair in batch if pair[0] in done and pair[1] is not None]
        return count, pairs

    def end_batch(self, handles: list[str], now: datetime, reason: str, actor: str) -> set[str]:
        """End these records, in order, so that two of this cannot wait for each other."""
        operation = keys.new_handle()
        with self.transaction():
            rows = self.rows.filter(pk__in=handles, ended_at=None)
            self.lock_in_order(rows)
            rows.update(**ended(now, reason, actor), operation=operation)
            mine = list(
                self.rows.filter(pk__in=handles, operation=operation).values_list("pk", "user")
            )
            events = [
                SessionEvent(
                    at=as_column(now),
                    kind="ended",
                    handle=handle,
                    user_id=user,
                    reason=reason,
                    actor=actor,
                )
                for handle, user in mine
                if user is not None
            ]
            SessionEvent.objects.using(self.alias).bulk_create(events)
        return {handle for handle, _ in mine}

    def lock_in_order(self, rows: Any) -> None:
        """PostgreSQL updates rows as it finds them; MariaDB and MySQL in the key's order."""
        if connections[self.alias].vendor == "postgresql":
            list(rows.order_by("pk").select_for_update().values_list("pk"))

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
        return list(rows.filter(expire_date__gt=as_column(now)).order_by("-last_activity", "pk"))

    def sweep(self, now: datetime) -> int:
        past = self.rows.filter(ended_at=None, expire_date__lte=as_column(now))
        swept = 0
        while batch := list(past.order_by("pk").values_list("pk", flat=True)[:BATCH]):
            swept += len(self.end_batch(batch, now, Reason.EXPIRED, ""))
        return swept

    def owner(self, user_id: Any) -> None:
        owners = SessionOwner.objects.using(self.alias)
        if not owners.filter(pk=user_id).update(sign_ins=F("sign_ins") + 1):
            owners.bulk_create([SessionOwner(user_id=user_id)], ignore_conflicts=True)
            owners.filter(pk=user_id).update(sign_ins=F("sign_ins") + 1)

    def transaction(self) -> AbstractContextManager[Any]:
        return transaction.atomic(using=self.alias)

    def in_transaction(self) -> bool:
        connection = connections[self.alias]
        return connection.in_atomic_block or not connection.get_autocommit()

    def on_commit(self, callback: Callable[[], None]) -> None:
        if connections[self.alias].in_atomic_block:
            transaction.on_commit(callback, using=self.alias)


def first(rows: Any, columns: Sequence[str]) -> Any:
    """Return a locked row's values: a LIMIT would be refused beside some locks."""
    return next(iter(rows.values_list(*columns)), None)


def as_columns(record: Record) -> dict[str, Any]:
    return {name: as_column(getattr(record, name)) for name in COLUMNS}


def as_column(value: Any) -> Any:
    """Return an instant as the project's columns hold one; anything else as it is."""
    if isinstance(value, datetime) and not settings.USE_TZ and value.tzinfo is not None:
        return timezone.make_naive(value, timezone.get_default_timezone())
    return value


def make_aware(record: Record) -> Record:
    """Make aware what a project with USE_TZ = False keeps as naive."""
    for name in INSTANTS:
        value = getattr(record, name)
        if value is not None and value.tzinfo is None:
            setattr(record, name, timezone.make_aware(value, timezone.get_default_timezone()))
    return record


def ended(now: datetime, reason: str, actor: str) -> dict[str, Any]:
    """Return the columns of a tombstone."""
    return {
        "ended_at": as_column(now),
        "end_reason": reason,
        "ended_by": actor,
        "payload": "",
        "payload_mac": "",
        "version": F("version") + 1,
    }
