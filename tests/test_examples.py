"""Every numbered example of EXAMPLES_SESSION_USAGE.py runs and does what it says."""

from __future__ import annotations

import logging
import re
import unittest
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.test import AsyncClient, Client
from django.urls import path

import EXAMPLES_SESSION_USAGE as examples  # noqa: N811 - the file's name is the brief's
from jenk import signals, testing
from jenk.snapshot import USER_KEYS

pytestmark = pytest.mark.django_db

SOURCE = Path(examples.__file__).read_text(encoding="utf-8")
NUMBERED = {
    int(number): title
    for number, title in re.findall(r"^# --- (\d+)\. (.+?) -+$", SOURCE, re.MULTILINE)
}

EXERCISED: set[int] = set()

JENKS, DJANGOS = "jenk.backends.db", "django.contrib.sessions.backends.db"
on_jenks = pytest.mark.parametrize("engine", [JENKS], ids=["jenk's"], indirect=True)

URLS: Any = ModuleType("urls_of_the_examples")
URLS.urlpatterns = [
    path("", examples.welcome),
    path("login", examples.login, name="login"),
    path("logout", examples.logout, name="logout"),
    path("dashboard", examples.dashboard),
    path("api/me", examples.api_me),
    path("reports", examples.reports),
    path("orders", examples.Orders.as_view()),
    path("all-orders", examples.AllOrders.as_view()),
    path("terms", examples.Terms.as_view()),
    path("inbox", examples.inbox),
    path("notes", examples.notes),
    path("latest-order", examples.latest_order),
    path("prices", examples.prices),
    path("unread", examples.unread),
    path("become-manager", examples.become_manager),
    path("add-to-cart", examples.add_to_cart),
    path("my-sessions", examples.my_sessions),
    path("end-session/<handle>", examples.end_session),
    path("end-other-sessions", examples.end_other_sessions),
    path("sign-out/<username>", examples.sign_out_user),
    path("limited-login", examples.LimitedLoginView.as_view()),
    path("my-history", examples.my_history),
]


def example(number: int) -> Callable[[Any], Any]:
    """Mark a test as that of an example."""
    EXERCISED.add(number)
    return lambda test: test


@pytest.fixture(params=[JENKS, DJANGOS], ids=["jenk's", "Django's"])
def engine(request: pytest.FixtureRequest) -> str:
    """With the cache and the file engine a session past its idle limit reads as expired."""
    chosen: str = request.param
    return chosen


@pytest.fixture(autouse=True)
def _site_of_the_examples(settings: Any, engine: str) -> None:
    templates = {"dashboard.html": examples.DASHBOARD_HTML, "base.html": examples.BASE_HTML}
    options = settings.TEMPLATES[0]["OPTIONS"]
    loaders = [
        ("django.template.loaders.locmem.Loader", templates | {"403.html": "Not for you"}),
        "django.template.loaders.app_directories.Loader",
    ]
    settings.SESSION_ENGINE = engine
    settings.ROOT_URLCONF = URLS
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {**options, "loaders": loaders},
        }
    ]


@pytest.fixture
def visitor() -> Client:
    return Client()


@pytest.fixture
def member(alice: Any) -> Client:
    client = Client()
    testing.sign_in(client, alice)
    return client


