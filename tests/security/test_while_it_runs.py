"""A session that ends, or a database that fails, while a request is under way."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, ClassVar
from unittest import mock

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as site
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.cache.backends.locmem import LocMemCache
from django.db import (
    DataError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    connections,
)
from django.db.models import QuerySet
from django.test import Client

from jenk import signals
from jenk.session_user import get_session_user
from tests.browsers import Browser, now
from tests.engines import Session, rewrite
from tests.security.attacks import Attacker, keys, raw_cookie, session_cookie
from website.models import User

SCRIPT = {"X-Requested-With": "XMLHttpRequest"}


# --- The session ends ---------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["x/lose_session/", "x/lose_session_protected/"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 302), (SCRIPT, 401)],
)
def test_a_late_write_is_refused_and_sends_no_cookie(
    attack: Attacker, browser: Browser, alice: User, path: str, headers: Any, status: int
) -> None:
    """S17: sign-in or 401, never Django's 400; a newer cookie of the browser is left alone."""
    browser.sign_in("alice")

    response = attack(browser, "get", path, headers=headers)

    assert response.status_code == status
    assert "late" not in response.text
    assert dict(response.cookies) == {}
    assert keys() == set()


@pytest.mark.django_db
def test_a_late_write_of_a_public_page_sends_no_cookie(
    attack: Attacker, browser: Browser, alice: User
) -> None:
    browser.sign_in("alice")

    response = attack(browser, "get", "x/lose_session_public/")

    assert (response.status_code, response.text) == (200, "late")
    assert dict(response.cookies) == {}
    assert keys() == set()


@pytest.mark.django_db
def test_a_late_write_of_a_visitor_is_no_error(attack: Attacker, browser: Browser) -> None:
    browser.get("write/?cart=3")

    response = attack(browser, "get", "x/lose_session/")

    assert response.status_code == 200
    assert keys() == set()


# --- The database fails -------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "error",
    [
        *(OperationalError, InterfaceError, DataError),
        *(InternalError, ProgrammingError, NotSupportedError),
    ],
)
@pytest.mark.parametrize("path", ["private/", "ajax/", "open/"])
def test_a_database_that_fails_to_save_signs_nobody_out(
    either: Browser, alice: User, error: type[Exception], path: str
) -> None:
    """Q1: a read-only standby is an InternalError, a missing permission a ProgrammingError."""
    either.sign_in("alice")
    key = either.key
    either.client.raise_request_exception = False
    failure = error("cannot execute UPDATE in a read-only transaction")

    with mock.patch.object(Session, "save", side_effect=failure):
        response = either.get(path)

    assert response.status_code == 500
    assert dict(response.cookies) == {}
    assert either.key == key
    assert either.get("private/").json()["user"] == "alice"


# --- Receivers and snapshots --------------------------------------------------------------


def explode(*args: Any, **kwargs: Any) -> None:
    raise RuntimeError


@pytest.mark.django_db
@pytest.mark.parametrize(
    "signal", [signals.session_started, signals.session_rotated, signals.session_ended]
)
def test_a_receiver_that_raises_disturbs_nothing(
    attack: Attacker, browser: Browser, alice: User, signal: Any
) -> None:
    """Q3: signing in, twice, out, and the idle limit."""
    signal.connect(explode)
    try:
        browser.sign_in("alice")
        browser.sign_in("alice")
        assert attack(browser, "get", "private/").json()["user"] == "alice"
        attack(browser, "post", "/logout")
        assert attack(browser, "get", "private/").status_code == 302
        browser.sign_in("alice")
        browser.expire("idle")
        assert attack(browser, "get", "private/").status_code == 302
    finally:
        signal.disconnect(explode)

    assert keys() == set()


def count_people(user: User) -> str:
    return str(User.objects.count())


@pytest.mark.django_db
@pytest.mark.parametrize(
    "source",
    [count_people, "tests.security.test_while_it_runs.count_people", "count_people"],
    ids=["callable", "path", "method"],
)
def test_a_fact_may_ask_the_database_under_asgi(
    attack: Attacker,
    browser: Browser,
    alice: User,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    source: Any,
) -> None:
    """N10: as a callable, by its path, or as a method of the user."""
    monkeypatch.setattr(User, "count_people", count_people, raising=False)
    settings.JENK_SNAPSHOT = {"user_role": source}
    browser.sign_in("alice")

    response = attack(browser, "get", "private/")

    assert response.json()["session_user"]["user_role"] == "1"


