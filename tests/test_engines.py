"""Django's own session engines, from sign-in to the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.sessions.backends import file
from django.core.cache import cache

from tests import services
from tests.brief import brief
from tests.browsers import Browser

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 25, 12, tzinfo=UTC)
ENGINES = [
    "db",
    "file",
    "signed_cookies",
    pytest.param("cache", marks=pytest.mark.needs_redis),
    pytest.param("cached_db", marks=pytest.mark.needs_redis),
]
NOBODY = {"user": "", "session_user": None, "keys": {}}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> Iterator[str]:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    if "cache" not in request.param:
        yield request.param
        return
    prefix = f"jenk_test_{uuid4().hex}"
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": services.REDIS_URL,
            "KEY_PREFIX": prefix,
        }
    }
    yield request.param
    with services.driver("redis").Redis.from_url(services.REDIS_URL) as client:
        for key in client.scan_iter(match=f"{prefix}:*"):
            client.delete(key)
    cache.close()


@pytest.fixture(params=brief.ORDERS, ids=lambda order: order.replace(" ", "-"))
def _order(request: pytest.FixtureRequest, settings: Any) -> None:
    settings.MIDDLEWARE = brief.ORDERS[request.param]


@pytest.fixture(params=["sync", "async"])
def visitor(request: pytest.FixtureRequest, engine: str, _order: None) -> Browser:
    """A browser that has asked nothing yet, so its handler meets this engine."""
    return Browser(asynchronous=request.param == "async", views=request.param)


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as moved:
        yield moved


def stored(engine: str, key: str) -> dict[str, Any]:
    """Return what the engine holds under a key."""
    store = import_module(f"django.contrib.sessions.backends.{engine}").SessionStore(key)
    return dict(store.items())


def keeps_on_the_server(engine: str) -> bool:
    return engine != "signed_cookies"


def test_sign_in_fills_the_eight_keys(visitor: Any, engine: str, carol: Any, clock: Any):
    assert visitor.sign_in("carol").status_code == 302
    data = stored(engine, visitor.key)
    assert {key: data[key] for key in brief.KEYS} == brief.carol(carol.pk)
    answer = visitor.get("private/").json()
    assert answer["keys"] == answer["session_user"] == {key: data[key] for key in brief.KEYS}


@pytest.mark.parametrize("saving", [True, False])
def test_activity_moves_the_clock(
    visitor: Any, engine: str, alice: Any, clock: Any, saving: bool, settings: Any
):
    settings.SESSION_SAVE_EVERY_REQUEST = saving
    visitor.sign_in("alice")
    for minutes in (2, 4):
        clock.move_to(NOON + timedelta(minutes=minutes))
        now = brief.written(NOON + timedelta(minutes=minutes))
        assert visitor.get("plain/").json()["keys"]["last_activity"] == now
        assert stored(engine, visitor.key)["last_activity"] == now


@pytest.mark.parametrize("saving", [True, False])
def test_a_session_ends_when_it_was_idle_too_long(
    visitor: Any, engine: str, alice: Any, clock: Any, saving: bool, settings: Any
):
    settings.SESSION_SAVE_EVERY_REQUEST = saving
    settings.JENK_ACTIVITY_INTERVAL = 0
    settings.SESSION_COOKIE_AGE = 3600
    visitor.sign_in("alice")
    for _ in range(3):
        clock.shift(3599)
        assert visitor.get("private/").status_code == 200
    clock.shift(3600)
    assert visitor.get("private/").status_code == 302
    assert visitor.get("plain/").json() == NOBODY


def test_a_lowered_limit_ends_a_live_session_and_clears_it(
    visitor: Any, engine: str, alice: Any, clock: Any, settings: Any
):
    visitor.sign_in("alice")
    key = visitor.key
    clock.shift(3600)
    settings.SESSION_COOKIE_AGE = 3600
    assert visitor.get("ajax/").json()["reason"] == "idle"
    assert visitor.key is None
    if keeps_on_the_server(engine):
        assert stored(engine, key) == {}


def test_expire_brings_the_end_for_tests(visitor: Any, engine: str, alice: Any):
    visitor.sign_in("alice")
    if keeps_on_the_server(engine):
        visitor.expire()
        assert visitor.get("ajax/").json()["reason"] == "idle"


def test_sign_out_clears_the_session(visitor: Any, engine: str, alice: Any):
    visitor.sign_in("alice")
    visitor.get("write/", {"cart": "apples"})
    key = visitor.key
    visitor.sign_out()
    assert visitor.key is None
    assert visitor.marker is None
    assert visitor.get("plain/").json() == NOBODY
    if keeps_on_the_server(engine):
        assert stored(engine, key) == {}


def test_signing_in_again_changes_the_key_and_keeps_the_data(visitor: Any, engine: str, alice: Any):
    visitor.sign_in("alice")
    visitor.get("write/", {"cart": "apples"})
    first = visitor.key
    visitor.sign_in("alice")
    assert visitor.key != first
    keys = visitor.get("plain/").json()["keys"]
    assert (keys["user"], keys["cart"]) == ("alice", "apples")
    if keeps_on_the_server(engine):
        assert stored(engine, first) == {}


def test_signing_in_changes_a_visitors_key(visitor: Any, engine: str, alice: Any):
    visitor.get("write/", {"cart": "apples"})
    first = visitor.key
    visitor.sign_in("alice")
    assert visitor.key != first
    assert visitor.get("plain/").json()["keys"]["cart"] == "apples"
    if keeps_on_the_server(engine):
        assert stored(engine, first) == {}


def test_rotating_changes_the_key_alone(visitor: Any, engine: str, alice: Any, clock: Any):
    visitor.sign_in("alice")
    visitor.get("write/", {"cart": "apples"})
    first, before = visitor.key, visitor.get("plain/").json()
    clock.shift(1)
    assert visitor.get("rotate/").status_code == 200
    assert visitor.key != first
    after = visitor.get("plain/").json()
    moved = before["keys"] | {"last_activity": brief.written(NOON + timedelta(seconds=1))}
    assert after["keys"] == moved
    if keeps_on_the_server(engine):
        assert stored(engine, first) == {}


def test_another_user_gets_nothing_of_the_first(visitor: Any, engine: str, alice: Any, carol: Any):
    visitor.sign_in("alice")
    visitor.get("write/", {"cart": "apples"})
    first = visitor.key
    visitor.sign_in("carol")
    assert visitor.key != first
    keys = visitor.get("plain/").json()["keys"]
    assert keys.keys() == set(brief.KEYS)
    assert keys["user"] == "carol"
    if keeps_on_the_server(engine):
        assert stored(engine, first) == {}


def test_a_visitor_gets_a_session_and_keeps_what_is_put_into_it(
    visitor: Any, engine: str, db: None
):
    visitor.get("plain/")
    assert visitor.key
    visitor.get("write/", {"cart": "apples"})
    assert visitor.get("plain/").json()["keys"] == {"cart": "apples"}


def test_a_key_that_the_engine_cannot_have_made_is_replaced(visitor: Any, engine: str, db: None):
    for key in ("../../etc/passwd", "x", "0" * 500, "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"):
        visitor.set_cookie("sessionid", key)
        response = visitor.get("plain/")
        assert (response.status_code, response.json()) == (200, NOBODY)
        assert visitor.key != key


@pytest.mark.parametrize("visitors", ["always", "on_write"])
@pytest.mark.parametrize("path", ["plain/", "open/", "private/"])
def test_nothing_is_made_in_the_place_of_a_session_that_ended(
    visitor: Any, engine: str, alice: Any, clock: Any, settings: Any, visitors: str, path: str
):
    """Django's file engine makes an empty session of an expired one."""
    if not keeps_on_the_server(engine):
        pytest.skip("a signed cookie is the session, and there is always one")
    settings.JENK_ANONYMOUS_SESSIONS = visitors
    visitor.sign_in("alice")
    key = visitor.key
    clock.shift(timedelta(days=14, minutes=1))
    if engine == "file":  # which goes by the time that the system wrote
        os.utime(file.SessionStore(key)._key_to_file(), (NOON.timestamp(), NOON.timestamp()))
    visitor.set_cookie("sessionid", key)
    visitor.set_cookie("sessionid_seen", "1")

    assert visitor.get(path).cookies["sessionid"].value == ""
