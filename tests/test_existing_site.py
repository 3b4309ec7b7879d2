"""jenk is added to a site that has been running without it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.test import override_settings
from django.utils import timezone

from jenk import receivers
from tests.brief import brief
from tests.sites.people import Person
from tests.sites.processes import Project, new_database
from tools.server import Site

NOON = datetime(2026, 1, 25, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RECEIVERS = [
    (user_logged_in, receivers.on_signed_in, "jenk.signed_in"),
    (user_logged_out, receivers.on_signed_out, "jenk.signed_out"),
]


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as moved:
        yield moved


@pytest.fixture(params=brief.ORDERS, ids=lambda order: order.replace(" ", "-"))
def installed(request: pytest.FixtureRequest, settings: Any) -> None:
    """jenk as it is once it has been added, in either way."""
    settings.MIDDLEWARE = brief.ORDERS[request.param]


@pytest.fixture
def before(installed: None, browser: Any, db: Any) -> Iterator[Any]:
    """A browser of the site while it knows nothing of jenk; `add_jenk()` gives the one after."""
    for signal, receiver, uid in RECEIVERS:
        assert signal.disconnect(receiver, dispatch_uid=uid)
    with override_settings(MIDDLEWARE=brief.WITHOUT_JENK):
        browser.get("/login")  # builds the handler, with the middleware of now
    yield browser
    connect()


def connect() -> None:
    for signal, receiver, uid in RECEIVERS:
        signal.connect(receiver, dispatch_uid=uid)


def add_jenk(browser: Any) -> Any:
    """Return the same browser, for whom the site has been restarted with jenk."""
    connect()
    after = browser.another()
    after.client.cookies = browser.client.cookies
    after.deadlines = browser.deadlines
    return after


def stored(browser: Any) -> dict[str, Any]:
    """Return what the engine holds of the browser's session."""
    store = import_module(django_settings.SESSION_ENGINE).SessionStore(browser.key)
    return dict(store.items())


def test_a_site_without_jenk_has_sessions_without_the_eight_keys(before: Any, alice: Any):
    """Which shows that the tests below begin where they say."""
    before.sign_in("alice")
    assert sorted(stored(before)) == ["_auth_user_backend", "_auth_user_hash", "_auth_user_id"]
    assert before.marker is None


def test_nobody_is_signed_out(before: Any, alice: Any, clock: Any):
    before.sign_in("alice")
    key = before.key
    clock.shift(DAY)
    after = add_jenk(before)
    assert after.get("private/").json()["user"] == "alice"
    assert after.key == key


def test_the_eight_keys_are_filled_at_the_next_request(before: Any, carol: Any, clock: Any):
    before.sign_in("carol")
    clock.shift(DAY)
    after = add_jenk(before)
    expected = brief.carol(carol.pk, login_time=NOON + DAY, last_activity=NOON + DAY)
    assert after.get("plain/").json() == {
        "user": "carol",
        "session_user": expected,
        "keys": expected,
    }
    data = stored(after)
    assert {key: data[key] for key in brief.KEYS} == expected


def test_login_time_is_now_and_then_stays(before: Any, alice: Any, clock: Any):
    before.sign_in("alice")
    clock.shift(DAY)
    after = add_jenk(before)
    after.get("plain/")
    clock.shift(DAY)
    keys = after.get("plain/").json()["keys"]
    assert keys["login_time"] == brief.written(NOON + DAY)
    assert keys["last_activity"] == brief.written(NOON + 2 * DAY)


def test_the_limits_count_from_the_first_request_with_jenk(
    before: Any, alice: Any, settings: Any, clock: Any
):
    settings.JENK_ABSOLUTE_TIMEOUT = 2 * DAY
    before.sign_in("alice")
    clock.shift(3 * DAY)
    after = add_jenk(before)
    assert after.get("private/").status_code == 200
    clock.shift(2 * DAY - timedelta(seconds=1))
    assert after.get("private/").status_code == 200
    clock.shift(timedelta(seconds=1))
    assert after.get("private/").status_code == 302


def test_the_marker_comes_with_the_first_response(before: Any, alice: Any):
    before.sign_in("alice")
    after = add_jenk(before)
    after.get("plain/")
    assert after.marker == "1"


def test_what_the_session_held_of_the_projects_is_kept(before: Any, alice: Any):
    before.get("write/", {"cart": "apples", "theme": "dark"})
    before.sign_in("alice")
    after = add_jenk(before)
    data = after.get("plain/").json()["keys"]
    assert (data["cart"], data["theme"], data["user"]) == ("apples", "dark", "alice")
    assert stored(after)["cart"] == "apples"


