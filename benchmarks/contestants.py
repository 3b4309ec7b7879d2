"""What is measured: ways to keep sessions in Django, each as the settings that it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DJANGOS = ("django.contrib.sessions.middleware.SessionMiddleware",)
AUTH = ("django.contrib.auth.middleware.AuthenticationMiddleware",)


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way to keep sessions.

    `saves` is SESSION_SAVE_EVERY_REQUEST, without which none of them but jenk and signed cookies
    knows when a session was last used.
    """

    name: str
    title: str
    engine: str = "django.contrib.sessions.backends.db"
    apps: tuple[str, ...] = ("django.contrib.sessions",)
    middleware: tuple[str, ...] = (*DJANGOS, *AUTH)
    saves: bool = False
    needs_redis: bool = False

    @property
    def has_session(self) -> bool:
        return bool(self.middleware)


FLOOR = "floor"
NOT_SAVING = "db"
SAVING = "db-saving"
COOKIES = "cookies"
JENK = "jenk"

CONTESTANTS = (
    Contestant(FLOOR, "no session, no user", apps=(), middleware=()),
    Contestant(NOT_SAVING, "Django db"),
    Contestant(SAVING, "Django db, saving", saves=True),
    Contestant(
        "cached-db",
        "Django cached_db, Redis",
        "django.contrib.sessions.backends.cached_db",
        needs_redis=True,
    ),
    Contestant(
        "cached-db-saving",
        "Django cached_db, Redis, saving",
        "django.contrib.sessions.backends.cached_db",
        saves=True,
        needs_redis=True,
    ),
    Contestant(COOKIES, "signed cookies", "django.contrib.sessions.backends.signed_cookies"),
    Contestant(
        "cookies-saving",
        "signed cookies, saving",
        "django.contrib.sessions.backends.signed_cookies",
        saves=True,
    ),
    Contestant(
        "qsessions",
        "django-qsessions, saving",
        "qsessions.backends.db",
        apps=("qsessions",),
        middleware=("qsessions.middleware.SessionMiddleware", *AUTH),
        saves=True,
    ),
    Contestant(
        "user-sessions",
        "django-user-sessions, saving",
        "user_sessions.backends.db",
        apps=("user_sessions",),
        middleware=("user_sessions.middleware.SessionMiddleware", *AUTH),
        saves=True,
    ),
    Contestant(
        JENK,
        "jenk",
        "jenk.backends.db",
        apps=("jenk",),
        middleware=(
            "jenk.middleware.SessionMiddleware",
            *AUTH,
            "jenk.middleware.SessionManagementMiddleware",
            "jenk.middleware.SessionExpiryMiddleware",
        ),
        saves=True,
    ),
)

BY_NAME = {one.name: one for one in CONTESTANTS}


def settings_of(contestant: Contestant, database: dict[str, Any], redis: str) -> dict[str, Any]:
    """Return the settings of a project that keeps its sessions that way, and does nothing else."""
    return {
        "ALLOWED_HOSTS": ["localhost", "127.0.0.1"],
        "CACHES": {
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": redis,
                "KEY_PREFIX": "jenk_bench",
            }
        }
        if contestant.needs_redis
        else {},
        "DATABASES": {"default": database},
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "INSTALLED_APPS": [
            *contestant.apps,
            "django.contrib.auth",
            "django.contrib.contenttypes",
        ],
        "LOGIN_URL": "/sign-in",
        "MIDDLEWARE": list(contestant.middleware),
        "ROOT_URLCONF": "benchmarks.site",
        "SECRET_KEY": "not secret: the key of a benchmark",
        "SESSION_ENGINE": contestant.engine,
        "SESSION_SAVE_EVERY_REQUEST": contestant.saves,
        "USE_TZ": True,
    }
