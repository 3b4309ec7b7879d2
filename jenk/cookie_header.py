"""A cookie's values, read strictly from what the browser sent.

Django also takes names with other white space around them, such as U+00A0, for the name, which
defeats the `__Host-` prefix, and of several values the last, which another host may have planted.
"""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest, parse_cookie

#: RFC 6265 section 5.2 step 4: white space around a cookie's name is space and tab, no other.
WHITE_SPACE = " \t"

#: A value that means itself, however it is read.
PLAIN = re.compile(r"[A-Za-z0-9._:-]+", re.ASCII)

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
    if given is not None and is_only(header, name, given):
        return [given]
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


def is_only(header: str, name: str, given: str) -> bool:
    """Tell whether the name occurs once, in the plain way; as it nearly always does."""
    return (
        header.count(name) == header.count(f"{name}_") + 1
        and f"; {name}={given};" in f"; {header};"
        and PLAIN.fullmatch(given) is not None
    )


def as_django_reads(header: str, name: str) -> list[str | None]:
    """Return what Django makes of a cookie: under ASGI in Latin-1, under WSGI in UTF-8."""
    as_utf8 = header.encode("latin-1", "replace").decode(errors="replace")
    return [parse_cookie(read).get(name) for read in (header, as_utf8)]
