"""Corners of a session on jenk's engine that no page of a site comes to by itself."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import IntegrityError, transaction
from django.test import RequestFactory, override_settings

from jenk import lifecycle, policies, seals, verification
from jenk.backends.db import SessionStore
from jenk.client import Client
from jenk.lifecycle import admission, people
from jenk.lifecycle.admission import Kind
from jenk.models import Session
from jenk.policies import Clocks, Limits
from jenk.reasons import Reason
from jenk.stores import joined
from jenk.stores.base import Found, Record
from tests.browsers import Browser, now

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 1, 25, 12, tzinfo=UTC)


def stored(**data: Any) -> Any:
    session = SessionStore()
    session.update(data or {"cart": 3})
    session.save()
    return session


# --- Keys ---------------------------------------------------------------------------------


def test_a_key_of_another_shape_is_replaced_at_creation() -> None:
    session = SessionStore("a key of another engine")
    session.save(must_create=True)

    assert SessionStore().exists(session.session_key)
    assert len(session.session_key or "") == 57


def test_a_key_that_is_taken_makes_no_second_session() -> None:
    first = stored()
    second = SessionStore(first.session_key)

    with pytest.raises(CreateError):
        second.save(must_create=True)
    assert Session.objects.count() == 1


def test_a_session_that_is_not_there_cannot_be_saved() -> None:
    session = SessionStore("0" * 57)
    with pytest.raises(UpdateError):
        session.save()


def test_another_s_key_can_be_deleted_and_nonsense_does_nothing() -> None:
    mine, other = stored(), stored()
    mine.delete(other.session_key)
    mine.delete("nonsense")
    SessionStore().delete()

    assert [row.handle for row in Session.objects.all()] == [mine.handle]


def test_a_session_that_was_not_read_can_be_emptied(alice: Any) -> None:
    session = stored()
    SessionStore(session.session_key).flush()

    assert not SessionStore().exists(session.session_key)


def test_a_new_session_that_is_emptied_leaves_nothing() -> None:
    session = SessionStore()
    session.start()
    session.flush()

    assert (session.session_key, session.handle) == (None, None)
    assert repr(session) == "<SessionStore without a record>"
    assert Session.everything.count() == 0


def test_no_repr_has_the_key() -> None:
    session = stored()

    assert repr(session) == f"<SessionStore {session.handle}>"
    assert repr(session.record) == f"<Record {session.handle}>"


def test_the_table_is_known() -> None:
    assert SessionStore.get_model_class() is Session


def test_what_cannot_be_read_holds_nothing(settings: Any) -> None:
    session = stored()
    row = Session.objects.get()
    row.payload = "{"
    row.payload_mac = row.sealed_payload()
    row.save()

    assert dict(SessionStore(session.session_key).items()) == {}


# --- Verdicts -----------------------------------------------------------------------------


def record(**facts: Any) -> Record:
    return Record("h" * 25, seals.digest("s"), last_activity=NOON, **facts)


def test_an_ended_visitor_s_key_tells_nothing() -> None:
    ended = record(ended_at=NOON, end_reason="expired")

    assert admission.judge_key(ended, seals.digest("s"), NOON) is admission.UNKNOWN


def test_a_reason_that_somebody_wrote_there_says_nothing() -> None:
    ended = record(ended_at=NOON, end_reason="because", user_id=1)

    found = admission.judge_key(ended, seals.digest("s"), NOON)
    assert found is not None
    assert (found.kind, found.reason) == (Kind.ENDED, Reason.EXPIRED)


def test_a_raised_limit_revives_nothing() -> None:
    late = record(expire_date=NOON)

    assert admission.judge_time(late, Limits(timedelta(days=9)), NOON) is Reason.EXPIRED
    assert admission.judge_time(record(), Limits(None), NOON) is None


@pytest.mark.parametrize(
    ("clocks", "limit", "expected"),
    [
        (Clocks(None, NOON), Limits(timedelta(hours=1)), NOON + timedelta(hours=1)),
        (Clocks(NOON, NOON), Limits(None, timedelta(days=1)), NOON + timedelta(days=1)),
        (Clocks(NOON, NOON), Limits(None, None, NOON), NOON),
        (Clocks(NOON, NOON), Limits(None), policies.NEVER),
        (Clocks(None, NOON), Limits(timedelta.max), policies.NEVER),
        (Clocks(None, NOON), Limits(timedelta.min), datetime.min.replace(tzinfo=UTC)),
    ],
)
def test_the_deadline_is_the_earliest_end(clocks: Any, limit: Any, expected: datetime) -> None:
    assert policies.deadline(clocks, limit) == expected


# --- Users --------------------------------------------------------------------------------


class Chosen(ModelBackend):
    """A backend with rules of its own: it knows nobody whose name is not alice."""

    def get_user(self, user_id: Any) -> Any:
        user = super().get_user(user_id)
        return user if user and user.username == "alice" else None


CHOSEN = f"{__name__}.Chosen"


@pytest.mark.parametrize("name", ["alice", "bob"])
def test_a_backend_of_the_project_s_is_asked(name: str, alice: Any, bob: Any) -> None:
    browser = Browser(asynchronous=False, views="sync")
    with override_settings(AUTHENTICATION_BACKENDS=[CHOSEN]):
        browser.sign_in(name)
        assert browser.get("open/").json()["user"] == ("alice" if name == "alice" else "")
    assert Session.objects.exclude(user=None).count() == 1


def test_a_backend_that_is_gone_makes_anonymous_and_ends_nothing(alice: Any) -> None:
    browser = Browser(asynchronous=False, views="sync")
    with override_settings(AUTHENTICATION_BACKENDS=[CHOSEN]):
        browser.sign_in("alice")
    assert browser.get("open/").json()["user"] == ""
    with override_settings(AUTHENTICATION_BACKENDS=[CHOSEN]):
        assert browser.get("open/").json()["user"] == "alice"


def test_users_without_an_auth_hash() -> None:
    plain: Any = SimpleNamespace()

    assert people.verify_hash(plain, {}).user is plain
    assert people.tags(plain) == {""}
    assert seals.auth_tag(None) == ""


def test_users_of_an_old_django_without_fallbacks() -> None:
    assert list(people.fallback_hashes(SimpleNamespace())) == []


def test_nobody_verifies(alice: Any) -> None:
    alice_hash = alice.get_session_auth_hash()
    assert people.verifies_now(str(alice.pk), alice_hash)
    for claimed in (None, "nobody", "999999"):
        assert not people.verifies_now(claimed, alice_hash)
    type(alice).objects.update(is_active=False)
    assert not people.verifies_now(str(alice.pk), alice_hash)


def test_data_that_name_somebody_else_than_the_record_are_nobody_s(alice: Any, bob: Any) -> None:
    data = {
        SESSION_KEY: str(bob.pk),
        BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
        HASH_SESSION_KEY: bob.get_session_auth_hash(),
    }

    for user_id in (alice.pk, None):
        found = Found(record(user_id=user_id), bob, joined=True)
        assert people.verify(data, found).reason is Reason.DELETED
    assert people.verify(data, Found(None)).reason is Reason.DELETED
    assert people.verify(data | {SESSION_KEY: "x"}, found).reason is Reason.DELETED
    mine = Found(record(user_id=bob.pk), bob, joined=True)
    assert people.verify(data | {SESSION_KEY: bob.pk}, mine).user == bob


def test_a_user_who_cannot_exist_is_taken_out(alice: Any) -> None:
    session = stored()
    session[SESSION_KEY] = "nobody"
    session.save()

    assert dict(SessionStore(session.session_key).items()) == {"cart": 3}


# --- Use ----------------------------------------------------------------------------------


def test_a_sign_out_that_crosses_with_a_new_key_ends_the_session(alice: Any) -> None:
    browser = Browser(asynchronous=False, views="sync")
    browser.sign_in("alice")
    old = browser.key or ""
    browser.get("rotate/")
    late = browser.another()
    late.set_cookie("sessionid", old)

    response = late.sign_out()

    assert "sessionid" not in response.cookies
    assert Session.everything.get(pk=old[:25]).end_reason == "logout"


def test_a_visitor_s_key_from_before_the_sign_in_signs_nobody_out(alice: Any) -> None:
    """Whoever planted it could do so at will."""
    browser = Browser(asynchronous=False, views="sync")
    browser.get("write/?cart=3")
    planted = browser.key or ""
    browser.sign_in("alice")
    other = browser.another()
    other.set_cookie("sessionid", planted)
    other.sign_out()

    assert browser.get("open/").json()["user"] == "alice"


def test_rotating_a_visitor_s_session_that_is_gone_says_nothing() -> None:
    browser = Browser(asynchronous=False, views="sync")
    browser.get("write/?cart=3")
    Session.objects.all().delete()

    assert browser.get("rotate/").status_code == 200


def test_an_empty_session_ends_sooner(settings: Any) -> None:
    settings.JENK_EMPTY_SESSION_AGE = 60
    browser = Browser(asynchronous=False, views="sync")
    browser.get("plain/")
    row = Session.objects.get()

    assert row.expire_date - row.last_activity == timedelta(seconds=60)
    browser.get("write/?cart=3")
    row.refresh_from_db()
    assert row.expire_date > now() + timedelta(days=13)


# --- Coming second, as often as it takes --------------------------------------------------


class Busy:
    """A store that others write to first, some times in a row."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.real = SessionStore.store.replace

    def __call__(self, *args: Any, **kwargs: Any) -> bool:
        if self.left:
            self.left -= 1
            return False
        return self.real(*args, **kwargs)


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Have others come first, so many times."""

    def make(times: int) -> None:
        monkeypatch.setattr(SessionStore.store, "replace", Busy(times))

    return make


@pytest.mark.parametrize("times", [1, 4, 5])
@pytest.mark.parametrize("inside", [False, True])
def test_a_save_is_tried_until_it_is_made(busy: Any, times: int, inside: bool) -> None:
    session = stored()
    session["cart"] = 4
    busy(times)
    with transaction.atomic() if inside else nullcontext():
        session.save()

    assert SessionStore(session.session_key)["cart"] == 4


@pytest.mark.parametrize("times", [1, 4, 5])
@pytest.mark.parametrize("inside", [False, True])
def test_a_new_key_is_tried_until_it_is_made(busy: Any, times: int, inside: bool) -> None:
    session = stored()
    old = session.session_key
    busy(times)
    with transaction.atomic() if inside else nullcontext():
        session.cycle_key()

    assert session.session_key != old
    assert SessionStore(session.session_key)["cart"] == 3
    assert not SessionStore().exists(old)


def visit_and_sign_in(alice: Any) -> tuple[Any, Any]:
    """A visitor's request that has not ended, and the browser that has signed in meanwhile."""
    browser = Browser(asynchronous=False, views="sync")
    browser.get("write/?cart=3")
    late = SessionStore(browser.key)
    late["seen"] = 1
    browser.sign_in("alice")
    return browser, late


