"""What the README and the guide say in prose, where no code block shows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
import time_machine
from django.contrib.auth.decorators import login_not_required
from django.contrib.sessions.models import Session
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import Client
from django.urls import path

from jenk import lifecycle, signals, testing
from jenk.decorators import public, session_required
from jenk.effects import Steps
from jenk.views.auth import LoginView, LogoutView
from tests.docs.conftest import DJANGOS, JENKS
from tests.docs.engines import on_djangos

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]

PASSWORD = {"username": "alice", "password": "pw"}
STOCK = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
OURS = [
    "jenk.middleware.SessionManagementMiddleware",
    "jenk.middleware.SessionExpiryMiddleware",
]


def who(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"who": request.user.get_username(), "key": request.session.session_key})


def write(request: HttpRequest) -> HttpResponse:
    request.session["written"] = request.path
    return HttpResponse()


@session_required
def private(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@pytest.fixture(autouse=True)
def urls(settings: Any) -> Any:
    site: Any = ModuleType("urls_of_the_claims")
    site.urlpatterns = [
        path("login", LoginView.as_view(), name="login"),
        path("logout", LogoutView.as_view(), name="logout"),
        path("who", who),
        path("write", write),
        path("private", private),
    ]
    settings.ROOT_URLCONF = site
    return site.urlpatterns


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel("2026-01-25T09:30Z", tick=False) as traveller:
        yield traveller


def signed_in(user: Any) -> Client:
    client = Client()
    testing.sign_in(client, user)
    return client


def nothing(*args: Any) -> Steps[None]:
    """Do what Django without jenk does at sign-in."""
    return
    yield


# --- Why not just Django? -----------------------------------------------------------------


@on_djangos
def test_djangos_sessions_have_no_limit_while_they_are_written(
    settings: Any, alice: Any, clock: Any
) -> None:
    settings.MIDDLEWARE, settings.SESSION_SAVE_EVERY_REQUEST = STOCK, False
    client = Client()
    client.force_login(alice)
    key = client.cookies["sessionid"].value
    for _ in range(10):
        clock.shift(timedelta(days=10))
        client.get("/write")

    assert client.get("/who").json() == {"who": "alice", "key": key}


@pytest.mark.parametrize("stock", [True, False], ids=["Django", "jenk"])
def test_reading_counts_with_jenk(settings: Any, alice: Any, clock: Any, stock: bool) -> None:
    settings.SESSION_SAVE_EVERY_REQUEST = False
    settings.MIDDLEWARE = STOCK if stock else settings.MIDDLEWARE
    client = Client()
    client.force_login(alice)
    for _ in range(15):
        clock.shift(timedelta(days=1))
        answer = client.get("/who").json()["who"]

    assert answer == ("" if stock else "alice")


@pytest.mark.parametrize("stock", [True, False], ids=["Django", "jenk"])
def test_signing_in_again_gives_a_new_key_with_jenk(
    settings: Any, alice: Any, stock: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if stock:
        settings.MIDDLEWARE = STOCK
        monkeypatch.setattr(lifecycle, "sign_in", nothing)
    client = Client()
    client.post("/login", PASSWORD)
    before = client.cookies["sessionid"].value
    client.post("/login", PASSWORD)

    assert (client.cookies["sessionid"].value == before) == stock


@pytest.mark.parametrize(
    ("engine", "stock"),
    [(DJANGOS, True), (DJANGOS, False), (JENKS, False)],
    ids=["Django", "jenk on Django's", "jenk"],
    indirect=["engine"],
)
def test_a_disabled_session_does_not_come_back_with_jenk(
    settings: Any, alice: Any, stock: bool
) -> None:
    settings.MIDDLEWARE = STOCK if stock else settings.MIDDLEWARE
    settings.JENK_EXPIRED_REDIRECT = "protected"
    client = Client()
    client.force_login(alice)
    key = client.cookies["sessionid"].value
    alice.is_active = False
    alice.save()
    assert client.get("/who").json()["who"] == ""
    alice.is_active = True
    alice.save()
    client.cookies["sessionid"] = key
    client.cookies.pop("sessionid_seen", None)

    assert client.get("/who").json()["who"] == ("alice" if stock else "")


@pytest.mark.parametrize("stock", [True, False], ids=["Django", "jenk"])
def test_private_pages_are_not_stored_with_jenk(settings: Any, alice: Any, stock: bool) -> None:
    settings.MIDDLEWARE = STOCK if stock else settings.MIDDLEWARE
    client = Client()
    client.force_login(alice)

    assert client.get("/who").get("Cache-Control") == (None if stock else "no-store")


# --- Frequently said ----------------------------------------------------------------------


def test_a_request_with_authorization_gets_no_session_and_no_refusal(alice: Any) -> None:
    headers = {"Authorization": "Token abc"}
    client = signed_in(alice)
    testing.expire(client)

    assert client.get("/who", headers=headers).status_code == 200
    assert Client().get("/who", headers=headers).cookies == {}


@pytest.mark.parametrize(
    ("engine", "kept", "status"),
    [(DJANGOS, True, 400), (DJANGOS, False, 302), (JENKS, False, 302)],
    indirect=["engine"],
)
def test_a_session_that_ends_while_a_request_runs(
    settings: Any, alice: Any, urls: Any, kept: bool, status: int
) -> None:
    """Django's middleware answers 400."""

    def slow(request: HttpRequest) -> HttpResponse:
        request.session["written"] = "too late"
        client.post("/logout")
        return HttpResponse()

    urls.append(path("slow", slow))
    settings.MIDDLEWARE = [*STOCK, *OURS] if kept else settings.MIDDLEWARE
    client = signed_in(alice)

    assert client.get("/slow").status_code == status


