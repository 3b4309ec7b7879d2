"""Django's test runner, with jenk's middleware wherever a test of Django's names its own."""

from __future__ import annotations

import unittest
from collections.abc import Sequence
from typing import Any

import django
from django.conf import settings
from django.contrib.sessions import middleware as django_sessions
from django.core.handlers.base import BaseHandler
from django.test.runner import DiscoverRunner
from django.test.utils import iter_test_cases, override_settings  # type: ignore[attr-defined]

from tests.django_suite.differences import Difference, expected

DJANGOS = "django.contrib.sessions.middleware.SessionMiddleware"
SESSION = "jenk.middleware.SessionMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
OTHERS = ["jenk.middleware.SessionManagementMiddleware", "jenk.middleware.SessionExpiryMiddleware"]

#: That the other two middleware are missing, and that LOGIN_URL has no page.
SILENCED = ["jenk.E003", "jenk.E004", "jenk.W016"]

SUITES = [
    "tests.django_suite.sessions",
    "auth_tests",
    "csrf_tests",
    "messages_tests",
    "test_client",
    "test_client_regress",
]

#: Takes most of the time, and meets no session.
LEFT_OUT = "auth_tests.test_hashers"


def with_jenks(middleware: Sequence[str], *, all_three: bool) -> list[str]:
    """Return the list with jenk's middleware where Django's are."""
    found = [SESSION if name == DJANGOS else name for name in middleware]
    if all_three and SESSION in found and AUTHENTICATION in found and OTHERS[0] not in found:
        place = found.index(AUTHENTICATION) + 1
        found[place:place] = OTHERS
    return found


def has_all_three() -> bool:
    """Tell which of the two configurations this is."""
    return OTHERS[0] in settings.MIDDLEWARE


class Result(unittest.TextTestResult):
    """Accepts no failure but the expected one."""

    def addExpectedFailure(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802
        difference: Difference | None = getattr(test, "difference", None)
        if difference is not None and difference.error not in str(err[1]):
            self.addFailure(test, err)
        else:
            super().addExpectedFailure(test, err)


class Runner(DiscoverRunner):
    """Expects that the tests fail that show a difference, and no other."""

    def setup_test_environment(self, **kwargs: Any) -> None:
        super().setup_test_environment(**kwargs)
        settings.SILENCED_SYSTEM_CHECKS = [*settings.SILENCED_SYSTEM_CHECKS, *SILENCED]
        replace_middleware(all_three=has_all_three())

    def build_suite(self, test_labels: Any = None, **kwargs: Any) -> unittest.TestSuite:
        found: unittest.TestSuite = super().build_suite(test_labels, **kwargs)
        missing = expect_failures(found)
        if list(test_labels or ()) != SUITES:
            return found
        if missing:
            message = f"Django has no such tests: {', '.join(missing)}"
            raise RuntimeError(message)
        return unittest.TestSuite(
            test for test in iter_test_cases(found) if type(test).__module__ != LEFT_OUT
        )

    def get_resultclass(self) -> Any:
        return Result


def replace_middleware(*, all_three: bool) -> None:
    """Have Django's names stand for jenk's middleware, in imports and in any list of a test's."""
    # Its module needs the models, so it cannot be imported before the apps are loaded.
    from jenk.middleware import SessionMiddleware  # noqa: PLC0415

    load = BaseHandler.load_middleware

    def load_middleware(self: BaseHandler, is_async: bool = False) -> None:
        with override_settings(MIDDLEWARE=with_jenks(settings.MIDDLEWARE, all_three=all_three)):
            load(self, is_async)

    django_sessions.SessionMiddleware = SessionMiddleware  # type: ignore[misc]
    BaseHandler.load_middleware = load_middleware  # type: ignore[method-assign]


def expect_failures(suite: unittest.TestSuite) -> list[str]:
    """Mark the tests that show a difference; return those that are not in the suite."""
    awaited = expected(django.VERSION[:2], all_middleware=has_all_three())
    for test in iter_test_cases(suite):
        difference = awaited.pop(test.id(), None)
        if difference is not None:
            test.difference = difference
            # What unittest.expectedFailure sets, here on one test alone.
            test.__unittest_expecting_failure__ = True
    return sorted(awaited)
