"""What a request costs on jenk's engine, in statements."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from jenk.lifecycle import sessions
from jenk.models import Session
from tests.browsers import Browser, now
from tests.test_statements import JENK, site, statements

pytestmark = pytest.mark.django_db(transaction=True)


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("saving", [True, False])
def test_signed_in_takes_one_statement(alice: Any, saving: bool) -> None:
    with site(JENK, SESSION_SAVE_EVERY_REQUEST=saving):
        client = signed_in(alice)
        assert [statements(client, "/read/") for _ in range(3)] == [["SELECT"]] * 3


def test_activity_takes_one_more_once_an_interval(alice: Any) -> None:
    with site(JENK):
        client = signed_in(alice)
        Session.objects.update(last_activity=now() - timedelta(minutes=2))
        assert statements(client, "/read/") == ["SELECT", "UPDATE"]
        assert statements(client, "/read/") == ["SELECT"]


def test_a_change_and_the_activity_are_one_write(alice: Any) -> None:
    with site(JENK):
        client = signed_in(alice)
        Session.objects.update(last_activity=now() - timedelta(minutes=2))
        assert statements(client, "/write/") == ["SELECT", "UPDATE"]
        assert statements(client, "/write/") == ["SELECT"]


def test_a_visitor_costs_one_or_nothing() -> None:
    with site(JENK):
        assert statements(Client(), "/read/") == ["INSERT"]
    with site(JENK, JENK_ANONYMOUS_SESSIONS="on_write"):
        assert statements(Client(), "/read/") == []


@pytest.mark.parametrize("key", ["0" * 32, "x", "A" * 57, "é" * 57])
def test_a_key_of_the_wrong_shape_costs_nothing(key: str) -> None:
    with site(JENK, JENK_ANONYMOUS_SESSIONS="on_write"):
        client = Client()
        client.cookies["sessionid"] = key
        assert statements(client, "/read/") == []


def test_a_key_that_was_made_up_costs_one_look() -> None:
    with site(JENK, JENK_ANONYMOUS_SESSIONS="on_write"):
        client = Client()
        client.cookies["sessionid"] = "0" * 57
        assert statements(client, "/read/") == ["SELECT"]


def kinds(captured: Any) -> list[str]:
    found = [query["sql"].split()[0] for query in captured.captured_queries]
    return [kind for kind in found if kind in {"SELECT", "INSERT", "UPDATE", "DELETE"}]


#: Django's own: the user, and the time of their last sign-in.
SIGN_IN = ["SELECT", "UPDATE"]


@pytest.mark.parametrize(
    ("visited", "limit", "more"),
    [(False, None, 2), (True, None, 4), (False, 3, 4), (True, 3, 6)],
)
def test_signing_in(alice: Any, visited: bool, limit: Any, more: int) -> None:
    """A visitor's session is loaded and gets a new key; a limit takes a lock and a look."""
    browser = Browser(asynchronous=False, views="sync")
    with override_settings(JENK_MAX_SESSIONS=limit):
        Browser(asynchronous=False, views="sync").sign_in("alice")
        if visited:
            browser.get("write/?cart=3")
        with CaptureQueriesContext(connection) as captured:
            browser.sign_in("alice")

    assert len(kinds(captured)) == len(SIGN_IN) + more


def test_signing_out_takes_three(alice: Any) -> None:
    browser = Browser(asynchronous=False, views="sync")
    browser.sign_in("alice")
    with CaptureQueriesContext(connection) as captured:
        browser.sign_out()

    assert kinds(captured) == ["SELECT", "UPDATE", "INSERT"]


def test_a_row_is_not_much_larger_than_django_s(alice: Any) -> None:
    """Measured as text, in bytes; Django's takes 425."""
    signed_in(alice)
    row = Session.objects.values_list().get()

    assert len("".join("" if value is None else str(value) for value in row)) <= 425 + 250


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the session does in another thread, in order."""
    done: list[str] = []

    def counted(function: Any) -> Any:
        done.append(function.__name__)
        return sync_to_async(function)

    monkeypatch.setattr(sessions, "sync_to_async", counted)
    return done


def test_async_requests_change_threads_once_and_once_more_to_write(
    alice: Any, hops: list[str]
) -> None:
    browser = Browser(asynchronous=True, views="async")
    browser.sign_in("alice")
    hops.clear()
    browser.get("plain/")
    assert hops == ["load"]

    Session.objects.update(last_activity=now() - timedelta(minutes=2))
    browser.get("plain/")
    assert hops == ["load", "load", "save"]


@override_settings(JENK_ANONYMOUS_SESSIONS="on_write")
def test_async_requests_without_a_cookie_stay_in_their_thread(hops: list[str]) -> None:
    Browser(asynchronous=True, views="async").get("plain/")

    assert hops == []
