"""The database under test, set up as projects have it, and who is in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections

from jenk.models import Session, SessionEvent, SessionOwner
from tests.settings import DATABASE
from website.models import User

READ_COMMITTED, REPEATABLE_READ, SERIALIZABLE = (
    "read committed",
    "repeatable read",
    "serializable",
)

#: How projects set up the database under test, as far as a session could notice.
SET_UPS = {
    "sqlite": ("wal", "rollback journal", "deferred"),
    "mariadb": (READ_COMMITTED, REPEATABLE_READ),
    "postgres": (READ_COMMITTED,),
}[DATABASE]

LEVELS = {
    "sqlite": ("wal", "deferred"),
    "mariadb": (READ_COMMITTED, REPEATABLE_READ, SERIALIZABLE),
    "postgres": (READ_COMMITTED, REPEATABLE_READ, SERIALIZABLE),
}[DATABASE]

#: Where a transaction reads what was committed before it began, while others may write.
SNAPSHOTS = {
    "sqlite": (),
    "mariadb": (REPEATABLE_READ,),
    "postgres": (REPEATABLE_READ, SERIALIZABLE),
}[DATABASE]


def empty() -> None:
    """Take out what a test can have left: much sooner than by emptying every table."""
    connection.close()
    for model in (Session, SessionEvent, SessionOwner):
        model._meta.base_manager.all()._raw_delete(connection.alias)
    djangos = "DELETE FROM django_session"
    with connection.cursor() as cursor:
        cursor.execute(djangos)
    User.objects.all()._raw_delete(connection.alias)


@contextmanager
def set_up(name: str) -> Iterator[None]:
    """Connect as a project does that has set its database up in this way."""
    options = connections.settings["default"].setdefault("OPTIONS", {})
    before = dict(options)
    options.update(options_of(name))
    connection.close()
    try:
        yield
    finally:
        connection.close()
        options.clear()
        options.update(before)


def options_of(name: str) -> dict[str, Any]:
    if DATABASE == "sqlite":
        journal = "DELETE" if name == "rollback journal" else "WAL"
        return {
            "init_command": f"PRAGMA journal_mode={journal}; PRAGMA synchronous=OFF;",
            "transaction_mode": "DEFERRED" if name == "deferred" else "IMMEDIATE",
        }
    if DATABASE == "mariadb":
        return {"isolation_level": name}
    from psycopg import IsolationLevel  # noqa: PLC0415 - there is a driver for this run alone

    return {"isolation_level": IsolationLevel[name.upper().replace(" ", "_")]}