@pytest.mark.django_db
def test_a_fact_that_raises_leaves_no_half_sign_in(
    browser: Browser, alice: User, settings: Any
) -> None:
    """Q3, B6: its error is the project's to see, but nobody is signed in by half."""
    settings.JENK_SNAPSHOT = {"user_name": explode}
    browser.client.raise_request_exception = False
    assert browser.sign_in("alice").status_code == 500
    settings.JENK_SNAPSHOT = {}

    assert browser.get("open/").json()["user"] == ""
    browser.sign_in("alice")
    assert browser.get("private/").json()["user"] == "alice"


# --- Combined with other middleware, decorators, streams -----------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("place", [5, 6, 7, 8])
def test_djangos_own_login_requirement_fits_in_anywhere(
    attack: Attacker, browser: Browser, alice: User, settings: Any, place: int
) -> None:
    """N7: LoginRequiredMiddleware before, between and after jenk's."""
    settings.MIDDLEWARE = list(settings.MIDDLEWARE)
    path = f"{LoginRequiredMiddleware.__module__}.{LoginRequiredMiddleware.__qualname__}"
    settings.MIDDLEWARE.insert(place, path)
    assert attack(browser, "get", "plain/").status_code == 302
    browser.sign_in("alice")
    assert attack(browser, "get", "plain/").json()["user"] == "alice"
    browser.expire("idle")

    refused = attack(browser, "get", "plain/")
    page = attack(browser, "get", refused.headers["Location"])
    again = attack(browser, "get", refused.headers["Location"])

    assert refused.status_code == 302
    assert [text.count("jenk-notice") for text in (page.text, again.text)] == [1, 0]


@pytest.mark.django_db
@pytest.mark.parametrize("place", [1, 8])
def test_messages_may_come_before_or_after(
    attack: Attacker, browser: Browser, alice: User, settings: Any, place: int
) -> None:
    settings.JENK_REASON_MESSAGE = True
    messages = "django.contrib.messages.middleware.MessageMiddleware"
    others = [one for one in settings.MIDDLEWARE if one != messages]
    settings.MIDDLEWARE = (
        [*others[:2], messages, *others[2:]] if place == 1 else [*others, messages]
    )
    browser.sign_in("alice")
    browser.expire("idle")

    attack(browser, "get", "plain/")

    assert attack(browser, "get", "/login").status_code == 200
    assert browser.marker in {None, ""}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "order", ["login-first", "login-last", "post-first", "post-last", "public-first", "twice"]
)
def test_a_protected_view_is_protected_in_any_order_of_decorators(
    attack: Attacker, browser: Browser, alice: User, order: str
) -> None:
    """N7: for each method, before signing in and after the end."""
    path = f"x/stacked/{order}/"
    for end in (False, True):
        if end:
            browser.sign_in("alice")
            browser.expire("idle")
        for method in ("post", "get", "head", "put", "trace"):
            response = attack(browser, method, path)
            assert response.status_code in {302, 401, 405}
            assert "secret" not in response.text
    browser.sign_in("alice")
    assert attack(browser, "post", path).text == "secret of alice"


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["x/hello/", "protected/", "private/"])
@pytest.mark.parametrize("method", ["get", "head", "options", "post", "put", "delete", "trace"])
def test_every_method_of_a_protected_view_is_protected(
    attack: Attacker, browser: Browser, db: None, name: str, method: str
) -> None:
    """N7"""
    assert attack(browser, method, name).status_code == 302
    assert attack(browser, method, name, headers=SCRIPT).status_code == 401


@pytest.mark.django_db
def test_a_stream_is_private_too(browser: Browser, alice: User) -> None:
    """N10, INV6"""
    browser.sign_in("alice")

    response = browser.get("x/stream/")

    if response.is_async:

        async def joined() -> bytes:
            return b"".join([part async for part in response.streaming_content])

        content = async_to_sync(joined)()
    else:
        content = b"".join(response.streaming_content)
    assert content == b"alice!"
    assert response.headers["Cache-Control"] == "no-store"
    assert "Cookie" in response.headers["Vary"]


