"""What a session engine of jenk's promises, as tests that any engine can be held to.

An engine is a subclass of `jenk.lifecycle.sessions.OwnSession` with a store of its own; what a
store promises is written in `jenk.stores.base`. Hold yours to it, sync and async:

    class TestMyEngine(SessionEngineContract, TransactionTestCase):
        engine = "my.engine"

    class TestMyEngineAsync(AsyncSessionEngineContract, TransactionTestCase):
        engine = "my.engine"

Some tests need other threads, which see only what is committed, so it has to be a
TransactionTestCase. What depends on where an engine keeps its sessions are the methods that have
"hook" in their description.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from asgiref.sync import async_to_sync
from django.contrib.auth import (
    aget_user,
    alogin,
    aupdate_session_auth_hash,
    get_user,
    get_user_model,
    login,
    update_session_auth_hash,
)
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.db import OperationalError, connection, connections, transaction
from django.http import HttpRequest
from django.test import TransactionTestCase, override_settings

from jenk import lifecycle, record
from jenk.policies import Clocks

if TYPE_CHECKING:
    Base = TransactionTestCase
else:
    Base = object  # so that nobody's test runner takes the contract itself for a test


class InFlight:
    """A request on its way: its session, moved one step at a time.

    Args:
        engine: the SessionStore class.
        key: what the browser sent.
        asynchronous: call the async twins.
    """

    def __init__(
        self, engine: type[SessionBase], key: str | None = None, *, asynchronous: bool = False
    ) -> None:
        self.session: Any = engine(key)
        self.asynchronous = asynchronous
        self.request: Any = HttpRequest()
        self.request.session = self.session

    def do(self, name: str, *arguments: Any) -> Any:
        """Call a method of the session, or its twin."""
        if self.asynchronous:
            return async_to_sync(getattr(self.session, f"a{name}"))(*arguments)
        return getattr(self.session, name)(*arguments)

    def load(self) -> InFlight:
        self.do("keys")
        return self

    def put(self, **data: Any) -> InFlight:
        self.do("update", data)
        return self

    def drop(self, name: str) -> InFlight:
        self.do("pop", name)
        return self

    def save(self) -> InFlight:
        self.do("save")
        return self

    def rotate(self) -> InFlight:
        self.do("cycle_key")
        return self

    def rotate_and_save(self) -> InFlight:
        return self.rotate().save()

    def touch(self, by: timedelta) -> InFlight:
        """Note a use of the session, later by so much, and write it down."""
        clocks = record.clocks(self.session)
        later = (clocks.last_activity or record.now()) + by
        record.write_clocks(self.session, Clocks(clocks.authenticated_at, later))
        return self.save()

    def sign_in(self, user: Any) -> InFlight:
        if self.asynchronous:
            async_to_sync(alogin)(self.request, user)
        else:
            login(self.request, user)
        return self

    def keep_signed_in(self, user: Any) -> InFlight:
        """Do what a view does once a new password is stored."""
        self.belong_to(user)
        if self.asynchronous:
            async_to_sync(aupdate_session_auth_hash)(self.request, user)
        else:
            update_session_auth_hash(self.request, user)
        return self

    def belong_to(self, user: Any) -> None:
        """Be a request of which everybody knows whose it is."""

        async def auser() -> Any:
            return user

        self.request.user, self.request.auser = user, auser

    def user(self) -> Any:
        """Return who the request is from, None for nobody."""
        if self.asynchronous:
            user = async_to_sync(aget_user)(self.request)
        else:
            user = get_user(self.request)
        return user if user.is_authenticated else None

    @property
    def key(self) -> Any:
        return self.session.session_key

    @property
    def handle(self) -> Any:
        """Under what the store finds the session: the key itself on Django's engines."""
        return getattr(self.session, "handle", self.session.session_key)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Call all at the same time, each in its own thread; return what each returned or raised."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            gate.wait(timeout=60)
            return call()
        except Exception as error:  # noqa: BLE001 - the caller judges it
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


