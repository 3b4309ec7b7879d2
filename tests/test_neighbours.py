"""Middleware of the project that signs people in and out before, between or after jenk's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, cast

import pytest
import time_machine
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import alogin, alogout, login, logout
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest, JsonResponse
from django.test import override_settings
from django.urls import path
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import SimpleLazyObject

from jenk import signals
from jenk.policies import written
from tests.browsers import Browser, now
from tests.engines import OWN_ENGINE, stored_clocks
from tests.urls import urlpatterns
from website.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.table]

AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
MANAGEMENT = "jenk.middleware.SessionManagementMiddleware"
EXPIRY = "jenk.middleware.SessionExpiryMiddleware"

#: Where the project's middleware stands, as the one it comes after.
PLACES = {"before": AUTHENTICATION, "between": MANAGEMENT, "after": EXPIRY}

acts: dict[str, Callable[[HttpRequest], object]] = {}


class Neighbour(MiddlewareMixin):
    """Does what the test asks for, before the view and after it."""

    def process_request(self, request: HttpRequest) -> None:
        acts.get("request", bool)(request)

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        acts.get("response", bool)(request)
        return response


def site(place: str) -> Any:
    middleware = list(settings.MIDDLEWARE)
    middleware.insert(middleware.index(PLACES[place]) + 1, f"{__name__}.Neighbour")
    return override_settings(MIDDLEWARE=middleware)


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> Iterator[str]:
    with site(request.param):
        yield request.param


@pytest.fixture
def after() -> Iterator[None]:
    """Where a view would be: whatever is done there is done after jenk's middleware."""
    with site("after"):
        yield


@pytest.fixture(autouse=True)
def _idle() -> Iterator[None]:
    yield
    acts.clear()


@pytest.fixture
def clock() -> Any:
    with time_machine.travel("2026-03-20T12:00:00Z", tick=False) as clock:
        yield clock


@pytest.fixture
def told() -> Iterator[list[tuple[str, Any]]]:
    """What the signals say: the reason of an end, or the signal's name; and of whom."""
    told: list[tuple[str, Any]] = []

    def hear(name: str) -> Callable[..., None]:
        def receive(*, user: Any, reason: str = "", **facts: Any) -> None:
            told.append((reason or name, user and user.get_username()))

        return receive

    heard = {
        signals.session_started: hear("started"),
        signals.session_rotated: hear("rotated"),
        signals.session_ended: hear("ended"),
    }
    for signal, receive in heard.items():
        signal.connect(receive)
    yield told
    for signal, receive in heard.items():
        signal.disconnect(receive)


def stored(browser: Browser) -> dict[str, Any]:
    from tests.engines import Session  # noqa: PLC0415

    row = Session.objects.filter(pk=browser.key).first()
    return row.get_decoded() if row else {}


def once(act: Callable[[HttpRequest], object], *, on: str = "request") -> None:
    """Do something at the next request alone."""

    def do(request: HttpRequest) -> None:
        del acts[on]
        act(request)

    acts[on] = do


def test_a_sign_in_starts_the_clocks(
    browser: Browser, alice: Any, place: str, clock: Any, told: Any
) -> None:
    browser.get("plain/")
    clock.shift(timedelta(minutes=1))
    once(lambda request: login(request, alice))
    keys = browser.get("plain/").json()["keys"]

    assert keys["user"] == "alice"
    assert keys["login_time"] == keys["last_activity"] == written(now())
    assert told == [("started", "alice")]
    clock.shift(timedelta(minutes=1))
    assert browser.get("plain/").json()["keys"]["login_time"] == keys["login_time"]


@override_settings(JENK_ABSOLUTE_TIMEOUT=3600)
def test_signing_in_again_starts_the_absolute_limit_anew(
    browser: Browser, alice: Any, place: str, clock: Any, told: Any
) -> None:
    browser.sign_in("alice")
    clock.shift(timedelta(minutes=50))
    once(lambda request: login(request, alice))
    assert browser.get("plain/").json()["keys"]["login_time"] == written(now())
    clock.shift(timedelta(minutes=50))

    assert browser.get("private/").status_code == 200
    assert told == [("started", "alice"), ("rotated", "alice")]


