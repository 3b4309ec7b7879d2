"""The statements that the guide says a request costs are the ones that it makes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import path

from jenk import testing
from jenk.models import Session, SessionEvent, SessionOwner
from tests.docs.conftest import DJANGOS, JENKS
from tests.docs.documents import GUIDE, README, code
from tests.docs.engines import on_djangos, on_jenks
from website.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]

COSTS = {row[0]: row[1:] for row in GUIDE.table("What a request costs")}
NAMES = {
    "django_session": "session",
    Session._meta.db_table: "session",
    SessionEvent._meta.db_table: "event",
    SessionOwner._meta.db_table: "owner",
    User._meta.db_table: "user",
}


def made(call: Callable[[], HttpResponse]) -> str:
    """Return the statements of a request as the guide writes them."""
    with CaptureQueriesContext(connection) as queries:
        assert call().status_code in {200, 302}
    found = [written(query["sql"]) for query in queries.captured_queries]
    return ", ".join(statement for statement in found if statement) or "none"


def written(sql: str) -> str | None:
    verb = sql.split(maxsplit=1)[0]
    if verb not in {"SELECT", "INSERT", "UPDATE", "DELETE"}:
        return None  # transactions and savepoints
    named = set(re.findall(r"[a-z_]+", sql))  # a column is quoted with its table
    tables = [name for table, name in NAMES.items() if table in named]
    return f"`{verb}` {' and '.join(tables)}"


def signed_in(alice: Any) -> str:
    client = Client()
    testing.sign_in(client, alice)
    client.get("/sync/private/")
    return made(lambda: client.get("/sync/private/"))


def interval_over(alice: Any) -> str:
    client = Client()
    testing.sign_in(client, alice)
    client.get("/sync/private/")
    testing.age(client, timedelta(seconds=61))
    return made(lambda: client.get("/sync/private/"))


def stores(alice: Any) -> str:
    client = Client()
    testing.sign_in(client, alice)
    client.get("/sync/private/")
    return made(lambda: client.get("/sync/write/", {"a": "1"}))


def first_visit(alice: Any) -> str:
    return made(lambda: Client().get("/sync/plain/"))


def later_visit(alice: Any) -> str:
    client = Client()
    client.get("/sync/plain/")
    return made(lambda: client.get("/sync/plain/"))


def sign_in(alice: Any) -> str:
    return made(lambda: Client().post("/login", {"username": "alice", "password": "pw"}))


def sign_out(alice: Any) -> str:
    client = Client()
    testing.sign_in(client, alice)
    return made(lambda: client.post("/logout"))


REQUESTS = {
    "signed in": signed_in,
    "signed in, interval over": interval_over,
    "signed in, stores something": stores,
    "visitor, first request": first_visit,
    "visitor, later requests": later_visit,
    "visitor, first request, `on_write`": first_visit,
    "sign-in page, posted": sign_in,
    "sign-out": sign_out,
}


def test_the_guide_has_the_cost_of_each_request() -> None:
    assert list(COSTS) == list(REQUESTS)


@pytest.mark.parametrize(
    ("engine", "column", "every"),
    [(JENKS, 0, True), (JENKS, 0, False), (DJANGOS, 1, True), (DJANGOS, 2, False)],
    indirect=["engine"],
)
@pytest.mark.parametrize("request_", COSTS)
def test_a_request_costs_what_the_guide_says(
    request_: str, column: int, every: bool, settings: Any, alice: Any
) -> None:
    settings.SESSION_SAVE_EVERY_REQUEST = every
    if "on_write" in request_:
        settings.JENK_ANONYMOUS_SESSIONS = "on_write"

    # Whether Django notes the time of a sign-in before or after jenk does is nobody's promise.
    made, told = REQUESTS[request_](alice), COSTS[request_][column]
    assert sorted(made.split(", ")) == sorted(told.split(", "))


@on_jenks
def test_a_limit_costs_what_the_guide_says(settings: Any, alice: Any) -> None:
    without = sign_in(alice).split(", ")
    settings.JENK_MAX_SESSIONS = 3
    for _ in range(2):
        found = sign_in(alice).split(", ")
        for statement in without:
            found.remove(statement)
        assert found == ["`INSERT` owner", "`SELECT` session"]


@on_djangos
@pytest.mark.parametrize("every", [True, False])
def test_django_alone_makes_the_same_statements(every: bool, settings: Any, alice: Any) -> None:
    """The guide says so of signed-in requests."""
    settings.SESSION_SAVE_EVERY_REQUEST = every
    mine = signed_in(alice)
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ]
    settings.ROOT_URLCONF = ModuleType("urls")
    settings.ROOT_URLCONF.urlpatterns = [
        path("who", lambda request: HttpResponse(request.user.get_username()))
    ]
    client = Client()
    client.force_login(alice)

    assert mine == made(lambda: client.get("/who"))


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        (JENKS, "`jenk.backends.db` one,"),
        (DJANGOS, "Django's `db` three,"),
        ("django.contrib.sessions.backends.cached_db", "`cached_db` two"),
        ("django.contrib.sessions.backends.cache", "`cache` and `file` one,"),
        ("django.contrib.sessions.backends.file", "`cache` and `file` one,"),
    ],
    indirect=["engine"],
)
def test_each_engine_costs_what_the_guide_says(
    said: str, settings: Any, alice: Any, tmp_path: Any
) -> None:
    settings.SESSION_FILE_PATH = str(tmp_path)
    words = {1: "one", 2: "two", 3: "three"}

    assert words[signed_in(alice).count("`") // 2] in said
    assert said in " ".join(GUIDE.part("Session engines").split())


@on_jenks
def test_the_guide_lists_the_engines() -> None:
    listed = [code(row[0]) for row in GUIDE.table("Session engines")]

    djangos = [DJANGOS.replace(".db", f".{name}") for name in ("cached_db", "cache", "file")]
    assert listed == [JENKS, DJANGOS, *djangos]
    assert "[the whole table](SESSION_MANAGEMENT_GUIDE.md#what-a-request-costs)" in README.text
