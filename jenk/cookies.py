"""The session cookie, read strictly, and the marker cookie beside it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, parse_cookie
from django.http.request import split_domain_port
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from jenk import marker, record
from jenk.conf import conf
from jenk.marker import OUTLIVES_SESSION, REASON_AGE, SUFFIX

#: A browser sends a few cookies of one name at most; more are an attack on the look-ups they cost.
MOST_VALUES = 5

#: Of a long host name only the end can be a domain that others share.
MOST_LABELS = 6

#: RFC 6265 section 5.2 step 4: white space around a cookie's name is space and tab, no other.
WHITE_SPACE = " \t"


class Keys(tuple[str, ...]):
    """Session keys, which no report of an error prints."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} session keys>"


def session_keys(request: HttpRequest) -> Keys:
    """Return the different values of the session cookie, by its exact name.

    Django also takes names with other white space around them, such as U+00A0, for the name, which
    defeats the `__Host-` prefix. A value that code put into `request.COOKIES` counts as sent.
    """
    name = settings.SESSION_COOKIE_NAME
    header = request.META.get("HTTP_COOKIE") or ""
    raw = [
        value.strip(WHITE_SPACE)
        for pair, equals, value in (part.partition("=") for part in header.split(";"))
        if equals and pair.strip(WHITE_SPACE) == name
    ]
    sent = [parse_cookie(f"{name}={value}").get(name, "") for value in raw]
    given = request.COOKIES.get(name)
    if given is None and any(as_django_reads(header, name)):
        return Keys()  # code before us took the cookie away
    if given and given not in sent and given not in as_django_reads(header, name):
        sent = [given]
    return Keys(dict.fromkeys(value for value in sent if value))


def as_django_reads(header: str, name: str) -> list[str | None]:
    """Return what Django makes of a cookie: under ASGI in Latin-1, under WSGI in UTF-8."""
    as_utf8 = header.encode("latin-1", "replace").decode(errors="replace")
    return [parse_cookie(read).get(name) for read in (header, as_utf8)]


def set_session(request: HttpRequest, response: HttpResponseBase, session: SessionBase) -> None:
    """Send the session's key; if several came, delete those that other hosts may have set."""
    keep_out_of_caches(response)
    if len(session_keys(request)) > 1:
        others = [one for one in domains(request) if one != settings.SESSION_COOKIE_DOMAIN]
        delete_variants(response, others)
    set_cookie(response, settings.SESSION_COOKIE_NAME, session.session_key or "", max_age(session))


def delete_session(request: HttpRequest, response: HttpResponseBase) -> None:
    """Delete the session cookie; if several came, each, whichever host may have set it."""
    keep_out_of_caches(response)
    if len(session_keys(request)) < 2:
        delete_cookie(response, settings.SESSION_COOKIE_NAME)
    else:
        delete_variants(response, domains(request))


def delete_variants(response: HttpResponseBase, of: list[str | None]) -> None:
    """Delete the session cookies of these domains, None for the host alone."""
    name = settings.SESSION_COOKIE_NAME
    for domain in of:
        response.delete_cookie(
            name,
            path=settings.SESSION_COOKIE_PATH,
            domain=domain,
            samesite=same_site(),
        )
        # One name has one place in a response's cookies; the next line needs a place of its own.
        response.cookies[f"{name} {domain}"] = response.cookies.pop(name)


def domains(request: HttpRequest) -> list[str | None]:
    """Return the domains a cookie may have been set for: none, the set one, or this and above."""
    if settings.SESSION_COOKIE_DOMAIN:
        return [None, settings.SESSION_COOKIE_DOMAIN]
    try:
        host = request.get_host()
    except DisallowedHost:
        return [None]
    name = split_domain_port(host)[0]
    labels = name.split(".")[-MOST_LABELS:]
    if host.startswith("[") or labels[-1].isdigit() or len(labels) < 2:
        return [None]
    above = (".".join(labels[start:]) for start in range(len(labels) - 1))
    return [None, *dict.fromkeys([name, *above])]


def keep_out_of_caches(response: HttpResponseBase) -> None:
    """Have nobody store the response, unless the view has said who may.

    OWASP ASVS 5.0 14.3.2; a response with a session's cookie is one person's.
    """
    if conf().JENK_NO_STORE and not response.has_header("Cache-Control"):
        response["Cache-Control"] = "no-store"


def withdraw(response: HttpResponseBase) -> None:
    """Send nothing about the session after all."""
    name = settings.SESSION_COOKIE_NAME
    for mine in (name, f"{name}{SUFFIX}"):
        response.cookies.pop(mine, None)


def max_age(session: SessionBase) -> int | None:
    """Return how long the browser is to keep the session cookie, in seconds."""
    if session.get_expire_at_browser_close():
        return None
    idle = record.limits(session).idle
    age = session.get_expiry_age()
    return age if idle is None else min(age, int(idle.total_seconds()))


def set_signed_in(response: HttpResponseBase, session: SessionBase) -> None:
    """Mark the browser as one where somebody is signed in."""
    age = max_age(session)
    outlives = None if age is None else age + int(OUTLIVES_SESSION.total_seconds())
    set_marker(response, marker.SIGNED_IN, outlives)


def set_reason(response: HttpResponseBase, state: marker.State, reason: Any) -> None:
    """Have the browser bring the reason along until it was shown."""
    set_marker(response, marker.write(state, reason), int(REASON_AGE.total_seconds()))


def set_marker(response: HttpResponseBase, value: str, age: int | None) -> None:
    set_cookie(response, f"{settings.SESSION_COOKIE_NAME}{SUFFIX}", value, age, httponly=True)
    patch_vary_headers(response, ("Cookie",))


def delete_marker(response: HttpResponseBase) -> None:
    """Have the browser forget the marker."""
    delete_cookie(response, f"{settings.SESSION_COOKIE_NAME}{SUFFIX}")
    patch_vary_headers(response, ("Cookie",))


def set_cookie(
    response: HttpResponseBase,
    name: str,
    value: str,
    age: int | None,
    *,
    httponly: bool | None = None,
) -> None:
    response.set_cookie(
        name,
        value,
        max_age=age,
        domain=settings.SESSION_COOKIE_DOMAIN,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE or False,
        httponly=httponly or settings.SESSION_COOKIE_HTTPONLY or False,
        samesite=same_site(),
    )


def delete_cookie(response: HttpResponseBase, name: str) -> None:
    response.delete_cookie(
        name,
        path=settings.SESSION_COOKIE_PATH,
        domain=settings.SESSION_COOKIE_DOMAIN,
        samesite=same_site(),
    )


def same_site() -> Any:
    """Return the SameSite attribute that the project set, None for none."""
    return settings.SESSION_COOKIE_SAMESITE or None