def test_another_user_gets_clocks_of_their_own(
    browser: Browser, alice: Any, carol: Any, place: str, clock: Any, told: Any
) -> None:
    browser.sign_in("alice")
    clock.shift(timedelta(minutes=1))
    once(lambda request: login(request, carol))
    keys = browser.get("plain/").json()["keys"]

    assert keys["user"] == "carol"
    assert keys["login_time"] == keys["last_activity"] == written(now())
    assert told[-1] == ("started", "carol")
    if place != "before":  # there nobody knew yet whose session it was
        assert told[-2] == ("switched_user", "alice")


@pytest.mark.parametrize("visitors", ["always", "on_write"])
@pytest.mark.parametrize("saving", [True, False])
def test_a_sign_out_leaves_nothing(
    browser: Browser, alice: Any, place: str, told: Any, visitors: str, saving: bool
) -> None:
    with override_settings(JENK_ANONYMOUS_SESSIONS=visitors, SESSION_SAVE_EVERY_REQUEST=saving):
        browser.sign_in("alice")
        once(logout)
        response = browser.get("plain/")

    assert response.json() == {"user": "", "session_user": None, "keys": {}}
    assert response.cookies["sessionid"].value == ""
    assert stored(browser) == {}
    assert browser.marker in {None, ""}
    assert told == [("started", "alice"), ("logout", "alice")]
    assert browser.get("plain/").status_code == 200


def test_a_sign_out_after_the_answer_ends_the_session(
    browser: Browser, alice: Any, place: str, told: Any
) -> None:
    browser.sign_in("alice")
    once(logout, on="response")
    browser.get("plain/")

    assert told == [("started", "alice"), ("logout", "alice")]
    assert browser.get("private/").status_code == 302


def test_a_changed_password_is_the_reason_whoever_asks_first(
    browser: Browser, alice: Any, place: str, told: Any
) -> None:
    browser.sign_in("alice")
    alice.set_password("another")
    alice.save()
    acts["request"] = lambda request: request.user.is_authenticated
    response = browser.get("ajax/")

    assert response.json()["reason"] == "password_changed"
    # Django has emptied the session by then; an engine of jenk's judges it itself.
    name = None if place == "before" and not OWN_ENGINE else "alice"
    assert told == [("started", "alice"), ("password_changed", name)]


@pytest.mark.skipif(OWN_ENGINE, reason="jenk's engines renew the hash in place")
def test_a_new_secret_key_is_told_as_a_rotation(browser: Browser, alice: Any, told: Any) -> None:
    with override_settings(SECRET_KEY="the old one"):
        browser.sign_in("alice")
        key = browser.key
    with override_settings(SECRET_KEY_FALLBACKS=["the old one"]):
        assert browser.get("private/").status_code == 200

    assert browser.key != key
    assert told == [("started", "alice"), ("rotated", "alice")]


# --- Signals of a sign-in that is none of the session's --------------------------------------


def give_token(user: Any) -> Callable[[HttpRequest], object]:
    """Tell of a sign-in as a view does that gives out a token."""
    return lambda request: user_logged_in.send(type(user), request=request, user=user)


@override_settings(JENK_CLEAR_SITE_DATA=("cache",))
def test_a_token_signs_no_session_in(browser: Browser, alice: Any, place: str, told: Any) -> None:
    once(give_token(alice))
    response = browser.get("plain/", headers={"Authorization": "Basic YWxpY2U6cHc="})

    assert response.json() == {"user": "", "session_user": None, "keys": {}}
    assert "sessionid" not in response.cookies
    assert not response.has_header("Clear-Site-Data")
    assert told == []


def test_a_token_for_somebody_else_changes_nothing(
    browser: Browser, alice: Any, carol: Any, place: str, told: Any
) -> None:
    browser.sign_in("carol")
    key, before = browser.key, stored_clocks(browser.key)
    once(give_token(alice))
    response = browser.get("plain/")

    assert response.json()["keys"]["user"] == "carol"
    assert browser.key == key
    assert stored_clocks(browser.key)["authenticated_at"] == before["authenticated_at"]
    assert told == [("started", "carol")]