@pytest.mark.parametrize("times", [1, 2])
def test_what_a_visitor_wrote_is_added_to_the_sign_in(alice: Any, busy: Any, times: int) -> None:
    browser, late = visit_and_sign_in(alice)
    busy(times)
    late.save()
    late.save()

    assert not late.will_save()
    assert not late.sends_cookie(())
    assert Session.objects.get(pk=browser.key).get_decoded()["seen"] == 1


def test_what_a_visitor_wrote_is_dropped_where_it_cannot_be_added(alice: Any, busy: Any) -> None:
    browser, late = visit_and_sign_in(alice)
    busy(9)
    late.save()

    assert "seen" not in Session.objects.get(pk=browser.key).get_decoded()


def test_what_a_visitor_wrote_ends_with_the_session(
    alice: Any, busy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _browser, late = visit_and_sign_in(alice)
    real = SessionStore.store.read
    found = [real(late.handle), None]
    busy(2)
    monkeypatch.setattr(SessionStore.store, "read", lambda *args, **kwargs: found.pop(0))
    late.save()

    assert found == []


def test_a_visitor_who_wrote_nothing_new_writes_nothing(alice: Any) -> None:
    browser, late = visit_and_sign_in(alice)
    late["_csrftoken"] = "x"
    del late["seen"]
    late.save()

    assert "_csrftoken" not in Session.objects.get(pk=browser.key).get_decoded()


def test_an_insert_that_fails_for_another_reason_is_the_database_s_error() -> None:
    with pytest.raises(IntegrityError):
        SessionStore.store.insert(Record("h" * 25, "s"), now(), Client())


def test_ending_what_is_not_there_ends_nothing() -> None:
    assert SessionStore.store.end("h" * 25, now(), reason="logout") is None


# --- Twins and tools ----------------------------------------------------------------------


async def test_the_twins_of_django_s_methods() -> None:
    session: Any = SessionStore()
    await session.acreate()
    assert await session.aexists(session.session_key)
    assert not await session.aexists("nonsense")
    await session.aset("cart", 3)
    await session.asave()
    assert await SessionStore(session.session_key).aget("cart") == 3
    await session.acycle_key()
    await SessionStore.aclear_expired()
    await session.adelete()
    assert not await session.aexists(session.session_key)


def test_a_session_that_is_gone_cannot_be_rewritten() -> None:
    with pytest.raises(UpdateError):
        SessionStore().rewrite(timedelta())
    assert not SessionStore().has_changed()


def test_rotating_needs_no_middleware_but_the_session_s(alice: Any) -> None:
    request: Any = RequestFactory().get("/")
    request.session = stored()
    key = request.session.session_key
    lifecycle.rotate(request)

    assert request.session.session_key != key


def test_rotating_a_session_that_was_ended_is_interrupted(alice: Any) -> None:
    browser = Browser(asynchronous=False, views="sync")
    browser.sign_in("alice")
    request: Any = RequestFactory().get("/")
    request.session = SessionStore(browser.key)
    request.session.keys()
    lifecycle.end((browser.key or "")[:25], reason="ended_by_admin")

    with pytest.raises(SessionInterrupted):
        lifecycle.rotate(request)


def test_a_user_that_code_puts_there_is_the_user(alice: Any, bob: Any) -> None:
    browser = Browser(asynchronous=False, views="sync")
    browser.sign_in("alice")
    request: Any = RequestFactory().get("/")
    request.session, request.user = SessionStore(browser.key), bob

    assert not verification.is_djangos_to_say(request)


@override_settings(USE_TZ=False, TIME_ZONE="America/New_York")
def test_a_row_without_time_zones_can_be_read(alice: Any) -> None:
    browser = Browser(asynchronous=False, views="sync")
    browser.sign_in("alice")

    assert Session.objects.get().get_decoded()["user"] == "alice"


def test_an_expiry_is_what_it_was_set_to(alice: Any) -> None:
    for value, live in ((60, 1), (timedelta(hours=1), 1), (None, 1)):
        browser = Browser(asynchronous=False, views="sync")
        browser.sign_in("alice")
        session = SessionStore(browser.key)
        session.set_expiry(value)
        session.save()
        rows = [row.handle for row in lifecycle.sessions_of(alice)]
        assert (rows.count(session.handle), len(rows) > 0) == (live, True)


def test_a_visitor_s_session_is_ended_without_a_word(told: Any) -> None:
    session = stored()

    assert lifecycle.end(session.handle, reason="ended_by_code") is True
    assert lifecycle.end(session.handle, reason="ended_by_code") is False
    assert told == []


def test_a_visitor_who_comes_late_is_a_new_one(told: Any) -> None:
    session = stored()
    Session.objects.update(last_activity=now() - timedelta(days=30))
    late = SessionStore(session.session_key)

    assert dict(late.items()) == {}
    assert late.refusal is admission.UNKNOWN
    assert told == []


def test_a_user_model_without_an_auth_hash_verifies(
    alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "by_id", lambda user_id: SimpleNamespace(is_active=True))

    assert people.verifies_now(str(alice.pk), None)


def test_a_session_that_is_lost_while_it_is_written_is_left(busy: Any) -> None:
    session = stored()
    session["cart"] = 4
    session.detached = True

    assert session.try_update(session._session_cache, None) is True


def test_without_the_joined_statement_it_takes_two(
    alice: Any, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(joined, "is_possible", lambda alias: False)
    browser = Browser(asynchronous=False, views="sync")
    browser.sign_in("alice")

    with django_assert_num_queries(2):
        assert browser.get("private/").json()["user"] == "alice"


def test_whose_session_it_was_is_known_without_the_joined_statement(
    alice: Any, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joined, "is_possible", lambda alias: False)
    browser = Browser(asynchronous=False, views="sync")
    browser.sign_in("alice")
    browser.expire()
    told.clear()
    browser.get("open/")

    assert [(one[0], one[2], one[3]) for one in told] == [("ended", "alice", "idle")]
