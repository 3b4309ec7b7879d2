"""What matters where strangers can reach the site: `manage.py check --deploy`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage

from jenk.checks.cookies import PREFIXES
from jenk.checks.limits import effective
from jenk.checks.middleware import listed
from jenk.checks.problems import Problem, line, text
from jenk.conf import conf
from jenk.policies import PRESETS

DJANGOS_MIDDLEWARE = "django.contrib.sessions.middleware.SessionMiddleware"


def check_deployment(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check cookie flags, limits and caching for deployment."""
    return [*flags(), *samesite(), *prefix(), *no_absolute(), *stored_pages(), *visitors()]


def flags() -> Iterator[CheckMessage]:
    """Check what Django's security.W010 to W015 check, where these do not look."""
    if "django.contrib.sessions" in settings.INSTALLED_APPS:
        return
    if DJANGOS_MIDDLEWARE in (entry.path for entry in listed()):
        return
    if settings.SESSION_COOKIE_SECURE is not True:
        message = (
            f"{line('SESSION_COOKIE_SECURE', settings.SESSION_COOKIE_SECURE)} lets the session "
            "cookie travel over plain HTTP, where it can be read and used."
        )
        yield Problem.SECURE.report(message, "SESSION_COOKIE_SECURE = True")
    if settings.SESSION_COOKIE_HTTPONLY is not True:
        message = (
            f"{line('SESSION_COOKIE_HTTPONLY', settings.SESSION_COOKIE_HTTPONLY)} lets any script "
            "on a page read the session cookie."
        )
        yield Problem.HTTPONLY.report(message, "SESSION_COOKIE_HTTPONLY = True")


def samesite() -> Iterator[CheckMessage]:
    value = settings.SESSION_COOKIE_SAMESITE
    if not value or text(value).lower() == "none":
        effect = (
            "has browsers send the session cookie with every request from another site"
            if value
            else "leaves it to the browser when other sites may send the session cookie"
        )
        message = f"{line('SESSION_COOKIE_SAMESITE', value)} {effect}."
        yield Problem.SAMESITE.report(message, line("SESSION_COOKIE_SAMESITE", "Lax"))


def prefix() -> Iterator[CheckMessage]:
    """Recommend a prefix (OWASP ASVS 5.0 3.3.1)."""
    name = text(settings.SESSION_COOKIE_NAME)
    if name.lower().startswith(tuple(PREFIXES)):
        return
    only_here = not settings.SESSION_COOKIE_DOMAIN and settings.SESSION_COOKIE_PATH == "/"
    better = f"{'__Host-' if only_here else '__Secure-'}{name}"
    message = (
        f"{line('SESSION_COOKIE_NAME', name)} lets other hosts of the domain plant a session "
        "cookie. Browsers refuse that for a name with a prefix."
    )
    hint = "\n".join(
        [
            line("SESSION_COOKIE_NAME", better),
            "SESSION_COOKIE_SECURE = True",
            "# a new name signs everybody out once",
        ]
    )
    yield Problem.PREFIX.report(message, hint)


def no_absolute() -> Iterator[CheckMessage]:
    limits = effective()
    if limits is None or limits.absolute is not None:
        return
    written = conf().JENK_ABSOLUTE_TIMEOUT
    if written is not None:
        return
    month = 30 * 24 * 3600
    message = (
        f"{line('JENK_ABSOLUTE_TIMEOUT', written)} lets a session that is in use live for ever. "
        f"{PRESETS['nist-aal1'].clause} requires a limit and recommends 30 days."
    )
    hint = f"{line('JENK_ABSOLUTE_TIMEOUT', month)}  # 30 days"
    yield Problem.NO_ABSOLUTE.report(message, hint)


def stored_pages() -> Iterator[CheckMessage]:
    if not conf().JENK_NO_STORE:
        message = (
            f"{line('JENK_NO_STORE', conf().JENK_NO_STORE)} lets browsers keep pages of signed-in "
            "users, for whoever uses the browser next."
        )
        yield Problem.STORED_PAGES.report(message, "JENK_NO_STORE = True")


def visitors() -> Iterator[CheckMessage]:
    if conf().JENK_ANONYMOUS_SESSIONS == "always":
        message = (
            f"{line('JENK_ANONYMOUS_SESSIONS', 'always')} stores a session for every visitor, and "
            "so for every bot."
        )
        hint = (
            f"{line('JENK_ANONYMOUS_SESSIONS', 'on_write')}  # once there is something to keep\n"
            "# health checks: name their views in JENK_NO_SESSION_VIEWS"
        )
        yield Problem.VISITORS.report(message, hint)
