from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from django.test import TransactionTestCase

from jenk import signals
from tests.engine import databases

NAMES = {
    "started": signals.session_started,
    "rotated": signals.session_rotated,
    "ended": signals.session_ended,
    "refused": signals.session_refused,
}


@pytest.fixture(autouse=True)
def _engine(settings: Any) -> None:
    """jenk's own engine, whichever the run is on."""
    settings.SESSION_ENGINE = "jenk.backends.db"


@pytest.fixture
def bob(db: None) -> Any:
    """Another member of the site."""
    from tests.conftest import make_user  # noqa: PLC0415 - needs the settings

    return make_user("bob", role=1)


@pytest.fixture
def told() -> Iterator[list[tuple[Any, ...]]]:
    """What the signals say: name, handle, user, reason, actor."""
    told: list[tuple[Any, ...]] = []
    receivers = []
    for name, signal in NAMES.items():

        def receive(*, name: str = name, **facts: Any) -> None:
            user = facts["user"] and facts["user"].get_username()
            told.append((name, facts["handle"], user, facts.get("reason"), facts.get("actor")))

        signal.connect(receive)
        receivers.append((signal, receive))
    yield told
    for signal, receive in receivers:
        signal.disconnect(receive)


# --- Without a transaction around the test --------------------------------------------------


@pytest.fixture
def _cheaply() -> Iterator[None]:
    """Have tests without a transaction around them clean up in few statements."""
    empty = staticmethod(databases.empty)
    with mock.patch.object(TransactionTestCase, "_fixture_teardown", empty):
        yield


@pytest.fixture
def database(_cheaply: None, transactional_db: None) -> None:
    """The database without a transaction around the test.

    Inside a transaction the engine writes another way, and other connections would see nothing.
    """


@pytest.fixture
def isolation(database: None, request: pytest.FixtureRequest) -> Iterator[str]:
    """The database as another project may have set it up: the test's parameter."""
    with databases.set_up(request.param):
        yield request.param


@pytest.fixture
def anna(database: None) -> Any:
    """A member of the site, for tests that want no transaction around them."""
    from tests.conftest import make_user  # noqa: PLC0415 - needs the settings

    return make_user("anna", role=1)


@pytest.fixture
def otto(database: None) -> Any:
    """Another member of the site, for the same tests."""
    from tests.conftest import make_user  # noqa: PLC0415 - needs the settings

    return make_user("otto", role=1)


@pytest.fixture(params=["sync", "async"])
def twin(request: pytest.FixtureRequest) -> bool:
    """Whether to call the async twins."""
    return bool(request.param == "async")
