"""What the guide says of jenk's engine in prose."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
import time_machine
from django.contrib import auth
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from jenk import lifecycle, signals, testing
from jenk.decorators import session_required_ajax
from jenk.models import Session, SessionEvent
from jenk.views.auth import LoginView, LogoutView
from tests.docs.engines import on_jenks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("engine"), on_jenks]

PASSWORD = {"username": "alice", "password": "pw"}


def set_password(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    user.set_password("another")
    user.save()
    auth.update_session_auth_hash(request, user)
    return HttpResponse()


def rotate(request: HttpRequest) -> HttpResponse:
    lifecycle.rotate(request)
    return HttpResponse()


def deep(request: HttpRequest) -> HttpResponse:
    if "cart" not in request.session:
        request.session["cart"] = []
    request.session["cart"].append(1)
    return HttpResponse()


@pytest.fixture(autouse=True)
def urls(settings: Any) -> Any:
    site: Any = ModuleType("urls_of_the_engine")
    site.urlpatterns = [
        path("login", LoginView.as_view(), name="login"),
        path("logout", LogoutView.as_view(), name="logout"),
        path("me", session_required_ajax(lambda request: HttpResponse("me"))),
        path("plain", lambda request: HttpResponse(request.user.get_username())),
        path("set-password", set_password),
        path("rotate", rotate),
        path("deep", deep),
    ]
    settings.ROOT_URLCONF = site
    return site.urlpatterns


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel("2026-01-25T09:30Z", tick=False) as traveller:
        yield traveller


@pytest.fixture
def heard() -> Iterator[list[tuple[str, str]]]:
    """What signals tell: pairs of signal and reason."""
    told: list[tuple[str, str]] = []

    def ended(reason: str, **kwargs: Any) -> None:
        told.append(("ended", reason))

    def refused(reason: str, **kwargs: Any) -> None:
        told.append(("refused", reason))

    signals.session_ended.connect(ended)
    signals.session_refused.connect(refused)
    yield told
    signals.session_ended.disconnect(ended)
    signals.session_refused.disconnect(refused)


def signed_in(user: Any) -> Client:
    client = Client()
    testing.sign_in(client, user)
    return client


def key_of(client: Client) -> str:
    return str(client.cookies["sessionid"].value)


def with_key(key: str) -> Client:
    return Client(headers={"Cookie": f"sessionid={key}"})


def answer(client: Client) -> str | None:
    """Return the reason that a script is told, None if it is let in."""
    response = client.get("/me")
    return None if response.status_code == 200 else response.json()["reason"]


def history() -> list[tuple[str, str]]:
    return list(SessionEvent.objects.order_by("pk").values_list("kind", "reason"))


# --- What a row holds ---------------------------------------------------------------------


def test_the_secret_and_the_facts_are_not_stored(alice: Any) -> None:
    client = signed_in(alice)
    client.get("/deep")
    (row,) = Session.everything.values()
    key = key_of(client)

    assert (len(key), key[:25]) == (57, row["handle"])
    assert key[25:] not in str(row)
    assert "cart" in row["payload"]
    assert "Alice" not in str(row)
    assert "alice@example.com" not in str(row)


def test_what_is_written_under_the_eight_names_is_dropped(alice: Any, urls: Any) -> None:
    def write(request: HttpRequest) -> HttpResponse:
        request.session["user_role"] = 3
        request.session["theme"] = "dark"
        return HttpResponse()

    urls.append(path("write", write))
    client = signed_in(alice)
    client.get("/write")

    assert (client.session["user_role"], client.session["theme"]) == (1, "dark")


def test_address_and_user_agent_are_those_of_the_sign_in(alice: Any) -> None:
    browser = {"User-Agent": f"Firefox {'x' * 300}"}
    Client(headers=browser).post("/login", PASSWORD, REMOTE_ADDR="192.0.2.7")

    (row,) = lifecycle.sessions_of(alice)
    assert (row.address, row.user_agent) == ("192.0.2.7", browser["User-Agent"][:256])


# --- Seals --------------------------------------------------------------------------------

SEALED = ("user_id", "authenticated_at", "auth_tag", "seal", "payload", "payload_mac")
UNSEALED = ("last_activity", "expire_date", "created_at", "address", "user_agent")


@pytest.mark.parametrize("column", SEALED)
def test_a_column_that_is_copied_from_another_row_is_noticed(
    column: str, alice: Any, carol: Any, heard: Any
) -> None:
    mine, theirs = signed_in(alice), signed_in(carol)
    rows = Session.objects.filter(pk=mine.session.handle)
    before = rows.values().get()
    rows.update(**{column: getattr(Session.objects.get(user=carol), column)})

    assert answer(mine) == "tampered"
    assert mine.get("/plain").text == ""
    assert "sessionid" not in mine.get("/plain").cookies
    assert history()[2] == ("refused", "tampered")
    assert heard[0] == ("refused", "tampered")
    rows.update(**{column: before[column]})
    assert answer(mine) is None
    assert theirs.get("/plain").text == "carol"


def test_a_secret_that_is_copied_opens_nothing(alice: Any, carol: Any) -> None:
    mine, theirs = signed_in(alice), signed_in(carol)
    stolen = mine.session.handle + key_of(theirs)[25:]
    hidden = Session.objects.get(user=carol).secret_hash
    Session.objects.filter(user=alice).update(secret_hash=hidden)

    assert answer(with_key(stolen)) == "tampered"


@pytest.mark.parametrize("column", UNSEALED)
def test_the_other_columns_are_not_sealed(column: str, alice: Any, carol: Any) -> None:
    mine, _theirs = signed_in(alice), signed_in(carol)
    value = getattr(Session.objects.get(user=carol), column)
    Session.objects.filter(user=alice).update(**{column: value})

    assert answer(mine) is None


def test_what_was_ended_cannot_be_edited_back(alice: Any) -> None:
    client = signed_in(alice)
    handle = client.session.handle
    lifecycle.end(handle, reason="ended_by_code")
    Session.everything.filter(pk=handle).update(ended_at=None, end_reason="")

    assert answer(client) == "tampered"


def test_an_older_state_of_a_whole_row_is_not_noticed(alice: Any) -> None:
    client = signed_in(alice)
    handle = client.session.handle
    before = Session.everything.filter(pk=handle).values().get()
    lifecycle.end(handle, reason="ended_by_code")
    Session.everything.filter(pk=handle).update(**before)

    assert answer(client) is None


def test_a_clock_cannot_outlast_the_absolute_limit(settings: Any, alice: Any, clock: Any) -> None:
    settings.JENK_ABSOLUTE_TIMEOUT = timedelta(days=1)
    client = signed_in(alice)
    clock.shift(timedelta(days=2))
    now = SessionEvent.objects.get().at + timedelta(days=2)
    Session.objects.update(last_activity=now, expire_date=now + timedelta(days=9))

    assert answer(client) == "absolute"


def test_another_secret_key(settings: Any, alice: Any, clock: Any) -> None:
    settings.SECRET_KEY = "old"
    client, unused = signed_in(alice), signed_in(alice)
    key = key_of(client)
    clock.shift(61)
    settings.SECRET_KEY = "new"
    assert answer(client) == "tampered"
    settings.SECRET_KEY_FALLBACKS = ["old"]
    assert answer(client) is None
    settings.SECRET_KEY_FALLBACKS = []

    assert answer(client) is None
    assert key_of(client) == key
    assert answer(unused) == "tampered"


# --- Activity, ends, keys -----------------------------------------------------------------


def test_activity_is_written_once_an_interval(alice: Any, clock: Any, urls: Any) -> None:
    seen: list[str] = []

    def look(request: HttpRequest) -> HttpResponse:
        seen.append(request.session["last_activity"])
        return HttpResponse()

    urls.append(path("seen", look))
    client = signed_in(alice)
    client.get("/seen")
    stored = Session.objects.get().last_activity
    clock.shift(50)
    assert "sessionid" not in client.get("/seen").cookies
    assert Session.objects.get().last_activity == stored
    clock.shift(10)
    assert "sessionid" in client.get("/seen").cookies

    assert Session.objects.get().last_activity == stored + timedelta(seconds=60)
    assert len(set(seen)) == 3


@pytest.mark.parametrize(("every", "cart"), [(True, [1, 1]), (False, [1])])
def test_a_change_deep_inside(settings: Any, alice: Any, every: bool, cart: list[int]) -> None:
    settings.SESSION_SAVE_EVERY_REQUEST = every
    client = signed_in(alice)
    client.get("/deep")
    client.get("/deep")

    assert client.session["cart"] == cart


def test_clearsessions_ends_and_tells_nobody(alice: Any, clock: Any, heard: Any) -> None:
    client = signed_in(alice)
    handle = client.session.handle
    Client().get("/plain")
    assert Session.objects.count() == 2
    clock.shift(timedelta(days=14))
    call_command("clearsessions")

    assert list(Session.everything.values_list("handle", "end_reason")) == [(handle, "expired")]
    assert history() == [("started", ""), ("ended", "expired")]
    assert (heard, Session.objects.count()) == ([], 0)


@pytest.mark.parametrize(
    ("change", "reason"), [("rotate", "rotated"), ("logout", "logout"), ("login", "switched_user")]
)
def test_a_retired_key(
    change: str, reason: str, alice: Any, carol: Any, clock: Any, heard: Any
) -> None:
    client = signed_in(alice)
    key = key_of(client)
    client.post(f"/{change}", {"username": "carol", "password": "pw"})
    count = Session.everything.count()
    late = Client(headers={"Cookie": f"sessionid={key}; sessionid_seen=1"})

    page = late.get("/plain")
    assert (page.status_code, page.text, page.cookies) == (200, "", {})
    refusal = late.get("/me")
    assert (refusal.status_code, refusal.cookies) == (401, {})
    assert (refusal.json()["code"], refusal.json()["reason"]) == ("session_required", reason)
    assert Session.everything.count() == count
    clock.shift(61)
    assert answer(late) == ("key_reuse" if reason == "rotated" else reason)
    if reason == "rotated":
        assert answer(client) is None
        assert heard == [*[("refused", "rotated")] * 2, ("refused", "key_reuse")]
        assert history()[-1] == ("refused", "key_reuse")


# --- Passwords and accounts ---------------------------------------------------------------


def test_a_new_password_ends_the_others(alice: Any, heard: Any) -> None:
    mine, other = signed_in(alice), signed_in(alice)
    before = key_of(mine)
    mine.get("/set-password")

    assert Session.everything.exclude(ended_at=None).get().end_reason == "password_changed"
    assert heard == [("ended", "password_changed")]
    assert answer(mine) is None
    assert key_of(mine) != before
    assert answer(other) == "password_changed"


def test_a_password_that_is_changed_elsewhere(alice: Any) -> None:
    client = signed_in(alice)
    alice.set_password("another")
    alice.save()

    assert Session.objects.count() == 1
    assert lifecycle.sessions_of(alice) == []
    assert answer(client) == "password_changed"
    assert Session.objects.count() == 0


def test_an_account_that_is_disabled(alice: Any) -> None:
    client = signed_in(alice)
    alice.is_active = False
    alice.save()
    assert Session.objects.count() == 0
    alice.is_active = True
    alice.save()

    assert answer(client) == "disabled"


def test_an_account_that_is_disabled_by_update(alice: Any) -> None:
    asked, unasked = signed_in(alice), signed_in(alice)
    users = type(alice).objects.filter(pk=alice.pk)
    users.update(is_active=False)
    assert Session.objects.count() == 2
    assert answer(asked) == "disabled"
    users.update(is_active=True)

    assert answer(asked) == "disabled"
    assert answer(unasked) is None


def test_an_account_that_is_deleted(alice: Any) -> None:
    client = signed_in(alice)
    alice.delete()

    assert Session.everything.get().end_reason == "deleted"
    assert answer(client) == "deleted"


# --- Limits and verbs ---------------------------------------------------------------------


def test_the_fourth_sign_in_ends_the_one_used_longest_ago(
    settings: Any, alice: Any, clock: Any
) -> None:
    settings.JENK_MAX_SESSIONS = 3
    clients = []
    for _ in range(3):
        clients.append(signed_in(alice))
        clock.shift(120)
    clients[0].get("/me")
    clients.append(signed_in(alice))

    assert [answer(client) for client in clients] == [None, "limit", None, None]


def test_no_number_is_no_limit(settings: Any, alice: Any, carol: Any) -> None:
    settings.JENK_MAX_SESSIONS = lambda user: None if user == carol else 1
    for user in (alice, carol):
        for _ in range(2):
            signed_in(user)

    assert (len(lifecycle.sessions_of(alice)), len(lifecycle.sessions_of(carol))) == (1, 2)


def test_a_sign_in_without_room(settings: Any, alice: Any) -> None:
    settings.JENK_MAX_SESSIONS, settings.JENK_LIMIT_ACTION = 1, "refuse"
    signed_in(alice)
    client = Client()
    assert client.post("/login", PASSWORD).status_code == 403
    assert client.get("/plain").text == ""
    refusal = client.post("/login", PASSWORD, headers={"Accept": "application/json"})

    assert (refusal.status_code, refusal.json()["code"]) == (403, "limit_reached")
    assert "reason" not in refusal.json()


def test_ending_what_is_over_does_nothing(alice: Any) -> None:
    handle = signed_in(alice).session.handle

    assert lifecycle.end(handle, reason="ended_by_code") is True
    assert lifecycle.end(handle, reason="ended_by_code") is False
    assert lifecycle.end_all(alice, reason="ended_by_code") == 0
    with pytest.raises(ValueError, match="'rotated' is not a reason"):
        lifecycle.end(handle, reason="rotated")


def test_everyone_includes_visitors(alice: Any, carol: Any) -> None:
    mine, _theirs, visitor = signed_in(alice), signed_in(carol), Client()
    visitor.get("/plain")

    count = lifecycle.end_everyone(reason="ended_by_admin", keep=mine.session.handle)
    assert count == 2
    assert Session.objects.get().user == alice


def test_signing_in_once_more_is_in_the_history(alice: Any) -> None:
    client = Client()
    for _ in range(2):
        client.post("/login", PASSWORD)

    assert [kind for kind, _ in history()] == ["started", "reauthenticated"]


# --- Where it runs ------------------------------------------------------------------------


def test_the_hour_that_comes_twice(settings: Any, alice: Any) -> None:
    """Nobody is signed out for it."""
    settings.USE_TZ, settings.TIME_ZONE, settings.SESSION_COOKIE_AGE = False, "Europe/Berlin", 900
    told = []
    for time in ("2026-10-25T00:10Z", "2026-10-25T01:10Z"):
        with time_machine.travel(time, tick=False):
            told.append(answer(signed_in(alice)))

    assert told == [None, None]


def test_django_contrib_sessions_need_not_be_installed(settings: Any, alice: Any) -> None:
    settings.INSTALLED_APPS = [one for one in settings.INSTALLED_APPS if "sessions" not in one]
    client = signed_in(alice)

    assert answer(client) is None
    call_command("clearsessions")
    call_command("check", tags=["jenk"])


def test_a_change_of_the_engine_signs_everyone_out(settings: Any, alice: Any) -> None:
    client = signed_in(alice)
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"

    assert answer(client) == "expired"
