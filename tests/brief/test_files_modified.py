"""The brief, "Files Modified" 1 to 4."""

from __future__ import annotations

import json
from datetime import timedelta
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session

import jenk.decorators
import jenk.middleware
import website.views
from jenk.decorators import get_session_user, session_required, session_required_ajax
from tests.brief import brief
from tests.brief.brief import A_SECOND, NOON
from tests.sites.processes import Project

pytestmark = pytest.mark.django_db


def row(key: str) -> dict[str, Any]:
    """Return what the database holds of a session."""
    return Session.objects.get(pk=key).get_decoded()


def keys_of(response: Any) -> dict[str, Any]:
    return response.json()["keys"]


# --- 1. Settings --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site_settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The settings of the example site, in an environment that says nothing of sessions."""
    folder = tmp_path_factory.mktemp("settings")
    return settings_of_the_site(f"sqlite:///{folder}/site.sqlite3")


def settings_of_the_site(database_url: str, **environ: str) -> dict[str, Any]:
    names = [*brief.SETTINGS, "MIDDLEWARE"]
    answer = f"answer = {{name: getattr(settings, name) for name in {names}}}"
    project = Project("website.settings", database_url, environ)
    return project.ask(f"from django.conf import settings\n{answer}")


@pytest.mark.parametrize(
    ("name", "value"), [one for one in brief.SETTINGS.items() if one[0] != "SESSION_ENGINE"]
)
def test_the_example_site_has_the_setting_with_the_value_of_the_brief(
    name: str, value: Any, site_settings: dict[str, Any]
):
    assert site_settings[name] == value


def test_the_example_site_has_jenks_engine_and_takes_the_one_of_the_brief(
    site_settings: dict[str, Any], tmp_path: Path
):
    assert site_settings["SESSION_ENGINE"] == "jenk.backends.db"
    engine = brief.SETTINGS["SESSION_ENGINE"]
    found = settings_of_the_site(f"sqlite:///{tmp_path}/site.sqlite3", SESSION_ENGINE=engine)
    assert found["SESSION_ENGINE"] == engine


def test_custom_middleware_is_added_to_the_middleware_list(site_settings: dict[str, Any]):
    lines = site_settings["MIDDLEWARE"]
    ours = [line for line in lines if line.startswith("jenk.")]
    assert ours == [
        "jenk.middleware.SessionMiddleware",
        "jenk.middleware.SessionManagementMiddleware",
        "jenk.middleware.SessionExpiryMiddleware",
    ]
    authentication = lines.index("django.contrib.auth.middleware.AuthenticationMiddleware")
    assert lines.index(ours[0]) < authentication < lines.index(ours[1])
    assert "django.contrib.sessions.middleware.SessionMiddleware" not in lines


def test_the_checks_of_django_accept_either_middleware_list(order: str, settings: Any):
    from django.core.checks import run_checks  # noqa: PLC0415 - the checks of this MIDDLEWARE

    assert [str(problem) for problem in run_checks()] == []


# --- 2. Views -----------------------------------------------------------------------------


def test_login_now_creates_a_comprehensive_session_with_user_data(
    visitor: Any, carol: Any, settings: Any, clock: Any
):
    """(id, email, name, role, status, timestamps)"""
    settings.ROOT_URLCONF = "website.urls"
    assert visitor.sign_in("carol").status_code == 302
    stored = row(visitor.key)
    assert {key: stored[key] for key in brief.KEYS} == brief.carol(carol.pk)
    assert stored[SESSION_KEY] == str(carol.pk)


def test_login_with_a_wrong_password_creates_no_session_of_a_user(visitor: Any, alice: Any):
    assert visitor.sign_in("alice", "wrong").status_code == 200
    assert keys_of(visitor.get("plain/")) == {}
    assert row(visitor.key).keys().isdisjoint([*brief.KEYS, SESSION_KEY])


def test_logout_properly_flushes_the_entire_session_instead_of_just_deleting_one_key(
    visitor: Any, alice: Any, settings: Any
):
    visitor.sign_in("alice")
    visitor.get("write/", {"cart": "apples", "theme": "dark"})
    key = visitor.key
    assert {"cart", "theme"} < row(key).keys()
    settings.ROOT_URLCONF = "website.urls"
    response = visitor.sign_out()
    assert response.status_code == 200
    assert "You have signed out" in response.text
    assert not Session.objects.filter(pk=key).exists()
    assert response.cookies["sessionid"].value == ""
    assert response.cookies["sessionid"]["max-age"] == 0
    assert visitor.key is None


def test_after_logout_nothing_of_the_session_is_left_for_the_next_visit(visitor: Any, alice: Any):
    visitor.sign_in("alice")
    visitor.get("write/", {"cart": "apples"})
    key = visitor.key
    visitor.sign_out()
    visitor.set_cookie("sessionid", key)  # a copy of the cookie, kept by somebody else
    response = visitor.get("plain/")
    assert response.json() == {"user": "", "session_user": None, "keys": {}}
    assert visitor.key != key


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_timezone_handling_writes_proper_timestamps_wherever_the_site_is(
    wsgi: Any, alice: Any, zone: str, settings: Any, clock: Any
):
    settings.TIME_ZONE = zone
    wsgi.sign_in("alice")
    assert row(wsgi.key)["login_time"] == "2026-01-25T12:00:00.000000+00:00"


