"""Both ways to configure jenk, and the brief's settings with the values the brief gives them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from tests.brief import brief


@pytest.fixture(autouse=True)
def _settings_of_the_brief(settings: Any) -> None:
    for name, value in brief.SETTINGS.items():
        setattr(settings, name, value)


@pytest.fixture(params=brief.ORDERS, ids=lambda order: order.replace(" ", "-"))
def order(request: pytest.FixtureRequest, settings: Any) -> str:
    """Each of the two MIDDLEWARE settings."""
    settings.MIDDLEWARE = brief.ORDERS[request.param]
    return request.param


@pytest.fixture
def visitor(order: str, browser: Any) -> Any:
    """A browser that meets each MIDDLEWARE, through each handler and style of view."""
    return browser


@pytest.fixture
def wsgi(order: str) -> Any:
    """A browser that meets each MIDDLEWARE, through WSGI alone."""
    from tests.browsers import Browser  # noqa: PLC0415 - needs the settings

    return Browser(asynchronous=False, views="sync")


@pytest.fixture
def clock() -> Iterator[Any]:
    """The time of day, which stands still until a test moves it."""
    with time_machine.travel(brief.NOON, tick=False) as moved:
        yield moved