@pytest.mark.django_db
def test_a_user_that_was_asked_for_early_is_not_the_user_after_the_end(
    attack: Attacker, browser: Browser, alice: User, settings: Any
) -> None:
    """N10: a middleware before jenk's has already asked for `request.user`."""
    own = "tests.security.test_while_it_runs.ask_early"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:5], own, *settings.MIDDLEWARE[5:]]
    browser.sign_in("alice")
    browser.expire("idle")

    assert attack(browser, "get", "open/").json()["user"] == ""
    assert attack(browser, "get", "private/").status_code == 302


def ask_early(get_response: Any) -> Any:
    def middleware(request: Any) -> Any:
        assert request.user.pk is not None or request.user.is_anonymous
        get_session_user(request)
        return get_response(request)

    return middleware


# --- Caches -------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_session_that_only_a_token_made_is_not_cached(
    attack: Attacker, browser: Browser, settings: Any
) -> None:
    """INV6: under CSRF_USE_SESSIONS the session is stored after jenk's middleware."""
    settings.CSRF_USE_SESSIONS = True

    response = attack(browser, "get", "x/token/", new_rows=1)

    assert session_cookie(response)
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.django_db
@pytest.mark.parametrize("cookie", ["sessionid={}", "sessionid={}; sessionid={}x"])
def test_an_answer_that_deletes_the_cookie_is_not_cached(
    attack: Attacker, browser: Browser, cookie: str
) -> None:
    """INV6: a shared cache would hand the deletion on to others with the same cookie."""
    response = attack(
        browser, "get", "open/", headers=raw_cookie(cookie.format("a" * 32, "b" * 31))
    )

    deleted = [morsel.value for morsel in response.cookies.values() if morsel.key == "sessionid"]
    assert deleted
    assert set(deleted) == {""}
    assert response.headers.get("Cache-Control") == "no-store"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["plain/", "private/", "ajax/"])
@pytest.mark.parametrize(
    "headers",
    [{}, SCRIPT],
)
def test_a_refusal_over_the_marker_varies_with_the_cookie(
    attack: Attacker, browser: Browser, path: str, headers: Any
) -> None:
    """INV5: without the marker the answer would have been another."""
    for _ in range(2):
        browser.set_cookie("sessionid_seen", browser.marker or "1")
        response = attack(browser, "get", path, headers=headers)
        if response.status_code != 200:
            assert "Cookie" in response.headers.get("Vary", "")


@pytest.mark.django_db
def test_a_rotation_of_nothing_makes_nothing(attack: Attacker, browser: Browser) -> None:
    """INV2: a visitor without a session has no key to renew."""
    attack(browser, "get", "rotate/")

    assert keys() == set()


# --- Many at once, and through a real socket ----------------------------------------------

PATHS = ("/sync/plain/", "/sync/private/", "/sync/write/?late=1", "/async/private/", "/sync/ajax/")


def fetch(key: str, path: str) -> tuple[int, str]:
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = key
    try:
        response = client.get(path)
        return response.status_code, response.text
    finally:
        connections.close_all()


def sign_out(key: str) -> int:
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = key
    try:
        return client.post("/logout").status_code
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_a_session_that_ends_under_load_stays_ended(alice: User) -> None:
    """B4, S17: requests in flight while their user signs out."""
    for _ in range(5):
        client = Client()
        client.post("/login", {"username": "alice", "password": "pw"})
        key = client.cookies["sessionid"].value
        with ThreadPoolExecutor(8) as pool:
            early = [pool.submit(fetch, key, path) for path in PATHS]
            ended = pool.submit(sign_out, key)
            late = [pool.submit(fetch, key, path) for path in PATHS * 2]
            answers = [each.result() for each in [*early, *late]]
        assert ended.result() == 200
        assert {status for status, _ in answers} <= {200, 302, 401}
        assert key not in keys()
        assert [one for one in Session.objects.all() if "_auth_user_id" in one.get_decoded()] == []
        assert fetch(key, "/sync/private/")[0] == 302


