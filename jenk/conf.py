"""jenk's settings: the name a project writes, its type and its default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from functools import cache
from typing import Any, Literal

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.signals import setting_changed
from django.dispatch import receiver

type Duration = timedelta | float
type Fact = str | Callable[[Any], Any]


def seconds(value: Duration) -> timedelta:
    """Return a duration that a project may write as seconds or as a `timedelta`."""
    return value if isinstance(value, timedelta) else timedelta(seconds=value)


@dataclass(frozen=True, kw_only=True, slots=True)
class Conf:
    """What a project can set. A `Duration` is a number of seconds or a `timedelta`."""

    JENK_ACTIVITY_INTERVAL: Duration = 60
    JENK_ABSOLUTE_TIMEOUT: Duration | None = None
    JENK_PRESET: str | None = None
    JENK_ANONYMOUS_SESSIONS: Literal["always", "on_write"] = "always"
    JENK_EMPTY_SESSION_AGE: Duration = 3600
    JENK_NO_SESSION_VIEWS: tuple[str, ...] = ()
    JENK_EXPIRED_REDIRECT: Literal["all", "protected"] = "all"
    JENK_PUBLIC_VIEWS: tuple[str, ...] = ()
    JENK_PASSIVE_VIEWS: tuple[str, ...] = ()
    JENK_REASON_MESSAGE: bool = False
    JENK_NO_STORE: bool = True
    JENK_CLEAR_SITE_DATA: tuple[str, ...] = ()
    JENK_MAX_SESSIONS: int | Callable[[Any], int | None] | None = None
    JENK_LIMIT_ACTION: Literal["end_oldest", "refuse"] = "end_oldest"
    JENK_SNAPSHOT: Mapping[str, Fact] | None = field(default_factory=dict)


NAMES = tuple(one.name for one in fields(Conf))


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """Those of Django's settings that every request asks for, many times each."""

    AUTHENTICATION_BACKENDS: Any
    SECRET_KEY: Any
    SECRET_KEY_FALLBACKS: Any
    SESSION_COOKIE_NAME: Any
    SESSION_SAVE_EVERY_REQUEST: Any
    USE_TZ: Any


SITE_NAMES = tuple(one.name for one in fields(Site))


@cache
def conf() -> Conf:
    """Return the settings in force; forgotten when `override_settings` changes one."""
    return Conf(**{name: getattr(settings, name) for name in NAMES if hasattr(settings, name)})


@cache
def site() -> Site:
    """Return Django's settings in force; forgotten when `override_settings` changes one."""
    return Site(**{name: getattr(settings, name) for name in SITE_NAMES})


@cache
def user_model() -> Any:
    """Return the user model; Django looks it up anew each time."""
    return get_user_model()


@receiver(setting_changed)
def forget(*, setting: str, **kwargs: Any) -> None:
    if setting.startswith("JENK_"):
        conf.cache_clear()
    elif setting in SITE_NAMES:
        site.cache_clear()
    elif setting == "AUTH_USER_MODEL":
        user_model.cache_clear()
