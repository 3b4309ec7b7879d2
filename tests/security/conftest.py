from __future__ import annotations

from typing import Any

import pytest

from tests.security import attacks


@pytest.fixture
def attack(caplog: pytest.LogCaptureFixture) -> attacks.Attacker:
    """Send a request, and check what has to hold after each."""
    return attacks.listen(caplog)


@pytest.fixture(autouse=True)
def _site(settings: Any) -> None:
    """A site on which only what stores something makes a session, and every session is a row."""
    if not settings.SESSION_ENGINE.endswith(".db"):
        pytest.skip("the attacks look at the rows, and write into them")
    settings.JENK_ANONYMOUS_SESSIONS = "on_write"
    settings.ROOT_URLCONF = "tests.security.urls"


@pytest.fixture
def bob(db: None) -> Any:
    """Another member of the site."""
    from website.models import User  # noqa: PLC0415 - needs the settings

    return User.objects.create_user("bob", "bob@example.com", "pw", role=1)


@pytest.fixture(params=["sync", "async"])
def either(request: pytest.FixtureRequest) -> Any:
    """A browser for each handler, where the style of the view makes no difference."""
    from tests.browsers import Browser  # noqa: PLC0415 - needs the settings

    return Browser(asynchronous=request.param == "async", views=request.param)