def test_the_marker_cookie(alice: Any, settings: Any) -> None:
    client = Client()
    response = client.post("/login", PASSWORD)
    marker, session = response.cookies["sessionid_seen"], response.cookies["sessionid"]

    assert marker.value == "1"
    assert marker["httponly"] is True
    assert marker["max-age"] == session["max-age"] + 24 * 3600
    assert client.post("/logout").cookies["sessionid_seen"]["max-age"] == 0


def test_a_forged_marker_leads_to_sign_in_and_no_further() -> None:
    client = Client()
    client.cookies["sessionid_seen"] = "1"

    assert client.get("/who").headers["Location"] == "/login?next=/who"
    assert client.get("/who").json()["who"] == ""


def test_the_reason_lasts_five_minutes(alice: Any) -> None:
    with time_machine.travel("2026-01-25T09:30Z", tick=False) as clock:
        client = signed_in(alice)
        testing.expire(client)
        marker = client.get("/who").cookies["sessionid_seen"]
        assert marker["max-age"] == 300
        clock.shift(timedelta(minutes=6))
        assert b"You were signed out" not in client.get("/login").content


@pytest.mark.parametrize(("days", "status"), [(13, 200), (14, 302), (14.9, 302), (15.1, 302)])
def test_the_marker_outlives_the_session_by_a_day(alice: Any, days: float, status: int) -> None:
    client = signed_in(alice)
    client.get("/who")
    testing.age(client, timedelta(days=days))

    assert ("sessionid_seen" in client.cookies) == (days < 15)
    assert client.get("/private").status_code == status


# --- The guide ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"HX-Request": "true"},
        {"X-Requested-With": "XMLHttpRequest"},
        {"Sec-Fetch-Dest": "empty"},
        {"Accept": "application/json"},
        {"Accept": "text/html;q=0.5, application/json"},
    ],
)
def test_a_request_like_this_is_one_of_a_script(headers: dict[str, str]) -> None:
    assert Client().get("/private", headers=headers).status_code == 401


def test_session_user_is_never_none(urls: Any) -> None:
    def view(request: Any) -> JsonResponse:
        return JsonResponse(
            {"none": request.session_user is None, "true": bool(request.session_user)}
        )

    urls.append(path("view", view))

    assert Client().get("/view").json() == {"none": False, "true": False}


def test_without_a_snapshot_the_facts_are_still_there(settings: Any, alice: Any, urls: Any) -> None:
    settings.JENK_SNAPSHOT = None

    def view(request: Any) -> JsonResponse:
        return JsonResponse(
            {"kept": request.session.get("user"), "user": request.session_user["user"]}
        )

    urls.append(path("view", view))

    assert signed_in(alice).get("/view").json() == {"kept": None, "user": "alice"}


