from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

JENKS = "jenk.backends.db"
DJANGOS = "django.contrib.sessions.backends.db"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.checkout)


@pytest.fixture(params=[JENKS, DJANGOS], ids=["jenk's", "Django's"])
def engine(request: pytest.FixtureRequest, settings: Any) -> str:
    """Each of the two engines that the guide recommends; the suite runs on the others beside it."""
    chosen: str = request.param
    settings.SESSION_ENGINE = chosen
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "docs"}
    }
    return chosen


@pytest.fixture(autouse=True)
def _never_the_engine_of_the_run(settings: Any) -> None:
    settings.SESSION_ENGINE = JENKS
