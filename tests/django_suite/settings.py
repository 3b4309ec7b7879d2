"""Django's settings for its own tests, on jenk's engine.

MIDDLEWARE and INSTALLED_APPS are set by Django's runner and completed by ours.
"""

from __future__ import annotations

from test_sqlite import *  # noqa: F403 - a module of Django's tests

TEST_RUNNER = "tests.django_suite.runner.Runner"

SESSION_ENGINE = "jenk.backends.db"
# A session for every visitor is a write, and most of Django's tests of its client allow none.
JENK_ANONYMOUS_SESSIONS = "on_write"
