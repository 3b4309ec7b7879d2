"""Every problem that the checks report, and how one is worded."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable
from datetime import timedelta
from enum import Enum
from typing import Any

from django.conf import settings
from django.core.checks import ERROR, INFO, WARNING, CheckMessage

LEVELS = {"E": ERROR, "W": WARNING, "I": INFO}


class Problem(Enum):
    """What can be wrong; a number is never given to another problem.

    The letter is the level. E: a request would fail, or what protects sessions is off. W: it works,
    but not as the project may think. I: worth knowing. A `deploy` problem shows under `--deploy`.
    """

    NO_SESSION = "E001", "MIDDLEWARE has no session middleware"
    NO_AUTHENTICATION = "E002", "MIDDLEWARE has no AuthenticationMiddleware"
    NO_MANAGEMENT = "E003", "MIDDLEWARE has no SessionManagementMiddleware"
    NO_EXPIRY = "E004", "MIDDLEWARE has no SessionExpiryMiddleware"
    SESSION_TOO_LATE = "E005", "The session middleware comes after one that needs the session"
    AUTHENTICATION_TOO_LATE = "E006", "AuthenticationMiddleware comes after one of jenk's"
    CACHE_TOO_LATE = "E007", "UpdateCacheMiddleware comes after the session middleware"
    CACHE_TOO_EARLY = "E008", "FetchFromCacheMiddleware comes before one of jenk's"
    ENGINE_NEEDS_MIDDLEWARE = "E009", "A jenk engine is used with Django's session middleware"
    NO_MESSAGES = "E010", "JENK_REASON_MESSAGE is on and MIDDLEWARE has no MessageMiddleware"
    REPEATED = "W001", "MIDDLEWARE lists a middleware twice"
    LOGIN_REQUIRED_TOO_EARLY = "W002", "LoginRequiredMiddleware comes before one of jenk's"
    NO_REQUEST_IN_TEMPLATES = "W003", "No template engine gives templates the request"

    NO_ENGINE = "E011", "SESSION_ENGINE cannot be imported or has no SessionStore"
    NO_SERIALIZER = "E012", "SESSION_SERIALIZER cannot be imported"
    ENGINE_UNUSABLE = "E013", "The session engine cannot be used as it is configured"
    ENGINE_WITHOUT_REVOCATION = "E014", "SESSION_ENGINE keeps sessions in signed cookies"
    NO_SESSIONS_APP = "E015", "SESSION_ENGINE needs django.contrib.sessions installed"
    CACHE_UNKNOWN = "E016", "SESSION_CACHE_ALIAS is not in CACHES"
    CACHE_KEEPS_NOTHING = "E017", "Sessions are kept in a cache that keeps nothing"
    CACHE_NOT_SHARED = "W004", "Sessions are kept in the memory of one process"
    PICKLE = "W005", "SESSION_SERIALIZER reads sessions with pickle"

    COOKIE_NAME = "E018", "A cookie's name is not one that a cookie can have"
    COOKIE_CLASH = "E019", "Two cookies have the same name"
    COOKIE_PREFIX = "E020", "A cookie breaks the rules of its name's prefix"
    SAMESITE_UNKNOWN = "E021", "SESSION_COOKIE_SAMESITE is none of its values"
    SAMESITE_NONE_INSECURE = "E022", "SESSION_COOKIE_SAMESITE is 'None' without Secure"

    COOKIE_AGE = "E023", "SESSION_COOKIE_AGE is not a possible number of seconds"
    COOKIE_AGE_CAPPED = "W006", "SESSION_COOKIE_AGE is longer than browsers keep a cookie"
    IDLE_ABOVE_ABSOLUTE = "W007", "The idle limit is longer than the absolute limit"
    INTERVAL_ABOVE_IDLE = "W008", "JENK_ACTIVITY_INTERVAL is longer than the idle limit"
    PRESET_IDLE_LOOSENED = "W009", "SESSION_COOKIE_AGE is above the idle limit of JENK_PRESET"
    PRESET_ABSOLUTE_LOOSENED = "W010", "JENK_ABSOLUTE_TIMEOUT is above the limit of JENK_PRESET"

    DURATION = "E024", "A duration is not a possible number of seconds or timedelta"
    PRESET_UNKNOWN = "E025", "JENK_PRESET is no preset"
    REDIRECT_UNKNOWN = "E026", "JENK_EXPIRED_REDIRECT is none of its values"
    NOT_A_LIST = "E027", "A setting that lists strings is something else"
    SNAPSHOT_TYPE = "E028", "JENK_SNAPSHOT is neither a dict nor None"
    SNAPSHOT_SOURCE = "E029", "JENK_SNAPSHOT has a value that is no string and no callable"
    SNAPSHOT_PATH = "E030", "A dotted path in JENK_SNAPSHOT leads to nothing that can be called"
    SNAPSHOT_ATTRIBUTE = "E031", "JENK_SNAPSHOT names an attribute that the user model has not"
    SNAPSHOT_MANY = "E035", "JENK_SNAPSHOT names a relation to many"
    SNAPSHOT_KEY = "W011", "JENK_SNAPSHOT has a key that is none of the six"
    ANONYMOUS_UNKNOWN = "W012", "JENK_ANONYMOUS_SESSIONS is none of its values"
    NOT_A_SWITCH = "W013", "A setting that is on or off is neither True nor False"
    CLEAR_SITE_DATA_UNKNOWN = "W014", "JENK_CLEAR_SITE_DATA names a kind that browsers do not know"
    MAX_SESSIONS = "E036", "JENK_MAX_SESSIONS is no number of sessions and no function of the user"
    LIMIT_ACTION_UNKNOWN = "E037", "JENK_LIMIT_ACTION is none of its values"
    LIMIT_WITHOUT_ENGINE = "E038", "JENK_MAX_SESSIONS needs an engine of jenk's"
    ROUTED_APART = "E039", "A database router separates the tables of jenk"
    COMPOSITE_USER_KEY = "E040", "The user model has a composite primary key"
    UNKNOWN_SETTING = "W015", "A JENK_ setting does not exist"

    VIEW_PATH = "E032", "A list of views has a URL path in it"
    VIEW_UNKNOWN = "E033", "A list of views names a view that does not exist"
    LOGIN_URL_NAME = "E034", "LOGIN_URL is not the name of a URL"
    LOGIN_URL_PATH = "W016", "LOGIN_URL is a path that no URL pattern answers"

    SECURE = "W017", "SESSION_COOKIE_SECURE is not True", True
    HTTPONLY = "W018", "SESSION_COOKIE_HTTPONLY is not True", True
    SAMESITE = "W019", "SESSION_COOKIE_SAMESITE lets other sites send the cookie", True
    PREFIX = "W020", "The session cookie's name has no prefix", True
    NO_ABSOLUTE = "W021", "Sessions have no absolute limit", True
    STORED_PAGES = "W022", "JENK_NO_STORE is off", True
    VISITORS = "I001", "Every visitor gets a session", True

    def __init__(self, code: str, meaning: str, deploy: bool = False) -> None:
        self.id = f"jenk.{code}"
        self.level = LEVELS[code[0]]
        self.meaning = meaning
        self.deploy = deploy

    def report(self, message: str, hint: str) -> CheckMessage:
        """Return the message of one occurrence, with what to write instead."""
        return CheckMessage(self.level, message, hint=hint, id=self.id)


class _AsWritten(reprlib.Repr):
    """Show values as a settings file has them; long ones are cut, a failing `repr()` is none."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = 120
        self.maxtuple = self.maxlist = self.maxset = self.maxfrozenset = self.maxdict = 20

    def repr_timedelta(self, value: timedelta, level: int) -> str:
        total = value.total_seconds()
        units = (("days", 86400), ("hours", 3600), ("minutes", 60), ("seconds", 1))
        unit, size = next((one for one in units if total and not total % one[1]), units[-1])
        return f"timedelta({unit}={total / size:.15g})"


shown = _AsWritten().repr


def setting(name: str) -> Any:
    """Return a setting, of whatever type the project gave it."""
    return getattr(settings, name)


def is_written(name: str) -> bool:
    """Tell whether the project has the setting, rather than its default."""
    chosen: Any = settings
    return bool(chosen.is_overridden(name))


def line(name: str, value: Any) -> str:
    """Return the line of a settings file that gives a setting this value."""
    return f"{name} = {shown(value)}"


def text(value: Any) -> str:
    """Return a string as it is, and anything else in a form that can be searched."""
    return value if isinstance(value, str) else shown(value)


def one_of(values: Iterable[Any]) -> str:
    """Return alternatives for people to read."""
    return ", ".join(shown(value) for value in values)


def attempt(call: Callable[..., Any], *args: Any) -> tuple[Any, Exception | None]:
    """Do what a project's own code or values may fail at: a check reports, it never raises."""
    try:
        return call(*args), None
    except Exception as error:  # noqa: BLE001 - whatever a project's code raises
        return None, error
