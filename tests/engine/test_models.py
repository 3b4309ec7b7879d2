"""The tables, and the shell lines of people who look into them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from jenk.backends.db import SessionStore
from jenk.models import Session, SessionEvent, SessionOwner
from jenk.snapshot import KEYS
from tests.browsers import Browser, now

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser(alice: Any) -> Browser:
    browser = Browser(asynchronous=False, views="sync")
    browser.sign_in("alice")
    browser.get("write/?cart=3")
    return browser


def test_the_lines_of_the_guide_for_the_shell(browser: Browser) -> None:
    assert Session.objects.filter(expire_date__gt=timezone.now()).count() == 1
    session = Session.objects.get(pk=browser.key)
    data = session.get_decoded()

    assert set(KEYS) <= set(data)
    assert (data["user"], data["cart"]) == ("alice", "3")


def test_a_session_is_found_by_key_and_by_handle(browser: Browser) -> None:
    key = browser.key or ""
    for name in ("pk", "handle", "session_key"):
        for value in (key, key[:25]):
            assert str(Session.objects.get(**{name: value})) == key[:25]
    assert not Session.objects.filter(pk=key[:-1] + ("a" if key[-1] != "a" else "b")).exists()
    assert Session.objects.exclude(pk=key).count() == 0
    assert Session.objects.get().session_key == key[:25]


def test_no_table_holds_a_key(browser: Browser) -> None:
    key = browser.key or ""
    browser.get("rotate/")
    keys = (key[25:], (browser.key or "")[25:])
    for model in (Session, SessionEvent, SessionOwner):
        for row in model._base_manager.values_list():
            assert not any(secret in str(value) for value in row for secret in keys)


def test_a_tombstone_is_not_among_the_sessions(browser: Browser) -> None:
    handle = Session.objects.get().handle
    browser.sign_out()

    assert Session.objects.count() == 0
    tombstone = Session.everything.get()
    assert (tombstone.handle, tombstone.get_decoded()) == (handle, {})


def test_what_a_deleted_user_leaves_behind_can_be_read(browser: Browser, alice: Any) -> None:
    get_user_model().objects.filter(pk=alice.pk)._raw_delete("default")

    assert Session.objects.get().get_decoded()["cart"] == "3"


def test_the_manager_replaces_what_a_session_holds(browser: Browser) -> None:
    row = Session.objects.get()
    data = SessionStore().unpacked(row.payload) | {"cart": "9"}
    Session.objects.save(row.session_key, data, row.expire_date)

    assert browser.get("plain/").json()["keys"]["cart"] == "9"
    with pytest.raises(Session.DoesNotExist):
        Session.objects.save("a" * 25, {}, row.expire_date)


def test_events_and_owners_have_names(browser: Browser, alice: Any) -> None:
    assert str(SessionEvent.objects.first()) == f"{Session.objects.get().handle} started"
    assert str(SessionOwner(user=alice)) == str(alice.pk)


def test_clearsessions_ends_what_is_past_its_deadline(browser: Browser, alice: Any) -> None:
    visitor = browser.another()
    visitor.get("write/?cart=1")
    other = browser.another()
    other.sign_in("alice")
    past = now() - timedelta(seconds=1)
    Session.objects.exclude(pk=other.key).update(expire_date=past)

    call_command("clearsessions")

    assert [row.handle for row in Session.objects.all()] == [(other.key or "")[:25]]
    assert Session.everything.get(pk=(browser.key or "")[:25]).end_reason == "expired"
    assert SessionEvent.objects.filter(kind="ended").count() == 1


def test_the_tables_come_and_go_with_rows_in_place(browser: Browser, alice: Any) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate([("jenk", None)])
    try:
        assert not [name for name in tables() if name.startswith("jenk_")]
        assert get_user_model().objects.filter(pk=alice.pk).exists()
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes("jenk"))
    browser.sign_in("alice")
    assert Session.objects.count() == 1


def tables() -> list[str]:
    return connection.introspection.table_names()


def test_names_are_short_enough_for_every_database() -> None:
    """Oracle allows 30 characters, the least of all that Django knows."""
    with connection.cursor() as cursor:
        for model in (Session, SessionEvent, SessionOwner):
            assert len(model._meta.db_table) <= 30
            for name, facts in connection.introspection.get_constraints(
                cursor, model._meta.db_table
            ).items():
                assert not facts["foreign_key"], name
            for index in model._meta.indexes:
                assert len(index.name) <= 30


def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "jenk", check=True, dry_run=True, verbosity=0)
