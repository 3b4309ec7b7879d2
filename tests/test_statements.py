"""What a request costs in statements, beside stock Django in the same configuration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import path

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        not settings.SESSION_ENGINE.endswith(".db"), reason="counts are those of the db engine"
    ),
]

STOCK = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
JENK = [
    "jenk.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "jenk.middleware.SessionManagementMiddleware",
    "jenk.middleware.SessionExpiryMiddleware",
]
BRIEF = [*STOCK, *JENK[2:]]


def read(request: HttpRequest) -> HttpResponse:
    """Read session and user, as nearly every page does."""
    return HttpResponse(f"{request.session.get('cart')} {request.user}")


def write(request: HttpRequest) -> HttpResponse:
    request.session["cart"] = 1
    return HttpResponse()


urlpatterns = [path("read/", read), path("write/", write)]


@pytest.fixture(params=["jenk", "brief"])
def ours(request: Any) -> list[str]:
    return JENK if request.param == "jenk" else BRIEF


@contextmanager
def site(middleware: list[str], **options: Any) -> Iterator[None]:
    with override_settings(MIDDLEWARE=middleware, ROOT_URLCONF=__name__, **options):
        yield


def statements(client: Client, path: str) -> list[str]:
    """Return the kinds of statements that a request takes, without BEGIN and COMMIT."""
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    kinds = [query["sql"].split()[0] for query in captured.captured_queries]
    return [kind for kind in kinds if kind in {"SELECT", "INSERT", "UPDATE", "DELETE"}]


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("saving", "expected"), [(True, ["SELECT", "SELECT", "UPDATE"]), (False, ["SELECT", "SELECT"])]
)
def test_signed_in(
    alice: Any, ours: list[str], saving: bool, expected: list[str], capsys: Any
) -> None:
    with site(STOCK, SESSION_SAVE_EVERY_REQUEST=saving):
        stock = statements(signed_in(alice), "/read/")
    with site(ours, SESSION_SAVE_EVERY_REQUEST=saving):
        client = signed_in(alice)
        mine = [statements(client, "/read/") for _ in range(3)]
    with capsys.disabled():
        print(f"\nsigned in, saving {saving}: Django {len(stock)}, jenk {len(mine[0])}", end=" ")

    assert mine == [stock, stock, stock]
    assert stock == expected


def test_a_visitors_first_request_costs_making_one_session(ours: list[str], capsys: Any) -> None:
    with site(STOCK):
        stock = statements(Client(), "/write/")
    with site(ours):
        mine = statements(Client(), "/read/")
    with capsys.disabled():
        print(f"\na visitor's first: Django (stores) {len(stock)}, jenk {len(mine)}", end=" ")

    assert mine == stock == ["SELECT", "INSERT"]


def test_on_write_a_visitor_costs_nothing(ours: list[str]) -> None:
    with site(ours, JENK_ANONYMOUS_SESSIONS="on_write"):
        assert statements(Client(), "/read/") == []


def test_signing_in_costs_what_it_costs_in_django(alice: Any, ours: list[str]) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            signed_in(alice)
        return len(captured)

    with site(STOCK):
        stock = cost()
    with site(ours):
        assert cost() == stock


def test_a_key_that_was_made_up_costs_no_write(ours: list[str]) -> None:
    with site(ours, JENK_ANONYMOUS_SESSIONS="on_write"):
        client = Client()
        client.cookies["sessionid"] = "0" * 32
        assert statements(client, "/read/") == ["SELECT", "SELECT"]
