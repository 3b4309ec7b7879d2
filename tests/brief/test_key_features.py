"""The brief, "Key Features"."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, LogoutView
from django.contrib.sessions.models import Session
from django.http import HttpResponse, JsonResponse
from django.urls import path

from tests.brief import brief

pytestmark = pytest.mark.django_db


def test_database_backed_sessions_are_rows_of_the_database(visitor: Any, alice: Any):
    visitor.sign_in("alice")
    Session.objects.all().delete()
    response = visitor.get("private/")
    assert response.status_code == 302  # nothing else in the process knew of the session


def test_fourteen_day_timeout_is_the_age_of_the_cookie(visitor: Any, alice: Any, settings: Any):
    assert visitor.sign_in("alice").cookies["sessionid"]["max-age"] == 14 * 24 * 60 * 60
    settings.SESSION_COOKIE_AGE = 3600
    assert visitor.get("plain/").cookies["sessionid"]["max-age"] == 3600


@pytest.mark.parametrize("name", ["sessionid", "sessionid_seen"])
def test_security_headers_are_on_each_cookie_of_the_session(visitor: Any, alice: Any, name: str):
    cookie = visitor.sign_in("alice").cookies[name]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert "HttpOnly" in cookie.OutputString()
    assert "SameSite=Lax" in cookie.OutputString()


@pytest.mark.parametrize("name", ["sessionid", "sessionid_seen"])
def test_security_headers_are_on_the_cookies_that_delete_the_session(
    visitor: Any, alice: Any, name: str
):
    visitor.sign_in("alice")
    cookie = visitor.sign_out().cookies[name]
    assert cookie["max-age"] == 0
    assert cookie["samesite"] == "Lax"


def test_activity_tracking_maintains_the_last_activity_timestamp(
    visitor: Any, alice: Any, clock: Any
):
    visitor.sign_in("alice")
    times = []
    for _ in range(3):
        clock.shift(90)
        times.append(visitor.get("plain/").json()["keys"]["last_activity"])
    assert [time[11:19] for time in times] == ["12:01:30", "12:03:00", "12:04:30"]


def test_multiple_decorators_protect_views_and_ajax_endpoints(visitor: Any, alice: Any):
    assert visitor.get("private/").status_code == 302
    assert visitor.get("ajax/").status_code == 401
    assert visitor.get("managers/").status_code == 302
    visitor.sign_in("alice")
    assert visitor.get("private/").status_code == 200
    assert visitor.get("ajax/").status_code == 200
    assert visitor.get("managers/").status_code == 403  # alice's role is another


def test_complete_user_data_are_stored(visitor: Any, alice: Any):
    """ID, email, name, role, status stored"""
    visitor.sign_in("alice")
    data = Session.objects.get(pk=visitor.key).get_decoded()
    wanted = ["user_id", "user_email", "user_name", "user_role", "user_status"]
    assert {key: data[key] for key in wanted} == {
        "user_id": alice.pk,
        "user_email": "alice@example.com",
        "user_name": "Alice Example",
        "user_role": 1,
        "user_status": 1,
    }


def stock(request: Any) -> JsonResponse:
    """A view as a project has it that knows nothing of jenk."""
    before = dict(request.session.items())
    request.session["cart"] = [*before.get("cart", []), "apples"]
    return JsonResponse({"user": str(request.user), "cart": before.get("cart", [])})


@login_required
def stock_private(request: Any) -> HttpResponse:
    return HttpResponse(f"for {request.user}")


def test_easy_integration_works_with_existing_code(wsgi: Any, alice: Any, settings: Any):
    """No breaking changes: the same requests are answered alike with jenk and without."""
    urls: Any = ModuleType("urls_of_a_project")
    urls.urlpatterns = [
        path("", stock),
        path("private", stock_private),
        path("login", LoginView.as_view(template_name="admin/login.html"), name="login"),
        path("logout", LogoutView.as_view(template_name="registration/logged_out.html")),
        path("admin/", admin.site.urls),
    ]
    settings.ROOT_URLCONF = urls

    def answers(middleware: list[str]) -> list[tuple[int, str | None, str]]:
        settings.MIDDLEWARE = middleware
        browser = wsgi.another()
        type(alice).objects.update(is_staff=True, is_superuser=True)
        visits = [
            browser.get("/"),
            browser.get("/private"),
            browser.get("/admin/"),
            browser.get("/"),
            browser.sign_in("alice"),
            browser.get("/"),
            browser.get("/private"),
            browser.get("/admin/"),
            browser.get("/nowhere"),
            browser.get("/logout"),
            browser.post("/logout"),
            browser.get("/"),
            browser.get("/private"),
        ]
        return [(one.status_code, one.get("Location"), without_token(one.text)) for one in visits]

    expected = answers(brief.WITHOUT_JENK)
    assert [status for status, _, _ in expected[4:9]] == [302, 200, 200, 200, 404]
    assert answers(brief.AS_IN_THE_BRIEF) == expected
    assert answers(brief.AS_IN_THE_GUIDE) == expected


def without_token(html: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", html)


def test_middleware_support_makes_the_session_available_throughout_the_app(
    visitor: Any, alice: Any
):
    visitor.sign_in("alice")
    key = visitor.key
    for view in ("plain/", "open/", "private/", "ajax/", "poll/", "page/"):
        response = visitor.get(view)
        assert response.status_code == 200
        assert "alice" in response.text.lower()
        assert visitor.key == key
