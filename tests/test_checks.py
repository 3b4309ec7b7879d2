"""System checks: each problem reported and, where there is none, silence."""

from __future__ import annotations

import ast
import math
import os
import pickle
import re
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.backends import db, file, signed_cookies
from django.contrib.sessions.middleware import SessionMiddleware as DjangosSessionMiddleware
from django.core.checks import ERROR, WARNING, CheckMessage, run_checks
from django.core.checks.registry import registry
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import include, path, reverse_lazy, set_script_prefix
from django.views import View

from jenk import checks, conf, middleware
from jenk.checks.problems import Problem

ROOT = Path(__file__).resolve().parent.parent
HERE = __name__

CACHE_ENGINE = "django.contrib.sessions.backends.cache"
CACHED_DB_ENGINE = "django.contrib.sessions.backends.cached_db"
DB_ENGINE = "django.contrib.sessions.backends.db"
FILE_ENGINE = "django.contrib.sessions.backends.file"
COOKIE_ENGINE = "django.contrib.sessions.backends.signed_cookies"

SECURITY = "django.middleware.security.SecurityMiddleware"
OURS = "jenk.middleware.SessionMiddleware"
DJANGOS = "django.contrib.sessions.middleware.SessionMiddleware"
CSRF = "django.middleware.csrf.CsrfViewMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"
MANAGEMENT = "jenk.middleware.SessionManagementMiddleware"
EXPIRY = "jenk.middleware.SessionExpiryMiddleware"
MESSAGES = "django.contrib.messages.middleware.MessageMiddleware"
UPDATE_CACHE = "django.middleware.cache.UpdateCacheMiddleware"
FETCH_FROM_CACHE = "django.middleware.cache.FetchFromCacheMiddleware"
CACHE_BOTH = "django.middleware.cache.CacheMiddleware"

GOOD = [SECURITY, OURS, CSRF, AUTHENTICATION, MANAGEMENT, EXPIRY, MESSAGES]


# --- A site -------------------------------------------------------------------------------


def index(request: HttpRequest) -> HttpResponse: ...


class Status(View):
    pass


urlpatterns: list[Any] = [
    path("", index, name="index"),
    path("login/", index, name="login"),
    path("unnamed/", index),
    path("status/", Status.as_view(), name="status"),
    path("shop/", include(([path("cart/", index, name="cart"), path("x/", index)], "shop"))),
    path("plain/", include([path("inner/", index, name="inner")])),
]


class CustomSession(DjangosSessionMiddleware):
    pass


class CustomOurs(middleware.SessionMiddleware):
    pass


class CustomManagement(middleware.SessionManagementMiddleware):
    pass


def function_middleware(get_response: Any) -> Any: ...


class PickleSerializer:
    pass


class Sneaky:
    def loads(self, data: bytes) -> Any:
        return pickle.loads(data)  # noqa: S301 - what the check is to find


class SneakyChild(Sneaky):
    pass


class SneakyStatic:
    @staticmethod
    def loads(data: bytes) -> Any:
        return pickle.loads(data)  # noqa: S301 - what the check is to find


class Honest:
    loads = dict

    def dumps(self, value: Any) -> bytes:
        return bytes(value)


honest_instance = Honest()


def role_of(user: Any) -> int:
    return 1


not_callable = 3


class Unshowable:
    def __repr__(self) -> str:
        raise RuntimeError


SILENT: dict[str, Any] = {
    "ROOT_URLCONF": HERE,
    "MIDDLEWARE": GOOD,
    "SESSION_ENGINE": DB_ENGINE,
    "LOGIN_URL": "/login/",
}


def report(*, deploy: bool = False, **overrides: Any) -> list[CheckMessage]:
    with override_settings(**SILENT | overrides):
        return run_checks(tags=["jenk"], include_deployment_checks=deploy)


def ids(*, deploy: bool = False, **overrides: Any) -> list[str | None]:
    return [message.id for message in report(deploy=deploy, **overrides)]


def only(problem: Problem, **overrides: Any) -> CheckMessage:
    """Return the one message there is, which must be that of `problem`."""
    found = report(**overrides)

    assert [message.id for message in found] == [problem.id]
    assert found[0].level == problem.level
    assert found[0].hint
    return found[0]


def deployed(**overrides: Any) -> dict[str | None, CheckMessage]:
    """Return what deployment adds, by id."""
    return {message.id: message for message in report(deploy=True, **overrides)}


def engine(monkeypatch: pytest.MonkeyPatch, name: str, store: Any) -> str:
    module = ModuleType(name)
    module.SessionStore = store  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, name, module)
    return name


# --- All of them --------------------------------------------------------------------------


def test_a_good_project_is_met_with_silence() -> None:
    assert ids() == []


def test_the_checks_run_without_asking_for_their_tag() -> None:
    with override_settings(**SILENT, JENK_PRESET="pcl"):
        found = run_checks(include_deployment_checks=True)

    assert {"jenk.E025", "jenk.I001"} <= {message.id for message in found}


def test_registering_again_changes_nothing() -> None:
    before = set(registry.registered_checks)
    checks.register()

    assert set(registry.registered_checks) == before


def test_ids_are_unique_and_well_formed() -> None:
    every = [problem.id for problem in Problem]

    assert len(set(every)) == len(every)
    assert [one for one in every if not re.fullmatch(r"jenk\.[EWI]\d{3}", one)] == []


