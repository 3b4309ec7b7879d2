"""Ending many sessions at once, with their events, in few statements and without deadlocks.

Two that end the same sessions, or one of them beside a request that renews a key, must lock rows
in one order. That order is the primary key's. MariaDB and MySQL follow it where the statement names
the keys, PostgreSQL where a query locks them first, and SQLite has one writer at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connections
from django.db.models import F, Q

from jenk import keys
from jenk.models import Session, SessionEvent

type Pairs = list[tuple[str, Any]]

#: Rows that one transaction ends. More would hold their locks for longer than a request can wait.
BATCH = 1000

#: Where a connection notes that its transaction is one that jenk has begun, with a write.
BEGAN_HERE = "jenk_began"

EVENT_COLUMNS = ("at", "kind", "handle", "user_id", "reason", "actor")
SOURCES = ("ended_at", "handle", "user_id", "end_reason", "ended_by")


@dataclass(frozen=True, slots=True)
class Ending:
    """One end of many sessions, for one reason; `at` is as the column has it."""

    alias: str
    at: datetime
    reason: str
    actor: str
    still: Q = field(default_factory=Q)

    @property
    def rows(self) -> Any:
        return Session.everything.using(self.alias)

    def tombstone(self, operation: str = "") -> dict[str, Any]:
        """Return the columns of an ended session."""
        return {
            "ended_at": self.at,
            "end_reason": self.reason,
            "ended_by": self.actor,
            "payload": "",
            "payload_mac": "",
            "operation": operation,
            "version": F("version") + 1,
        }


def end_of_user(ending: Ending, user_id: Any, keep: str | None) -> tuple[int, Any]:
    """End the sessions of a user but `keep`; return how many, and a query for whose they were."""
    chosen = ending.rows.filter(user=user_id, ended_at=None)
    if keep is not None:
        chosen = chosen.exclude(pk=keep)
    if connections[ending.alias].vendor == "sqlite":
        return mark(ending, chosen, ending.rows.filter(user=user_id))
    return end_in_order(ending, chosen)  # pragma: no cover - needs a server


def end_in_order(ending: Ending, chosen: Any) -> tuple[int, Any]:  # pragma: no cover - the same
    """End the chosen sessions by primary key, where another order would deadlock."""
    found = latest(ending.alias, in_order(ending, chosen))
    handles = sorted(found.values_list("pk", flat=True))
    if not handles:
        return 0, ending.rows.none()
    named = ending.rows.filter(pk__in=handles)
    return mark(ending, named.filter(ended_at=None), named)


def end_handles(ending: Ending, handles: Sequence[str]) -> tuple[int, Any]:
    """End the sessions of these handles; what is left of visitors' is removed."""
    named = ending.rows.filter(pk__in=sorted(handles))
    chosen = named.filter(ending.still, ended_at=None)
    if connections[ending.alias].vendor == "postgresql":  # pragma: no cover - needs a server
        list(in_order(ending, chosen).values_list("pk"))
    count, mine = mark(ending, chosen, named)
    visitors = [handle for handle, user in mine.values_list("pk", "user") if user is None]
    if visitors:
        ending.rows.filter(pk__in=sorted(visitors))._raw_delete(ending.alias)
    return count, mine


def in_order(ending: Ending, rows: Any) -> Any:  # pragma: no cover - needs a server
    """Return rows by primary key, locked where a later UPDATE would go by another order."""
    rows = rows.order_by("pk")
    if connections[ending.alias].vendor == "postgresql":
        return rows.select_for_update()
    return rows


def latest(alias: str, rows: Any) -> Any:
    """Return rows as they are now, also in a transaction of the project's that began long ago.

    Under REPEATABLE READ such a transaction goes on seeing what was there when it first looked;
    MariaDB and MySQL show a locking read what is there now. PostgreSQL has no such way, and raises
    when rows that have changed since are written.
    """
    connection = connections[alias]
    is_old = connection.in_atomic_block and not getattr(connection, BEGAN_HERE, False)
    if connection.vendor == "mysql" and is_old:  # pragma: no cover - needs a server
        return rows.select_for_update()
    return rows


def mark(ending: Ending, chosen: Any, among: Any) -> tuple[int, Any]:
    """End the chosen rows under a mark of their own, and write an event for each.

    `among` is how to find them again: by primary key where reading for an INSERT takes locks.
    """
    operation = keys.new_handle()
    count = chosen.update(**ending.tombstone(operation))
    mine = among.filter(operation=operation)
    if count:
        write_events(ending.alias, mine)
    return count, mine


def write_events(alias: str, ended: Any) -> None:
    """Copy what was ended into the history, without bringing it here."""
    connection = connections[alias]
    quote = connection.ops.quote_name
    columns = {field.attname: field.column for field in Session._meta.concrete_fields}
    at, *rest = (quote(str(columns[name])) for name in SOURCES)
    table, events = quote(Session._meta.db_table), quote(SessionEvent._meta.db_table)
    where, params = condition(alias, ended.filter(~Q(user=None)))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {events} "  # noqa: S608 - names of our own
            f"({', '.join(map(quote, EVENT_COLUMNS))}) "
            f"SELECT {at}, 'ended', {', '.join(rest)} FROM {table} WHERE {where}",
            params,
        )


def condition(alias: str, rows: Any) -> tuple[str, tuple[Any, ...]]:
    """Return the condition of a query on sessions as Django writes it."""
    compiler = rows.query.get_compiler(alias)
    compiler.setup_query()
    sql, params = compiler.compile(rows.query.where)
    return sql, tuple(params)
