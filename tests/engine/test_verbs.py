"""The verbs on an engine of jenk's: list, end one, others, all, everyone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from asgiref.sync import async_to_sync

from jenk import lifecycle
from jenk.lifecycle import telling
from jenk.models import Session, SessionEvent
from jenk.reasons import Reason
from tests.browsers import Browser, now

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["sync", "async"])
def either(request: Any) -> Browser:
    return Browser(asynchronous=request.param == "async", views=request.param)


def verb(browser: Browser, name: str, *args: Any, **kwargs: Any) -> Any:
    """Call a verb, or its twin."""
    if browser.asynchronous:
        return async_to_sync(getattr(lifecycle, f"a{name}"))(*args, **kwargs)
    return getattr(lifecycle, name)(*args, **kwargs)


def handle_of(browser: Browser) -> str:
    return (browser.key or "")[:25]


def browsers(first: Browser, count: int, username: str = "alice") -> list[Browser]:
    found = [first, *(first.another() for _ in range(count - 1))]
    for browser in found:
        browser.sign_in(username)
    return found


def reason_of(browser: Browser) -> str | None:
    reason: str | None = browser.get("ajax/").json().get("reason")
    return reason


def test_the_sessions_of_a_user(either: Browser, alice: Any, bob: Any) -> None:
    first, second = browsers(either, 2)
    first.another().sign_in("bob")
    Session.objects.filter(pk=first.key).update(last_activity=now() - timedelta(seconds=30))

    rows = verb(either, "sessions_of", alice)

    assert [row.handle for row in rows] == [handle_of(second), handle_of(first)]
    assert first.key not in str(rows)
    assert rows[0].user_id == alice.pk


def test_what_is_over_is_not_listed(either: Browser, alice: Any, settings: Any) -> None:
    idle, ended, live = browsers(either, 3)
    settings.SESSION_COOKIE_AGE = 600
    Session.objects.filter(pk=idle.key).update(last_activity=now() - timedelta(seconds=601))
    lifecycle.end(handle_of(ended), reason="ended_by_code")

    assert [row.handle for row in verb(either, "sessions_of", alice)] == [handle_of(live)]


def test_after_a_new_password_none_is_listed(either: Browser, alice: Any) -> None:
    browsers(either, 2)
    alice.set_password("another")
    alice.save()

    assert verb(either, "sessions_of", alice) == []


def test_one_is_ended(either: Browser, alice: Any, carol: Any, told: Any) -> None:
    first, second = browsers(either, 2)
    told.clear()
    handle = handle_of(second)

    assert verb(either, "end", handle, reason="ended_by_admin", actor=carol) is True
    assert verb(either, "end", handle, reason="ended_by_admin", actor=carol) is False

    assert told == [("ended", handle, "alice", "ended_by_admin", carol)]
    tombstone = Session.everything.get(pk=handle)
    assert (tombstone.payload, tombstone.payload_mac) == ("", "")
    assert (tombstone.end_reason, tombstone.ended_by) == ("ended_by_admin", str(carol.pk))
    event = SessionEvent.objects.get(handle=handle, kind="ended")
    assert (event.reason, event.actor, event.user_id) == (
        "ended_by_admin",
        str(carol.pk),
        alice.pk,
    )
    assert reason_of(second) == "ended_by_admin"
    assert first.get("private/").status_code == 200


def test_the_others_are_ended(either: Browser, alice: Any, bob: Any, told: Any) -> None:
    first, second, third = browsers(either, 3)
    (others,) = browsers(either.another(), 1, "bob")
    told.clear()

    assert first.get("end-others/").json() == 2

    assert sorted(told) == sorted(
        ("ended", handle_of(one), "alice", "ended_by_user", alice) for one in (second, third)
    )
    assert first.get("private/").status_code == 200
    assert others.get("private/").status_code == 200
    assert reason_of(second) == reason_of(third) == "ended_by_user"


def test_nobody_has_no_others(either: Browser, db: None) -> None:
    assert either.get("end-others/").json() == (
        "end_others() needs somebody to be signed in; protect the view that calls it."
    )


def test_all_are_ended_but_one(either: Browser, alice: Any) -> None:
    first, second = browsers(either, 2)

    kept = handle_of(first)
    assert verb(either, "end_all", alice, reason="ended_by_code", keep=kept) == 1
    assert first.get("private/").status_code == 200
    assert verb(either, "end_all", alice, reason="ended_by_code") == 1
    assert verb(either, "end_all", alice, reason="ended_by_code") == 0
    assert reason_of(first) == reason_of(second) == "ended_by_code"


def test_everyone_is_ended_but_one(either: Browser, alice: Any, bob: Any) -> None:
    (mine,) = browsers(either, 1)
    (theirs,) = browsers(either.another(), 1, "bob")
    visitor = either.another()
    visitor.get("write/?cart=3")

    assert verb(either, "end_everyone", reason="ended_by_admin", keep=handle_of(mine)) == 2

    assert mine.get("private/").status_code == 200
    assert reason_of(theirs) == "ended_by_admin"
    assert visitor.get("plain/").json()["keys"] == {}
    assert SessionEvent.objects.filter(kind="ended").count() == 1


@pytest.mark.parametrize("reason", ["rotated", "key_reuse", "tampered", "because", ""])
def test_a_reason_is_one_of_an_end(either: Browser, alice: Any, reason: str) -> None:
    for name, args in (
        ("end", ("a" * 25,)),
        ("end_all", (alice,)),
        ("end_everyone", ()),
        ("end_others", (None,)),
    ):
        with pytest.raises(ValueError, match="is not a reason for ending a session"):
            verb(either, name, *args, reason=reason)


def test_without_receivers_ending_all_takes_few_statements(
    either: Browser, alice: Any, django_assert_num_queries: Any
) -> None:
    browsers(either, 3)
    from django.db import connection  # noqa: PLC0415 - of the run's database

    # BEGIN and COMMIT come on top; MariaDB has to be told the rows, or two of these deadlock.
    count = {"sqlite": 2, "postgresql": 3, "mysql": 3}[connection.vendor] + 2
    with (
        mock.patch.object(telling, "is_heard", return_value=False),
        django_assert_num_queries(count),
    ):
        assert lifecycle.end_all(alice, reason="ended_by_code") == 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda user: setattr(user, "is_active", False) or user.save(), Reason.DISABLED),
        (lambda user: user.delete(), Reason.DELETED),
    ],
    ids=["disabled", "deleted"],
)
def test_an_account_that_is_closed_ends_its_sessions_at_once(
    either: Browser, alice: Any, told: Any, change: Any, reason: Reason
) -> None:
    (browser,) = browsers(either, 1)
    told.clear()
    handle = handle_of(browser)

    change(alice)

    assert Session.everything.get(pk=handle).end_reason == reason
    assert [one[:2] + one[3:] for one in told] == [("ended", handle, reason, None)]
    assert reason_of(browser) == reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda users, pk: users.filter(pk=pk).update(is_active=False), Reason.DISABLED),
        (lambda users, pk: users.filter(pk=pk)._raw_delete("default"), Reason.DELETED),
        (lambda users, pk: users.filter(pk=pk).update(password="x"), Reason.PASSWORD_CHANGED),
    ],
    ids=["disabled", "deleted", "password"],
)
def test_a_bulk_change_ends_it_when_it_is_loaded(
    either: Browser, alice: Any, told: Any, change: Any, reason: Reason
) -> None:
    (browser,) = browsers(either, 1)
    told.clear()
    handle = handle_of(browser)
    change(type(alice).objects.all(), alice.pk)
    assert Session.objects.filter(pk=handle).exists()

    assert reason_of(browser) == reason

    assert Session.everything.get(pk=handle).end_reason == reason
    name = None if reason == Reason.DELETED else "alice"
    assert told == [("ended", handle, name, reason, None)]


def test_enabling_an_account_again_revives_nothing(either: Browser, alice: Any) -> None:
    (browser,) = browsers(either, 1)
    key = browser.key
    alice.is_active = False
    alice.save()
    alice.is_active = True
    alice.save()

    browser.set_cookie("sessionid", key or "")
    assert browser.get("private/").status_code == 302


def test_the_history_of_a_visit(either: Browser, alice: Any) -> None:
    either.sign_in("alice")
    either.get("rotate/")
    either.sign_in("alice")
    handle = handle_of(either)
    either.sign_out()

    kinds = SessionEvent.objects.filter(handle=handle).order_by("pk")
    assert list(kinds.values_list("kind", "reason")) == [
        ("started", ""),
        ("rotated", ""),
        ("reauthenticated", ""),
        ("ended", "logout"),
    ]


def test_a_switch_of_users_is_told_apart(either: Browser, alice: Any, bob: Any, told: Any) -> None:
    either.sign_in("alice")
    first = handle_of(either)
    either.sign_in("bob")

    assert Session.everything.get(pk=first).end_reason == "switched_user"
    assert SessionEvent.objects.get(handle=first, kind="ended").reason == "switched_user"
    assert [(one[0], one[1], one[2], one[3]) for one in told] == [
        ("started", first, "alice", None),
        ("ended", first, "alice", "switched_user"),
        ("started", handle_of(either), "bob", None),
    ]


def test_a_refused_key_is_told_with_the_session_s_handle(
    either: Browser, alice: Any, told: Any
) -> None:
    either.sign_in("alice")
    old = either.key or ""
    either.get("rotate/")
    for ago, reason in ((0, "rotated"), (2, "key_reuse")):
        Session.objects.update(rotated_at=now() - timedelta(minutes=ago))
        told.clear()
        late = either.another()
        late.set_cookie("sessionid", old)
        late.get("open/")
        assert told == [("refused", old[:25], None, reason, None)]