class SessionEngineContract(Base):
    """The promises. Set `engine`, and override the hooks that do not fit."""

    engine: ClassVar[str]
    asynchronous: ClassVar[bool] = False

    #: How many threads, how much each does, and how often what is left to chance is tried.
    threads: ClassVar[int] = 8
    writes: ClassVar[int] = 5
    rounds: ClassVar[int] = 2

    #: The columns that `copy_payload()` copies.
    payload_columns: ClassVar[tuple[str, ...]] = ("payload", "payload_mac")

    def setUp(self) -> None:
        super().setUp()
        self.enterContext(override_settings(SESSION_ENGINE=self.engine))
        self.store_class: Any = import_module(self.engine).SessionStore
        self.alice, self.bob = self.make_user("alice"), self.make_user("bob")

    # Hooks

    def make_user(self, name: str) -> Any:
        """Hook: return a saved user who can sign in."""
        model: Any = get_user_model()
        return model._default_manager.create_user(
            **{model.USERNAME_FIELD: name, "password": "first"}
        )

    def end(self, key: str) -> bool:
        """Hook: end a session, and return whether it was this call that did."""
        handle = self.in_flight(key).handle
        return lifecycle.end(handle, reason="ended_by_admin")

    def everything_stored(self) -> str:
        """Hook: return all that the store keeps, as text."""
        return repr(list(self.store_class.get_model_class()._base_manager.values()))

    def copy_payload(self, source: InFlight, target: InFlight) -> None:
        """Hook: do what somebody does who can write to the store, to get one session's data."""
        rows = self.store_class.get_model_class()._base_manager
        stolen = rows.filter(pk=source.handle).values(*self.payload_columns).get()
        rows.filter(pk=target.handle).update(**stolen)

    def remove(self, session: InFlight) -> None:
        """Hook: do what somebody does who tidies up in the store by hand."""
        self.store_class.get_model_class()._base_manager.filter(pk=session.handle).delete()

    @contextmanager
    def broken_store(self) -> Iterator[None]:
        """Hook: have every write to the store fail."""

        def fail(execute: Any, sql: str, *arguments: Any) -> Any:
            if sql.startswith(("UPDATE", "INSERT", "DELETE")):
                message = "the disk is full"
                raise OperationalError(message)
            return execute(sql, *arguments)

        with connection.execute_wrapper(fail):
            yield

    # What the tests are made of

    def in_flight(self, key: str | None = None) -> InFlight:
        return InFlight(self.store_class, key, asynchronous=self.asynchronous)

    def loaded(self, key: str) -> InFlight:
        return self.in_flight(key).load()

    def visitor(self, **data: Any) -> InFlight:
        return self.in_flight().put(**data).save()

    def signed_in(self, user: Any, **data: Any) -> InFlight:
        return self.in_flight().sign_in(user).put(**data).save()

    def data_of(self, key: str, *names: str) -> list[Any]:
        """Return what a session holds under these names."""
        session = self.loaded(key)
        return [session.do("get", name) for name in names]

    def user_of(self, key: str | None) -> Any:
        return self.in_flight(key).user()

    def change_password(self, user: Any, password: str) -> Any:
        changed = get_user_model()._default_manager.get(pk=user.pk)
        changed.set_password(password)
        changed.save()
        return changed

    def assertInterrupted(self, step: Callable[[], Any]) -> None:  # noqa: N802 - as unittest has it
        """The session was ended, and the request is told so."""
        with self.assertRaises(UpdateError) as caught:
            step()
        cause = caught.exception.__context__
        self.assertNotIsInstance(cause, OperationalError)

    # No write is lost

    def test_two_writers_of_different_keys_both_keep_theirs(self) -> None:
        key = self.signed_in(self.alice, old=0).key
        first, second = self.loaded(key), self.loaded(key)
        first.put(one=1).save()
        second.put(two=2).save()

        self.assertEqual(self.data_of(key, "old", "one", "two"), [0, 1, 2])

    def test_the_last_of_two_writers_of_one_key_wins(self) -> None:
        key = self.signed_in(self.alice, old=0).key
        first, second = self.loaded(key), self.loaded(key)
        second.put(one=2, two=2).save()
        first.put(one=1).save()

        self.assertEqual(self.data_of(key, "one", "two"), [1, 2])

    def test_a_deleted_key_stays_deleted_beside_another_writer(self) -> None:
        key = self.signed_in(self.alice, old=0, other=0).key
        first, second = self.loaded(key), self.loaded(key)
        first.drop("old").save()
        second.put(two=2).save()

        self.assertEqual(self.data_of(key, "old", "other", "two"), [None, 0, 2])

    def test_a_request_that_only_reads_takes_back_nothing(self) -> None:
        """It saves all the same where every request does."""
        key = self.signed_in(self.alice).key
        reader = self.loaded(key)
        self.loaded(key).put(cart=3).save()
        reader.touch(timedelta(seconds=5))

        self.assertEqual(self.data_of(key, "cart"), [3])

    def test_writers_at_the_same_time_lose_nothing(self) -> None:
        key = self.signed_in(self.alice).key

        def write(number: int) -> Callable[[], None]:
            def write() -> None:
                for turn in range(self.writes):
                    self.loaded(key).put(**{f"{number}-{turn}": turn}).save()

            return write

        self.assertEqual(at_once(*map(write, range(self.threads))), [None] * self.threads)
        kept = self.loaded(key).do("keys")
        expected = {f"{n}-{turn}" for n in range(self.threads) for turn in range(self.writes)}
        self.assertEqual(expected - set(kept), set())

    def test_a_request_in_flight_while_its_browser_signs_in_is_no_error(self) -> None:
        key = self.visitor(cart=3).key
        late = self.loaded(key)
        signed_in = self.loaded(key).sign_in(self.alice).save()
        late.put(seen=1).save()

        self.assertEqual(self.data_of(signed_in.key, "cart", "seen"), [3, 1])
        self.assertIsNone(self.user_of(late.key))

    # Ended stays ended

    def test_an_ended_session_opens_nothing(self) -> None:
        key = self.signed_in(self.alice, cart=3).key

        self.assertTrue(self.end(key))
        self.assertIsNone(self.user_of(key))
        self.assertEqual(self.data_of(key, "cart"), [None])
        self.assertIs(self.in_flight().do("exists", key), False)

    def test_a_late_write_does_not_bring_an_ended_session_back(self) -> None:
        key = self.signed_in(self.alice).key
        late = self.loaded(key)
        self.end(key)

        self.assertInterrupted(late.put(cart=3).save)
        self.assertIsNone(self.user_of(key))

    def test_a_record_that_was_removed_is_an_end(self) -> None:
        session = self.signed_in(self.alice)
        late = self.loaded(session.key)
        self.remove(session)

        self.assertIsNone(self.user_of(session.key))
        self.assertInterrupted(late.put(cart=3).save)
        self.assertIsNone(self.user_of(session.key))

    def test_a_late_use_does_not_bring_an_ended_session_back(self) -> None:
        key = self.signed_in(self.alice).key
        late = self.loaded(key)
        self.end(key)
        at_once(lambda: late.touch(timedelta(days=1)))

        self.assertIsNone(self.user_of(key))

    def test_a_late_new_key_does_not_bring_an_ended_session_back(self) -> None:
        key = self.signed_in(self.alice).key
        late = self.loaded(key)
        self.end(key)

        self.assertInterrupted(late.rotate_and_save)
        self.assertEqual([self.user_of(one) for one in (key, late.key)], [None, None])

    def test_a_late_password_change_does_not_bring_an_ended_session_back(self) -> None:
        key = self.signed_in(self.alice).key
        late = self.loaded(key)
        self.end(key)
        alice = self.change_password(self.alice, "second")

        self.assertInterrupted(lambda: late.keep_signed_in(alice).save())
        self.assertEqual([self.user_of(one) for one in (key, late.key)], [None, None])

    def test_an_end_is_final_whatever_else_happens_at_that_moment(self) -> None:
        for _ in range(self.rounds):
            key = self.signed_in(self.alice).key
            requests = [self.loaded(key) for _ in range(3)]
            *_, ended = at_once(
                requests[0].put(cart=3).save,
                partial(requests[1].touch, timedelta(seconds=5)),
                requests[2].rotate_and_save,
                partial(self.user_of, key),
                partial(self.end, key),
            )
            sent = {key, *(one.key for one in requests)}

            self.assertIs(ended, True)
            self.assertEqual({self.user_of(one) for one in sent}, {None})

    def test_one_of_many_that_end_a_session_is_told_that_it_did(self) -> None:
        for _ in range(self.rounds):
            key = self.signed_in(self.alice).key
            told = at_once(*[partial(self.end, key)] * self.threads)

            self.assertEqual(sorted(told, key=repr), [False] * (self.threads - 1) + [True])

    # A new key

    def test_the_old_key_is_worth_nothing(self) -> None:
        key = self.signed_in(self.alice, cart=3).key
        renewed = self.loaded(key).rotate().save()

        self.assertNotEqual(renewed.key, key)
        self.assertEqual([self.user_of(key), self.user_of(renewed.key)], [None, self.alice])
        self.assertEqual(self.data_of(key, "cart"), [None])
        self.assertEqual(self.data_of(renewed.key, "cart"), [3])

    def test_the_second_of_two_new_keys_loses_no_data_and_opens_nothing(self) -> None:
        key = self.signed_in(self.alice).key
        first, second = self.loaded(key), self.loaded(key)
        first.rotate().put(one=1).save()
        second.rotate().put(two=2).save()

        self.assertEqual(self.data_of(first.key, "one", "two"), [1, 2])
        self.assertNotEqual(second.key, first.key)
        self.assertIsNone(self.user_of(second.key))

    def test_of_many_new_keys_at_the_same_time_one_is_good(self) -> None:
        for _ in range(self.rounds):
            key = self.signed_in(self.alice).key
            requests = [self.loaded(key) for _ in range(self.threads)]
            at_once(*(one.rotate_and_save for one in requests))

            good = {one.key for one in requests if self.user_of(one.key) is not None}
            self.assertEqual(len(good), 1)
            self.assertIsNone(self.user_of(key))

    def test_two_who_sign_in_on_one_key_do_not_meet(self) -> None:
        """The key may have been planted (session fixation)."""
        key = self.visitor(seen=1).key
        first, second = self.loaded(key), self.loaded(key)
        at_once(lambda: first.sign_in(self.alice).save(), lambda: second.sign_in(self.bob).save())

        found = [self.user_of(one.key) for one in (first, second)]
        self.assertEqual(found, [self.alice, self.bob])
        self.assertIsNone(self.user_of(key))

    # What is stored

    def test_the_store_does_not_know_the_key(self) -> None:
        key = self.signed_in(self.alice).key
        renewed = self.loaded(key).rotate().save().key
        stored = self.everything_stored()
        for secret in (key, key[-32:], renewed, renewed[-32:]):
            self.assertNotIn(secret, stored)

    def test_a_key_in_other_letters_opens_nothing(self) -> None:
        key = self.signed_in(self.alice).key

        self.assertIsNone(self.user_of(key.upper()))

    def test_data_copied_from_another_session_are_refused(self) -> None:
        alices, thief = self.signed_in(self.alice, cart=3), self.signed_in(self.bob)
        self.copy_payload(alices, thief)

        self.assertIsNone(self.user_of(thief.key))
        self.assertEqual(self.data_of(thief.key, "cart"), [None])
        self.assertEqual(self.user_of(alices.key), self.alice)

    def test_a_session_stays_its_users_whatever_is_stored(self) -> None:
        session = self.signed_in(self.alice)
        self.loaded(session.key).put(cart=3).save()
        self.loaded(session.key).touch(timedelta(seconds=5))
        renewed = self.loaded(session.key).rotate().save()

        found = [one.handle for one in lifecycle.sessions_of(self.alice)]
        self.assertEqual(found, [renewed.handle])
        self.assertEqual(lifecycle.sessions_of(self.bob), [])

    # When the store fails, or takes back

    def test_a_store_that_fails_does_not_say_that_the_session_ended(self) -> None:
        key = self.signed_in(self.alice).key
        session = self.loaded(key).put(cart=3)
        with self.broken_store(), self.assertRaises(OperationalError):
            session.save()

        session.save()
        self.assertEqual(self.data_of(key, "cart"), [3])

    def test_what_a_transaction_takes_back_is_stored_later(self) -> None:
        key = self.signed_in(self.alice).key
        session = self.loaded(key)
        with self.assertRaises(KeyError), transaction.atomic():
            session.put(cart=3).rotate().save()
            raise KeyError
        session.put(seen=1).save()

        self.assertEqual(self.user_of(session.key), self.alice)
        self.assertEqual(self.data_of(session.key, "cart", "seen"), [3, 1])


class AsyncSessionEngineContract(SessionEngineContract):
    """The same promises of the async twins."""

    asynchronous = True