def test_a_timedelta_is_a_fixed_end(alice: Any, urls: Any) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        request.session.set_expiry(timedelta(hours=2))
        return HttpResponse()

    urls.append(path("view", view))
    client = signed_in(alice)
    client.get("/view")
    for minutes in (60, 59):
        testing.age(client, timedelta(minutes=minutes))
        assert client.get("/private").status_code == 200
    testing.age(client, timedelta(minutes=1))

    assert client.get("/private").status_code == 302


def test_views_with_login_not_required_are_public(alice: Any, urls: Any) -> None:
    urls.append(path("open", login_not_required(lambda request: HttpResponse())))
    client = signed_in(alice)
    testing.expire(client)

    assert client.get("/open").status_code == 200
    assert client.get("/who").status_code == 302


def test_public_says_nothing_about_who_may_enter(urls: Any) -> None:
    urls.append(path("both", public(private)))

    assert Client().get("/both").status_code == 302


def test_only_protected_views_lead_to_sign_in_if_so_set(settings: Any, alice: Any) -> None:
    settings.JENK_EXPIRED_REDIRECT = "protected"
    client = signed_in(alice)
    testing.expire(client)

    assert client.get("/who").status_code == 200
    assert client.get("/private").status_code == 302


def test_a_message_can_say_why(settings: Any, alice: Any) -> None:
    settings.JENK_REASON_MESSAGE = True
    client = signed_in(alice)
    testing.expire(client)
    client.get("/who")
    response = client.get("/login")

    assert [str(message) for message in response.context["messages"]] == [
        "You were signed out because you had not used the site for a while."
    ]


def test_the_browser_can_be_told_to_forget(settings: Any, alice: Any) -> None:
    settings.JENK_CLEAR_SITE_DATA = ("cache", "storage")

    response = signed_in(alice).post("/logout")
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'


@pytest.mark.parametrize(("in_session", "answer"), [(True, 403), (False, 302)])
def test_a_form_posted_after_the_end(
    settings: Any, alice: Any, in_session: bool, answer: int
) -> None:
    settings.CSRF_USE_SESSIONS = in_session
    client = Client(enforce_csrf_checks=True)
    testing.sign_in(client, alice)
    token = client.get("/login").context["csrf_token"]
    testing.expire(client)

    assert client.post("/who", {"csrfmiddlewaretoken": str(token)}).status_code == answer


def test_a_hand_written_session_grants_nothing_and_is_left_alone(urls: Any) -> None:
    def old_login(request: HttpRequest) -> HttpResponse:
        request.session["user"] = "alice"
        return HttpResponse()

    urls.append(path("old-login", old_login))
    client = Client()
    client.get("/old-login")

    assert client.get("/private").status_code == 302
    assert client.session["user"] == "alice"


@on_djangos
def test_sessions_from_before_jenk_go_on(settings: Any, alice: Any) -> None:
    ours, settings.MIDDLEWARE = settings.MIDDLEWARE, STOCK
    client = Client()
    client.post("/login", PASSWORD)
    key = client.cookies["sessionid"].value
    settings.MIDDLEWARE = ours

    assert Client(headers={"Cookie": f"sessionid={key}"}).get("/private").status_code == 200
    stored = Session.objects.get(pk=key).get_decoded()
    assert stored["user_name"] == "Alice Example"
    settings.MIDDLEWARE = STOCK
    assert Client(headers={"Cookie": f"sessionid={key}"}).get("/who").json()["who"] == "alice"


def test_another_spelling_of_a_key_finds_nothing(alice: Any) -> None:
    key = signed_in(alice).cookies["sessionid"].value

    assert Client(headers={"Cookie": f"sessionid={key}"}).get("/private").status_code == 200
    assert Client(headers={"Cookie": f"sessionid={key.upper()}"}).get("/private").status_code == 302


def test_of_two_cookies_none_wins_if_both_live(alice: Any, carol: Any) -> None:
    mine, planted = (signed_in(user).cookies["sessionid"].value for user in (alice, carol))
    dead = "x" * 32

    def sent(*keys: str) -> str:
        cookie = "; ".join(f"sessionid={key}" for key in keys)
        return str(Client(headers={"Cookie": cookie}).get("/who").json()["who"])

    assert sent(mine, dead) == sent(dead, mine) == "alice"
    assert sent(mine, planted) == sent(planted, mine) == ""


