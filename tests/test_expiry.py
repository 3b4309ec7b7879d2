"""A session past its limits, and how its user is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import SESSION_KEY
from django.contrib.messages import get_messages
from django.test import override_settings

from tests.browsers import Browser
from tests.engines import Session

pytestmark = pytest.mark.django_db

DAYS_14 = timedelta(days=14)
SECOND = timedelta(seconds=1)
START = "2026-03-20T12:00:00Z"


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(START, tick=False) as clock:
        yield clock


def reason_of(browser: Browser) -> str | None:
    """Return what the next page to sign in on says."""
    response = browser.get("/login")
    html = response.content.decode()
    return html.partition('data-reason="')[2].partition('"')[0] or None


@pytest.mark.parametrize(("after", "status"), [(DAYS_14 - SECOND, 200), (DAYS_14, 302)])
def test_idle_limit_both_sides(
    browser: Browser, alice: Any, clock: Any, after: timedelta, status: int
) -> None:
    browser.sign_in("alice")
    clock.shift(after)

    assert browser.get("private/").status_code == status


@pytest.mark.parametrize(("after", "status"), [(timedelta(0), 302), (-SECOND, 200)])
@override_settings(JENK_ABSOLUTE_TIMEOUT=timedelta(days=30))
def test_absolute_limit_ends_an_active_session(
    browser: Browser, alice: Any, clock: Any, after: timedelta, status: int
) -> None:
    browser.sign_in("alice")
    for _ in range(3):
        clock.shift(timedelta(days=9))
        assert browser.get("private/").status_code == 200
    clock.shift(timedelta(days=3) + after)

    assert browser.get("private/").status_code == status
    assert reason_of(browser) == ("absolute" if status == 302 else None)


def test_an_expired_session_is_gone_for_good(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    key = browser.key
    browser.expire()
    browser.get("private/")

    assert not Session.objects.filter(pk=key).exists()
    browser.set_cookie("sessionid", str(key))
    assert browser.get("private/").status_code == 302


def test_the_next_request_goes_to_sign_in_and_back(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    browser.expire()
    response = browser.get("plain/?page=2&q=a%20b")

    assert response.status_code == 302
    assert response.headers["Location"] == (
        f"/login?next=/{browser.views}/plain/%3Fpage%3D2%26q%3Da%2520b"
    )


def test_a_post_is_not_repeated_after_sign_in(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    browser.expire()

    assert browser.post("plain/").headers["Location"] == "/login"


@pytest.mark.parametrize("reason", ["idle", "expired", "password_changed"])
def test_the_reason_is_shown_once(browser: Browser, alice: Any, reason: str) -> None:
    browser.sign_in("alice")
    browser.expire(reason)
    browser.get("private/")

    assert reason_of(browser) == reason
    assert reason_of(browser) is None
    assert browser.marker in {None, ""}


def test_the_reason_is_shown_when_the_page_to_sign_in_comes_first(
    browser: Browser, alice: Any
) -> None:
    browser.sign_in("alice")
    browser.expire()

    assert reason_of(browser) == "idle"
    assert reason_of(browser) is None
    assert browser.get("plain/").status_code == 200


def test_after_the_refusal_the_visitor_is_a_visitor(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    browser.expire()

    assert browser.get("plain/").status_code == 302
    assert browser.get("plain/").status_code == 200
    assert browser.get("private/").status_code == 302


def test_public_pages_answer_as_to_a_visitor_and_leave_the_reason(
    browser: Browser, alice: Any
) -> None:
    browser.sign_in("alice")
    browser.expire()
    response = browser.get("open/")

    assert response.status_code == 200
    assert response.json() == {"user": "", "session_user": None, "keys": {}}
    assert response.cookies["sessionid"]["max-age"] == 0
    assert browser.get("open/").status_code == 200
    assert browser.get("plain/").status_code == 302
    assert reason_of(browser) == "idle"


def test_scripts_get_the_reason_and_leave_it(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    browser.expire()

    for _ in range(2):
        response = browser.get("plain/", headers={"Accept": "application/json"})
        assert response.status_code == 401
        assert response.json() == {
            "code": "session_ended",
            "reason": "idle",
            "detail": "You were signed out because you had not used the site for a while.",
            "login_url": "/login",
        }
    assert browser.get("plain/").status_code == 302


def test_when_the_browser_has_forgotten_the_cookie_the_marker_remembers(
    browser: Browser, alice: Any, clock: Any
) -> None:
    browser.sign_in("alice")
    clock.shift(DAYS_14 + timedelta(hours=12))

    assert browser.key is None
    assert browser.marker == "1"
    assert browser.get("plain/").status_code == 302
    assert reason_of(browser) == "expired"


def test_when_the_browser_has_forgotten_both_it_is_a_visitor(
    browser: Browser, alice: Any, clock: Any
) -> None:
    browser.sign_in("alice")
    clock.shift(timedelta(days=15))

    assert browser.marker is None
    assert browser.get("plain/").status_code == 200


def test_the_reason_is_forgotten_after_five_minutes(
    browser: Browser, alice: Any, clock: Any
) -> None:
    browser.sign_in("alice")
    browser.expire()
    browser.get("private/")
    clock.shift(timedelta(minutes=5))

    assert reason_of(browser) is None


@override_settings(JENK_EXPIRED_REDIRECT="protected")
def test_protected_only_asks_views_that_ask(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    browser.expire()

    assert browser.get("plain/").status_code == 200
    assert browser.get("private/").status_code == 302
    assert reason_of(browser) == "idle"


@override_settings(SESSION_EXPIRE_AT_BROWSER_CLOSE=True)
def test_cookies_of_a_browser_session_have_no_age(browser: Browser, alice: Any) -> None:
    response = browser.sign_in("alice")

    assert response.cookies["sessionid"]["max-age"] == ""
    assert response.cookies["sessionid_seen"]["max-age"] == ""


def test_the_marker_outlives_the_session_cookie_by_a_day(browser: Browser, alice: Any) -> None:
    response = browser.sign_in("alice")

    assert response.cookies["sessionid"]["max-age"] == 14 * 86400
    assert response.cookies["sessionid_seen"]["max-age"] == 15 * 86400
    assert response.cookies["sessionid_seen"]["httponly"] is True
    assert response.cookies["sessionid_seen"]["samesite"] == "Lax"


def test_the_marker_goes_at_sign_out(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    response = browser.sign_out()

    assert response.cookies["sessionid_seen"]["max-age"] == 0
    assert browser.get("plain/").status_code == 200
    assert reason_of(browser) is None


def test_the_marker_goes_when_code_empties_the_session(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    response = browser.get("flush/")

    assert response.cookies["sessionid_seen"]["max-age"] == 0
    assert browser.get("plain/").status_code == 200


def test_a_signed_in_response_without_the_marker_sets_it(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    del browser.client.cookies["sessionid_seen"]

    assert browser.get("plain/").cookies["sessionid_seen"].value == "1"


def test_a_forged_marker_asks_to_sign_in_and_no_more(browser: Browser, alice: Any) -> None:
    browser.set_cookie("sessionid_seen", "1")

    assert browser.get("plain/").status_code == 302
    assert reason_of(browser) == "expired"
    assert browser.get("plain/").status_code == 200


def test_a_senseless_marker_is_deleted(browser: Browser) -> None:
    browser.set_cookie("sessionid_seen", "nonsense")
    response = browser.get("plain/")

    assert response.status_code == 200
    assert response.cookies["sessionid_seen"]["max-age"] == 0


def test_an_expired_visitor_is_replaced_in_silence(browser: Browser, clock: Any) -> None:
    browser.get("write/?cart=3")
    key = browser.key
    clock.shift(DAYS_14)
    browser.set_cookie("sessionid", str(key))
    response = browser.get("plain/")

    assert response.status_code == 200
    assert response.json()["keys"] == {}
    assert browser.key not in {None, key}
    assert browser.marker is None


@pytest.mark.parametrize("purpose", [{"Sec-Purpose": "prefetch"}, {"Sec-Fetch-Mode": "no-cors"}])
def test_what_no_person_sees_leaves_the_reason_untold(
    browser: Browser, alice: Any, purpose: dict[str, str]
) -> None:
    browser.sign_in("alice")
    browser.expire()

    assert browser.get("plain/", headers=purpose).status_code == 302
    assert browser.get("plain/").status_code == 302


def test_a_request_with_credentials_of_its_own_is_let_through_as_nobody(
    browser: Browser, alice: Any
) -> None:
    browser.sign_in("alice")
    browser.expire()
    token = {"Authorization": "Bearer abc"}

    assert browser.get("plain/", headers=token).json()["user"] == ""
    assert browser.get("private/", headers=token).status_code == 302


@override_settings(JENK_REASON_MESSAGE=True)
def test_the_reason_can_be_a_message(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    browser.expire()
    browser.get("private/")
    response = browser.get("/login")

    request = response.asgi_request if browser.asynchronous else response.wsgi_request
    assert [str(message) for message in get_messages(request)] == [
        "You were signed out because you had not used the site for a while."
    ]
    assert 'data-reason="' not in response.content.decode()
    assert browser.marker in {None, ""}


def test_under_admin_its_own_login_is_shown(browser: Browser, alice: Any) -> None:
    alice.is_staff = alice.is_superuser = True
    alice.save()
    browser.sign_in("alice")
    browser.expire()
    response = browser.get("/admin/website/user/")

    assert response.headers["Location"] == "/admin/login/?next=/admin/website/user/"


@override_settings(JENK_REASON_MESSAGE=True)
def test_admins_login_shows_the_reason(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    browser.expire()
    response = browser.get(browser.get("/admin/").headers["Location"])

    assert "you had not used the site for a while" in response.content.decode()
    again = browser.get("/admin/login/")
    assert "you had not used the site for a while" not in again.content.decode()


@pytest.mark.parametrize(
    ("seconds", "after", "status"), [(60, 59, 200), (60, 60, 302), (30 * 86400, 20 * 86400, 200)]
)
def test_set_expiry_replaces_the_idle_limit(
    browser: Browser, alice: Any, clock: Any, seconds: int, after: int, status: int, settings: Any
) -> None:
    settings.JENK_ACTIVITY_INTERVAL = 0  # so that the browser learns of it at once
    browser.sign_in("alice")
    session = browser.client.session
    session.set_expiry(seconds)
    session.save()
    browser.get("plain/")
    clock.shift(timedelta(seconds=after))

    assert browser.get("private/").status_code == status


def test_set_expiry_to_an_instant_is_a_fixed_end(browser: Browser, alice: Any, clock: Any) -> None:
    browser.sign_in("alice")
    session = browser.client.session
    session.set_expiry(timedelta(hours=2))
    session.save()
    clock.shift(timedelta(hours=1, minutes=59, seconds=59))
    assert browser.get("private/").status_code == 200
    clock.shift(SECOND)

    assert browser.get("private/").status_code == 302


@pytest.mark.parametrize("value", [0, None])
def test_set_expiry_zero_concerns_the_cookie_alone(
    browser: Browser, alice: Any, clock: Any, value: int | None
) -> None:
    browser.sign_in("alice")
    session = browser.client.session
    session.set_expiry(value)
    session.save()
    clock.shift(timedelta(days=13))
    assert browser.get("private/").status_code == 200
    clock.shift(DAYS_14)
    assert browser.get("private/").status_code == 302


@override_settings(JENK_PRESET="pci")
def test_a_preset_caps_the_limit_and_the_cookie(browser: Browser, alice: Any, clock: Any) -> None:
    response = browser.sign_in("alice")
    assert response.cookies["sessionid"]["max-age"] == 900
    assert response.cookies["sessionid_seen"]["max-age"] == 900 + 86400
    key = browser.key
    clock.shift(timedelta(minutes=15))
    browser.set_cookie("sessionid", str(key))

    assert browser.get("private/").status_code == 302
    assert reason_of(browser) == "idle"


def test_a_lowered_limit_applies_at_once(browser: Browser, alice: Any, clock: Any) -> None:
    browser.sign_in("alice")
    clock.shift(timedelta(hours=1))

    with override_settings(SESSION_COOKIE_AGE=3600):
        assert browser.get("private/").status_code == 302
    assert browser.get("private/").status_code == 302


def test_a_clock_that_went_back_revives_nothing(browser: Browser, alice: Any, clock: Any) -> None:
    browser.sign_in("alice")
    key = str(browser.key)
    clock.shift(DAYS_14 - SECOND)
    with override_settings(SESSION_COOKIE_AGE=3600):
        browser.get("plain/")
    clock.shift(-DAYS_14)
    browser.set_cookie("sessionid", key)

    assert browser.get("private/").status_code == 302


@override_settings(SESSION_ENGINE="django.contrib.sessions.backends.db")
@pytest.mark.parametrize(
    "change",
    [{"authenticated_at": "soon"}, {"last_activity": 5}, {"last_activity": "2999-01-01T00:00Z"}],
)
def test_clocks_that_make_no_sense_give_no_error(
    alice: Any, change: dict[str, Any], browser: Browser
) -> None:
    browser.sign_in("alice")
    session = browser.client.session
    session["_jenk"] = session["_jenk"] | change
    session.save()

    assert browser.get("private/").status_code in {200, 302}
    assert SESSION_KEY in session


def test_streams_and_head_requests_are_refused_as_well(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    browser.expire()

    assert browser.request("head", "plain/").status_code == 302


# --- A reason that nobody has seen yet ------------------------------------------------------


@pytest.mark.parametrize("path", ["open/", "ajax/"])
def test_a_reason_waits_for_a_person(browser: Browser, alice: Any, clock: Any, path: str) -> None:
    """A tab that polls, or a public page, does not use it up in five minutes."""
    browser.sign_in("alice")
    browser.expire()
    for _ in range(12):
        browser.get(path, headers={"X-Requested-With": "XMLHttpRequest"})
        clock.shift(timedelta(hours=1))

    assert browser.get("plain/").status_code == 302
    assert reason_of(browser) == "idle"


def test_a_reason_waits_a_day_at_most(browser: Browser, alice: Any, clock: Any) -> None:
    browser.sign_in("alice")
    browser.expire()
    browser.get("open/")
    clock.shift(timedelta(days=1))

    assert browser.get("plain/").status_code == 200
    assert reason_of(browser) is None


def test_a_reason_that_was_told_is_kept_for_five_minutes(
    browser: Browser, alice: Any, clock: Any
) -> None:
    browser.sign_in("alice")
    browser.expire()
    browser.get("plain/")
    clock.shift(timedelta(minutes=5) - SECOND)
    assert browser.get("ajax/").json()["reason"] == "idle"
    clock.shift(SECOND)

    assert browser.get("ajax/").json()["reason"] is None


SCRIPT = {"Accept": "application/json"}


def test_a_script_that_was_told_can_sign_in(browser: Browser, alice: Any) -> None:
    """Where a project's own sign-in endpoint is, jenk cannot know."""
    browser.sign_in("alice")
    browser.expire()
    assert browser.post("plain/", headers=SCRIPT).json()["code"] == "session_ended"

    assert browser.post("plain/", headers=SCRIPT).status_code == 200
    assert browser.post("ajax/", headers=SCRIPT).json()["code"] == "session_ended"
    assert browser.get("plain/", headers=SCRIPT).json()["code"] == "session_ended"
    assert browser.post("plain/").status_code == 302


def test_asking_for_the_headers_alone_tells_nobody(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    browser.expire()
    assert browser.request("head", "plain/").status_code == 302

    assert browser.get("plain/").status_code == 302
    assert browser.get("plain/").status_code == 200


@pytest.mark.parametrize("path", ["/logout", "leave/"])
def test_who_signs_out_too_late_has_signed_out(browser: Browser, alice: Any, path: str) -> None:
    browser.sign_in("alice")
    browser.expire()
    assert browser.post(path).status_code == 200

    assert browser.marker in {None, ""}
    assert browser.key in {None, ""}
    assert browser.get("plain/").status_code == 200
    assert reason_of(browser) is None
