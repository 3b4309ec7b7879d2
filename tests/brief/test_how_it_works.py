"""The brief, "How It Works" 1 to 4."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone

from tests.brief import brief
from tests.brief.brief import A_SECOND, FOURTEEN_DAYS, NOON

pytestmark = pytest.mark.django_db

NOBODY = {"user": "", "session_user": None, "keys": {}}


def active() -> list[str]:
    """Return the keys of "all active sessions", asked for as the brief does."""
    found = Session.objects.filter(expire_date__gt=timezone.now())
    return [session.pk for session in found]


def row(key: str) -> dict[str, Any]:
    return Session.objects.get(pk=key).get_decoded()


# --- 1. User Logs In ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("username", "password"), [("alice", "wrong"), ("nobody", "pw"), ("", ""), ("alice", "")]
)
def test_credentials_are_validated(visitor: Any, alice: Any, username: str, password: str):
    response = visitor.sign_in(username, password)
    assert response.status_code == 200
    assert response.context["form"].errors
    assert visitor.get("plain/").json() == NOBODY


def test_an_inactive_user_does_not_log_in(visitor: Any, alice: Any):
    type(alice).objects.update(is_active=False)
    assert visitor.sign_in("alice").status_code == 200
    assert visitor.get("plain/").json() == NOBODY


def test_session_is_created_with_comprehensive_user_data(visitor: Any, alice: Any):
    visitor.sign_in("alice")
    assert visitor.get("plain/").json()["keys"].keys() == set(brief.KEYS)


def test_session_is_stored_in_the_database(visitor: Any, alice: Any):
    assert active() == []
    visitor.sign_in("alice")
    assert active() == [visitor.key]
    assert row(visitor.key)["user"] == "alice"


def test_session_is_persistent_for_a_server_that_knows_nothing_of_it_yet(visitor: Any, alice: Any):
    visitor.sign_in("alice")
    restarted = visitor.another()
    restarted.client.cookies = visitor.client.cookies
    assert restarted.get("private/").json()["user"] == "alice"


# --- 2. Session Middleware Processes Each Request -----------------------------------------


def test_middleware_creates_session_if_missing(visitor: Any, alice: Any):
    visitor.get("plain/")
    assert active() == [visitor.key]
    visitor.set_cookie("sessionid", "0" * 32)
    visitor.get("plain/")
    assert len(active()) == 2
    assert visitor.key in active()
    assert visitor.key != "0" * 32


def test_middleware_updates_last_activity_timestamp(visitor: Any, alice: Any, clock: Any):
    visitor.sign_in("alice")
    clock.shift(timedelta(minutes=7))
    now = brief.written(NOON + timedelta(minutes=7))
    assert visitor.get("open/").json()["keys"]["last_activity"] == now
    assert row(visitor.key)["last_activity"] == now


@pytest.mark.parametrize("view", ["plain/", "open/", "private/", "ajax/", "poll/", "protected/"])
def test_middleware_makes_session_available_to_all_views(visitor: Any, alice: Any, view: str):
    visitor.sign_in("alice")
    assert visitor.get(view).json()["keys"]["user"] == "alice"


# --- 3. Session Available Across App ------------------------------------------------------


def test_in_views_request_session_get_user(visitor: Any, alice: Any):
    assert "user" not in visitor.get("plain/").json()["keys"]
    visitor.sign_in("alice")
    response = visitor.get("plain/")
    assert response.json()["keys"]["user"] == "alice"


def test_in_templates_request_session_user(visitor: Any, alice: Any):
    assert '<a href="/login">Login</a>' in visitor.get("page/").text
    visitor.sign_in("alice")
    assert "Welcome, Alice Example!" in visitor.get("page/").text


def test_in_ajax_protected_by_session_required_ajax(visitor: Any, alice: Any):
    assert visitor.get("ajax/").status_code == 401
    visitor.sign_in("alice")
    assert visitor.get("ajax/").status_code == 200


def test_in_other_apps_same_session_object(visitor: Any, alice: Any):
    """The admin is an app that knows nothing of jenk."""
    type(alice).objects.update(is_staff=True, is_superuser=True)
    visitor.sign_in("alice")
    response = visitor.get("/admin/")
    assert response.status_code == 200
    session = response.context["request"].session
    assert session.session_key == visitor.key
    assert session["user"] == "alice"


# --- 4. Session Expires -------------------------------------------------------------------


def test_session_lives_until_fourteen_days_of_inactivity(visitor: Any, alice: Any, clock: Any):
    visitor.sign_in("alice")
    clock.shift(FOURTEEN_DAYS - A_SECOND)
    assert visitor.get("private/").json()["user"] == "alice"


def test_inactivity_counts_from_the_last_request(visitor: Any, alice: Any, clock: Any):
    visitor.sign_in("alice")
    for _ in range(2):
        clock.shift(FOURTEEN_DAYS - A_SECOND)
        assert visitor.get("private/").status_code == 200
    clock.shift(FOURTEEN_DAYS)
    assert visitor.get("private/").status_code == 302


@pytest.mark.parametrize("late", [timedelta(0), A_SECOND, timedelta(hours=23)])
@pytest.mark.parametrize("view", ["plain/", "private/"])
def test_after_fourteen_days_of_inactivity_user_is_redirected_to_login_on_next_request(
    visitor: Any, alice: Any, clock: Any, late: timedelta, view: str
):
    visitor.sign_in("alice")
    clock.shift(FOURTEEN_DAYS + late)
    assert visitor.key is None  # as a browser does it: the cookie has died as well
    response = visitor.get(view)
    assert response.status_code == 302
    assert response["Location"] == f"/login?next=/{visitor.views}/{view}"


def test_after_fourteen_days_the_login_page_says_why_and_leads_back(
    visitor: Any, alice: Any, clock: Any
):
    visitor.sign_in("alice")
    clock.shift(FOURTEEN_DAYS)
    target = visitor.get("private/?page=2")["Location"]
    assert "You were signed out because your session had expired." in visitor.get(target).text
    response = visitor.post(target, {"username": "alice", "password": "pw"})
    assert (response.status_code, response["Location"]) == (
        302,
        f"/{visitor.views}/private/?page=2",
    )
    assert visitor.get("private/").json()["user"] == "alice"


def test_after_fourteen_days_all_session_data_are_cleared(visitor: Any, alice: Any, clock: Any):
    visitor.sign_in("alice")
    visitor.get("write/", {"cart": "apples"})
    key = visitor.key
    clock.shift(FOURTEEN_DAYS)
    visitor.get("plain/")
    assert visitor.get("plain/").json() == NOBODY
    assert key not in active()
    clock.shift(A_SECOND)
    call_command("clearsessions")
    assert not Session.objects.filter(pk=key).exists()


def test_after_fourteen_days_a_browser_that_kept_its_cookie_is_treated_alike(
    visitor: Any, alice: Any, clock: Any
):
    visitor.sign_in("alice")
    visitor.get("write/", {"cart": "apples"})
    key = visitor.key
    clock.shift(FOURTEEN_DAYS)
    visitor.set_cookie("sessionid", key)
    visitor.set_cookie("sessionid_seen", "1")
    response = visitor.get("plain/")
    assert response["Location"] == f"/login?next=/{visitor.views}/plain/"
    assert response.cookies["sessionid"]["max-age"] == 0
    assert visitor.get("plain/").json() == NOBODY


def test_after_fourteen_days_the_row_of_a_session_that_is_asked_for_again_is_cleared(
    visitor: Any, alice: Any, clock: Any
):
    """All session data cleared."""
    visitor.sign_in("alice")
    key = visitor.key
    clock.shift(FOURTEEN_DAYS)
    visitor.set_cookie("sessionid", key)
    visitor.get("plain/")
    assert not Session.objects.filter(pk=key).exists()


def test_fourteen_days_are_configurable(visitor: Any, alice: Any, clock: Any, settings: Any):
    settings.SESSION_COOKIE_AGE = 1800
    visitor.sign_in("alice")
    clock.shift(1799)
    assert visitor.get("private/").status_code == 200
    clock.shift(1800)
    assert visitor.get("private/").status_code == 302


def test_a_visitor_who_was_never_signed_in_is_not_redirected(visitor: Any, db: Any, clock: Any):
    visitor.get("write/", {"cart": "apples"})
    clock.shift(FOURTEEN_DAYS)
    response = visitor.get("plain/")
    assert response.status_code == 200
    assert response.json() == NOBODY


def test_the_clock_of_the_stored_session_ends_when_the_brief_says(
    visitor: Any, alice: Any, clock: Any
):
    visitor.sign_in("alice")
    assert Session.objects.get(pk=visitor.key).expire_date == NOON + FOURTEEN_DAYS
    assert visitor.client.cookies["sessionid"]["max-age"] == 1209600