def test_each_problem_is_reported_in_one_place() -> None:
    used: Counter[str] = Counter()
    for module in Path(checks.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                used[node.attr] += node.value.id == "Problem"

    assert {name: used[name] for name in Problem.__members__} == dict.fromkeys(
        Problem.__members__, 1
    )


LEVELS = {"E": "Error", "W": "Warning", "I": "Info"}


@pytest.mark.checkout
def test_the_documentation_lists_the_same_problems() -> None:
    text = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(jenk\.\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)

    assert [(code, level, when.replace("`", "")) for code, level, when, _ in rows] == [
        (
            problem.id,
            LEVELS[problem.id[5]] + (", `--deploy`" if problem.deploy else ""),
            problem.meaning,
        )
        for problem in Problem
    ]


GARBAGE = [
    *(None, True, False, 0, -1, 3, 10**30, 1.5, math.nan, math.inf, Decimal(3)),
    *("", "x", "/x/", "no.such", "a:b", "http://[", "é\n;", b"x", object(), Unshowable()),
    *(
        (),
        (1,),
        [None],
        {},
        {1: 2},
        {"user": 3},
        {"x": "y"},
        {3},
        timedelta(-1),
        timedelta.max,
        int,
    ),
]


@pytest.mark.parametrize(
    "name",
    [
        *conf.NAMES,
        *("JENK_NO_SUCH", "LOGIN_URL", "MIDDLEWARE", "ROOT_URLCONF"),
        *("SESSION_ENGINE", "SESSION_SERIALIZER", "SESSION_CACHE_ALIAS", "SESSION_COOKIE_AGE"),
        *("SESSION_COOKIE_NAME", "SESSION_COOKIE_SAMESITE", "SESSION_COOKIE_SECURE"),
        *("SESSION_COOKIE_DOMAIN", "SESSION_COOKIE_PATH", "CSRF_COOKIE_NAME"),
    ],
)
@pytest.mark.parametrize("base", [{}, {"SESSION_ENGINE": CACHE_ENGINE, "JENK_PRESET": "pci"}])
def test_no_value_makes_a_check_fail(name: str, base: dict[str, Any]) -> None:
    for value in GARBAGE:
        assert [one for one in report(deploy=True, **base | {name: value}) if not str(one)] == []


@pytest.mark.parametrize("name", conf.NAMES)
def test_every_setting_of_jenk_is_checked(name: str) -> None:
    found = report(**{name: object()})

    assert len(found) == 1
    assert found[0].msg.startswith(f"{name} = <object object at ")


def test_broken_templates_are_for_django_to_report() -> None:
    assert ids(TEMPLATES=[{}]) == []


# --- Middleware ---------------------------------------------------------------------------


def without(*paths: str) -> list[str]:
    return [one for one in GOOD if one not in paths]


def lines(*paths: str) -> str:
    return "".join(["MIDDLEWARE = [\n", *(f"    '{one}',\n" for one in paths), "]"])


def test_the_brief_s_order_needs_nothing() -> None:
    assert ids(MIDDLEWARE=[DJANGOS, AUTHENTICATION, MANAGEMENT, EXPIRY]) == []


def test_the_order_of_the_two_does_not_matter() -> None:
    assert ids(MIDDLEWARE=[OURS, AUTHENTICATION, EXPIRY, MANAGEMENT]) == []


def test_subclasses_count_and_what_is_no_class_is_passed_over() -> None:
    mine = [
        f"{HERE}.CustomOurs",
        AUTHENTICATION,
        f"{HERE}.CustomManagement",
        EXPIRY,
        f"{HERE}.function_middleware",
        "no.such.Middleware",
    ]

    assert ids(MIDDLEWARE=mine) == []


@pytest.mark.parametrize(
    ("left_out", "problem", "message"),
    [
        (
            OURS,
            Problem.NO_SESSION,
            f"'{OURS}' is not in MIDDLEWARE. Without it no request has a session.",
        ),
        (
            AUTHENTICATION,
            Problem.NO_AUTHENTICATION,
            f"'{AUTHENTICATION}' is not in MIDDLEWARE. Without it no request has a user.",
        ),
        (
            MANAGEMENT,
            Problem.NO_MANAGEMENT,
            (
                f"'{MANAGEMENT}' is not in MIDDLEWARE. Without it sessions do not know whose they "
                "are or when they were last used."
            ),
        ),
        (
            EXPIRY,
            Problem.NO_EXPIRY,
            (
                f"'{EXPIRY}' is not in MIDDLEWARE. Without it no session is ended when it is past "
                "its limits."
            ),
        ),
    ],
)
def test_a_missing_middleware_is_an_error(left_out: str, problem: Problem, message: str) -> None:
    found = only(problem, MIDDLEWARE=without(left_out))

    assert found.level == ERROR
    assert found.msg == message


def test_the_hint_puts_what_is_missing_in_its_place() -> None:
    found = only(Problem.NO_SESSION, MIDDLEWARE=without(OURS))
    assert found.hint == lines(SECURITY, CSRF, OURS, AUTHENTICATION, MANAGEMENT, EXPIRY, MESSAGES)

    found = only(Problem.NO_EXPIRY, MIDDLEWARE=without(EXPIRY))
    assert found.hint == lines(*GOOD)


@pytest.mark.parametrize("value", [[], (), None, "x"])
def test_without_any_middleware_all_four_are_named(value: Any) -> None:
    found = report(MIDDLEWARE=value)

    assert [message.id for message in found] == [f"jenk.E00{number}" for number in range(1, 5)]
    assert {message.hint for message in found} == {lines(OURS, AUTHENTICATION, MANAGEMENT, EXPIRY)}


def test_messages_are_needed_where_the_reason_is_one() -> None:
    found = only(Problem.NO_MESSAGES, MIDDLEWARE=without(MESSAGES), JENK_REASON_MESSAGE=True)

    assert found.msg == (
        f"'{MESSAGES}' is not in MIDDLEWARE. JENK_REASON_MESSAGE = True needs it: the sign-in "
        "page would fail."
    )
    assert found.hint == lines(*GOOD)
    assert ids(JENK_REASON_MESSAGE=True) == []
    assert ids(MIDDLEWARE=without(MESSAGES)) == []


def test_the_session_comes_before_whatever_needs_it() -> None:
    found = only(
        Problem.SESSION_TOO_LATE,
        MIDDLEWARE=[MESSAGES, CSRF, AUTHENTICATION, OURS, EXPIRY, MANAGEMENT],
    )

    assert found.msg == (
        f"MIDDLEWARE lists '{MESSAGES}', '{AUTHENTICATION}' before '{OURS}'. There is no "
        "request.session yet."
    )
    assert found.hint == lines(CSRF, OURS, MESSAGES, AUTHENTICATION, EXPIRY, MANAGEMENT)


def test_the_session_comes_before_csrf_where_that_uses_it() -> None:
    order = [CSRF, OURS, AUTHENTICATION, MANAGEMENT, EXPIRY]

    assert ids(MIDDLEWARE=order) == []
    assert only(Problem.SESSION_TOO_LATE, MIDDLEWARE=order, CSRF_USE_SESSIONS=True).hint == lines(
        OURS, CSRF, AUTHENTICATION, MANAGEMENT, EXPIRY
    )


def test_the_user_comes_before_ours() -> None:
    found = only(
        Problem.AUTHENTICATION_TOO_LATE,
        MIDDLEWARE=[OURS, MANAGEMENT, EXPIRY, SECURITY, AUTHENTICATION],
    )

    assert found.msg == (
        f"MIDDLEWARE lists '{MANAGEMENT}', '{EXPIRY}' before '{AUTHENTICATION}'. There is no "
        "request.user yet."
    )
    assert found.hint == lines(OURS, SECURITY, AUTHENTICATION, MANAGEMENT, EXPIRY)


def test_ours_before_everything_is_put_right_in_one_go() -> None:
    found = report(MIDDLEWARE=[MANAGEMENT, EXPIRY, DJANGOS, CSRF, AUTHENTICATION])

    assert [message.id for message in found] == ["jenk.E005", "jenk.E006"]
    assert {message.hint for message in found} == {
        lines(DJANGOS, CSRF, AUTHENTICATION, MANAGEMENT, EXPIRY)
    }


def test_pages_are_cached_outside_the_session_and_fetched_inside_ours() -> None:
    assert ids(MIDDLEWARE=[UPDATE_CACHE, *GOOD, FETCH_FROM_CACHE]) == []


def test_caching_inside_the_session_is_an_error() -> None:
    found = only(Problem.CACHE_TOO_LATE, MIDDLEWARE=[*GOOD, UPDATE_CACHE, FETCH_FROM_CACHE])

    assert found.level == ERROR
    assert found.msg == (
        f"MIDDLEWARE lists '{OURS}', '{MANAGEMENT}', '{EXPIRY}' before '{UPDATE_CACHE}'. Pages "
        "are cached before they are marked as one person's, and shown to others."
    )
    assert found.hint == lines(
        SECURITY, CSRF, UPDATE_CACHE, OURS, AUTHENTICATION, MANAGEMENT, EXPIRY, MESSAGES,
        FETCH_FROM_CACHE,
    )  # fmt: skip


def test_cached_pages_in_front_of_ours_are_an_error() -> None:
    found = only(Problem.CACHE_TOO_EARLY, MIDDLEWARE=[UPDATE_CACHE, FETCH_FROM_CACHE, *GOOD])

    assert found.msg == (
        f"MIDDLEWARE lists '{FETCH_FROM_CACHE}' before '{MANAGEMENT}'. Cached pages are shown "
        "without asking whether the session has ended."
    )
    assert found.hint == lines(UPDATE_CACHE, *without(MESSAGES), FETCH_FROM_CACHE, MESSAGES)


@pytest.mark.parametrize(
    ("order", "problem"),
    [([CACHE_BOTH, *GOOD], Problem.CACHE_TOO_EARLY), ([*GOOD, CACHE_BOTH], Problem.CACHE_TOO_LATE)],
)
def test_a_cache_in_one_piece_is_taken_apart(order: list[str], problem: Problem) -> None:
    hint = only(problem, MIDDLEWARE=order).hint or ""
    advised = re.findall(r"'(.+)'", hint)

    assert CACHE_BOTH not in advised
    assert ids(MIDDLEWARE=advised) == []


def test_login_required_answers_after_ours() -> None:
    found = only(
        Problem.LOGIN_REQUIRED_TOO_EARLY,
        MIDDLEWARE=[OURS, AUTHENTICATION, LOGIN_REQUIRED, MANAGEMENT, EXPIRY],
    )

    assert found.level == WARNING
    assert found.hint == lines(OURS, AUTHENTICATION, MANAGEMENT, EXPIRY, LOGIN_REQUIRED)
    assert ids(MIDDLEWARE=[OURS, AUTHENTICATION, MANAGEMENT, EXPIRY, LOGIN_REQUIRED]) == []


def test_a_middleware_listed_twice_is_a_warning() -> None:
    found = only(Problem.REPEATED, MIDDLEWARE=[*GOOD, EXPIRY])

    assert found.level == WARNING
    assert found.msg == f"MIDDLEWARE lists '{EXPIRY}' and '{EXPIRY}', of which one is enough."
    assert found.hint == lines(*GOOD)


def test_of_two_session_middleware_jenk_s_stays() -> None:
    found = only(Problem.REPEATED, MIDDLEWARE=[DJANGOS, *GOOD])

    assert found.hint == lines(*GOOD)


@pytest.mark.parametrize("name", ["jenk.backends.fake", "shop.sessions"])
def test_a_jenk_engine_needs_jenk_s_session_middleware(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    store = type("SessionStore", (db.SessionStore,), {"__module__": "jenk.backends.fake"})
    fake = engine(monkeypatch, name, store)
    mine = f"{HERE}.CustomSession"
    found = only(
        Problem.ENGINE_NEEDS_MIDDLEWARE,
        SESSION_ENGINE=fake,
        MIDDLEWARE=[SECURITY, mine, AUTHENTICATION, MANAGEMENT, EXPIRY],
    )

    assert found.msg == (
        f"SESSION_ENGINE = '{fake}' needs jenk's session middleware, and MIDDLEWARE lists "
        f"'{mine}', which sends the browser keys that are no longer valid."
    )
    assert found.hint == lines(SECURITY, OURS, AUTHENTICATION, MANAGEMENT, EXPIRY)
    assert ids(SESSION_ENGINE=fake) == []


def test_every_order_that_is_advised_is_silent() -> None:
    shuffled = [
        LOGIN_REQUIRED,
        FETCH_FROM_CACHE,
        *reversed(GOOD),
        UPDATE_CACHE,
        DJANGOS,
        MANAGEMENT,
    ]
    hints = {message.hint for message in report(MIDDLEWARE=shuffled)}

    assert len(hints) == 1
    assert ids(MIDDLEWARE=re.findall(r"'(.+)'", hints.pop() or "")) == []


class Knot(DjangosSessionMiddleware, MessageMiddleware):
    """Needs itself before itself."""


class OtherKnot(Knot):
    pass


def test_an_order_that_cannot_be_had_still_gets_an_answer() -> None:
    found = report(MIDDLEWARE=[f"{HERE}.Knot", f"{HERE}.OtherKnot", MESSAGES])

    assert "jenk.W001" in [message.id for message in found]


def test_knots_do_not_hang_the_sorting() -> None:
    order = [MESSAGES, f"{HERE}.Knot", CACHE_BOTH, f"{HERE}.TwoInOne"]

    assert "jenk.E003" in ids(MIDDLEWARE=order)


class TwoInOne(middleware.SessionExpiryMiddleware, MessageMiddleware):
    pass


# --- Templates ----------------------------------------------------------------------------


def template_engine(*processors: str, name: str = "pages") -> list[dict[str, Any]]:
    return [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "NAME": name,
            "OPTIONS": {"context_processors": list(processors)},
        }
    ]


def test_templates_need_the_request() -> None:
    auth = "django.contrib.auth.context_processors.auth"
    found = only(Problem.NO_REQUEST_IN_TEMPLATES, TEMPLATES=template_engine(auth))

    assert found.level == WARNING
    assert found.hint == (
        f"'context_processors': ['django.template.context_processors.request', '{auth}']"
    )


def test_one_engine_with_the_request_is_enough() -> None:
    with_request = template_engine("django.template.context_processors.request")
    other = template_engine("django.contrib.auth.context_processors.auth", name="mail")

    assert ids(TEMPLATES=[*other, *with_request]) == []


def test_without_django_s_templates_there_is_nothing_to_say() -> None:
    assert ids(TEMPLATES=[]) == []


# --- Engine -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("no.such.engine", "No module named 'no'"),
        ("json", "the module has no class SessionStore."),
        ("django.contrib.sessions.backends.db.SessionStore", "No module named"),
        ("django", "the module has no class SessionStore."),
    ],
)
def test_an_engine_that_is_none_is_an_error(value: str, why: str) -> None:
    found = only(Problem.NO_ENGINE, SESSION_ENGINE=value)

    assert found.level == ERROR
    assert found.msg.startswith(f"SESSION_ENGINE = '{value}' cannot be used: {why}")
    assert found.hint == f"SESSION_ENGINE = '{DB_ENGINE}'"


