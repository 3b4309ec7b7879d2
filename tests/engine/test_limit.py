"""How many sessions a user may have at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.sessions.backends.base import SessionBase
from django.test import override_settings

from jenk import lifecycle
from jenk.backends.db import SessionStore
from jenk.exceptions import SessionLimitReached
from jenk.models import Session, SessionEvent
from tests.browsers import Browser

pytestmark = pytest.mark.django_db(transaction=True)

JSON = {"Accept": "application/json"}


@pytest.fixture(params=["sync", "async"])
def either(request: Any) -> Browser:
    return Browser(asynchronous=request.param == "async", views=request.param)


def signed_in(first: Browser, count: int) -> list[Browser]:
    found = [first, *(first.another() for _ in range(count - 1))]
    for browser in found:
        browser.sign_in("alice")
    return found


def who(browser: Browser) -> str:
    user: str = browser.get("open/").json()["user"]
    return user


@pytest.mark.parametrize("most", [2, lambda user: 2 if user.username == "alice" else None])
def test_the_one_used_longest_ago_is_ended(
    either: Browser, alice: Any, settings: Any, told: Any, most: Any
) -> None:
    settings.JENK_MAX_SESSIONS = most
    first, second, third = signed_in(either, 3)

    assert [who(browser) for browser in (first, second, third)] == ["", "alice", "alice"]
    assert first.get("ajax/").json()["reason"] == "limit"
    assert [one[3] for one in told if one[0] == "ended"] == ["limit"]
    assert SessionEvent.objects.get(kind="ended").reason == "limit"


def test_a_lowered_limit_makes_room_at_the_next_sign_in(either: Browser, alice: Any) -> None:
    browsers = signed_in(either, 4)
    with override_settings(JENK_MAX_SESSIONS=2):
        last = either.another()
        last.sign_in("alice")

    assert [who(browser) for browser in (*browsers, last)] == ["", "", "", "alice", "alice"]


def test_signing_in_again_takes_no_further_place(either: Browser, alice: Any) -> None:
    with override_settings(JENK_MAX_SESSIONS=2, JENK_LIMIT_ACTION="refuse"):
        first, second = signed_in(either, 2)
        assert second.sign_in("alice").status_code == 302

    assert (who(first), who(second)) == ("alice", "alice")


def test_one_that_is_over_takes_no_place(either: Browser, alice: Any) -> None:
    with override_settings(JENK_MAX_SESSIONS=1, JENK_LIMIT_ACTION="refuse"):
        either.sign_in("alice")
        alice.set_password("pw")
        alice.save()
        another = either.another()
        assert another.sign_in("alice").status_code == 302

    assert who(another) == "alice"


@override_settings(JENK_MAX_SESSIONS=1, JENK_LIMIT_ACTION="refuse")
def test_a_sign_in_without_room_is_refused(either: Browser, alice: Any) -> None:
    either.sign_in("alice")
    other = either.another()
    other.get("write/?cart=3")

    response = other.sign_in("alice")

    assert response.status_code == 403
    assert who(other) == ""
    assert who(either) == "alice"
    assert Session.objects.filter(user=alice).count() == 1


@override_settings(JENK_MAX_SESSIONS=1, JENK_LIMIT_ACTION="refuse")
def test_a_script_learns_that_there_is_no_room(either: Browser, alice: Any) -> None:
    either.sign_in("alice")
    response = either.another().post(
        "/login", {"username": "alice", "password": "pw"}, headers=JSON
    )

    assert response.status_code == 403
    assert response.json() == {
        "code": "limit_reached",
        "detail": "You are signed in on as many devices as you may be.",
    }


@override_settings(JENK_MAX_SESSIONS=1)
def test_a_session_made_by_hand_counts(alice: Any) -> None:
    """As recipes for Selenium make one."""
    keys = []
    for _ in range(2):
        session: SessionBase = SessionStore()
        session["_auth_user_id"] = str(alice.pk)
        session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
        session["_auth_user_hash"] = alice.get_session_auth_hash()
        session.save()
        keys.append(session.session_key)

    assert [row.handle for row in lifecycle.sessions_of(alice)] == [keys[1][:25]]


@override_settings(JENK_MAX_SESSIONS=1, JENK_LIMIT_ACTION="refuse")
def test_the_refusal_is_an_exception_that_code_can_catch(alice: Any) -> None:
    lifecycle_browser = Browser(asynchronous=False, views="sync")
    lifecycle_browser.client.force_login(alice)
    with pytest.raises(SessionLimitReached):
        Browser(asynchronous=False, views="sync").client.force_login(alice)
