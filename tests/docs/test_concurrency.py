"""What the guide says of requests that overlap, on jenk's engine and on Django's.

A view calls the site once more with the same cookie before it goes on, so two requests overlap in a
way that comes out the same at every run.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from django.contrib import auth
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from jenk import lifecycle, testing
from jenk.views.auth import LoginView, LogoutView
from tests.docs.conftest import DJANGOS, JENKS
from tests.docs.documents import GUIDE
from tests.docs.engines import on_djangos

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("engine")]

type Change = Callable[[Any], object]


#: The tests of each line of the guide's tables.
LINES: dict[str, Callable[..., None]] = {}


def line(text: str) -> Callable[[Any], Any]:
    """Mark a test as that of a line of a table under "Concurrency"."""

    def mark(test: Any) -> Any:
        assert LINES.setdefault(text, test) is test
        return test

    return mark


def both(jenks: Any, djangos: Any) -> Any:
    """Run a test on both engines, with what comes out there as `expected`."""
    return pytest.mark.parametrize(
        ("engine", "expected"),
        [(JENKS, jenks), (DJANGOS, djangos)],
        ids=["jenk's", "Django's"],
        indirect=["engine"],
    )


class Site:
    """A site whose view `/outer` lets another request of the same browser in."""

    def __init__(self, settings: Any) -> None:
        self.urls: Any = ModuleType("urls_of_two_requests")
        self.urls.urlpatterns = [
            path("login", LoginView.as_view(), name="login"),
            path("logout", LogoutView.as_view(), name="logout"),
            path("who", lambda request: HttpResponse(request.user.get_username())),
        ]
        settings.ROOT_URLCONF = self.urls
        self.client = Client(raise_request_exception=False)

    def view(self, name: str, change: Change) -> None:
        def view(request: HttpRequest) -> Any:
            return change(request) or HttpResponse()

        self.urls.urlpatterns.append(path(name, view))

    def start(self, **data: Any) -> None:
        self.view("start", put(**data))
        self.client.get("/start")

    def overlap(self, first: Change, second: Change) -> Any:
        """Return the answer to a request that does `first` after `second` came and went."""

        def outer(request: HttpRequest) -> Any:
            request.session.get("load")
            self.other = Client()
            self.other.cookies.load(jar(self.client))
            self.other.get("/inner")
            return first(request)

        self.view("inner", second)
        self.view("outer", outer)
        return self.client.get("/outer")

    def do(self, change: Change) -> Any:
        """Return the answer to a request that does this."""
        self.view("do", change)
        return self.client.get("/do")


def jar(client: Client) -> dict[str, str]:
    return {name: morsel.value for name, morsel in client.cookies.items()}


def cookies(client: Client) -> str:
    return "; ".join(f"{name}={value}" for name, value in jar(client).items())


def kept(client: Client) -> dict[str, Any]:
    """Return what this test has put into the session."""
    session = client.session
    return {key: session[key] for key in sorted(session.keys()) if key in "abc"}


def who(client: Client) -> str:
    return client.get("/who").text


def put(**data: Any) -> Change:
    return lambda request: request.session.update(data)


def take(key: str) -> Change:
    return lambda request: request.session.pop(key)


def append(item: int) -> Change:
    return lambda request: request.session.update({"a": [*request.session["a"], item]})


def rotate_and_put(**data: Any) -> Change:
    def change(request: HttpRequest) -> None:
        lifecycle.rotate(request)
        request.session.update(data)

    return change


@pytest.fixture
def visitors(settings: Any) -> Site:
    return Site(settings)


@pytest.fixture
def site(visitors: Site, alice: Any) -> Site:
    testing.sign_in(visitors.client, alice)
    return visitors


# --- Two requests -------------------------------------------------------------------------


@line("Each writes another key")
@both({"a": 1, "b": 2}, {"a": 1})
def test_two_keys(site: Site, expected: Any) -> None:
    site.overlap(put(a=1), put(b=2))

    assert kept(site.client) == expected


@line("Both write the same key")
@both({"a": "stored last"}, {"a": "stored last"})
def test_one_key(site: Site, expected: Any) -> None:
    site.overlap(put(a="stored last"), put(a="stored first"))

    assert kept(site.client) == expected


@line("Both add to a list under one key")
@both({"a": [0, 1]}, {"a": [0, 1]})
def test_one_list(site: Site, expected: Any) -> None:
    site.start(a=[0])
    site.overlap(append(1), append(2))

    assert kept(site.client) == expected


@line("One deletes a key, the other writes another")
@both({"b": 1}, {"a": 0, "b": 1})
def test_a_key_that_the_other_deleted(site: Site, expected: Any) -> None:
    site.start(a=0)
    site.overlap(put(b=1), take("a"))

    assert kept(site.client) == expected


@line("One deletes a key, the other changes it")
@both({"a": 1}, {"a": 1})
def test_a_key_that_the_other_deleted_and_this_changed(site: Site, expected: Any) -> None:
    site.start(a=0)
    site.overlap(put(a=1), take("a"))

    assert kept(site.client) == expected


@line("One writes, the other only reads")
@both({"a": 1}, {})
def test_a_request_that_only_reads(site: Site, expected: Any) -> None:
    site.overlap(lambda request: None, put(a=1))

    assert kept(site.client) == expected


@on_djangos
def test_one_that_only_reads_writes_nothing_if_so_set(site: Site, settings: Any) -> None:
    settings.SESSION_SAVE_EVERY_REQUEST = False
    site.overlap(lambda request: None, put(a=1))

    assert kept(site.client) == {"a": 1}


@line("One ends the session, the other writes")
@both(302, 302)
def test_ended_while_running(site: Site, expected: Any) -> None:
    answer = site.overlap(put(a=1), auth.logout)

    assert answer.status_code == expected
    assert answer.headers["Location"] == "/login?next=/outer"
    assert who(site.client) == ""


@line("One renews the session key, the other writes")
@both((200, {"a": 1, "b": 2}), (302, {"b": 2}))
def test_a_new_key_in_the_other(site: Site, expected: Any) -> None:
    answer = site.overlap(put(a=1), rotate_and_put(b=2))

    assert (answer.status_code, kept(site.other)) == expected
    assert "sessionid" not in answer.cookies


@line("Both renew the session key")
@both((200, {"a": 1, "b": 2}), (302, {"b": 2}))
def test_both_get_a_new_key(site: Site, expected: Any) -> None:
    answer = site.overlap(rotate_and_put(a=1), rotate_and_put(b=2))

    assert (answer.status_code, kept(site.other)) == expected
    assert "sessionid" not in answer.cookies


@line("A visitor signs in, the other writes")
@both({"a": 0, "b": 2}, {"a": 0})
def test_a_visitor_signs_in(visitors: Site, alice: Any, expected: Any) -> None:
    """Only what the other has not goes over."""
    visitors.start(a=0)
    visitors.overlap(put(a=1, b=2), lambda request: auth.login(request, alice))

    assert kept(visitors.other) == expected
    assert who(visitors.other) == "alice"


@line("Both sign in")
@both(("alice", "carol"), ("alice", "carol"))
def test_both_sign_in(visitors: Site, alice: Any, carol: Any, expected: Any) -> None:
    visitors.start(a=0)
    visitors.overlap(
        lambda request: auth.login(request, alice), lambda request: auth.login(request, carol)
    )

    assert (who(visitors.client), who(visitors.other)) == expected


# --- Transactions -------------------------------------------------------------------------


def taken_back(change: Change, *, caught: bool = True) -> Change:
    """Return a view that changes its session in a transaction, which is rolled back."""

    def view(request: HttpRequest) -> None:
        try:
            with transaction.atomic():
                change(request)
                request.session.save()
                raise KeyError
        except KeyError:
            if not caught:
                raise

    return view


@line("A write")
@both({"a": 1}, {"a": 1})
def test_a_write_that_is_taken_back(site: Site, expected: Any) -> None:
    site.do(taken_back(put(a=1)))

    assert kept(site.client) == expected


@line("A new session key")
@both("alice", "alice")
def test_a_new_key_that_is_taken_back(site: Site, expected: Any) -> None:
    answer = site.do(taken_back(lifecycle.rotate))

    assert answer.status_code == 200
    assert "sessionid" not in answer.cookies
    assert who(site.client) == expected


@line("A sign-in")
@both("alice", "")
def test_a_sign_in_that_is_taken_back(visitors: Site, alice: Any, expected: Any) -> None:
    visitors.start(a=0)
    visitors.do(taken_back(lambda request: auth.login(request, alice)))

    assert who(visitors.client) == expected


@line("A sign-out")
@both("", "alice")
def test_a_sign_out_that_is_taken_back(site: Site, expected: Any) -> None:
    copy = Client(headers={"Cookie": cookies(site.client)})

    def sign_out(request: HttpRequest) -> None:
        try:
            with transaction.atomic():
                auth.logout(request)
                raise KeyError
        except KeyError:
            pass

    answer = site.do(sign_out)
    assert answer.cookies["sessionid"].value == ""
    assert who(copy) == expected


@pytest.mark.parametrize("change", [put(a=1), auth.logout, lifecycle.rotate])
@both("alice", "alice")
def test_after_a_server_error_what_was_taken_back_stays_so(
    site: Site, change: Change, expected: Any
) -> None:
    def fail(request: HttpRequest) -> None:
        with transaction.atomic():
            change(request)
            raise KeyError

    assert site.do(fail).status_code == 500
    assert kept(site.client) == {}
    assert who(site.client) == expected


# --- The tables ---------------------------------------------------------------------------


def test_each_line_of_the_tables_has_its_test() -> None:
    tables = [GUIDE.table("Requests that overlap"), GUIDE.table("In a transaction")]

    assert [row[0] for table in tables for row in table] == list(LINES)