def test_a_session_store_that_is_none_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = engine(monkeypatch, "not_an_engine", dict)

    assert only(Problem.NO_ENGINE, SESSION_ENGINE=fake).hint == f"SESSION_ENGINE = '{DB_ENGINE}'"


def test_signed_cookies_cannot_be_revoked() -> None:
    found = only(Problem.ENGINE_WITHOUT_REVOCATION, SESSION_ENGINE=COOKIE_ENGINE)

    assert found.level == ERROR
    assert found.msg == (
        f"SESSION_ENGINE = '{COOKIE_ENGINE}' keeps the whole session in the browser, so nothing "
        "can end it: a copy of the cookie works on after signing out."
    )
    assert found.hint == f"SESSION_ENGINE = '{DB_ENGINE}'"


def test_a_subclass_of_signed_cookies_cannot_either(monkeypatch: pytest.MonkeyPatch) -> None:
    store = type("SessionStore", (signed_cookies.SessionStore,), {})
    fake = engine(monkeypatch, "shop.cookies", store)

    assert ids(SESSION_ENGINE=fake) == [Problem.ENGINE_WITHOUT_REVOCATION.id]


APPS = [app for app in settings.INSTALLED_APPS if app != "django.contrib.sessions"]


def test_the_database_engine_needs_its_app() -> None:
    found = only(Problem.NO_SESSIONS_APP, INSTALLED_APPS=APPS)

    assert found.level == ERROR
    assert found.hint == (
        "INSTALLED_APPS = [\n    ...,\n    'django.contrib.sessions',\n]\n"
        "# then run manage.py migrate"
    )


def test_an_engine_with_a_table_of_its_own_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"get_model_class": classmethod(lambda cls: None)}
    fake = engine(monkeypatch, "shop.table", type("SessionStore", (db.SessionStore,), own))

    assert ids(INSTALLED_APPS=APPS, SESSION_ENGINE=fake) == []


