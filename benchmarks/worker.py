"""One contestant in a process of its own, which works when it is told to and sleeps otherwise.

It reads one JSON object a line and answers each with one. The first is what to be.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.contestants import BY_NAME, settings_of
from benchmarks.handler import Asgi, BenchmarkError, Wsgi

PATHS = {"wsgi": "/page", "asgi": "/apage"}


def configure(name: str, database: dict[str, Any], redis: str) -> None:
    """Set Django up as the contestant's project."""
    import django
    from django.conf import settings

    settings.configure(**settings_of(BY_NAME[name], database, redis))
    django.setup()


def migrate() -> None:
    """Make the contestant's tables and the one user, as far as they are not there."""
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    from benchmarks.site import USER

    call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    users = get_user_model()._default_manager
    # No password that can be typed: hashing one would be all that is measured.
    users.get_or_create(username=USER, defaults={"password": "!", "email": "alice@example.com"})


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements of all threads, without BEGIN and COMMIT."""
    from django.db import connections
    from django.db.backends.signals import connection_created

    found: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        if not sql.startswith("BEGIN"):
            found.append((sql, params))
        return execute(sql, params, many, context)

    def watch(connection: Any, **kwargs: Any) -> None:
        connection.execute_wrappers.append(note)

    connection_created.connect(watch)
    for connection in connections.all(initialized_only=True):
        watch(connection)
    try:
        yield found
    finally:
        connection_created.disconnect(watch)
        for connection in connections.all(initialized_only=True):
            if note in connection.execute_wrappers:
                connection.execute_wrappers.remove(note)


class Worker:
    """A browser that is signed in to one contestant's site."""

    def __init__(self, mode: str) -> None:
        from django.core.asgi import get_asgi_application
        from django.core.wsgi import get_wsgi_application

        from benchmarks.site import TEXT

        self.path, self.expected = PATHS[mode], TEXT
        self.browser: Wsgi | Asgi = (
            Asgi(get_asgi_application()) if mode == "asgi" else Wsgi(get_wsgi_application())
        )

    def sign_in(self) -> dict[str, Any]:
        expected = "in" if sessions_are_kept() else self.expected
        self.browser.get("/sign-in", expected)
        self.browser.repeat(self.path, self.expected, 20)
        return {"cookie": self.browser.jar.header, "expected": self.expected}

    def count(self) -> dict[str, Any]:
        """Return the statements of one request."""
        with statements() as found:
            self.browser.get(self.path, self.expected)
        return {"statements": [sql for sql, _ in found]}

    def batch(self, times: int) -> dict[str, Any]:
        """Return the seconds that a request takes, of this process and by the clock."""
        cpu, wall = time.process_time(), time.perf_counter()
        self.browser.repeat(self.path, self.expected, times)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        return {"cpu": cpu / times, "wall": wall / times}


def sessions_are_kept() -> bool:
    """Tell whether there is anything to sign in to; the floor has nothing."""
    from django.conf import settings

    return bool(settings.MIDDLEWARE)


def serve(answer: Callable[[dict[str, Any]], Any]) -> None:
    """Answer each line of the standard input until it ends."""
    for line in sys.stdin:
        try:
            result = answer(json.loads(line))
        except Exception as error:  # noqa: BLE001 - the run goes on without this contestant
            result = {"error": f"{type(error).__name__}: {error}"[:500]}
        print(json.dumps(result), flush=True)


def main() -> None:
    told = json.loads(sys.stdin.readline())
    os.sched_setaffinity(0, {told["core"]})
    configure(told["contestant"], told["database"], told["redis"])
    worker: list[Worker] = []

    def answer(asked: dict[str, Any]) -> Any:
        match asked["do"]:
            case "migrate":
                return migrate()
            case "sign_in":
                worker.append(Worker(told["mode"]))
                return worker[0].sign_in()
            case "count":
                return worker[0].count()
            case "batch":
                return worker[0].batch(asked["times"])
            case other:
                message = f"unknown order {other!r}"
                raise BenchmarkError(message)

    serve(answer)


if __name__ == "__main__":
    main()
