"""jenk's table at a size, in a process of its own: fills it, and measures what finds its way in it.

It reads orders and answers them as `benchmarks.worker` does.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from hashlib import md5
from typing import Any

from benchmarks.contestants import JENK
from benchmarks.handler import BenchmarkError
from benchmarks.worker import configure, migrate, serve, statements

SEED = 10_000
EACH = 5  # sessions of one user
PEOPLE = 30
LOADS = 100
TABLES = "jenk_"

type Measured = dict[str, Any]


class Sizing:
    """A table that grows."""

    def __init__(self) -> None:
        self.size = 0
        self.people = 0

    def grow(self, to: int) -> Measured:
        """Have so many rows in the table."""
        started = time.perf_counter()
        if self.size == 0:
            insert_seed()
            self.size = SEED
        if to > self.size:
            multiply(to // self.size, self.size)
            self.size = to
        refresh_statistics()
        return {"rows": count(), "seconds": time.perf_counter() - started}

    def measure(self) -> Measured:
        """Measure the three things that have to find their way in the table."""
        keys, people = [], []
        for _ in range(PEOPLE):
            self.people += 1
            person, mine = make_person(f"{self.size}-{self.people}")
            people.append(person)
            keys += mine
        warm_up(people[0], keys[0])
        return {
            "load": timed(load, keys[EACH : EACH + LOADS]),
            "list": timed(list_sessions, people[1:]),
            "end_all": timed(end_all, people[1:]),
        }


def make_person(name: str) -> tuple[Any, list[str]]:
    """Make a user with sessions, as signing in makes them."""
    from django.contrib.auth import (
        BACKEND_SESSION_KEY,
        HASH_SESSION_KEY,
        SESSION_KEY,
        get_user_model,
    )

    from benchmarks.site import BACKEND
    from jenk.backends.db import SessionStore

    person = get_user_model()._default_manager.create(username=name, password="!")
    keys: list[Any] = []
    for _ in range(EACH):
        session = SessionStore()
        session[SESSION_KEY] = str(person.pk)
        session[BACKEND_SESSION_KEY] = BACKEND
        session[HASH_SESSION_KEY] = person.get_session_auth_hash()
        session["note"] = "kept"
        session.create()
        keys.append(session.session_key)
    return person, keys


def load(key: str) -> None:
    from jenk.backends.db import SessionStore

    session = SessionStore(key)
    if session.get("user") is None:
        message = "a session was not found"
        raise BenchmarkError(message)


def list_sessions(person: Any) -> None:
    from jenk.lifecycle import sessions_of

    found = len(sessions_of(person))
    if found != EACH:
        message = f"{found} sessions are listed, not {EACH}"
        raise BenchmarkError(message)


def end_all(person: Any) -> None:
    from jenk.lifecycle import end_all

    ended = end_all(person, reason="ended_by_code")
    if ended != EACH:
        message = f"{ended} sessions were ended, not {EACH}"
        raise BenchmarkError(message)


def warm_up(person: Any, key: str) -> None:
    for _ in range(20):
        load(key)
        list_sessions(person)
    end_all(person)


def timed(work: Callable[[Any], None], over: Iterable[Any]) -> Measured:
    """Do it with each; return what that takes, and how the database says it goes about it."""
    first, *rest = over
    with statements() as ran:
        work(first)
    cpu, wall = [], []
    for one in rest:
        before = time.process_time(), time.perf_counter()
        work(one)
        cpu.append(time.process_time() - before[0])
        wall.append(time.perf_counter() - before[1])
    plans = [plan for sql, params in ran for plan in explained(sql, params)]
    return {
        "cpu": statistics.median(cpu),
        "wall": statistics.median(wall),
        "statements": len(ran),
        "sql": [sql for sql, _ in ran],
        "plans": plans,
        "scans": [plan for plan in plans if plan.startswith("SCAN")],
    }


# --- Plans ----------------------------------------------------------------------------------


def explained(sql: str, params: Any) -> list[str]:
    """Return a line for each of jenk's tables in a plan: SCAN where all of it is read."""
    from django.db import connection

    explain = {
        "sqlite": ("EXPLAIN QUERY PLAN ", on_sqlite),
        "mysql": ("EXPLAIN ", on_mariadb),
        "postgresql": ("EXPLAIN (FORMAT JSON) ", on_postgres),
    }
    prefix, read = explain[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(prefix + sql, params)
        return list(read(cursor))


def on_sqlite(cursor: Any) -> Iterable[str]:
    """Read lines such as "SEARCH jenk_session USING INDEX jenk_session_user (user_id=?)"."""
    return [detail for *_, detail in cursor.fetchall() if TABLES in detail]


def on_mariadb(cursor: Any) -> Iterable[str]:
    names = [column[0] for column in cursor.description]
    for row in cursor.fetchall():
        one = dict(zip(names, row, strict=True))
        if one["rows"] is None or TABLES not in str(one["table"]):
            continue  # the table that an INSERT writes to
        how = "SCAN" if one["type"] in {"ALL", "index"} else one["type"]
        yield f"{how} {one['table']} using {one['key']} ({one['rows']} rows)"


def on_postgres(cursor: Any) -> Iterable[str]:
    found = cursor.fetchone()[0]
    plans = json.loads(found) if isinstance(found, str) else found
    return [line for one in plans for line in of_node(one["Plan"])]


def of_node(node: dict[str, Any]) -> Iterable[str]:
    table, kind = str(node.get("Relation Name", "")), node["Node Type"]
    if TABLES in table and kind != "ModifyTable":
        how = "SCAN" if kind == "Seq Scan" else kind
        yield f"{how} {table} using {node.get('Index Name')} ({node['Plan Rows']} rows)"
    for below in node.get("Plans", ()):
        yield from of_node(below)


# --- Rows -----------------------------------------------------------------------------------


def insert_seed() -> None:
    """Insert the rows that all others are copies of: one in five of them a visitor's."""
    from datetime import timedelta

    from django.utils import timezone

    from jenk import keys
    from jenk.models import Session

    now = timezone.now()
    rows = [
        Session(
            handle=keys.new_handle(),
            secret_hash="s" * 22,
            previous_secret_hash="p" * 22,
            rotated_at=now,
            user_id=None if place % EACH == 0 else 1_000_000 + place // EACH,
            authenticated_at=now,
            auth_tag="t" * 22,
            created_at=now,
            last_activity=now - timedelta(seconds=place),
            expire_date=now + timedelta(days=14, seconds=-place),
            address="192.0.2.1",
            user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            payload=json.dumps({"_auth_user_id": str(place), "note": "x" * 180}),
            payload_mac="m" * 22,
            seal="e" * 22,
        )
        for place in range(SEED)
    ]
    Session.everything.bulk_create(rows, batch_size=500)


def multiply(factor: int, size: int) -> None:
    """Have each row `factor` times, under handles and for users of their own."""
    from django.db import connection

    from jenk.models import Session

    quote = connection.ops.quote_name
    columns = [str(field.column) for field in Session._meta.concrete_fields]
    handle = {
        "sqlite": f"substr(md5(handle || n || '-{size}'), 1, 25)",
        "mysql": f"substr(md5(concat(handle, n, '-{size}')), 1, 25)",
        "postgresql": f"substr(md5(handle || n::text || '-{size}'), 1, 25)",
    }[connection.vendor]
    made = {"handle": handle, "user_id": f"user_id + n * {size * 10}"}
    values = [made.get(column, quote(column)) for column in columns]
    table = quote(Session._meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            connection.connection.create_function("md5", 1, of_text, deterministic=True)
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(map(quote, columns))}) "  # noqa: S608 - our own names
            "WITH RECURSIVE series(n) AS "
            f"(SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {factor - 1}) "
            f"SELECT {', '.join(values)} FROM {table} CROSS JOIN series ORDER BY 1"
        )


def of_text(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def refresh_statistics() -> None:
    from django.db import connection

    statement = {
        "sqlite": "ANALYZE",
        "mysql": "ANALYZE TABLE jenk_session",
        "postgresql": "VACUUM ANALYZE jenk_session",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(statement)
        if connection.vendor == "mysql":
            cursor.fetchall()


def count() -> int:
    from jenk.models import Session

    return Session.everything.count()


def main() -> None:
    told = json.loads(sys.stdin.readline())
    os.sched_setaffinity(0, {told["core"]})
    configure(JENK, told["database"], "")
    sizing = Sizing()
    orders: dict[str, Callable[[dict[str, Any]], Any]] = {
        "migrate": lambda asked: migrate(),
        "grow": lambda asked: sizing.grow(asked["to"]),
        "measure": lambda asked: sizing.measure(),
    }
    serve(lambda asked: orders[asked["do"]](asked))


if __name__ == "__main__":
    main()
