"""jenk's engine is held to the contract, and the contract to engines that cannot meet it."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar
from unittest import mock

import pytest
from django.contrib.sessions.backends import cache, cached_db, db, file
from django.contrib.sessions.models import Session as Row
from django.test import TransactionTestCase

from jenk.testing.contract import AsyncSessionEngineContract, InFlight, SessionEngineContract
from tests.engine import databases
from tests.settings import DATABASE


class Cheap(TransactionTestCase):
    """Cleans up in few statements."""

    __test__ = False

    def _fixture_teardown(self) -> None:
        databases.empty()


class TestContract(SessionEngineContract, Cheap):
    __test__ = True
    engine = "jenk.backends.db"


class TestAsyncContract(AsyncSessionEngineContract, Cheap):
    __test__ = True
    engine = "jenk.backends.db"


# --- The contract can fail ----------------------------------------------------------------


class Djangos(SessionEngineContract, Cheap):
    """What of the contract makes sense on Django's own engines."""

    payload_columns: ClassVar[tuple[str, ...]] = ("session_data",)

    def end(self, key: str) -> bool:
        self.store_class().delete(key)
        return True

    def remove(self, session: InFlight) -> None:
        Row.objects.filter(pk=session.key).delete()


class Table(Djangos):
    engine = "django.contrib.sessions.backends.db"


class AsyncTable(AsyncSessionEngineContract, Table):
    pass


class CachedTable(Djangos):
    engine = "django.contrib.sessions.backends.cached_db"


class Cache(Djangos):
    engine = "django.contrib.sessions.backends.cache"


class Files(Djangos):
    engine = "django.contrib.sessions.backends.file"


#: What happens on Django's database engine, by the promise that it breaks.
WEAKNESSES = {
    "two_writers_of_different_keys_both_keep_theirs": "a write is lost",
    "the_last_of_two_writers_of_one_key_wins": "a write to another key is lost",
    "a_deleted_key_stays_deleted_beside_another_writer": "what was deleted comes back",
    "a_request_that_only_reads_takes_back_nothing": "whoever saves every request loses writes",
    "a_request_in_flight_while_its_browser_signs_in_is_no_error": "it gets a 400",
    "a_late_new_key_does_not_bring_an_ended_session_back": "a new key revives a session",
    "a_late_password_change_does_not_bring_an_ended_session_back": "so does a new password",
    "of_many_new_keys_at_the_same_time_one_is_good": "each makes a session of its own",
    "the_second_of_two_new_keys_loses_no_data_and_opens_nothing": "each has half of the data",
    "the_store_does_not_know_the_key": "whoever reads the table has every session",
    "data_copied_from_another_session_are_refused": "whoever writes to it is anybody",
    "a_store_that_fails_does_not_say_that_the_session_ended": "any failure is a sign-out",
    "what_a_transaction_takes_back_is_stored_later": "the session is gone",
    "a_session_stays_its_users_whatever_is_stored": "nobody knows whose a session is",
}

#: And on the others, where it is not the same.
ELSEWHERE = [
    *(
        (engine, name)
        for engine in (CachedTable, Cache, Files)
        for name in (
            "two_writers_of_different_keys_both_keep_theirs",
            "a_request_that_only_reads_takes_back_nothing",
            "a_late_new_key_does_not_bring_an_ended_session_back",
            "a_late_password_change_does_not_bring_an_ended_session_back",
        )
    ),
    (CachedTable, "a_record_that_was_removed_is_an_end"),
]


def outcome(contract: type[Any], name: str) -> unittest.TestResult:
    result = unittest.TestResult()
    unittest.TestSuite([contract(f"test_{name}")]).run(result)
    return result


@pytest.fixture
def elsewhere(settings: Any, tmp_path: Any) -> None:
    """Where Django's other engines keep sessions."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.SESSION_FILE_PATH = str(tmp_path)


@pytest.mark.parametrize("contract", [Table, AsyncTable])
@pytest.mark.parametrize("name", WEAKNESSES)
def test_djangos_own_engine_breaks_the_promise(database, contract, name):
    found = outcome(contract, name)

    assert (found.testsRun, len(found.failures + found.errors)) == (1, 1)


@pytest.mark.parametrize(("contract", "name"), ELSEWHERE)
def test_djangos_other_engines_break_the_promise(database, elsewhere, contract, name):
    found = outcome(contract, name)

    assert (found.testsRun, len(found.failures + found.errors)) == (1, 1)


@pytest.mark.needs_mariadb
@pytest.mark.skipif(DATABASE != "mariadb", reason="MariaDB alone compares keys without their case")
def test_mariadb_finds_djangos_sessions_by_a_key_in_other_letters(database):
    found = outcome(Table, "a_key_in_other_letters_opens_nothing")

    assert len(found.failures) == 1


# --- Ends that cross another request, on Django's cached engines ----------------------------


def sign_in(engine: Any, user: Any) -> str:
    return InFlight(engine).sign_in(user).save().key


def and_then(step: Callable[[], Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function after which another request takes its step."""

    def both(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        step()
        return result

    return both


def test_a_read_that_crosses_a_sign_out_revives_a_cached_session(anna, elsewhere):
    key = sign_in(cached_db.SessionStore, anna)
    reader = cached_db.SessionStore(key)
    reader._cache.clear()
    end = partial(cached_db.SessionStore().delete, key)
    with mock.patch.object(
        reader, "_get_session_from_db", and_then(end, reader._get_session_from_db)
    ):
        reader.load()

    assert InFlight(cached_db.SessionStore, key).user() == anna


def test_a_write_that_crosses_a_sign_out_revives_a_cached_session(anna, elsewhere):
    key = sign_in(cached_db.SessionStore, anna)
    writer = InFlight(cached_db.SessionStore, key).put(cart=3)
    end = partial(cached_db.SessionStore().delete, key)
    with mock.patch.object(db.SessionStore, "save", and_then(end, db.SessionStore.save)):
        writer.save()

    assert InFlight(cached_db.SessionStore, key).user() == anna


def test_a_write_that_crosses_a_sign_out_revives_a_session_in_a_cache(anna, elsewhere):
    key = sign_in(cache.SessionStore, anna)
    writer = InFlight(cache.SessionStore, key).put(cart=3)
    end = partial(cache.SessionStore().delete, key)
    kept = writer.session._cache
    with mock.patch.object(kept, "get", and_then(end, kept.get)):
        writer.save()

    assert InFlight(cache.SessionStore, key).user() == anna


def test_a_write_that_crosses_a_sign_out_revives_a_session_in_a_file(anna, elsewhere):
    key = sign_in(file.SessionStore, anna)
    writer = InFlight(file.SessionStore, key).put(cart=3)
    end = partial(file.SessionStore().delete, key)
    with mock.patch.object(file.tempfile, "mkstemp", and_then(end, file.tempfile.mkstemp)):
        writer.save()

    assert InFlight(file.SessionStore, key).user() == anna
