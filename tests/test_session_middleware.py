"""jenk's SessionMiddleware beside Django's, and sessions that end while a request runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import path

from jenk.decorators import public, session_required_ajax
from jenk.middleware import SessionMiddleware
from tests import urls
from tests.browsers import Browser
from tests.engines import OWN_ENGINE, Session

pytestmark = [pytest.mark.django_db, pytest.mark.table]


def end_session(request: HttpRequest) -> HttpResponse:
    """End the request's session as another request would, and go on."""
    Session.objects.filter(pk=request.session.session_key).delete()
    request.session["late"] = True
    return HttpResponse("done")


@public
def end_session_in_public(request: HttpRequest) -> HttpResponse:
    return end_session(request)


@session_required_ajax
def end_session_of_script(request: HttpRequest) -> HttpResponse:
    return end_session(request)


def break_table(request: HttpRequest) -> HttpResponse:
    """Make the database refuse to write."""
    request.session["late"] = True
    request.session.save = fail  # type: ignore[method-assign]

    async def asave() -> None:
        fail()

    request.session.asave = asave  # type: ignore[method-assign,assignment]
    return HttpResponse("done")


def fail() -> None:
    """Fail as Django's db engine does when the database says "locked"."""
    try:
        raise OperationalError("database is locked")
    except OperationalError:
        raise UpdateError  # noqa: B904 - as Django raises it


urlpatterns = [
    path("end/", end_session),
    path("end-public/", end_session_in_public),
    path("end-ajax/", end_session_of_script),
    path("break/", break_table),
    *urls.urlpatterns,
]


@pytest.fixture(autouse=True)
def _urls() -> Any:
    with override_settings(ROOT_URLCONF=__name__):
        yield


def test_a_session_that_ended_meanwhile_leads_to_sign_in(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    response = browser.get("/end/")

    assert response.status_code == 302
    assert response.headers["Location"] == "/login?next=/end/"
    assert not response.cookies


def test_a_script_is_told(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    response = browser.get("/end-ajax/")

    assert response.status_code == 401
    assert response.json()["code"] == "session_ended"
    assert response.json()["reason"] == "expired"
    assert not response.cookies


def test_a_public_answer_stands(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    response = browser.get("/end-public/")

    assert response.status_code == 200
    assert not response.cookies


def test_a_visitors_answer_stands(browser: Browser) -> None:
    browser.get("write/?cart=3")
    response = browser.get("/end/")

    assert response.status_code == 200
    assert not response.cookies


def test_a_database_error_is_not_called_a_sign_out(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    with pytest.raises(OperationalError, match="database is locked"):
        browser.get("/break/")

    assert browser.get("private/").status_code == 200


def middleware(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], Any]:
    return SessionMiddleware(view)


def test_alone_it_raises_what_djangos_raises() -> None:
    request = RequestFactory().get("/")

    def view(request: HttpRequest) -> HttpResponse:
        request.session.save()
        return end_session(request)

    with pytest.raises(SessionInterrupted, match="session was deleted before the request"):
        middleware(view)(request)


def test_alone_it_does_nothing_where_there_is_no_session() -> None:
    response = HttpResponse()

    assert (
        SessionMiddleware(lambda request: response).process_response(
            RequestFactory().get("/"), response
        )
        is response
    )
    assert not response.cookies


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_session_nobody_asked_for_is_not_loaded(
    asynchronous: bool, django_assert_num_queries: Any
) -> None:
    request = RequestFactory().get("/")
    request.COOKIES["sessionid"] = "a" * (57 if OWN_ENGINE else 32)

    async def aview(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    with override_settings(SESSION_SAVE_EVERY_REQUEST=False), django_assert_num_queries(0):
        if asynchronous:
            response = async_to_sync(middleware(aview))(request)  # type: ignore[arg-type]
        else:
            response = middleware(lambda request: HttpResponse())(request)

    assert not response.cookies
    assert not response.has_header("Vary")


def test_after_an_error_cookie_and_row_agree(browser: Browser, alice: Any) -> None:
    browser.get("write/?cart=3")
    browser.client.raise_request_exception = False
    response = browser.get("enter-and-fail/alice/")

    assert response.status_code == 500
    assert Session.objects.count() == 1
    assert Session.objects.get() == Session.objects.get(pk=browser.key)
    seen = browser.get("plain/").json()
    assert seen["keys"]["cart"] == "3"
    # An engine of jenk's has stored the sign-in with the new key; Django's store nothing on errors.
    assert seen["user"] == ("alice" if OWN_ENGINE else "")


def test_after_an_error_that_left_no_session_there_is_no_cookie(
    browser: Browser, alice: Any, carol: Any
) -> None:
    browser.sign_in("alice")
    response = browser.get("enter-and-fail/carol/")

    assert response.status_code == 500
    assert (response.cookies["sessionid"]["max-age"] == 0) is not OWN_ENGINE
    assert browser.get("plain/").json()["user"] == ("carol" if OWN_ENGINE else "")


def test_async_and_sync_send_the_same_cookie(browser: Browser) -> None:
    response = browser.get("write/?cart=3")
    morsel = response.cookies["sessionid"]

    assert morsel["httponly"] is True
    assert morsel["samesite"] == "Lax"
    assert morsel["path"] == "/"
    assert morsel["domain"] == ""
    assert morsel["secure"] == ""
    assert morsel["max-age"] == 1209600


class Stamped(SessionMiddleware):
    """A subclass that does more in Django's own hooks."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.META["STAMPED"] = "yes"

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        response = super().process_response(request, response)
        response["X-Stamped"] = request.META["STAMPED"]
        return response


def test_a_subclass_keeps_its_hooks(browser: Browser, alice: Any) -> None:
    ours = "jenk.middleware.SessionMiddleware"
    middleware = [f"{__name__}.Stamped" if one == ours else one for one in settings.MIDDLEWARE]
    with override_settings(MIDDLEWARE=middleware):
        assert browser.sign_in("alice").headers["X-Stamped"] == "yes"
        response = browser.get("private/")

    assert response.json()["user"] == "alice"
    assert response.headers["X-Stamped"] == "yes"