@pytest.mark.parametrize(("fallbacks", "status"), [(["old"], 200), ([], 302)])
def test_a_new_secret_key_needs_the_old_one_as_fallback(
    settings: Any, alice: Any, fallbacks: list[str], status: int
) -> None:
    settings.SECRET_KEY = "old"
    client = signed_in(alice)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", fallbacks

    assert client.get("/private").status_code == status


def test_a_backend_that_is_gone_makes_anonymous_and_ends_nothing(settings: Any, alice: Any) -> None:
    client = signed_in(alice)
    backends = settings.AUTHENTICATION_BACKENDS
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]
    assert client.get("/private").status_code == 302
    settings.AUTHENTICATION_BACKENDS = backends

    assert client.get("/private").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_session_that_its_engine_dropped_ends_without_a_signal(alice: Any) -> None:
    heard: list[str] = []

    def hear(reason: str, **kwargs: Any) -> None:
        heard.append(reason)

    signals.session_ended.connect(hear)
    try:
        for reason in ("expired", "idle"):
            client = signed_in(alice)
            testing.expire(client, reason)
            assert client.get("/private").status_code == 302
    finally:
        signals.session_ended.disconnect(hear)

    assert heard == ["idle"]


@pytest.mark.parametrize("noticed", [True, False], ids=["ended by jenk", "dropped"])
def test_a_clock_that_goes_back_revives_nothing(settings: Any, alice: Any, noticed: bool) -> None:
    """Neither what jenk has ended nor what the engine had dropped when it was asked for."""
    with time_machine.travel("2026-01-25T09:30Z", tick=False) as clock:
        client = signed_in(alice)
        cookie = {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}
        if noticed:
            settings.SESSION_COOKIE_AGE = 3600
        clock.shift(timedelta(days=14) - timedelta(seconds=noticed))
        assert Client(headers=cookie).get("/private").status_code == 302
        clock.shift(timedelta(days=-14))
        assert Client(headers=cookie).get("/private").status_code == 302


@pytest.mark.parametrize(
    ("setting", "value", "identifier"),
    [
        ("SESSION_ENGINE", "django.contrib.sessions.backends.signed_cookies", "jenk.E014"),
        ("JENK_ABSOLUTE_TIMEOUT", timedelta(days=1), "jenk.W007"),
        ("JENK_PUBLIC_VIEWS", ("/who",), "jenk.E032"),
    ],
)
def test_the_checks_refuse_what_the_guide_says(
    settings: Any, setting: str, value: Any, identifier: str
) -> None:
    setattr(settings, setting, value)

    assert identifier in {one.id for one in checks.run_checks(tags=["jenk"])}


# --- What needs jenk's engine ---------------------------------------------------------------


@on_djangos
def test_on_djangos_engines_the_verbs_but_rotate_raise(alice: Any, urls: Any) -> None:
    def rotate(request: HttpRequest) -> HttpResponse:
        lifecycle.rotate(request)
        return HttpResponse()

    urls.append(path("rotate", rotate))
    client = signed_in(alice)
    before = client.cookies["sessionid"].value
    client.get("/rotate")

    assert client.cookies["sessionid"].value != before
    for verb in (
        lambda: lifecycle.sessions_of(alice),
        lambda: lifecycle.end("a" * 25, reason="ended_by_code"),
        lambda: lifecycle.end_all(alice, reason="ended_by_code"),
        lambda: lifecycle.end_everyone(reason="ended_by_code"),
    ):
        with pytest.raises(ImproperlyConfigured, match="keeps no list of whose sessions there are"):
            verb()


@on_djangos
def test_on_djangos_engines_data_can_be_put_into_another_row(alice: Any, carol: Any) -> None:
    mine, theirs = signed_in(alice), signed_in(carol)
    stolen = Session.objects.get(pk=theirs.cookies["sessionid"].value).session_data
    Session.objects.filter(pk=mine.cookies["sessionid"].value).update(session_data=stolen)

    assert mine.get("/who").json()["who"] == "carol"
