"""What the project is told, and through which doors."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.dispatch import Signal
from django.test import Client, override_settings

from jenk import lifecycle, signals
from tests.browsers import Browser
from tests.engines import OWN_ENGINE, SessionStore

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = {
    "started": signals.session_started,
    "rotated": signals.session_rotated,
    "ended": signals.session_ended,
    "refused": signals.session_refused,
}


@pytest.fixture
def heard() -> Any:
    """Everything the signals say, in order."""
    heard: list[tuple[Any, ...]] = []
    receivers = []
    for name, signal in NAMES.items():

        def receive(*, name: str = name, **facts: Any) -> None:
            assert facts["sender"].__name__ == "SessionStore"
            assert (facts["handle"] is not None) is OWN_ENGINE
            heard.append((name, facts["user"] and facts["user"].get_username(), facts))

        signal.connect(receive)
        receivers.append((signal, receive))
    yield heard
    for signal, receive in receivers:
        signal.disconnect(receive)


def told(heard: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return names, users and reasons, and start anew."""
    brief = [(name, user, facts.get("reason")) for name, user, facts in heard]
    heard.clear()
    return brief


def test_sign_in_starts_and_sign_out_ends(browser: Browser, alice: Any, heard: Any) -> None:
    browser.sign_in("alice")
    assert heard[0][2]["request"].user == alice
    assert told(heard) == [("started", "alice", None)]

    browser.get("plain/")
    assert told(heard) == []

    browser.sign_out()
    assert heard[0][2]["actor"] is None
    assert told(heard) == [("ended", "alice", "logout")]


def test_a_visitor_who_signs_out_ends_nothing(browser: Browser, heard: Any) -> None:
    browser.get("plain/")
    browser.sign_out()

    assert told(heard) == []


def test_the_same_user_signing_in_again_rotates(browser: Browser, alice: Any, heard: Any) -> None:
    browser.sign_in("alice")
    first = browser.key
    told(heard)
    browser.sign_in("alice")

    assert browser.key != first
    assert told(heard) == [("rotated", "alice", None)]


def test_another_user_signing_in_ends_the_first_ones_session(
    browser: Browser, alice: Any, carol: Any, heard: Any
) -> None:
    browser.sign_in("alice")
    browser.get("write/?secret=1")
    first = browser.key
    told(heard)
    browser.sign_in("carol")

    assert told(heard) == [("ended", "alice", "switched_user"), ("started", "carol", None)]
    assert not SessionStore().exists(first)
    assert "secret" not in browser.get("plain/").json()["keys"]


@pytest.mark.parametrize("reason", ["idle", "password_changed"])
def test_an_end_is_told_once_with_its_reason(
    browser: Browser, alice: Any, heard: Any, reason: str
) -> None:
    browser.sign_in("alice")
    told(heard)
    browser.expire(reason)
    browser.get("plain/")
    browser.get("plain/")

    assert told(heard) == [("ended", "alice", reason)]


def test_an_account_that_was_disabled_or_deleted(
    browser: Browser, alice: Any, carol: Any, heard: Any
) -> None:
    browser.sign_in("alice")
    told(heard)
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    browser.get("open/")
    assert told(heard) == [("ended", "alice", "disabled")]
    type(alice).objects.filter(pk=alice.pk).update(is_active=True)
    assert browser.get("private/").status_code == 302

    browser.sign_in("carol")
    told(heard)
    carol.delete()
    browser.get("open/")
    assert told(heard) == [("ended", None, "deleted")]


def test_rotation_by_code_of_the_project(browser: Browser, alice: Any, heard: Any) -> None:
    browser.sign_in("alice")
    first = browser.key
    told(heard)
    browser.get("rotate/")

    assert browser.key != first
    assert told(heard) == [("rotated", "alice", None)]
    assert browser.get("private/").status_code == 200


def test_a_password_change_rotates_and_keeps_this_session(alice: Any, heard: Any) -> None:
    client = Client()
    client.force_login(alice)
    alice.is_staff = alice.is_superuser = True
    alice.save()
    told(heard)
    first = client.cookies["sessionid"].value
    fields = {"old_password": "pw", "new_password1": "N3w-secret!", "new_password2": "N3w-secret!"}
    response = client.post("/admin/password_change/", fields)

    assert response.status_code == 302
    assert client.cookies["sessionid"].value != first
    assert told(heard) == [("rotated", "alice", None)]
    assert client.get("/sync/private/").status_code == 200


def test_code_that_empties_the_session_ended_it(browser: Browser, alice: Any, heard: Any) -> None:
    browser.sign_in("alice")
    told(heard)
    browser.get("flush/")

    assert told(heard) == [("ended", "alice", "ended_by_code")]


def test_sign_in_without_a_request_of_its_own_counts(alice: Any, heard: Any) -> None:
    client = Client()
    client.force_login(alice)
    client.force_login(alice)
    client.logout()

    assert told(heard) == [
        ("started", "alice", None),
        ("rotated", "alice", None),
        ("ended", "alice", "logout"),
    ]


def test_a_transaction_that_rolls_back_tells_nothing(alice: Any, heard: Any) -> None:
    client = Client()
    with transaction.atomic():
        client.force_login(alice)
        assert told(heard) == []
        transaction.set_rollback(True)
    assert told(heard) == []

    with transaction.atomic():
        client.force_login(alice)
    assert told(heard)[-1][1] == "alice"


@pytest.mark.parametrize("signal", [signals.session_started, signals.session_ended])
def test_a_receiver_that_fails_disturbs_nobody(
    browser: Browser, alice: Any, signal: Signal
) -> None:
    def fail(**facts: Any) -> None:
        raise RuntimeError

    signal.connect(fail)
    try:
        assert browser.sign_in("alice").status_code == 302
        assert browser.get("private/").status_code == 200
        assert browser.sign_out().status_code == 200
    finally:
        signal.disconnect(fail)


def test_a_sign_in_that_has_no_session_is_not_ours(alice: Any, heard: Any) -> None:
    from django.contrib.auth.signals import user_logged_in, user_logged_out  # noqa: PLC0415

    user_logged_in.send(sender=type(alice), request=None, user=alice)
    user_logged_out.send(sender=type(alice), request=None, user=alice)

    assert told(heard) == []


VERBS = {
    "sessions_of": lambda verb: verb(None),
    "end": lambda verb: verb("a" * 25, reason="ended_by_code"),
    "end_others": lambda verb: verb(None, reason="ended_by_code"),
    "end_all": lambda verb: verb(None, reason="ended_by_code"),
    "end_everyone": lambda verb: verb(reason="ended_by_code"),
}


@pytest.mark.parametrize("name", VERBS)
async def test_verbs_that_need_another_engine_say_so(name: str) -> None:
    message = "SESSION_ENGINE is 'django.contrib.sessions.backends.file', which keeps no list"
    with override_settings(SESSION_ENGINE="django.contrib.sessions.backends.file"):
        with pytest.raises(lifecycle.ImproperlyConfigured, match=message):
            VERBS[name](getattr(lifecycle, name))
        with pytest.raises(lifecycle.ImproperlyConfigured, match=message):
            await VERBS[name](getattr(lifecycle, f"a{name}"))


@pytest.mark.parametrize("reason", ["boredom", "rotated", "key_reuse", "tampered", ""])
def test_a_reason_that_is_none_is_refused(reason: str) -> None:
    with pytest.raises(ValueError, match=f"{reason!r} is not a reason for ending a session"):
        lifecycle.end("a" * 25, reason=reason)
