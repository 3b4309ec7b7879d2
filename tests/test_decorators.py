from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.generic import TemplateView

from jenk.decorators import (
    get_session_user,
    passive,
    public,
    session_required,
    session_required_ajax,
)
from jenk.mixins import SessionRequiredMixin
from tests.browsers import Browser
from tests.urls import urlpatterns

DECORATORS = [session_required, session_required_ajax, public, passive]
SCRIPTS = [
    {"HX-Request": "true"},
    {"X-Requested-With": "XMLHttpRequest"},
    {"Sec-Fetch-Dest": "empty"},
    {"Accept": "application/json"},
    {"Accept": "application/json, text/plain, */*"},
]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["private/", "protected/"])
def test_only_signed_in_users_enter(browser: Browser, alice: Any, path: str) -> None:
    refusal = browser.get(path + "?a=1")
    assert refusal.status_code == 302
    assert refusal.headers["Location"] == f"/login?next=/{browser.views}/{path}%3Fa%3D1"

    browser.sign_in("alice")
    assert browser.get(path).json()["user"] == "alice"


@pytest.mark.django_db
@pytest.mark.parametrize("headers", SCRIPTS)
@pytest.mark.parametrize("path", ["private/", "protected/"])
def test_scripts_get_json(browser: Browser, path: str, headers: dict[str, str]) -> None:
    response = browser.get(path, headers=headers)

    assert response.status_code == 401
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json() == {
        "code": "session_required",
        "reason": None,
        "detail": "Sign in to go on.",
        "login_url": "/login",
    }


@pytest.mark.django_db
@pytest.mark.parametrize("accept", ["text/html", "*/*", "text/html,application/json", ""])
def test_ajax_views_always_answer_in_json(browser: Browser, alice: Any, accept: str) -> None:
    assert browser.get("ajax/", headers={"Accept": accept}).status_code == 401

    browser.sign_in("alice")
    assert browser.get("ajax/").json()["user"] == "alice"
    browser.expire()
    assert browser.get("ajax/").json()["code"] == "session_ended"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["managers/", "managers-ajax/", "protected-managers/"])
def test_only_the_roles_named_enter(browser: Browser, alice: Any, carol: Any, path: str) -> None:
    browser.sign_in("alice")
    response = browser.get(path)
    assert response.status_code == 403
    if path != "managers/":
        assert response.json() == {
            "code": "forbidden",
            "detail": "You do not have permission to do this.",
        }

    browser.sign_in("carol")
    assert browser.get(path).json()["user"] == "carol"


@pytest.mark.django_db
def test_superusers_are_not_exempt_from_roles(browser: Browser, alice: Any) -> None:
    alice.is_superuser = True
    alice.save()
    browser.sign_in("alice")

    assert browser.get("managers/").status_code == 403