def test_timestamps_are_in_utc_where_the_site_uses_no_time_zones(
    wsgi: Any, alice: Any, settings: Any, clock: Any
):
    settings.USE_TZ = False
    wsgi.sign_in("alice")
    assert row(wsgi.key)["login_time"] == "2026-01-25T12:00:00.000000+00:00"


def test_login_and_logout_are_views_of_the_example_site():
    assert callable(website.views.login)
    assert callable(website.views.logout)


# --- 3. Middleware ------------------------------------------------------------------------


def test_the_middleware_are_in_jenk_middleware():
    assert Path(jenk.middleware.__file__).parts[-2:] == ("jenk", "middleware.py")
    assert callable(jenk.middleware.SessionManagementMiddleware)
    assert callable(jenk.middleware.SessionExpiryMiddleware)


@pytest.mark.parametrize("view", ["plain/", "open/", "untouched/"])
def test_session_management_creates_a_session_if_it_does_not_exist(
    visitor: Any, db: Any, view: str
):
    assert Session.objects.count() == 0
    visitor.get(view)
    assert [session.pk for session in Session.objects.all()] == [visitor.key]


def test_session_management_keeps_the_session_that_exists(visitor: Any, db: Any):
    visitor.get("plain/")
    key = visitor.key
    visitor.get("plain/")
    assert visitor.key == key
    assert Session.objects.count() == 1


def test_session_management_updates_last_activity_time_on_each_request(
    visitor: Any, alice: Any, clock: Any
):
    visitor.sign_in("alice")
    for second in range(1, 4):
        clock.shift(A_SECOND)
        seen = keys_of(visitor.get("plain/"))
        now = brief.written(NOON + second * A_SECOND)
        assert seen["last_activity"] == now
        assert row(visitor.key)["last_activity"] == now
        assert seen["login_time"] == row(visitor.key)["login_time"] == brief.written(NOON)


def test_session_management_makes_user_info_available_throughout_the_app(visitor: Any, alice: Any):
    """In any view, protected or not, in templates, and as `request.session_user`."""
    visitor.sign_in("alice")
    for view in ("plain/", "open/", "private/", "ajax/"):
        answer = visitor.get(view).json()
        assert answer["session_user"] == answer["keys"]
        assert answer["keys"]["user"] == "alice"
    response = visitor.get("page/")
    assert "Welcome, Alice Example!" in response.text
    assert response.context["request"].session_user["user"] == "alice"


def test_session_expiry_handles_session_expiry_management(visitor: Any, alice: Any, settings: Any):
    visitor.sign_in("alice")
    key = visitor.key
    settings.SESSION_COOKIE_AGE = 3600
    visitor.age(3600)
    response = visitor.get("plain/")
    assert (response.status_code, response["Location"]) == (
        302,
        f"/login?next=/{visitor.views}/plain/",
    )
    assert not Session.objects.filter(pk=key).exists()
    assert visitor.key is None


def test_without_session_expiry_no_limit_is_enforced_by_it(wsgi: Any, alice: Any, settings: Any):
    """Which shows that the test above tests that middleware."""
    settings.MIDDLEWARE = [line for line in settings.MIDDLEWARE if "Expiry" not in line]
    wsgi.sign_in("alice")
    settings.SESSION_COOKIE_AGE = 3600
    wsgi.age(3600)
    assert wsgi.get("plain/").status_code == 200


# --- 4. Decorators ------------------------------------------------------------------------


def test_the_decorators_are_in_jenk_decorators():
    assert Path(jenk.decorators.__file__).parts[-2:] == ("jenk", "decorators.py")
    assert callable(session_required)
    assert callable(session_required_ajax)
    assert callable(get_session_user)
    assert not iscoroutinefunction(get_session_user)


def test_session_required_protects_views_requiring_authentication(visitor: Any, alice: Any):
    response = visitor.get("private/?page=2")
    target = f"/login?next=/{visitor.views}/private/%3Fpage%3D2"
    assert (response.status_code, response["Location"]) == (302, target)
    visitor.sign_in("alice")
    response = visitor.get("private/?page=2")
    assert response.status_code == 200
    assert response.json()["user"] == "alice"


def test_session_required_ajax_protects_ajax_endpoints(visitor: Any, alice: Any):
    response = visitor.get("ajax/")
    assert response.status_code == 401
    assert response["Content-Type"] == "application/json"
    assert json.loads(response.content) == {
        "code": "session_required",
        "reason": None,
        "detail": "Sign in to go on.",
        "login_url": "/login",
    }
    visitor.sign_in("alice")
    response = visitor.get("ajax/")
    assert response.status_code == 200
    assert response.json()["user"] == "alice"


def test_get_session_user_retrieves_complete_session_user_data(
    visitor: Any, carol: Any, clock: Any
):
    assert visitor.get("plain/").json()["session_user"] is None
    visitor.sign_in("carol")
    clock.shift(timedelta(minutes=5))
    assert visitor.get("plain/").json()["session_user"] == brief.carol(
        carol.pk, last_activity=NOON + timedelta(minutes=5)
    )
    visitor.sign_out()
    assert visitor.get("plain/").json()["session_user"] is None
