"""How the tests are started, whichever command starts them."""

from __future__ import annotations

import os

#: What configures the example site says nothing about the tests.
SITE_VARIABLES = {
    "ALLOWED_HOSTS",
    "DATABASE_URL",
    "DEBUG",
    "DJANGO_SETTINGS_MODULE",
    "PORT",
    "REDIS_URL",
    "SECRET_KEY",
}


def clean_environ() -> dict[str, str]:
    """Return this process's environment without what configures the example site."""
    return {name: value for name, value in os.environ.items() if not configures_site(name)}


def configures_site(name: str) -> bool:
    return (
        name in SITE_VARIABLES
        or name.startswith(("SESSION_", "CSRF_"))
        or (name.startswith("JENK_") and not name.startswith("JENK_TEST_"))
    )


def pytest_arguments(*, marks: list[str], processes: int = 0) -> list[str]:
    """Return pytest's arguments for the tests that have all of these marks.

    Unless told, one process more than there are processors: some tests wait for a browser or a
    server.
    """
    count = processes or min(5, 1 + (os.cpu_count() or 1))
    return ["-n", str(count), *(["-m", " and ".join(marks)] if marks else [])]


def browser_marks(database: str, engine: str) -> list[str]:
    """A page looks the same on every database and engine, so the browser visits one."""
    return [] if (database, engine) == ("sqlite", "db") else ["not needs_browser"]
