"""The servers and programs that some tests need, and whether this machine has them.

`python -m tests.services mariadb redis` prints what is missing and why, and exits with 1.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import dj_database_url

from tools import chromium

PATIENCE = 3  # seconds for a connection on a machine that may be busy

DATABASE_URLS = {
    "mariadb": os.environ.get("JENK_TEST_MARIADB_URL", "mysql://root@127.0.0.1:3306/jenk"),
    "postgres": os.environ.get("JENK_TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/jenk"),
}
REDIS_URL = os.environ.get("JENK_TEST_REDIS_URL", "redis://127.0.0.1:6379/1")


class MissingError(Exception):
    """What a service lacks on this machine."""


def driver(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        message = f"no driver: {error}"
        raise MissingError(message) from error


def database(name: str) -> dict[str, Any]:
    """Return the test database `name` as an entry of DATABASES."""
    return dict(dj_database_url.parse(DATABASE_URLS[name]))


def probe_mariadb() -> None:
    entry = database("mariadb")
    connection = driver("MySQLdb").connect(
        host=entry["HOST"],
        port=int(entry["PORT"] or 3306),
        user=entry["USER"],
        password=entry["PASSWORD"],
        connect_timeout=PATIENCE,
    )
    connection.close()


def probe_postgres() -> None:
    entry = database("postgres")
    connection = driver("psycopg").connect(
        host=entry["HOST"],
        port=int(entry["PORT"] or 5432),
        user=entry["USER"],
        password=entry["PASSWORD"] or None,
        dbname="postgres",
        connect_timeout=PATIENCE,
    )
    connection.close()


def probe_redis() -> None:
    with driver("redis").Redis.from_url(REDIS_URL, socket_connect_timeout=PATIENCE) as client:
        client.ping()


def probe_browser() -> None:
    driver("playwright.sync_api")
    if not chromium.find():
        message = "no chromium on PATH"
        raise MissingError(message)


PROBES: dict[str, Callable[[], None]] = {
    "mariadb": probe_mariadb,
    "postgres": probe_postgres,
    "redis": probe_redis,
    "browser": probe_browser,
}


@cache
def missing(name: str) -> str | None:
    """Return why a service cannot be used here, or None where it can."""
    try:
        PROBES[name]()
    except MissingError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - every driver has errors of its own
        return " ".join(str(error).split()) or type(error).__name__
    return None


def required() -> frozenset[str]:
    """Return the services named in JENK_TEST_REQUIRE: to lack one of them is a failure."""
    names = os.environ.get("JENK_TEST_REQUIRE", "").replace(",", " ").split()
    if unknown := set(names) - PROBES.keys():
        message = f"JENK_TEST_REQUIRE names {sorted(unknown)}; there are {sorted(PROBES)}."
        raise ValueError(message)
    return frozenset(names)


def main() -> None:
    absent = {name: why for name in sys.argv[1:] or PROBES if (why := missing(name))}
    for name, why in absent.items():
        print(f"{name} ({why})")  # noqa: T201 - a command
    sys.exit(bool(absent))


if __name__ == "__main__":
    main()