@pytest.fixture
def manager(carol: Any) -> Client:
    client = Client()
    testing.sign_in(client, carol)
    return client


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged, once: another test may have loaded the examples once more."""
    return list(dict.fromkeys(caplog.messages))


def text(client: Client, path: str, **headers: str) -> str:
    return str(client.get(path, headers=headers).content.decode().strip())


def test_there_are_twelve_examples_or_more() -> None:
    assert len(NUMBERED) >= 12
    assert list(NUMBERED) == list(range(1, len(NUMBERED) + 1))


def test_every_example_is_exercised() -> None:
    assert set(NUMBERED) == EXERCISED


def test_the_list_at_the_top_is_complete() -> None:
    listed = re.findall(r"^ +(\d+)\. (.+)$", examples.__doc__ or "", re.MULTILINE)

    assert {int(number): title for number, title in listed} == NUMBERED


@example(1)
def test_a_page_for_people_who_are_signed_in(visitor: Client, member: Client) -> None:
    assert "Welcome, Alice Example!" in text(member, "/dashboard")
    assert visitor.get("/dashboard").headers["Location"] == "/login?next=/dashboard"


@example(2)
def test_who_is_signed_in_in_a_template(settings: Any, visitor: Client, member: Client) -> None:
    page = text(member, "/dashboard")
    assert "alice@example.com, signed in since 20" in page
    assert "Login" not in page

    settings.TEMPLATES[0]["OPTIONS"]["loaders"][0][1]["base.html"] = examples.DASHBOARD_HTML
    settings.TEMPLATES = list(settings.TEMPLATES)
    assert text(visitor, "/prices") == '<a href="/login">Login</a>'


@example(3)
def test_check_it_yourself(visitor: Client, member: Client) -> None:
    assert text(member, "/") == "Welcome back, Alice Example"
    assert text(visitor, "/") == "Welcome, visitor"


@example(4)
def test_an_endpoint_for_ajax(visitor: Client, member: Client) -> None:
    assert member.get("/api/me").json()["user"] == "alice"
    refusal = visitor.get("/api/me")
    assert refusal.status_code == 401
    assert refusal.json() == {
        "code": "session_required",
        "reason": None,
        "detail": "Sign in to go on.",
        "login_url": "/login",
    }


@example(5)
def test_pages_for_some_roles(visitor: Client, member: Client, manager: Client) -> None:
    assert text(manager, "/reports") == "The reports"
    assert member.get("/reports").status_code == 403
    assert visitor.get("/reports").status_code == 302


@example(6)
def test_a_class_based_view(visitor: Client, member: Client, manager: Client) -> None:
    assert "Alice Example" in text(member, "/orders")
    assert visitor.get("/orders").headers["Location"] == "/login?next=/orders"
    assert "Carol Example" in text(manager, "/all-orders")
    assert member.get("/all-orders").json()["code"] == "forbidden"
    assert visitor.get("/all-orders").json()["code"] == "session_required"


@example(7)
def test_a_class_based_view_that_is_not_yours(visitor: Client, member: Client) -> None:
    assert "Alice Example" in text(member, "/terms")
    assert visitor.get("/terms").headers["Location"] == "/login?next=/terms"


@example(8)
async def test_an_async_view(alice: Any) -> None:
    client = AsyncClient()
    assert (await client.get("/inbox")).headers["Location"] == "/login?next=/inbox"
    await testing.asign_in(client, alice)
    assert (await client.get("/inbox")).content == b"The messages of alice"
    assert await (await client.asession()).aget("inbox_seen") is True


@example(8)
def test_an_async_view_under_wsgi(visitor: Client, member: Client) -> None:
    assert text(member, "/inbox") == "The messages of alice"
    assert visitor.get("/inbox").status_code == 302


@example(9)
def test_a_json_api(visitor: Client, member: Client) -> None:
    assert member.get("/notes").json() == {"notes": []}
    assert member.post("/notes", {"note": "tea"}).status_code == 201
    assert member.get("/notes").json() == {"notes": ["tea"]}
    assert visitor.post("/notes", {"note": "tea"}).status_code == 401


@example(10)
def test_a_part_of_a_page_for_htmx(visitor: Client, member: Client) -> None:
    source = re.search(r'hx-get="([^"]+)"', examples.ORDERS_HTML)
    assert source
    page = {"HX-Request": "true", "HX-Current-URL": "http://testserver/orders"}

    assert text(member, source[1], **page) == "<p>One teapot</p>"
    refusal = visitor.get(source[1], headers=page)
    assert refusal.status_code == 401
    assert refusal.headers["HX-Redirect"] == "/login?next=/orders"


@example(11)
def test_why_was_i_signed_out_and_a_button_to_sign_out(visitor: Client, member: Client) -> None:
    assert "Sign out" in text(member, "/prices")
    assert text(visitor, "/prices") == ""
    testing.expire(member, "idle")
    assert "because you had not used the site for a while" in text(member, "/prices")
    assert text(member, "/prices") == ""


@example(12)
def test_a_public_page(visitor: Client, member: Client) -> None:
    assert visitor.get("/prices").status_code == 200
    assert member.get("/prices").status_code == 200
    testing.expire(member)
    assert member.get("/prices").status_code == 200


def test_a_page_that_is_not_public_leads_to_sign_in_once(member: Client) -> None:
    testing.expire(member)

    assert member.get("/").headers["Location"] == "/login?next=/"
    assert member.get("/").status_code == 200


@example(13)
def test_a_status_poll(visitor: Client, member: Client, settings: Any) -> None:
    settings.SESSION_COOKIE_AGE = 600
    assert member.get("/unread").json() == {"unread": 3}
    assert visitor.get("/unread").status_code == 401
    for _ in range(2):
        testing.age(member, 300)
        answer = member.get("/unread")
    assert answer.status_code == 401
    assert answer.json()["reason"] == "idle"


@example(14)
def test_remember_me(alice: Any, visitor: Client) -> None:
    sign_in = {"username": "alice", "password": "pw"}

    assert visitor.post("/login", {**sign_in, "password": "wrong"}).status_code == 200
    assert visitor.get("/api/me").status_code == 401
    remembered = visitor.post("/login", {**sign_in, "remember": "on"})
    assert remembered.cookies["sessionid"]["max-age"] == 90 * 24 * 3600
    testing.age(visitor, timedelta(days=89))
    assert visitor.get("/api/me").status_code == 200
    assert visitor.post("/logout").status_code == 302
    assert visitor.get("/api/me").json()["code"] == "session_required"
    forgotten = visitor.post("/login", sign_in)
    assert forgotten.cookies["sessionid"]["max-age"] == ""


@example(15)
def test_a_new_key_after_a_change_of_rights(visitor: Client, member: Client) -> None:
    thief = Client()
    thief.cookies["sessionid"] = member.cookies["sessionid"].value

    assert member.get("/become-manager").status_code == 405
    assert visitor.post("/become-manager").status_code == 302
    assert member.post("/become-manager").text == "You are a manager now"
    assert text(member, "/reports") == "The reports"
    assert thief.get("/reports").status_code == 302


@example(16)
def test_a_list_in_the_session(visitor: Client, member: Client) -> None:
    for client in (visitor, member):
        client.post("/add-to-cart", {"item": "tea"})
        cart = client.post("/add-to-cart", {"item": "pot"}).json()["cart"]
        assert cart == ["tea", "pot"]


@example(17)
@pytest.mark.django_db(transaction=True)
def test_note_who_signs_in_and_why_sessions_end(
    alice: Any, visitor: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="sessions")
    visitor.get("/")
    assert caplog.messages == []

    visitor.post("/login", {"username": "alice", "password": "pw"})
    alice.delete()
    visitor.get("/dashboard")
    assert told(caplog) == ["alice signed in", "the session of nobody ended: deleted"]


@example(17)
@pytest.mark.django_db(transaction=True)
def test_note_a_sign_out(alice: Any, visitor: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="sessions")
    visitor.post("/login", {"username": "alice", "password": "pw"})
    visitor.post("/logout")

    assert told(caplog) == ["alice signed in", "the session of alice ended: logout"]


@example(18)
def test_facts_of_your_own(member: Client, visitor: Client, settings: Any) -> None:
    settings.JENK_SNAPSHOT = examples.JENK_SNAPSHOT

    facts = member.get("/api/me").json()
    assert facts["user"] == "alice@example.com"
    assert facts["user_name"] == "Alice"
    assert facts["user_role"] == "shop"
    assert examples.JENK_SNAPSHOT.keys() <= set(USER_KEYS)
    assert member.get("/reports").status_code == 403
    assert visitor.get("/api/me").status_code == 401


@example(19)
@on_jenks
def test_sessions_in_the_shell(alice: Any, visitor: Client) -> None:
    assert examples.who_is_signed_in() == []
    visitor.post("/add-to-cart", {"item": "tea"})
    member = Client()
    testing.sign_in(member, alice)
    member.get("/dashboard")

    key = member.cookies["sessionid"].value
    assert examples.active_sessions().count() == 2
    for name in (key, member.session.handle):
        assert examples.contents(name)["user_name"] == "Alice Example"
    ((username, last_activity),) = examples.who_is_signed_in()
    assert username == "alice"
    assert datetime.now(UTC) - last_activity < timedelta(minutes=1)


@example(20)
@on_jenks
def test_my_sessions(alice: Any, member: Client, manager: Client) -> None:
    second, third = Client(headers={"User-Agent": "Firefox"}), Client()
    second.post("/login", {"username": "alice", "password": "pw"})
    testing.sign_in(third, alice)

    listed = {one["handle"]: one for one in member.get("/my-sessions").json()["sessions"]}
    assert listed.keys() == {client.session.handle for client in (member, second, third)}
    assert listed[second.session.handle]["browser"] == "Firefox"
    assert [one["handle"] for one in listed.values() if one["this_one"]] == [member.session.handle]
    for client in (manager, second):
        assert member.post(f"/end-session/{client.session.handle}").status_code == 302
    assert manager.get("/api/me").status_code == 200
    assert second.get("/api/me").json()["reason"] == "ended_by_user"
    assert text(third, "/") == "Welcome back, Alice Example"
    assert member.post("/end-other-sessions").text == "Signed out on 1 other devices"
    assert third.get("/api/me").json()["reason"] == "ended_by_user"
    assert member.get("/api/me").status_code == 200


@example(21)
@on_jenks
def test_sign_somebody_out(member: Client, manager: Client, alice: Any) -> None:
    assert manager.post("/sign-out/alice").status_code == 403
    type(alice).objects.filter(username="carol").update(role=3)
    assert manager.post("/sign-out/alice").text == "1 sessions ended"
    refusal = member.get("/api/me").json()
    assert refusal["reason"] == "ended_by_admin"
    assert refusal["detail"] == "You were signed out by an administrator of this site."
    assert examples.sign_everyone_out() == 1
    assert manager.get("/api/me").json()["reason"] == "ended_by_code"


@example(22)
@on_jenks
def test_three_sessions_for_each_user(settings: Any, alice: Any) -> None:
    settings.JENK_MAX_SESSIONS = examples.JENK_MAX_SESSIONS
    settings.JENK_LIMIT_ACTION = examples.JENK_LIMIT_ACTION
    clients = [Client() for _ in range(4)]
    pages = [
        client.post("/limited-login", {"username": "alice", "password": "pw"}) for client in clients
    ]

    assert [page.status_code for page in pages] == [302, 302, 302, 200]
    assert "You are signed in on as many devices as you may be." in pages[3].text
    assert clients[3].get("/api/me").status_code == 401
    alice.is_staff = True
    assert examples.most_sessions(alice) is None


@example(23)
@on_jenks
def test_what_happened_to_my_sessions(member: Client, visitor: Client) -> None:
    visitor.post("/login", {"username": "alice", "password": "pw"})
    visitor.post("/logout")

    events = member.get("/my-history").json()["events"]
    assert events == [["ended", "logout"], ["started", ""], ["started", ""]]


@example(24)
def test_tests() -> None:
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(examples.DashboardTest)
    result = suite.run(unittest.TestResult())

    assert [*result.failures, *result.errors] == []
    assert result.testsRun == 4


def test_the_receivers_are_connected() -> None:
    assert signals.session_started.has_listeners()
    assert signals.session_ended.has_listeners()
