"""A database of the run's own, dropped when the run is over."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests import services

#: SQLite as Django sets it up, where a write costs much, and as a site does that writes a lot.
DEFAULTS = ("sqlite", "mariadb", "postgres")
WAL = "sqlite-wal"
NAMES = (*DEFAULTS, WAL)

OPTIONS = {
    "sqlite": {"timeout": 20},
    WAL: {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
    },
}


def missing(name: str) -> str | None:
    """Return why a database cannot be had here, None where it can."""
    return None if name in OPTIONS else services.missing(name)


@contextmanager
def database(name: str) -> Iterator[dict[str, Any]]:
    """Make an empty database; give its entry of DATABASES."""
    if name in OPTIONS:
        with tempfile.TemporaryDirectory(prefix="jenk-bench-") as folder:
            yield sqlite(Path(folder) / "bench.sqlite3", name)
        return
    entry = services.database(name) | {"NAME": f"jenk_bench_{os.getpid()}"}
    execute = {"mariadb": on_mariadb, "postgres": on_postgres}[name]
    execute(entry, f"CREATE DATABASE {entry['NAME']}")
    try:
        yield entry | {"OPTIONS": {"charset": "utf8mb4"} if name == "mariadb" else {}}
    finally:
        force = " WITH (FORCE)" if name == "postgres" else ""
        with suppress(KeyboardInterrupt):
            execute(entry, f"DROP DATABASE {entry['NAME']}{force}")


def sqlite(file: Path, name: str = "sqlite") -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(file),
        "OPTIONS": OPTIONS[name],
    }


def on_mariadb(entry: dict[str, Any], statement: str) -> None:
    connection = services.driver("MySQLdb").connect(
        host=entry["HOST"],
        port=int(entry["PORT"] or 3306),
        user=entry["USER"],
        password=entry["PASSWORD"],
    )
    connection.cursor().execute(statement)
    connection.close()


def on_postgres(entry: dict[str, Any], statement: str) -> None:
    connection = services.driver("psycopg").connect(
        host=entry["HOST"],
        port=int(entry["PORT"] or 5432),
        user=entry["USER"],
        password=entry["PASSWORD"] or None,
        dbname="postgres",
        autocommit=True,
    )
    connection.execute(statement)
    connection.close()


def persistent(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the database as a WSGI site sets it up: a connection is kept for ever."""
    return entry | {"CONN_MAX_AGE": None}


def pooled(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the database as an ASGI site sets it up: with a pool, where Django has one.

    Each request has a thread of its own there, so a connection cannot be kept for the next.
    """
    if "postgresql" not in entry["ENGINE"]:
        return entry | {"CONN_MAX_AGE": 0}
    return entry | {"CONN_MAX_AGE": 0, "OPTIONS": {"pool": {"min_size": 1, "max_size": 4}}}


def for_mode(entry: dict[str, Any], mode: str) -> dict[str, Any]:
    return pooled(entry) if mode == "asgi" else persistent(entry)