@pytest.mark.django_db(transaction=True)
def test_parallel_second_sign_ins_leave_no_error(alice: User) -> None:
    """B2: of one browser, as by a double click."""
    client = Client()
    client.post("/login", {"username": "alice", "password": "pw"})
    key = client.cookies["sessionid"].value

    def again(_: int) -> int:
        browser = Client(raise_request_exception=False)
        browser.cookies["sessionid"] = key
        try:
            return browser.post("/login", {"username": "alice", "password": "pw"}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        statuses = set(pool.map(again, range(6)))

    assert statuses == {302}
    assert key not in keys()


def over_socket(server: Any, request: bytes) -> tuple[int, bytes]:
    host, port = server.thread.host, server.thread.port
    with socket.create_connection((host, port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    status = re.match(rb"HTTP/1\.[01] (\d+)", received)
    return int(status[1]) if status else 0, received


REQUESTS = [
    b'GET /sync/plain/ HTTP/1.0\r\nHost: localhost\r\nCookie: sessionid="abcdefgh\\000ijk"\r\n\r\n',
    b"GET /sync/plain/ HTTP/1.0\r\nHost: localhost\r\nCookie: sessionid=\x00\xff\r\n\r\n",
    b"GET /sync/plain/ HTTP/1.0\r\nHost: localhost\r\nCookie: \xc2\xa0sessionid={key}\r\n\r\n",
    b"GET /sync/plain/ HTTP/1.0\r\nHost: localhost\r\nCookie: \xe2\x80\x80sessionid={key}\r\n\r\n",
    b"GET /sync/plain/?sessionid={key} HTTP/1.0\r\nHost: localhost\r\nsessionid: {key}\r\n\r\n",
    b"GET /sync/plain/ HTTP/1.0\r\nHost: localhost\r\nCookie: a=b\r\n sessionid={key}\r\n\r\n",
    b"GET /sync/plain/ HTTP/1.0\r\nHost: localhost\r\nCookie: " + b"s=1; " * 1000 + b"\r\n\r\n",
    b"GET //evil.example/sync/private/ HTTP/1.0\r\nHost: localhost\r\n\r\n",
    b"GET http://evil.example/sync/private/ HTTP/1.0\r\nHost: localhost\r\n\r\n",
    b"GET /sync/private/\xff\xfe?\xff=\x80 HTTP/1.0\r\nHost: localhost\r\n\r\n",
    b"GET /sync/private/?\x01\x7f HTTP/1.0\r\nHost: localhost\r\nAccept: \xff\x00\r\n\r\n",
    b"GET /sync/private/ HTTP/1.0\r\nHost: evil.example\r\nCookie: sessionid="
    + b"a" * 32
    + b"\r\n\r\n",
    b"GET /sync/ajax/ HTTP/1.0\r\nHost: localhost\r\nHX-Request: 1\r\nHX-Current-URL: \xff\r\n\r\n",
    b"POST /logout HTTP/1.0\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n\xff\xff",
    b"TRACE /logout HTTP/1.0\r\nHost: localhost\r\n\r\n",
    b"\xff\xff / HTTP/1.0\r\n\r\n",
]


@pytest.mark.django_db(transaction=True)
def test_broken_bytes_through_a_socket_are_no_error(live_server: Any, alice: User) -> None:
    """A, E: HTTP clients repair broken headers, so these are sent as they are."""
    client = Client()
    client.post("/login", {"username": "alice", "password": "pw"})
    key = client.cookies[site.SESSION_COOKIE_NAME].value.encode()
    before = keys()

    answers = [over_socket(live_server, request.replace(b"{key}", key)) for request in REQUESTS]

    for request, (status, received) in zip(REQUESTS, answers, strict=True):
        assert 200 <= status < 500 or (status, request[:1]) == (0, b"\xff"), request
        assert b"alice" not in received
        assert key not in received
        assert b"evil.example" not in received.partition(b"\r\n\r\n")[0].replace(b"next=", b"")
    assert keys() == before


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["x/cached/", "x/cached_ajax/", "x/cached_page/"])
def test_a_cache_around_a_protected_view_lets_nobody_in(
    attack: Attacker, browser: Browser, alice: User, settings: Any, path: str
) -> None:
    """N7, B4: `cache_page` above the decorator answers before it."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    browser.sign_in("alice")
    key = browser.key
    assert browser.get(path).text == "secret of alice"

    assert "alice" not in attack(browser.another(), "get", path).text
    browser.sign_out()
    replayed = browser.another()
    replayed.set_cookie("sessionid", str(key))
    assert "alice" not in attack(replayed, "get", path).text


@pytest.mark.django_db
def test_a_notice_made_ahead_of_time_is_nobody_elses(
    attack: Attacker, browser: Browser, alice: User, settings: Any
) -> None:
    """INV5: a prefetch shows the reason and leaves the marker as it is."""
    settings.JENK_PUBLIC_VIEWS = (f"{browser.views}:page",)
    browser.sign_in("alice")
    browser.expire("idle")
    attack(browser, "get", "open/")
    browser.client.cookies.pop("sessionid", None)

    response = attack(browser, "get", "page/", headers={"Sec-Purpose": "prefetch"})

    assert "data-reason" in response.text
    assert "Cookie" in response.headers["Vary"]
    assert response.headers["Cache-Control"] == "no-store"
    assert "data-reason" in attack(browser, "get", "page/").text


# --- A session that ends while its view still wants it --------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["x/lose_and_rotate/", "x/lose_and_save/"])
@pytest.mark.parametrize(("headers", "status"), [({}, 302), (SCRIPT, 401)])
def test_a_session_that_was_ended_is_not_revived(
    attack: Attacker, browser: Browser, alice: User, path: str, headers: Any, status: int
) -> None:
    """B4: a key that is replaced, or a save by the view itself, after a sign-out elsewhere."""
    browser.sign_in("alice")

    response = attack(browser, "get", path, headers=headers)

    assert response.status_code == status
    assert "sessionid" not in response.cookies
    assert keys() == set()


@pytest.mark.django_db
def test_with_djangos_middleware_that_is_its_own_answer(
    browser: Browser, alice: User, settings: Any
) -> None:
    settings.MIDDLEWARE = [one.replace(*DJANGOS) for one in settings.MIDDLEWARE]
    browser.sign_in("alice")

    assert browser.get("x/lose_and_rotate/").status_code == 400
    assert keys() == set()


DJANGOS = (
    "jenk.middleware.SessionMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
)


@pytest.mark.django_db
def test_a_visitor_whose_session_is_gone_gets_no_new_key(
    attack: Attacker, browser: Browser
) -> None:
    browser.get("write/?cart=3")

    assert attack(browser, "get", "x/lose_and_rotate_public/").status_code == 200
    assert keys() == set()


@pytest.mark.django_db
def test_a_view_that_writes_a_user_into_the_session_is_no_error(
    attack: Attacker, browser: Browser, alice: User
) -> None:
    """A sign-in by hand, as tests with Selenium do it; taken up at the next request."""
    response = attack(browser, "get", f"x/claim/{alice.pk}/", new_rows=1)
    assert response.status_code == 200
    assert browser.get("open/").json()["user"] == ""

    assert browser.another().get("x/claim/nobody/").status_code == 200


# --- A cache that fails ---------------------------------------------------------------------


class Flaky(LocMemCache):
    """A cache that forgets, or fails, when told to."""

    failing: ClassVar[set[str]] = set()

    def get(self, *args: Any, **kwargs: Any) -> Any:
        if "get" in self.failing:
            raise ConnectionError
        return super().get(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        if "delete" in self.failing:
            raise ConnectionError
        return super().delete(*args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> None:
        if "set" in self.failing:
            raise ConnectionError
        super().set(*args, **kwargs)


@pytest.fixture
def flaky(settings: Any) -> Iterator[set[str]]:
    settings.CACHES = {"default": {"BACKEND": f"{Flaky.__module__}.Flaky", "LOCATION": "flaky"}}
    yield Flaky.failing
    Flaky.failing.clear()


@pytest.mark.django_db
@pytest.mark.parametrize("engine", ["cache", "cached_db"])
def test_a_cache_that_fails_once_ends_no_session(
    browser: Browser, alice: User, settings: Any, flaky: set[str], engine: str
) -> None:
    """Q1: these engines take a failed look-up for a session that is not there."""
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_SAVE_EVERY_REQUEST = False
    browser.sign_in("alice")
    key, marker = str(browser.key), str(browser.marker)
    flaky.update({"get", "delete"})
    assert browser.get("open/").status_code == 200
    flaky.clear()

    other_tab = browser.another()
    other_tab.set_cookie("sessionid", key)
    other_tab.set_cookie("sessionid_seen", marker)
    assert other_tab.get("private/").json()["user"] == "alice"


@pytest.mark.django_db
@pytest.mark.parametrize("engine", ["cache", "cached_db"])
def test_without_its_cache_a_public_page_is_served(
    browser: Browser, settings: Any, flaky: set[str], engine: str
) -> None:
    """Q1"""
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    flaky.update({"get", "delete"})

    response = browser.get("open/", headers=raw_cookie(f"sessionid={'a' * 32}"))

    assert response.status_code == 200


@pytest.mark.django_db
def test_an_expired_session_that_cannot_be_cleared_is_no_error(
    attack: Attacker, browser: Browser, alice: User, caplog: pytest.LogCaptureFixture
) -> None:
    """A read-only standby: what nobody asked for must not fail the request."""
    browser.sign_in("alice")
    key = browser.key
    Session.objects.update(expire_date=now() - timedelta(seconds=1))
    refusal = OperationalError("cannot execute DELETE in a read-only transaction")

    with mock.patch.object(QuerySet, "delete", side_effect=refusal) as delete:
        assert attack(browser, "get", "open/").status_code == 200

    assert delete.called
    logged = [record for record in caplog.records if record.name == "jenk"]
    assert [record.getMessage() for record in logged] == [
        "An expired session could not be cleared."
    ]
    assert str(key) not in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize("claimed", ["a\x00b", "a\ud800b"])
def test_a_stored_user_that_no_database_can_hold_is_nobody(
    attack: Attacker, browser: Browser, alice: User, settings: Any, claimed: str
) -> None:
    """B12: of a user model with text for a primary key."""
    browser.sign_in("alice")
    rewrite(browser.key, **{SESSION_KEY: claimed})
    with mock.patch.object(User._meta.pk, "to_python", str):
        response = attack(browser, "get", "ajax/")

    assert response.json()["reason"] == "deleted"
    assert keys() == set()


# --- What a transaction takes back ------------------------------------------------------------


@pytest.fixture
def told() -> Iterator[list[str]]:
    """The ends and new keys that are announced."""
    told: list[str] = []

    def ended(*, reason: str, **facts: Any) -> None:
        told.append(reason)

    def rotated(**facts: Any) -> None:
        told.append("rotated")

    signals.session_ended.connect(ended)
    signals.session_rotated.connect(rotated)
    yield told
    signals.session_ended.disconnect(ended)
    signals.session_rotated.disconnect(rotated)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["x/sign_out_and_roll_back/", "x/cycle_and_roll_back/"])
def test_what_was_rolled_back_is_not_announced(
    attack: Attacker, browser: Browser, alice: User, settings: Any, told: list[str], path: str
) -> None:
    """B6: the session is as it was, so its marker is too."""
    settings.JENK_CLEAR_SITE_DATA = ("cache",)
    browser.sign_in("alice")
    key, marker = browser.key, browser.marker

    response = attack(browser, "get", path, error=True)

    assert dict(response.cookies) == {}
    assert not response.has_header("Clear-Site-Data")
    assert (browser.key, browser.marker) == (key, marker)
    assert browser.get("private/").json()["user"] == "alice"
    assert told == []


@pytest.mark.django_db(transaction=True)
def test_what_failed_and_was_not_rolled_back_is_announced(
    attack: Attacker, browser: Browser, alice: User, told: list[str]
) -> None:
    browser.sign_in("alice")

    attack(browser, "get", "x/sign_out_and_fail/", error=True)

    assert told == ["logout"]
    assert browser.get("open/").json()["user"] == ""


@pytest.mark.django_db(transaction=True)
def test_a_refusal_with_a_rollback_leaves_the_session(
    attack: Attacker, browser: Browser, alice: User
) -> None:
    """As REST framework does it: an answer of its own, and the transaction undone."""
    browser.sign_in("alice")

    response = attack(browser, "get", "x/cycle_and_refuse/")

    assert (response.status_code, response.text) == (409, "not now")
    assert "sessionid" not in response.cookies
    assert browser.get("private/").json()["user"] == "alice"


@pytest.mark.django_db(transaction=True)
def test_a_sign_in_without_autocommit_is_announced(
    either: Browser, alice: User, told: list[str]
) -> None:
    """Where the project commits by itself, Django cannot say when."""
    either.sign_in("alice")

    assert either.get("x/enter_by_hand/alice/").status_code == 200
    assert told == ["rotated"]


@pytest.mark.django_db
def test_a_session_put_in_the_place_of_another_is_looked_up(
    attack: Attacker, browser: Browser, alice: User
) -> None:
    browser.sign_in("alice")

    assert attack(browser, "get", "x/replace/").status_code == 200