def test_what_an_anonymous_session_held_is_kept(before: Any, clock: Any):
    before.get("write/", {"cart": "apples"})
    key = before.key
    clock.shift(DAY)
    after = add_jenk(before)
    answer = after.get("plain/").json()
    assert answer == {"user": "", "session_user": None, "keys": {"cart": "apples"}}
    assert after.key == key
    clock.shift(DAY)
    assert after.get("plain/").json() == answer


def test_what_an_anonymous_session_held_is_kept_over_signing_in(before: Any, alice: Any):
    before.get("write/", {"cart": "apples"})
    after = add_jenk(before)
    after.sign_in("alice")
    keys = after.get("plain/").json()["keys"]
    assert (keys["cart"], keys["user"]) == ("apples", "alice")


def test_a_session_that_had_expired_before_jenk_came_says_nothing(
    before: Any, alice: Any, clock: Any
):
    before.sign_in("alice")
    clock.shift(timedelta(days=14))
    after = add_jenk(before)
    assert after.get("plain/").status_code == 200
    assert after.get("plain/").json()["user"] == ""


def test_a_session_with_an_expiry_of_its_own_keeps_it(before: Any, alice: Any, clock: Any):
    before.sign_in("alice")
    store = import_module(django_settings.SESSION_ENGINE).SessionStore(before.key)
    store.set_expiry(3600)
    store.save()
    after = add_jenk(before)
    assert after.get("private/").status_code == 200
    clock.shift(3599)
    assert after.get("private/").status_code == 200
    clock.shift(3600)
    assert after.get("private/").status_code == 302


# --- A project with a session["user"] of its own -----------------------------------------------


def test_a_key_that_the_project_wrote_without_login_is_left_alone(before: Any, alice: Any):
    before.get("write/", {"user": "alice", "user_id": "1", "user_role": "3"})
    after = add_jenk(before)
    kept = {"user": "alice", "user_id": "1", "user_role": "3"}
    for _ in range(2):
        assert after.get("plain/").json() == {"user": "", "session_user": None, "keys": kept}
    data = stored(after)
    assert {key: data[key] for key in kept} == kept


@pytest.mark.parametrize(
    ("view", "status"),
    [("private/", 302), ("protected/", 302), ("managers/", 302), ("ajax/", 401)],
)
def test_a_key_that_the_project_wrote_without_login_grants_nothing(
    browser: Any, alice: Any, view: str, status: int
):
    fields = {"user": "alice", "user_id": str(alice.pk), "user_role": "3", "login_time": "now"}
    browser.get("write/", fields | {"last_activity": "now"})
    assert browser.get(view).status_code == status
    assert browser.get("plain/").json()["session_user"] is None


def test_a_sign_out_takes_such_keys_along_like_everything_else(browser: Any, alice: Any):
    browser.get("write/", {"user": "somebody", "cart": "apples"})
    browser.sign_in("alice")
    assert browser.get("plain/").json()["keys"]["user"] == "alice"
    browser.sign_out()
    assert browser.get("plain/").json()["keys"] == {}


# --- With real servers ----------------------------------------------------------------------


def test_a_running_site_is_restarted_with_jenk(django_db_blocker: Any, tmp_path: Any):
    """Signed in before, still signed in after, nothing lost, and sign-in goes on as it did."""
    marker = tmp_path / "site"
    marker.touch()  # `Site` keeps its log beside it
    with django_db_blocker.unblock(), new_database(tmp_path) as url:
        project = Project("tests.sites.before", url)
        project.manage("migrate", "--verbosity=0")
        project.manage("seed_users", "--force")
        environ = {"DATABASE_URL": url}
        person, visitor = Person(), Person()
        with Site(marker, environ, settings="tests.sites.before") as site:
            assert person.sign_in(f"{site.url}/login", "carol").status == 302
            person.get(f"{site.url}/basket?item=apples")
            visitor.get(f"{site.url}/basket?item=pears")
            before = json.loads(person.get(f"{site.url}/private").text)
            assert before == {"user": "carol", "session": {"basket": ["apples"]}}
            key = person.cookie("sessionid")
        restarted = timezone.now()
        with Site(marker, environ, settings="tests.sites.after") as site:
            after = json.loads(person.get(f"{site.url}/private").text)
            anonymous = json.loads(visitor.get(f"{site.url}/basket").text)
            assert person.cookie("sessionid_seen") == "1"
        assert person.cookie("sessionid") == key
    assert anonymous == {"user": "", "session": {"basket": ["pears"]}}
    assert after["user"] == "carol"
    session = after["session"]
    assert session.keys() == {"basket", *brief.KEYS}
    assert (session["basket"], session["user_name"]) == (["apples"], "Carol Lindqvist")
    assert restarted <= datetime.fromisoformat(session["login_time"]) <= timezone.now()