@pytest.fixture
def _fresh_file_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine looks at SESSION_FILE_PATH once, and remembers."""
    monkeypatch.setattr(file.SessionStore, "_storage_path", None, raising=False)
    monkeypatch.delattr(file.SessionStore, "_storage_path")


@pytest.mark.usefixtures("_fresh_file_engine")
def test_files_and_a_shared_cache_are_fine(tmp_path: Path) -> None:
    assert ids(SESSION_ENGINE=FILE_ENGINE, SESSION_FILE_PATH=str(tmp_path)) == []
    assert ids(SESSION_ENGINE=CACHE_ENGINE, CACHES=caches("filebased.FileBasedCache")) == []
    assert ids(SESSION_ENGINE=CACHED_DB_ENGINE, CACHES=caches("filebased.FileBasedCache")) == []


@pytest.mark.usefixtures("_fresh_file_engine")
def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    found = only(
        Problem.ENGINE_UNUSABLE,
        SESSION_ENGINE=FILE_ENGINE,
        SESSION_FILE_PATH=str(tmp_path / "none"),
    )

    assert found.level == ERROR
    assert found.msg.startswith(f"SESSION_ENGINE = '{FILE_ENGINE}' cannot be used: ")


def caches(backend: str) -> dict[str, dict[str, str]]:
    return {
        "default": {
            "BACKEND": f"django.core.cache.backends.{backend}",
            "LOCATION": "/tmp/jenk-no-such",  # noqa: S108 - nothing is written there
        }
    }


def test_a_cache_that_is_not_configured_is_an_error() -> None:
    found = only(Problem.CACHE_UNKNOWN, SESSION_ENGINE=CACHE_ENGINE, SESSION_CACHE_ALIAS="sessions")

    assert found.level == ERROR
    assert found.msg == "SESSION_CACHE_ALIAS = 'sessions' is not in CACHES, which has: 'default'."
    assert found.hint == "SESSION_CACHE_ALIAS = 'default'"


def test_a_cache_that_keeps_nothing_is_an_error() -> None:
    found = only(
        Problem.CACHE_KEEPS_NOTHING, SESSION_ENGINE=CACHE_ENGINE, CACHES=caches("dummy.DummyCache")
    )

    assert found.level == ERROR
    assert found.msg == (
        "SESSION_CACHE_ALIAS = 'default' is a DummyCache, which keeps nothing: nobody stays "
        "signed in."
    )
    assert "redis.RedisCache" in (found.hint or "")


def test_behind_such_a_cache_the_database_keeps_the_sessions() -> None:
    assert ids(SESSION_ENGINE=CACHED_DB_ENGINE, CACHES=caches("dummy.DummyCache")) == []


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        (
            CACHE_ENGINE,
            "other processes do not know its sessions, and a restart signs everybody out",
        ),
        (CACHED_DB_ENGINE, "a session that one process ended lives on in the others"),
    ],
)
def test_a_cache_of_one_process_is_a_warning(value: str, outcome: str) -> None:
    found = only(
        Problem.CACHE_NOT_SHARED, SESSION_ENGINE=value, CACHES=caches("locmem.LocMemCache")
    )

    assert found.level == WARNING
    assert found.msg == (
        "SESSION_CACHE_ALIAS = 'default' is a LocMemCache, which each process has for itself: "
        f"{outcome}."
    )
    assert "redis.RedisCache" in (found.hint or "")


@pytest.mark.parametrize("value", ["PickleSerializer", "Sneaky", "SneakyChild", "SneakyStatic"])
def test_pickle_is_a_warning(value: str) -> None:
    found = only(Problem.PICKLE, SESSION_SERIALIZER=f"{HERE}.{value}")

    assert found.level == WARNING
    assert found.msg.startswith(f"SESSION_SERIALIZER = '{HERE}.{value}' reads sessions with pickle")
    assert found.hint == (
        "SESSION_SERIALIZER = 'django.contrib.sessions.serializers.JSONSerializer'"
    )


@pytest.mark.parametrize("value", ["Honest", "honest_instance"])
def test_a_serializer_of_the_project_s_own_is_fine(value: str) -> None:
    assert ids(SESSION_SERIALIZER=f"{HERE}.{value}") == []


def test_a_serializer_that_is_gone_is_an_error() -> None:
    gone = "django.contrib.sessions.serializers.PickleSerializer"
    found = only(Problem.NO_SERIALIZER, SESSION_SERIALIZER=gone)

    assert found.level == ERROR
    assert found.msg.startswith(f"SESSION_SERIALIZER = '{gone}' cannot be imported: ")
    assert found.hint == (
        "SESSION_SERIALIZER = 'django.contrib.sessions.serializers.JSONSerializer'"
    )


# --- Cookies ------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["", "my session", "a;b", None])
def test_a_name_that_no_cookie_can_have_is_an_error(value: Any) -> None:
    found = only(Problem.COOKIE_NAME, SESSION_COOKIE_NAME=value)

    assert found.level == ERROR
    assert found.msg == f"SESSION_COOKIE_NAME = {value!r} is no name that a cookie can have."
    assert found.hint == "SESSION_COOKIE_NAME = 'sessionid'"


@pytest.mark.parametrize(
    ("other", "value"),
    [
        ("CSRF_COOKIE_NAME", "sid"),
        ("CSRF_COOKIE_NAME", "sid_seen"),
        ("LANGUAGE_COOKIE_NAME", "sid"),
    ],
)
def test_two_cookies_of_one_name_are_an_error(other: str, value: str) -> None:
    found = only(Problem.COOKIE_CLASH, SESSION_COOKIE_NAME="sid", **{other: value})

    assert found.level == ERROR
    assert found.msg.startswith(f"{other} = '{value}' and SESSION_COOKIE_NAME = 'sid' overwrite")


def test_a_cookie_that_is_not_set_cannot_clash() -> None:
    assert ids(CSRF_USE_SESSIONS=True, CSRF_COOKIE_NAME="sessionid") == []


@pytest.mark.parametrize(
    ("name", "wrong", "hint"),
    [
        ("__Host-sid", {"SECURE": False}, "SESSION_COOKIE_SECURE = True"),
        ("__HOST-sid", {"DOMAIN": "example.com"}, "SESSION_COOKIE_DOMAIN = None"),
        ("__Host-sid", {"PATH": "/app/"}, "SESSION_COOKIE_PATH = '/'"),
        (
            "__Host-sid",
            {"SECURE": None, "DOMAIN": "example.com"},
            "SESSION_COOKIE_SECURE = True\nSESSION_COOKIE_DOMAIN = None",
        ),
        ("__Secure-sid", {"SECURE": False}, "SESSION_COOKIE_SECURE = True"),
        ("__Http-sid", {"HTTPONLY": False}, "SESSION_COOKIE_HTTPONLY = True"),
        ("__Host-Http-sid", {"HTTPONLY": False}, "SESSION_COOKIE_HTTPONLY = True"),
    ],
)
def test_breaking_the_rules_of_a_prefix_is_an_error(
    name: str, wrong: dict[str, Any], hint: str
) -> None:
    values = {f"SESSION_COOKIE_{key}": value for key, value in ({"SECURE": True} | wrong).items()}
    found = only(Problem.COOKIE_PREFIX, SESSION_COOKIE_NAME=name, **values)

    assert found.level == ERROR
    assert found.msg.startswith(f"SESSION_COOKIE_NAME = '{name}' does not go with ")
    assert found.msg.endswith("browsers drop such a cookie, so nobody can sign in.")
    assert found.hint == hint


def test_the_rule_that_is_broken_is_shown_as_written() -> None:
    found = only(Problem.COOKIE_PREFIX, SESSION_COOKIE_NAME="__Host-sid")

    assert "does not go with SESSION_COOKIE_SECURE = False: " in found.msg


def test_the_csrf_cookie_s_prefix_counts_too() -> None:
    found = only(Problem.COOKIE_PREFIX, CSRF_COOKIE_NAME="__Host-csrf")

    assert found.hint == "CSRF_COOKIE_SECURE = True"
    assert ids(CSRF_COOKIE_NAME="__Host-csrf", CSRF_USE_SESSIONS=True) == []


@pytest.mark.parametrize(
    "values",
    [
        {"NAME": "__Host-sid", "SECURE": True},
        {"NAME": "__Host-sid", "SECURE": True, "DOMAIN": ""},
        {"NAME": "__Secure-sid", "SECURE": True, "DOMAIN": "example.com", "PATH": "/app/"},
        {"NAME": "__Http-sid", "SECURE": True},
        {"NAME": "Host-sid"},
    ],
)
def test_keeping_the_rules_is_fine(values: dict[str, Any]) -> None:
    assert ids(**{f"SESSION_COOKIE_{key}": value for key, value in values.items()}) == []


@pytest.mark.parametrize("value", ["lax ", "Loose", True, 1])
def test_an_unknown_samesite_is_an_error(value: Any) -> None:
    found = only(Problem.SAMESITE_UNKNOWN, SESSION_COOKIE_SAMESITE=value)

    assert found.level == ERROR
    assert found.msg == (
        f"SESSION_COOKIE_SAMESITE = {value!r} is none of 'Lax', 'Strict', 'None', so no cookie "
        "can be set."
    )
    assert found.hint == "SESSION_COOKIE_SAMESITE = 'Lax'"


@pytest.mark.parametrize("value", ["None", "none"])
def test_samesite_none_without_secure_is_an_error(value: str) -> None:
    found = only(Problem.SAMESITE_NONE_INSECURE, SESSION_COOKIE_SAMESITE=value)

    assert found.level == ERROR
    assert found.msg.startswith(
        f"SESSION_COOKIE_SAMESITE = '{value}' does not go with SESSION_COOKIE_SECURE = False"
    )
    assert ids(SESSION_COOKIE_SAMESITE=value, SESSION_COOKIE_SECURE=True) == []


@pytest.mark.parametrize("value", ["Lax", "strict", None, False])
def test_a_known_samesite_is_fine(value: Any) -> None:
    assert ids(SESSION_COOKIE_SAMESITE=value) == []


# --- Limits -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "written", "hint"),
    [
        ("3600", "'3600'", 3600),
        ("two weeks", "'two weeks'", 1209600),
        (True, "True", 1209600),
        (None, "None", 1209600),
        (0, "0", 1209600),
        (-5, "-5", 1209600),
        (0.5, "0.5", 1209600),
        (math.inf, "inf", 1209600),
        (math.nan, "nan", 1209600),
        (timedelta(hours=1), "timedelta(hours=1)", 3600),
        (10**12, "1000000000000", 1209600),
        (10**20, "100000000000000000000", 1209600),
    ],
)
def test_an_impossible_idle_limit_is_an_error(value: Any, written: str, hint: int) -> None:
    found = only(Problem.COOKIE_AGE, SESSION_COOKIE_AGE=value)

    assert found.level == ERROR
    assert found.msg == (
        f"SESSION_COOKIE_AGE = {written} is not a possible number of seconds, of at least 1."
    )
    assert found.hint == f"SESSION_COOKIE_AGE = {hint}"


@pytest.mark.parametrize("value", [1, 3600, 86400 * 0.5, 34_560_000])
def test_a_possible_idle_limit_is_fine(value: Any) -> None:
    assert ids(SESSION_COOKIE_AGE=value) == []


def test_longer_than_a_cookie_lives_is_a_warning() -> None:
    found = only(Problem.COOKIE_AGE_CAPPED, SESSION_COOKIE_AGE=34_560_001)

    assert found.level == WARNING
    assert found.hint == "SESSION_COOKIE_AGE = 34560000"


def test_an_idle_limit_above_the_absolute_one_is_a_warning() -> None:
    found = only(Problem.IDLE_ABOVE_ABSOLUTE, JENK_ABSOLUTE_TIMEOUT=timedelta(hours=12))

    assert found.level == WARNING
    assert found.msg == (
        "SESSION_COOKIE_AGE = 1209600 makes an idle limit of timedelta(days=14), which no session "
        "reaches: it ends timedelta(hours=12) after signing in."
    )
    assert found.hint == "SESSION_COOKIE_AGE = 43200  # or less"


@pytest.mark.parametrize("value", [None, timedelta(days=14), 1209600, timedelta(days=30)])
def test_an_absolute_limit_from_the_idle_one_on_is_fine(value: Any) -> None:
    assert ids(JENK_ABSOLUTE_TIMEOUT=value) == []


def test_an_interval_above_the_idle_limit_is_a_warning() -> None:
    found = only(Problem.INTERVAL_ABOVE_IDLE, JENK_ACTIVITY_INTERVAL=700, SESSION_COOKIE_AGE=600)

    assert found.level == WARNING
    assert found.msg == (
        "JENK_ACTIVITY_INTERVAL = 700 is longer than the idle limit, timedelta(minutes=10). It "
        "acts as timedelta(minutes=1), a tenth of that."
    )
    assert found.hint == "JENK_ACTIVITY_INTERVAL = timedelta(minutes=1)"


@pytest.mark.parametrize(
    "values",
    [
        {"JENK_ACTIVITY_INTERVAL": 0},
        {"JENK_ACTIVITY_INTERVAL": 600, "SESSION_COOKIE_AGE": 600},
        {"SESSION_COOKIE_AGE": 10},
    ],
)
def test_an_interval_up_to_the_idle_limit_is_fine(values: dict[str, Any]) -> None:
    assert ids(**values) == []


def test_an_idle_limit_above_the_preset_s_is_a_warning() -> None:
    found = only(Problem.PRESET_IDLE_LOOSENED, JENK_PRESET="pci", SESSION_COOKIE_AGE=3600)

    assert found.level == WARNING
    assert found.msg == (
        "SESSION_COOKIE_AGE = 3600 is above the idle limit of JENK_PRESET = 'pci', so that one is "
        "in force: 900 seconds (PCI DSS 4.0.1 requirement 8.2.8)."
    )
    assert found.hint == "SESSION_COOKIE_AGE = 900"


def test_django_s_default_is_not_the_project_s_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jenk.checks.limits.is_written", lambda name: False)

    assert ids(JENK_PRESET="pci") == []


def test_an_absolute_limit_above_the_preset_s_is_a_warning() -> None:
    found = only(
        Problem.PRESET_ABSOLUTE_LOOSENED,
        JENK_PRESET="nist-aal2",
        JENK_ABSOLUTE_TIMEOUT=timedelta(days=2),
        SESSION_COOKIE_AGE=600,
    )

    assert found.level == WARNING
    assert found.msg == (
        "JENK_ABSOLUTE_TIMEOUT = timedelta(days=2) is in force, and is longer than "
        "JENK_PRESET = 'nist-aal2' allows: timedelta(days=1) (NIST SP 800-63B-4 section 2.2.3)."
    )
    assert found.hint == "JENK_ABSOLUTE_TIMEOUT = timedelta(days=1)"


@pytest.mark.parametrize(
    "values",
    [
        {"JENK_PRESET": "pci", "SESSION_COOKIE_AGE": 900},
        {"JENK_PRESET": "pci", "SESSION_COOKIE_AGE": 300, "JENK_ABSOLUTE_TIMEOUT": 3600},
        {"JENK_PRESET": "nist-aal1"},
        {"JENK_PRESET": "fedramp-high", "SESSION_COOKIE_AGE": 900, "JENK_ABSOLUTE_TIMEOUT": 10**7},
    ],
)
def test_a_preset_may_be_tightened(values: dict[str, Any]) -> None:
    assert ids(**values) == []


# --- Values -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("JENK_ACTIVITY_INTERVAL", -1, "JENK_ACTIVITY_INTERVAL = 60"),
        ("JENK_ACTIVITY_INTERVAL", "30", "JENK_ACTIVITY_INTERVAL = 30"),
        ("JENK_ACTIVITY_INTERVAL", None, "JENK_ACTIVITY_INTERVAL = 60"),
        ("JENK_EMPTY_SESSION_AGE", 0, "JENK_EMPTY_SESSION_AGE = 3600"),
        ("JENK_EMPTY_SESSION_AGE", "0.5", "JENK_EMPTY_SESSION_AGE = 0.5"),
        ("JENK_EMPTY_SESSION_AGE", True, "JENK_EMPTY_SESSION_AGE = 3600"),
        ("JENK_EMPTY_SESSION_AGE", math.nan, "JENK_EMPTY_SESSION_AGE = 3600"),
        (
            "JENK_ABSOLUTE_TIMEOUT",
            "1 day",
            ("JENK_ABSOLUTE_TIMEOUT = 2592000\n# or, for no limit:\nJENK_ABSOLUTE_TIMEOUT = None"),
        ),
        (
            "JENK_ABSOLUTE_TIMEOUT",
            timedelta(),
            ("JENK_ABSOLUTE_TIMEOUT = 2592000\n# or, for no limit:\nJENK_ABSOLUTE_TIMEOUT = None"),
        ),
    ],
)
def test_an_impossible_duration_is_an_error(name: str, value: Any, hint: str) -> None:
    found = only(Problem.DURATION, **{name: value})

    assert found.level == ERROR
    assert found.msg.startswith(f"{name} = ")
    assert found.hint == hint


def test_a_duration_is_shown_as_written() -> None:
    found = only(Problem.DURATION, JENK_EMPTY_SESSION_AGE=timedelta(minutes=-90))

    assert found.msg == (
        "JENK_EMPTY_SESSION_AGE = timedelta(minutes=-90) is no number of seconds or timedelta "
        "that is more than 0."
    )


@pytest.mark.parametrize(
    ("problem", "name", "value", "hint"),
    [
        (Problem.PRESET_UNKNOWN, "JENK_PRESET", "PCI", "JENK_PRESET = 'pci'"),
        (Problem.PRESET_UNKNOWN, "JENK_PRESET", "nist_aal2", "JENK_PRESET = 'nist-aal2'"),
        (Problem.PRESET_UNKNOWN, "JENK_PRESET", "", "JENK_PRESET = None"),
        (Problem.PRESET_UNKNOWN, "JENK_PRESET", ["pci"], "JENK_PRESET = 'pci'"),
        (
            Problem.REDIRECT_UNKNOWN,
            "JENK_EXPIRED_REDIRECT",
            "Protected",
            "JENK_EXPIRED_REDIRECT = 'protected'",
        ),
        (Problem.REDIRECT_UNKNOWN, "JENK_EXPIRED_REDIRECT", 7, "JENK_EXPIRED_REDIRECT = 'all'"),
        (
            Problem.ANONYMOUS_UNKNOWN,
            "JENK_ANONYMOUS_SESSIONS",
            "on-write",
            "JENK_ANONYMOUS_SESSIONS = 'on_write'",
        ),
    ],
)
def test_a_value_that_is_no_choice_is_reported(
    problem: Problem, name: str, value: Any, hint: str
) -> None:
    found = only(problem, **{name: value})

    assert found.msg.startswith(f"{name} = {value!r} is none of: ")
    assert found.hint == hint


def test_the_alternatives_are_listed() -> None:
    found = only(Problem.PRESET_UNKNOWN, JENK_PRESET="aal9")

    assert found.level == ERROR
    assert found.msg == (
        "JENK_PRESET = 'aal9' is none of: None, 'nist-aal1', 'nist-aal2', 'nist-aal3', "
        "'nist-aal2-rev3', 'nist-aal3-rev3', 'pci', 'hipaa', 'psd2', 'fedramp-high', "
        "'owasp-high-value', 'owasp-low-risk'."
    )


@pytest.mark.parametrize(
    ("name", "value", "meaning", "hint"),
    [
        ("JENK_NO_STORE", "false", "on", "JENK_NO_STORE = False"),
        ("JENK_NO_STORE", 1, "on", "JENK_NO_STORE = True"),
        ("JENK_NO_STORE", None, "off", "JENK_NO_STORE = False"),
        ("JENK_REASON_MESSAGE", "yes", "on", "JENK_REASON_MESSAGE = True"),
    ],
)
def test_a_switch_that_is_neither_is_a_warning(
    name: str, value: Any, meaning: str, hint: str
) -> None:
    found = only(Problem.NOT_A_SWITCH, **{name: value})

    assert found.level == WARNING
    assert found.msg == f"{name} = {value!r} is neither True nor False, and counts as {meaning}."
    assert found.hint == hint


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("status", "('status',)"),
        ("", "()"),
        (None, "()"),
        ({"status": 1}, "()"),
        (["status", 3], "('status',)"),
    ],
)
@pytest.mark.parametrize(
    "name", ["JENK_PUBLIC_VIEWS", "JENK_PASSIVE_VIEWS", "JENK_NO_SESSION_VIEWS"]
)
def test_a_list_that_is_none_is_an_error(name: str, value: Any, hint: str) -> None:
    found = only(Problem.NOT_A_LIST, **{name: value})

    assert found.level == ERROR
    assert found.msg == f"{name} = {value!r} is not a tuple of strings."
    assert found.hint == f"{name} = {hint}"


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (("Cookie", "storage"), "('cookies', 'storage')"),
        (('"cache"',), "('cache',)"),
        (("everything",), "()"),
    ],
)
def test_a_kind_that_browsers_do_not_know_is_a_warning(value: Any, hint: str) -> None:
    found = only(Problem.CLEAR_SITE_DATA_UNKNOWN, JENK_CLEAR_SITE_DATA=value)

    assert found.level == WARNING
    assert found.hint == f"JENK_CLEAR_SITE_DATA = {hint}"


@pytest.mark.parametrize("value", [(), ("cache", "storage"), ["*"], {"executionContexts"}])
def test_kinds_that_browsers_know_are_fine(value: Any) -> None:
    assert ids(JENK_CLEAR_SITE_DATA=value) == []


def test_the_snapshot_may_be_left_out_or_filled() -> None:
    chosen = {
        "user": None,
        "user_id": "pk",
        "user_email": "email",
        "user_name": lambda user: "x",
        "user_role": f"{HERE}.role_of",
        "user_status": "get_full_name",
    }

    assert ids(JENK_SNAPSHOT=None) == []
    assert ids(JENK_SNAPSHOT=chosen) == []


@pytest.mark.parametrize(
    ("problem", "value", "message", "hint"),
    [
        (
            Problem.SNAPSHOT_TYPE,
            ["user"],
            "JENK_SNAPSHOT = ['user'] is neither a dict nor None.",
            "JENK_SNAPSHOT = {'user_role': 'role'}",
        ),
        (
            Problem.SNAPSHOT_KEY,
            {"role": "role"},
            (
                "JENK_SNAPSHOT has the key 'role', which changes nothing. It may have: 'user', "
                "'user_id', 'user_email', 'user_name', 'user_role', 'user_status'."
            ),
            "JENK_SNAPSHOT = {'user_role': 'role'}",
        ),
        (
            Problem.SNAPSHOT_SOURCE,
            {"user_role": 3},
            (
                "JENK_SNAPSHOT = {'user_role': 3} names no attribute of the user, callable or "
                "dotted path to one."
            ),
            "JENK_SNAPSHOT = {'user_role': 'role'}",
        ),
        (
            Problem.SNAPSHOT_PATH,
            {"user_role": "no_such_module.role"},
            (
                "JENK_SNAPSHOT = {'user_role': 'no_such_module.role'} is imported, as it has a "
                "dot, and cannot be used: No module named 'no_such_module'."
            ),
            (
                "JENK_SNAPSHOT = {'user_role': 'myproject.sessions.user_role'}  "
                "# a function of the user"
            ),
        ),
        (
            Problem.SNAPSHOT_PATH,
            {"user_role": f"{HERE}.not_callable"},
            (
                f"JENK_SNAPSHOT = {{'user_role': '{HERE}.not_callable'}} is imported, as it has a "
                "dot, and cannot be used: that is nothing to call."
            ),
            (
                "JENK_SNAPSHOT = {'user_role': 'myproject.sessions.user_role'}  "
                "# a function of the user"
            ),
        ),
        (
            Problem.SNAPSHOT_ATTRIBUTE,
            {"user_email": "e_mail"},
            (
                "JENK_SNAPSHOT = {'user_email': 'e_mail'} names an attribute that website.User "
                "does not have."
            ),
            "JENK_SNAPSHOT = {'user_email': 'email'}",
        ),
        (
            Problem.SNAPSHOT_ATTRIBUTE,
            {"user_email": "zzz"},
            (
                "JENK_SNAPSHOT = {'user_email': 'zzz'} names an attribute that website.User "
                "does not have."
            ),
            "JENK_SNAPSHOT = {'user_email': 'username'}",
        ),
        (
            Problem.SNAPSHOT_MANY,
            {"user_role": "groups"},
            (
                "JENK_SNAPSHOT = {'user_role': 'groups'} names a relation to many "
                "(website.User.groups), which is no one fact."
            ),
            (
                "JENK_SNAPSHOT = {'user_role': 'myproject.sessions.user_role'}  "
                "# a function of the user"
            ),
        ),
        (
            Problem.SNAPSHOT_MANY,
            {"user_role": "logentry_set"},
            (
                "JENK_SNAPSHOT = {'user_role': 'logentry_set'} names a relation to many "
                "(<ManyToOneRel: admin.logentry>), which is no one fact."
            ),
            (
                "JENK_SNAPSHOT = {'user_role': 'myproject.sessions.user_role'}  "
                "# a function of the user"
            ),
        ),
    ],
)
def test_what_a_snapshot_cannot_be(problem: Problem, value: Any, message: str, hint: str) -> None:
    found = only(problem, JENK_SNAPSHOT=value)

    assert found.msg == message
    assert found.hint == hint


@pytest.mark.parametrize("key", ["login_time", "last_activity", 3])
def test_the_times_are_not_the_project_s_to_choose(key: Any) -> None:
    assert only(Problem.SNAPSHOT_KEY, JENK_SNAPSHOT={key: "username"}).level == WARNING


def test_without_a_user_model_attributes_are_not_judged() -> None:
    found = report(JENK_SNAPSHOT={"user": "no_such"}, AUTH_USER_MODEL="no.Such")

    assert found == []


def test_a_user_model_with_attributes_of_its_own_making_is_trusted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(AbstractBaseUser, "__getattr__", lambda self, name: None, raising=False)

    assert ids(JENK_SNAPSHOT={"user": "no_such"}) == []


def test_an_unknown_setting_is_a_warning() -> None:
    found = only(Problem.UNKNOWN_SETTING, JENK_ABSOLUTE_TIME_OUT=60)

    assert found.level == WARNING
    assert found.msg == (
        "JENK_ABSOLUTE_TIME_OUT = 60 has no effect: there is no JENK_ABSOLUTE_TIME_OUT."
    )
    assert found.hint == "JENK_ABSOLUTE_TIMEOUT = 60"


@pytest.mark.parametrize("name", ["JENK_Q", "JENK_IDLE"])
def test_a_setting_like_none_there_is_can_go(name: str) -> None:
    assert only(Problem.UNKNOWN_SETTING, **{name: 60}).hint == f"Remove {name}."


def test_the_idle_limit_is_django_s_setting() -> None:
    found = only(Problem.UNKNOWN_SETTING, JENK_IDLE_TIMEOUT=900)

    assert found.hint == "SESSION_COOKIE_AGE = 900"


def test_the_settings_of_tests_are_passed_over() -> None:
    assert ids(JENK_TEST_LONG="1") == []


# --- Views --------------------------------------------------------------------------------

LISTS = ["JENK_PUBLIC_VIEWS", "JENK_PASSIVE_VIEWS", "JENK_NO_SESSION_VIEWS"]


@pytest.mark.parametrize(
    "entry",
    [
        "index",
        "inner",
        "shop:cart",
        f"{HERE}.index",
        f"{HERE}.Status",
        f"shop:{HERE}.index",
        "django.contrib.staticfiles.views.serve",
        "django.contrib.auth.views.LoginView",
    ],
)
@pytest.mark.parametrize("name", LISTS)
def test_names_and_dotted_paths_of_views_are_fine(name: str, entry: str) -> None:
    assert ids(**{name: (entry,)}) == []


@pytest.mark.parametrize(
    ("entry", "hint"),
    [
        ("/status/", "status"),
        ("status/", "status"),
        ("/shop/cart/", "shop:cart"),
        ("/stats/", "status"),
        ("/zzz/", "namespace:name"),
    ],
)
@pytest.mark.parametrize("name", LISTS)
def test_a_path_in_a_list_of_views_is_an_error(name: str, entry: str, hint: str) -> None:
    found = only(Problem.VIEW_PATH, **{name: [entry]})

    assert found.level == ERROR
    assert found.msg.startswith(f"{name} = ('{entry}',) is a path")
    assert found.hint == f"{name} = ('{hint}',)"


@pytest.mark.parametrize(
    ("entry", "hint"),
    [
        ("statuss", "status"),
        ("cart", "shop:cart"),
        ("store:cart", "shop:cart"),
        ("json.JSONEncoder", "json.encoder.JSONEncoder"),
        (f"{HERE}.not_callable", f"{HERE}.index"),
        ("zzz", "namespace:name"),
    ],
)
def test_a_view_that_does_not_exist_is_an_error(entry: str, hint: str) -> None:
    found = only(Problem.VIEW_UNKNOWN, JENK_PUBLIC_VIEWS=(entry,))

    assert found.level == ERROR
    assert found.msg.startswith(f"JENK_PUBLIC_VIEWS = ('{entry}',) matches nothing: ")
    assert found.hint == f"JENK_PUBLIC_VIEWS = ('{hint}',)"


@pytest.mark.parametrize("value", [None, "", "no.such.urls", "json"])
def test_without_urls_no_view_is_judged(value: Any) -> None:
    assert ids(ROOT_URLCONF=value, JENK_PUBLIC_VIEWS=("no-such",), LOGIN_URL="no-such") == []


@pytest.mark.parametrize(
    "value",
    [
        *("login", "/login/", "/login/?from=jenk", "shop:cart", "https://id.example.com/login"),
        *("//id.example.com/login", reverse_lazy("login"), index, f"{HERE}.index"),
    ],
)
def test_a_login_url_that_leads_somewhere_is_fine(value: Any) -> None:
    expected = [Problem.LOGIN_URL_PATH.id] if value == f"{HERE}.index" else []

    assert ids(LOGIN_URL=value) == expected


@pytest.mark.parametrize(
    ("value", "written", "hint"),
    [
        ("signin", "'signin'", "LOGIN_URL = 'login'"),
        ("logins", "'logins'", "LOGIN_URL = 'login'"),
        ("accounts:signin", "'accounts:signin'", "LOGIN_URL = 'login'"),
        (None, "None", "LOGIN_URL = 'login'"),
        (3, "3", "LOGIN_URL = 'login'"),
    ],
)
def test_a_login_url_that_is_no_name_is_an_error(value: Any, written: str, hint: str) -> None:
    found = only(Problem.LOGIN_URL_NAME, LOGIN_URL=value)

    assert found.level == ERROR
    assert found.msg == (
        f"LOGIN_URL = {written} is not the name of a URL, so whoever has to sign in gets an error."
    )
    assert found.hint == hint


def test_a_login_url_that_fails_when_looked_at_is_an_error() -> None:
    found = only(Problem.LOGIN_URL_NAME, LOGIN_URL=reverse_lazy("no-such"))

    assert found.hint == "LOGIN_URL = 'login'"


@pytest.mark.parametrize("value", ["/accounts/login/", "/signin", "login/", "./login/"])
def test_a_login_url_that_nothing_answers_is_a_warning(value: str) -> None:
    found = only(Problem.LOGIN_URL_PATH, LOGIN_URL=value)

    assert found.level == WARNING
    assert found.msg == (
        f"LOGIN_URL = '{value}' is answered by no URL pattern, so whoever has to sign in finds no "
        "page."
    )
    assert found.hint == "LOGIN_URL = 'login'"


def test_a_login_url_that_the_project_did_not_write_is_named_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("jenk.checks.views.is_written", lambda name: False)
    found = only(Problem.LOGIN_URL_PATH, LOGIN_URL="/accounts/login/")

    assert found.msg == (
        "LOGIN_URL = '/accounts/login/', Django's default, is answered by no URL pattern, so "
        "whoever has to sign in finds no page."
    )


def test_a_login_url_without_its_slash_is_a_warning() -> None:
    found = only(Problem.LOGIN_URL_PATH, LOGIN_URL="/login")

    assert found.msg == (
        "LOGIN_URL = '/login' is not the sign-in page but redirects to it, as a slash is missing."
    )
    assert found.hint == "LOGIN_URL = '/login/'"


def test_where_no_url_looks_like_it_the_hint_shows_how() -> None:
    found = only(Problem.LOGIN_URL_NAME, LOGIN_URL="zzz", ROOT_URLCONF=(path("", index),))

    assert (
        found.hint == "LOGIN_URL = 'login'  # with "
        "path('login/', jenk.views.auth.LoginView.as_view(), name='login') in the URLs"
    )


def test_a_login_url_under_the_site_s_prefix_is_found() -> None:
    set_script_prefix("/mounted/")
    try:
        assert ids(LOGIN_URL="login") == []
        assert ids(LOGIN_URL="/mounted/login/") == []
        assert ids(LOGIN_URL="/login/") == []
    finally:
        set_script_prefix("/")


# --- Deployment ---------------------------------------------------------------------------

CALM: dict[str, Any] = {
    "SESSION_COOKIE_NAME": "__Host-sessionid",
    "SESSION_COOKIE_SECURE": True,
    "JENK_ABSOLUTE_TIMEOUT": timedelta(days=30),
    "JENK_ANONYMOUS_SESSIONS": "on_write",
}


def test_a_careful_deployment_is_met_with_silence() -> None:
    assert deployed(**CALM) == {}


DEFENCELESS: dict[str, Any] = {
    "INSTALLED_APPS": APPS,
    "SESSION_ENGINE": CACHE_ENGINE,
    "CACHES": caches("filebased.FileBasedCache"),
    "SESSION_COOKIE_HTTPONLY": False,
    "SESSION_COOKIE_SAMESITE": False,
    "JENK_NO_STORE": False,
}


def test_without_deploy_nothing_is_said_of_deployment() -> None:
    assert ids(**DEFENCELESS) == []


def test_a_defenceless_deployment_hears_of_all_of_it() -> None:
    found = deployed(**DEFENCELESS)

    assert set(found) == {problem.id for problem in Problem if problem.deploy}
    assert {code: message.hint for code, message in found.items()} == {
        "jenk.W017": "SESSION_COOKIE_SECURE = True",
        "jenk.W018": "SESSION_COOKIE_HTTPONLY = True",
        "jenk.W019": "SESSION_COOKIE_SAMESITE = 'Lax'",
        "jenk.W020": (
            "SESSION_COOKIE_NAME = '__Host-sessionid'\nSESSION_COOKIE_SECURE = True\n"
            "# a new name signs everybody out once"
        ),
        "jenk.W021": "JENK_ABSOLUTE_TIMEOUT = 2592000  # 30 days",
        "jenk.W022": "JENK_NO_STORE = True",
        "jenk.I001": (
            "JENK_ANONYMOUS_SESSIONS = 'on_write'  # once there is something to keep\n"
            "# health checks: name their views in JENK_NO_SESSION_VIEWS"
        ),
    }


@pytest.mark.parametrize(
    "values",
    [{}, {"INSTALLED_APPS": APPS, "MIDDLEWARE": [DJANGOS, AUTHENTICATION, MANAGEMENT, EXPIRY]}],
)
def test_what_django_says_of_the_flags_is_not_said_again(values: dict[str, Any]) -> None:
    insecure = {"SESSION_COOKIE_SECURE": False, "SESSION_COOKIE_HTTPONLY": False}
    calm = CALM | {"SESSION_COOKIE_NAME": "sessionid"}
    no_table = {"SESSION_ENGINE": CACHE_ENGINE, "CACHES": caches("filebased.FileBasedCache")}
    with override_settings(**SILENT | calm | no_table | insecure | values):
        found = {message.id for message in run_checks(include_deployment_checks=True)}

    assert found & {"security.W010", "security.W011", "security.W012"}
    assert found & {"security.W013", "security.W014", "security.W015"}
    assert not found & {"jenk.W017", "jenk.W018"}


def test_where_django_does_not_look_good_flags_are_fine() -> None:
    no_table = {"SESSION_ENGINE": CACHE_ENGINE, "CACHES": caches("filebased.FileBasedCache")}

    assert deployed(**CALM | no_table | {"INSTALLED_APPS": APPS}) == {}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            None,
            (
                "SESSION_COOKIE_SAMESITE = None leaves it to the browser when other sites may send "
                "the session cookie."
            ),
        ),
        (
            "None",
            (
                "SESSION_COOKIE_SAMESITE = 'None' has browsers send the session cookie with every "
                "request from another site."
            ),
        ),
    ],
)
def test_a_cookie_for_other_sites_is_a_warning(value: Any, message: str) -> None:
    found = deployed(**CALM | {"SESSION_COOKIE_SAMESITE": value})

    assert {code: one.msg for code, one in found.items()} == {"jenk.W019": message}


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({}, "__Host-sid"),
        ({"SESSION_COOKIE_DOMAIN": "example.com"}, "__Secure-sid"),
        ({"SESSION_COOKIE_PATH": "/app/"}, "__Secure-sid"),
    ],
)
def test_the_prefix_that_fits_is_recommended(values: dict[str, Any], name: str) -> None:
    found = deployed(**CALM | {"SESSION_COOKIE_NAME": "sid"} | values)

    assert list(found) == ["jenk.W020"]
    assert (found["jenk.W020"].hint or "").startswith(f"SESSION_COOKIE_NAME = '{name}'\n")


@pytest.mark.parametrize("name", ["__Host-sid", "__secure-sid", "__Host-Http-sid"])
def test_any_prefix_will_do(name: str) -> None:
    assert deployed(**CALM | {"SESSION_COOKIE_NAME": name}) == {}


def test_no_absolute_limit_names_the_clause() -> None:
    found = deployed(**CALM | {"JENK_ABSOLUTE_TIMEOUT": None})

    assert list(found) == ["jenk.W021"]
    assert found["jenk.W021"].msg == (
        "JENK_ABSOLUTE_TIMEOUT = None lets a session that is in use live for ever. "
        "NIST SP 800-63B-4 section 2.1.3 requires a limit and recommends 30 days."
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"JENK_PRESET": "pci", "SESSION_COOKIE_AGE": 900}, []),
        ({"JENK_PRESET": "fedramp-high", "SESSION_COOKIE_AGE": 900}, ["jenk.W021"]),
        ({"SESSION_COOKIE_AGE": "x"}, ["jenk.E023"]),
    ],
)
def test_a_preset_s_absolute_limit_counts(values: dict[str, Any], expected: list[str]) -> None:
    assert list(deployed(**CALM | {"JENK_ABSOLUTE_TIMEOUT": None} | values)) == expected


def test_an_absolute_limit_that_is_none_is_reported_once() -> None:
    assert list(deployed(**CALM | {"JENK_ABSOLUTE_TIMEOUT": "x"})) == ["jenk.E024"]


# --- Whole sites --------------------------------------------------------------------------


@pytest.mark.checkout
def test_the_example_site_passes() -> None:
    environ = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "SECRET_KEY": "not secret: the key of a check",
        "DATABASE_URL": "sqlite://:memory:",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--fail-level", "INFO"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout + done.stderr == "System check identified no issues (0 silenced).\n"
