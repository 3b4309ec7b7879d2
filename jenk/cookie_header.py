"""A cookie's values, read strictly from what the browser sent.

Django also takes names with other white space around them, such as U+00A0, for the name, which
defeats the `__Host-` prefix, and of several values the last, which another host may have planted.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, parse_cookie

#: RFC 6265 section 5.2 step 4: white space around a cookie's name is space and tab, no other.
WHITE_SPACE = " \t"

#: Where a request keeps what was read: it is asked for several times.
READ = "_jenk_cookies"


def values_of(request: HttpRequest, name: str) -> list[str]:
    """Return the different values of a cookie, by its exact name.

    A value that code put into `request.COOKIES` counts as sent.
    """
    header, given = request.META.get("HTTP_COOKIE") or "", request.COOKIES.get(name)
    read: dict[str, Any] = vars(request).setdefault(READ, {})
    if name not in read or read[name][0] != (header, given):
        read[name] = (header, given), parsed(header, given, name)
    values: list[str] = read[name][1]
    return values


def parsed(header: str, given: str | None, name: str) -> list[str]:
    """Return the different values of a name in a Cookie header, beside what Django made of it."""
    if given is None and name not in header:
        return []
    raw = [
        value.strip(WHITE_SPACE)
        for pair, equals, value in (part.partition("=") for part in header.split(";"))
        if equals and pair.strip(WHITE_SPACE) == name
    ]
    sent = [parse_cookie(f"{name}={value}").get(name) or "" for value in raw]
    if given is None and any(as_django_reads(header, name)):
        return []  # code before us took the cookie away
    if given and given not in sent and given not in as_django_reads(header, name):
        sent = [given]
    return list(dict.fromkeys(value for value in sent if value))


def as_django_reads(header: str, name: str) -> list[str | None]:
    """Return what Django makes of a cookie: under ASGI in Latin-1, under WSGI in UTF-8."""
    as_utf8 = header.encode("latin-1", "replace").decode(errors="replace")
    return [parse_cookie(read).get(name) for read in (header, as_utf8)]