def test_a_receiver_that_signs_out_again_leaves_nothing(
    browser: Browser, alice: Any, told: Any
) -> None:
    def turn_away(*, request: HttpRequest, **facts: Any) -> None:
        logout(request)

    receivers = user_logged_in.receivers
    user_logged_in.connect(turn_away)
    user_logged_in.receivers = [user_logged_in.receivers[-1], *user_logged_in.receivers[:-1]]
    try:
        browser.sign_in("alice")
    finally:
        user_logged_in.receivers = receivers
        user_logged_in.disconnect(turn_away)
        user_logged_in.sender_receivers_cache.clear()

    assert browser.get("plain/").json() == {"user": "", "session_user": None, "keys": {}}
    assert all(not name.startswith(("_auth", "user")) for name in stored(browser))
    assert ("started", "alice") not in told


# --- One view that does several things ------------------------------------------------------


def test_out_and_in_again_in_one_request(
    browser: Browser, alice: Any, after: None, told: Any
) -> None:
    browser.sign_in("alice")

    def swap(request: HttpRequest) -> None:
        logout(request)
        login(request, alice)

    once(swap)
    assert browser.get("plain/").json()["user"] == "alice"
    assert told[1:] == [("logout", "alice"), ("started", "alice")]


def test_out_and_somebody_else_in_is_a_sign_out(
    browser: Browser, alice: Any, carol: Any, after: None, told: Any
) -> None:
    browser.sign_in("alice")

    def swap(request: HttpRequest) -> None:
        logout(request)
        login(request, carol)

    once(swap)
    assert browser.get("plain/").json()["user"] == "carol"
    assert told[1:] == [("logout", "alice"), ("started", "carol")]


def test_a_session_that_code_makes_a_visitors_keeps_nothing_of_the_sign_in(
    browser: Browser, alice: Any, after: None, told: Any
) -> None:
    browser.sign_in("alice")

    def forget(request: HttpRequest) -> None:
        request.session["cart"] = "apples"
        for name in [name for name in request.session.keys() if name.startswith("_auth")]:  # noqa: SIM118
            del request.session[name]

    once(forget)
    browser.get("plain/")

    assert told[1:] == [("ended_by_code", "alice")]
    kept = stored(browser)
    assert kept["cart"] == "apples"
    assert kept.keys() - {"_jenk"} == {"cart"}
    assert OWN_ENGINE or kept["_jenk"].keys() == {"last_activity"}
    browser.sign_in("alice")
    assert told[2:] == [("started", "alice")]


# --- Whom a request is said to be of ----------------------------------------------------------


async def who(request: HttpRequest, act: str, username: str) -> JsonResponse:
    """Do something, and say who every way of asking says it is."""
    user = await User.objects.aget(username=username)
    match act:
        case "login":
            await sync_to_async(login)(request, user)
        case "alogin":
            await alogin(request, user)
        case "logout":
            await sync_to_async(logout)(request)
        case "alogout":
            await alogout(request)
    asked = await request.auser()
    return JsonResponse([request.user.get_username(), asked.get_username()], safe=False)


WHO = (path("who/<str:act>/<str:username>/", who), *urlpatterns)


@pytest.mark.parametrize("act", ["login", "alogin", "logout", "alogout"])
@override_settings(ROOT_URLCONF=WHO)
def test_user_and_auser_are_one_after_every_change(
    browser: Browser, alice: Any, carol: Any, act: str
) -> None:
    browser.sign_in("alice")
    name = "carol" if "login" in act else ""

    assert browser.get(f"/who/{act}/carol/").json() == [name, name]


@pytest.mark.parametrize("lazily", [True, False])
@override_settings(ROOT_URLCONF=WHO)
def test_a_user_that_a_middleware_chose_is_the_user(
    browser: Browser, alice: Any, carol: Any, lazily: bool
) -> None:
    """As impersonation does it."""

    def choose(request: HttpRequest) -> None:
        request.user = cast("Any", SimpleLazyObject(lambda: carol) if lazily else carol)

    with site("before"):
        browser.sign_in("alice")
        acts["request"] = choose
        assert browser.get("/who/nothing/carol/").json() == ["carol", "carol"]
        assert browser.get("plain/").json()["session_user"]["user"] == "carol"
