"""The session cookie, read strictly, and the marker cookie beside it."""

from __future__ import annotations

from math import isfinite
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.request import split_domain_port
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from jenk import marker, record
from jenk.conf import conf, site
from jenk.cookie_header import values_of

#: A browser sends a few cookies of one name at most; more are an attack on the look-ups they cost.
MOST_VALUES = 5

#: Of a long host name only the end can be a domain that others share.
MOST_LABELS = 6

#: Where a request notes which of the two session middleware it passed.
SENDER = "_jenk_sends_cookie"


class Keys(tuple[str, ...]):
    """Session keys, which no report of an error prints."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} session keys>"


def session_keys(request: HttpRequest) -> Keys:
    """Return the different values of the session cookie, by its exact name."""
    return Keys(values_of(request, site().SESSION_COOKIE_NAME))


def set_session(request: HttpRequest, response: HttpResponseBase, session: SessionBase) -> None:
    """Send the session's key."""
    keep_out_of_caches(response)
    name, key = site().SESSION_COOKIE_NAME, session.session_key or ""
    set_cookie(request, response, name, key, max_age(session))


def delete_session(request: HttpRequest, response: HttpResponseBase) -> None:
    """Delete the session cookie."""
    keep_out_of_caches(response)
    delete_cookie(request, response, site().SESSION_COOKIE_NAME)


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
    for mine in (site().SESSION_COOKIE_NAME, marker.cookie_name()):
        response.cookies.pop(mine, None)


def max_age(session: SessionBase) -> int | None:
    """Return how long the browser is to keep the session cookie, in seconds."""
    if session.get_expire_at_browser_close():
        return None
    idle = record.limits(session).idle
    age = session.get_expiry_age()
    if idle is None:
        return age
    # Code may have stored what is no number of seconds, such as NaN.
    return min(age, int(idle.total_seconds())) if isfinite(age) else int(idle.total_seconds())


def note_sender(request: HttpRequest) -> None:
    """Note that jenk sends the session cookie, and not Django."""
    setattr(request, SENDER, True)


def kept_for(request: HttpRequest) -> int | None:
    """Return how long the browser keeps the session cookie of this request, in seconds."""
    session = request.session
    if hasattr(request, SENDER) or session.get_expire_at_browser_close():
        return max_age(session)
    return session.get_expiry_age()


def set_signed_in(request: HttpRequest, response: HttpResponseBase) -> None:
    """Mark the browser as one where somebody is signed in."""
    age = kept_for(request)
    outlives = None if age is None else age + int(marker.OUTLIVES_SESSION.total_seconds())
    set_marker(request, response, marker.SIGNED_IN, outlives)


def set_reason(
    request: HttpRequest, response: HttpResponseBase, state: marker.State, reason: Any
) -> None:
    """Have the browser bring the reason along until it was told, and then until it was shown."""
    age = marker.REASON_AGES[state]
    set_marker(request, response, marker.write(state, reason), int(age.total_seconds()))


def set_marker(
    request: HttpRequest, response: HttpResponseBase, value: str, age: int | None
) -> None:
    set_cookie(request, response, marker.cookie_name(), value, age, httponly=True)
    patch_vary_headers(response, ("Cookie",))


def delete_marker(request: HttpRequest, response: HttpResponseBase) -> None:
    """Have the browser forget the marker."""
    delete_cookie(request, response, marker.cookie_name())
    patch_vary_headers(response, ("Cookie",))


def set_cookie(
    request: HttpRequest,
    response: HttpResponseBase,
    name: str,
    value: str,
    age: int | None,
    *,
    httponly: bool | None = None,
) -> None:
    """Set a cookie; if several of its name came, delete those that other hosts may have set."""
    if len(values_of(request, name)) > 1:
        own = settings.SESSION_COOKIE_DOMAIN
        delete_variants(response, name, [one for one in domains(request) if one != own])
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


def delete_cookie(request: HttpRequest, response: HttpResponseBase, name: str) -> None:
    """Delete a cookie; if several of its name came, each, whichever host may have set it."""
    if len(values_of(request, name)) > 1:
        delete_variants(response, name, domains(request))
        return
    response.delete_cookie(
        name,
        path=settings.SESSION_COOKIE_PATH,
        domain=settings.SESSION_COOKIE_DOMAIN,
        samesite=same_site(),
    )


def delete_variants(response: HttpResponseBase, name: str, of: list[str | None]) -> None:
    """Delete the cookies of a name that were set for these domains, None for the host alone."""
    for domain in of:
        response.delete_cookie(
            name,
            path=settings.SESSION_COOKIE_PATH,
            domain=domain,
            samesite=same_site(),
        )
        # One name has one place in a response's cookies; the next line needs a place of its own.
        response.cookies[f"{name} {domain}"] = response.cookies.pop(name)


def same_site() -> Any:
    """Return the SameSite attribute that the project set, None for none."""
    return settings.SESSION_COOKIE_SAMESITE or None
