"""Django's tests of its session engine and middleware, on jenk's."""

from __future__ import annotations

from unittest import mock

from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.wsgi import WSGIHandler
from django.test import SimpleTestCase, TestCase, override_settings
from django.utils.module_loading import import_string
from sessions_tests import tests as djangos

import jenk.middleware
from jenk.backends.db import SessionStore
from jenk.models import Session
from tests.django_suite import runner


class StoreTests(djangos.SessionTestsMixin, TestCase):
    backend = SessionStore


class DatabaseTests(djangos.DatabaseSessionTests):
    backend = SessionStore
    session_engine = "jenk.backends.db"


@override_settings(USE_TZ=True)
class DatabaseWithTimeZoneTests(DatabaseTests):
    pass


class MiddlewareTests(djangos.SessionMiddlewareTests):
    def setUp(self):
        ours = mock.patch.multiple(djangos, DatabaseSession=SessionStore, Session=Session)
        ours.start()
        self.addCleanup(ours.stop)
        super().setUp()


@override_settings(SESSION_ENGINE="django.contrib.sessions.backends.db")
class MiddlewareOnDjangosEngineTests(djangos.SessionMiddlewareTests):
    """Django's names stand for jenk's middleware here too."""


class ClearSessionsTests(djangos.ClearSessionsCommandTests):
    pass


class ReplacementTests(SimpleTestCase):
    """It is jenk that is tested, or none of the above proves anything."""

    def test_djangos_name_stands_for_jenks_middleware(self):
        assert SessionMiddleware is jenk.middleware.SessionMiddleware
        assert djangos.SessionMiddleware is jenk.middleware.SessionMiddleware

    def test_djangos_list_of_middleware_loads_jenks(self):
        others = runner.OTHERS if runner.has_all_three() else []
        loading = mock.patch("django.core.handlers.base.import_string", wraps=import_string)
        with self.settings(MIDDLEWARE=[runner.DJANGOS, runner.AUTHENTICATION]), loading as load:
            WSGIHandler()
        loaded = [call.args[0] for call in load.call_args_list]  # from the last to the first
        assert loaded[::-1] == [runner.SESSION, runner.AUTHENTICATION, *others]

    def test_the_engine_is_jenks(self):
        assert settings.SESSION_ENGINE == "jenk.backends.db"