@pytest.mark.django_db
def test_what_the_session_says_of_the_role_is_not_asked(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    browser.get("write/?user_role=3")
    session = browser.client.session
    session["user_role"] = 3
    session.save()

    assert browser.get("managers/").status_code == 403


@pytest.mark.django_db
def test_a_role_that_changed_applies_at_the_next_request(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    alice.role = 2
    alice.save()
    assert browser.get("managers/").status_code == 200

    alice.role = 1
    alice.save()
    assert browser.get("managers/").status_code == 403


@pytest.mark.django_db
@override_settings(LOGIN_URL="login")
def test_login_url_may_be_a_name(browser: Browser) -> None:
    assert browser.get("private/").headers["Location"].startswith("/login?next=")


def request_of(path: str = "/x/", **extra: Any) -> HttpRequest:
    request = RequestFactory().get(path, **extra)
    request.user = AnonymousUser()
    return request


def test_a_view_without_the_middleware_says_what_to_write() -> None:
    @session_required
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    with pytest.raises(ImproperlyConfigured, match=r"jenk\.middleware\.SessionExpiryMiddleware"):
        view(request_of())
    with pytest.raises(ImproperlyConfigured, match=r"get_session_user\(\) needs jenk's session"):
        get_session_user(RequestFactory().get("/"))


def test_decorators_keep_what_the_view_is() -> None:
    async def view(request: HttpRequest, number: int = 1) -> HttpResponse:
        """Docs."""
        return HttpResponse()

    protected = session_required(login_url="/enter", redirect_field_name="to")(view)

    assert protected.__name__ == "view"
    assert protected.__doc__ == "Docs."
    assert protected.login_url == "/enter"  # type: ignore[attr-defined]
    assert protected.redirect_field_name == "to"  # type: ignore[attr-defined]
    assert public(view) is view
    assert passive(view) is view


@pytest.mark.parametrize("decorator", DECORATORS)
@pytest.mark.parametrize("wrong", [View, TemplateView, 5, "view", staticmethod(len)])
def test_what_is_no_view_is_refused_at_import(decorator: Callable[..., Any], wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"Write @|class-based view write"):
        decorator(wrong)


@pytest.mark.parametrize("decorator", DECORATORS)
def test_a_method_is_refused_at_import(decorator: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match=r"@method_decorator\("):

        class Page(View):
            @decorator
            def get(self, request: HttpRequest) -> HttpResponse:
                return HttpResponse()


@pytest.mark.parametrize("roles", [(), [], "manager", 2, b"bytes"])
def test_senseless_roles_are_refused_at_import(roles: Any) -> None:
    with pytest.raises(TypeError, match="is not a collection of roles"):
        session_required(roles=roles)
    with pytest.raises(TypeError, match="is not a collection of roles"):
        type("Page", (SessionRequiredMixin, View), {"roles": roles})


def test_a_mixin_behind_a_view_that_dispatches_is_refused_at_import() -> None:
    class Dispatching(View):
        def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return HttpResponse()

    with pytest.raises(TypeError, match="Write SessionRequiredMixin first"):

        class Page(Dispatching, SessionRequiredMixin):
            pass


def test_a_protected_view_may_dispatch_itself() -> None:
    class Page(SessionRequiredMixin, View):
        def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return super().dispatch(request, *args, **kwargs)

    with pytest.raises(ImproperlyConfigured):
        Page.as_view()(request_of())


def test_a_method_can_be_decorated_as_django_says() -> None:
    @method_decorator(session_required, name="dispatch")
    class Page(View):
        pass

    with pytest.raises(ImproperlyConfigured):
        Page.as_view()(request_of())


@pytest.mark.django_db
def test_the_facts_are_no_door_to_the_session(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    response = browser.get("private/").json()

    assert response["session_user"] == response["keys"]
    assert response["session_user"] == {
        "user": "alice",
        "user_id": alice.pk,
        "user_email": "alice@example.com",
        "user_name": "Alice Example",
        "user_role": 1,
        "user_status": 1,
        "login_time": response["keys"]["login_time"],
        "last_activity": response["keys"]["last_activity"],
    }


class Level(Enum):
    MEMBER = 1
    MANAGER = "manager"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "roles", "enters"),
    [
        (1, [Level.MEMBER], True),
        ("manager", [Level.MANAGER, 7], True),
        ("manager", [Level.MEMBER], False),
        (Level.MANAGER, Level, True),
        (1, [True], False),
        (True, [1, 2], False),
        (True, [True], True),
        (0, [False], False),
        ("1", [1], False),
        (None, [None], True),
        ([1], ["[1]"], True),
    ],
)
def test_roles_are_compared_as_the_session_holds_them(
    alice: Any, role: Any, roles: Any, enters: bool
) -> None:
    view = session_required(roles=roles)(lambda request: HttpResponse("in"))
    with override_settings(JENK_SNAPSHOT={"user_role": lambda user: role}):
        client = Client()
        client.force_login(alice)
        with override_settings(ROOT_URLCONF=(path("in/", view), *urlpatterns)):
            assert client.get("/in/").status_code == (200 if enters else 403)
            assert Client().get("/in/").status_code == 302


@pytest.mark.django_db
def test_a_view_that_returns_nothing_is_djangos_to_complain_of(
    browser: Browser, alice: Any
) -> None:
    views = {
        "sync": session_required(lambda request: None),
        "async": session_required(asynchronous_nothing),
    }
    browser.sign_in("alice")
    again = browser.another()
    again.client.cookies = browser.client.cookies
    with (
        override_settings(ROOT_URLCONF=(path("x/", views[browser.views]), *urlpatterns)),
        pytest.raises(ValueError, match="didn't return an HttpResponse"),
    ):
        again.get("/x/")


async def asynchronous_nothing(request: HttpRequest) -> None:
    return None


class Page(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("in")


class AsyncPage(View):
    async def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("in")


@pytest.mark.django_db
@pytest.mark.parametrize("page", [Page, AsyncPage])
@pytest.mark.parametrize("where", ["dispatch", "get", "as_view"])
def test_a_decorator_on_a_class_based_view(
    browser: Browser, alice: Any, page: type[View], where: str
) -> None:
    protected = type("Protected", (page,), {})
    if where == "as_view":
        view = session_required(roles=[1])(protected.as_view())
    else:
        view = method_decorator(session_required(roles=[1]), name=where)(protected).as_view()
    with override_settings(ROOT_URLCONF=(path("in/", view), *urlpatterns)):
        assert browser.get("/in/").headers["Location"] == "/login?next=/in/"
        browser.sign_in("alice")
        assert browser.get("/in/").content == b"in"
        type(alice).objects.update(role=2)
        assert browser.get("/in/").status_code == 403
