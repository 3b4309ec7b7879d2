from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jenk import signals

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
