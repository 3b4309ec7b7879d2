"""What the checks say of jenk's engine, and of what needs it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, run_checks
from django.db import models
from django.test import override_settings

from jenk.checks import engine
from jenk.checks.problems import Problem


def found(**overrides: Any) -> list[CheckMessage]:
    with override_settings(**overrides):
        return [one for one in run_checks(tags=["jenk"]) if one.id != "jenk.W001"]


def ids(**overrides: Any) -> list[str | None]:
    return [message.id for message in found(**overrides)]


class Apart:
    """A router that writes the history elsewhere."""

    def db_for_write(self, model: type[models.Model], **hints: Any) -> str | None:
        return "elsewhere" if model.__name__ == "SessionEvent" else None


def test_jenk_s_engine_needs_nothing_else(settings: Any) -> None:
    apps = [app for app in settings.INSTALLED_APPS if app != "django.contrib.sessions"]

    assert ids() == []
    assert ids(INSTALLED_APPS=apps) == []


@pytest.mark.parametrize("most", [1, 5, lambda user: 3, None])
def test_a_number_of_sessions_or_a_function_of_the_user(most: Any) -> None:
    assert ids(JENK_MAX_SESSIONS=most) == []


@pytest.mark.parametrize(
    ("most", "hint"),
    [(0, 5), (-1, 5), (True, 5), ("3", 3), ("many", 5), (1.5, 5), ([], 5)],
    ids=repr,
)
def test_other_limits_are_an_error(most: Any, hint: int) -> None:
    (message,) = found(JENK_MAX_SESSIONS=most)

    assert message.id == Problem.MAX_SESSIONS.id
    assert message.hint == f"JENK_MAX_SESSIONS = {hint}"


def test_an_unknown_action_is_an_error() -> None:
    (message,) = found(JENK_MAX_SESSIONS=3, JENK_LIMIT_ACTION="reject")

    assert message.id == Problem.LIMIT_ACTION_UNKNOWN.id
    assert message.msg == "JENK_LIMIT_ACTION = 'reject' is none of: 'end_oldest', 'refuse'."


def test_a_limit_on_an_engine_of_django_s_is_an_error() -> None:
    stock = "django.contrib.sessions.backends.db"
    (message,) = found(JENK_MAX_SESSIONS=3, SESSION_ENGINE=stock)

    assert message.id == Problem.LIMIT_WITHOUT_ENGINE.id
    assert message.hint == "SESSION_ENGINE = 'jenk.backends.db'"


def test_tables_that_a_router_separates_are_an_error() -> None:
    (message,) = found(DATABASE_ROUTERS=[f"{__name__}.Apart"])

    assert message.id == Problem.ROUTED_APART.id
    assert "'SessionEvent': 'elsewhere'" in message.msg


def test_a_user_with_a_key_of_several_columns_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_user_model()._meta, "pk", models.CompositePrimaryKey("id", "email"))

    assert [one.id for one in engine.own_engine_problems(store())] == [
        Problem.COMPOSITE_USER_KEY.id
    ]


def store() -> Any:
    return engine.session_store()[0]
