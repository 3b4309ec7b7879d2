from __future__ import annotations

import os
from collections.abc import Iterator
from contextvars import copy_context
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings

from tests import services

# --- Services: used where they are found, skipped and named where they are not --------------


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse to run where something named in JENK_TEST_REQUIRE is missing."""
    absent = [f"{name} ({why})" for name in services.required() if (why := services.missing(name))]
    if absent:
        message = f"JENK_TEST_REQUIRE asks for what is missing: {', '.join(sorted(absent))}"
        pytest.exit(message, returncode=pytest.ExitCode.USAGE_ERROR)


#: Modules whose outcome a database could change. `make test` runs the others on SQLite alone.
EVERY_DATABASE = (
    "brief.test_commands",
    "brief.test_how_it_works",
    "brief.test_session_data",
    "engine.test_contract",
    "engine.test_interleavings",
    "engine.test_machine",
    "engine.test_races",
    "engine.test_tampering",
    "security.test_session_life_cycle",
    "test_existing_site",
    "test_persistence",
    "test_session_middleware",
    "test_signals",
    "test_statements",
    "test_user_models",
)


#: Modules about Django's own engines: the brief's configuration, and sites from before jenk.
DJANGOS_ENGINES = ("brief.", "test_existing_site", "test_statements", "test_user_models")


#: Tests that break what Django's own engine writes with.
DJANGOS_STORE = (
    "test_a_database_that_fails_to_save_signs_nobody_out",
    "test_an_expired_session_that_cannot_be_cleared_is_no_error",
    "test_the_mail_about_a_failed_save_has_no_key",
    "test_the_report_of_a_store_that_fails_inside_a_view_has_no_key",
)

#: Long lists of inputs and settings, for code that is the same in sync and async: `make matrix`
#: alone runs them in async, and views of the other kind than their handler, which Django adapts.
#: It also visits real sites on Django's engine, reads the documents with it, and races on a SQLite
#: that keeps a journal.
LISTS = (
    "engine.test_tampering",
    "security.test_csrf_and_methods",
    "security.test_hostile_input",
    "security.test_output",
    "security.test_redirects",
    "test_configurations",
    "test_engines",
)
TWICE = ("brief.test_commands", "test_allauth", "test_persistence")
CROSSED = ("async-sync-views", "sync-async-views")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        module = ".".join(item.path.relative_to(here).with_suffix("").parts)
        for mark in marks_of(item.name, module):
            item.add_marker(mark)
        for name in services.PROBES:
            if item.get_closest_marker(f"needs_{name}") and (why := services.missing(name)):
                item.add_marker(pytest.mark.skip(reason=f"needs {name}: {why}"))
        if why := unfit(item, module):
            item.add_marker(pytest.mark.skip(reason=why))
        if item.get_closest_marker("long") and os.environ.get("JENK_TEST_LONG") != "1":
            item.add_marker(pytest.mark.skip(reason="takes minutes: JENK_TEST_LONG=1 runs it"))


def marks_of(name: str, module: str) -> Iterator[str]:
    """Give the marks that a test has for where it is."""
    if module.startswith("engine."):
        yield "own_engine"
    if module.startswith(EVERY_DATABASE):
        yield "every_database"
    if (
        any(style in name for style in CROSSED)
        or (module in LISTS and "async" in name)
        or (module.startswith("docs.") and "Django's" in name)
        or (module in TWICE and "django.contrib.sessions" in name)
        or (module.startswith("engine.") and "rollback journal" in name)
    ):
        yield "thorough"


def unfit(item: pytest.Item, module: str) -> str | None:
    """Return why a test is not for the session engine of this run."""
    if item.get_closest_marker("table") and not settings.SESSION_ENGINE.endswith("db"):
        return "this session engine keeps no table"
    djangos = module.startswith(DJANGOS_ENGINES) or item.name.startswith(DJANGOS_STORE)
    if djangos and settings.SESSION_ENGINE in settings.OWN_ENGINES.values():
        return "about Django's own session engines"
    return None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for name in services.PROBES:
        if why := services.missing(name):
            terminalreporter.write_line(f"skipped: {name} ({why})")


@pytest.fixture(scope="session", autouse=True)
def _empty_cache() -> Iterator[None]:
    """Take the sessions of this run out of Redis again. `cache.clear()` would take everyone's."""
    yield
    if "redis" not in settings.CACHES["default"]["BACKEND"]:
        return
    client = services.driver("redis").Redis.from_url(services.REDIS_URL)
    with client:
        for key in client.scan_iter(match=f"{settings.CACHES['default']['KEY_PREFIX']}:*"):
            client.delete(key)


# --- Async tests --------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an `async def` test as Django's own test cases do.

    So `sync_to_async` comes back to the thread that holds the test's transaction. Under an event
    loop of a plugin's it would open a connection of its own and leave rows behind.
    """
    if not iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    copy_context().run(async_to_sync(pyfuncitem.obj), **arguments)
    return True


# --- People and browsers ------------------------------------------------------------------

STYLES = {
    "sync": {"asynchronous": False, "views": "sync"},
    "async": {"asynchronous": True, "views": "async"},
    "async-sync-views": {"asynchronous": True, "views": "sync"},
    "sync-async-views": {"asynchronous": False, "views": "async"},
}


@pytest.fixture(params=STYLES)
def browser(request: pytest.FixtureRequest) -> Any:
    """A browser, once for each handler and style of view."""
    from tests.browsers import Browser  # noqa: PLC0415 - needs the settings

    return Browser(**STYLES[request.param])


@pytest.fixture
def alice(db: None) -> Any:
    """A member of the site."""
    return make_user("alice", role=1)


@pytest.fixture
def carol(db: None) -> Any:
    """A manager of the site."""
    return make_user("carol", role=2)


def make_user(username: str, **fields: Any) -> Any:
    from website.models import User  # noqa: PLC0415 - needs the settings

    names = {"first_name": username.title(), "last_name": "Example"}
    email = f"{username}@example.com"
    return User.objects.create_user(username, email, "pw", **names, **fields)
