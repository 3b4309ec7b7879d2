"""Cookies that browsers would drop, so that nobody could sign in."""

from __future__ import annotations

from collections.abc import Iterator
from http.cookies import CookieError, SimpleCookie
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage

from jenk.checks.problems import Problem, line, shown, text
from jenk.marker import SUFFIX

SAMESITE = ("lax", "none", "strict")

#: What browsers demand of a cookie by the start of its name, in any case (RFC 6265bis section
#: 4.1.3): the attribute, and the value it must have.
HOST = (("SECURE", True), ("DOMAIN", None), ("PATH", "/"))
PREFIXES = {
    "__host-http-": (*HOST, ("HTTPONLY", True)),
    "__host-": HOST,
    "__secure-": (("SECURE", True),),
    "__http-": (("SECURE", True), ("HTTPONLY", True)),
}


def check_cookies(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check the session cookie and the CSRF cookie, without which no form can be sent."""
    return [*bad_names(), *clashes(), *broken_prefixes(), *bad_samesite()]


def cookies() -> list[str]:
    """Return the beginnings of the names of the settings of the cookies that signing in needs."""
    return ["SESSION_COOKIE"] if settings.CSRF_USE_SESSIONS else ["SESSION_COOKIE", "CSRF_COOKIE"]


def bad_names() -> Iterator[CheckMessage]:
    for cookie in cookies():
        name = getattr(settings, f"{cookie}_NAME")
        if not is_cookie_name(name):
            message = f"{line(f'{cookie}_NAME', name)} is no name that a cookie can have."
            good = {"SESSION_COOKIE": "sessionid", "CSRF_COOKIE": "csrftoken"}[cookie]
            yield Problem.COOKIE_NAME.report(message, line(f"{cookie}_NAME", good))


def is_cookie_name(name: Any) -> bool:
    if not isinstance(name, str) or not name:
        return False
    try:
        SimpleCookie()[name] = ""
    except CookieError:
        return False
    return True


def clashes() -> Iterator[CheckMessage]:
    """Report other cookies of Django's that overwrite the session's or its marker."""
    own = text(settings.SESSION_COOKIE_NAME)
    others = ["CSRF_COOKIE_NAME", "LANGUAGE_COOKIE_NAME"]
    for other in others[1:] if settings.CSRF_USE_SESSIONS else others:
        name = getattr(settings, other)
        if name in (own, f"{own}{SUFFIX}"):
            message = (
                f"{line(other, name)} and {line('SESSION_COOKIE_NAME', own)} overwrite each "
                f"other's cookies: jenk keeps two, {shown(own)} and {shown(own + SUFFIX)}."
            )
            good = {"CSRF_COOKIE_NAME": "csrftoken", "LANGUAGE_COOKIE_NAME": "django_language"}
            hint = f"{line('SESSION_COOKIE_NAME', 'sessionid')}\n{line(other, good[other])}"
            yield Problem.COOKIE_CLASH.report(message, hint)


def broken_prefixes() -> Iterator[CheckMessage]:
    for cookie in cookies():
        name = getattr(settings, f"{cookie}_NAME")
        prefix = next((one for one in PREFIXES if text(name).lower().startswith(one)), None)
        wrong = [
            (f"{cookie}_{attribute}", wanted)
            for attribute, wanted in PREFIXES.get(prefix or "", ())
            if not fits(getattr(settings, f"{cookie}_{attribute}"), wanted)
        ]
        if wrong:
            written = ", ".join(line(setting, getattr(settings, setting)) for setting, _ in wrong)
            message = (
                f"{line(f'{cookie}_NAME', name)} does not go with {written}: browsers drop such "
                "a cookie, so nobody can sign in."
            )
            hint = "\n".join(line(setting, wanted) for setting, wanted in wrong)
            yield Problem.COOKIE_PREFIX.report(message, hint)


def fits(value: Any, wanted: Any) -> bool:
    """Tell whether a cookie's attribute is what a prefix wants: a path exactly, else on or off."""
    return bool(value == wanted) if isinstance(wanted, str) else bool(value) is bool(wanted)


def bad_samesite() -> Iterator[CheckMessage]:
    value = settings.SESSION_COOKIE_SAMESITE
    if not value:
        return
    written = line("SESSION_COOKIE_SAMESITE", value)
    if text(value).lower() not in SAMESITE:
        message = f"{written} is none of 'Lax', 'Strict', 'None', so no cookie can be set."
        yield Problem.SAMESITE_UNKNOWN.report(message, line("SESSION_COOKIE_SAMESITE", "Lax"))
    elif value.lower() == "none" and not settings.SESSION_COOKIE_SECURE:
        secure = line("SESSION_COOKIE_SECURE", settings.SESSION_COOKIE_SECURE)
        message = (
            f"{written} does not go with {secure}: browsers drop such a cookie, so nobody can "
            "sign in."
        )
        hint = (
            "SESSION_COOKIE_SAMESITE = 'Lax'\n# or, where other sites embed this one, on HTTPS:\n"
            "SESSION_COOKIE_SECURE = True"
        )
        yield Problem.SAMESITE_NONE_INSECURE.report(message, hint)
