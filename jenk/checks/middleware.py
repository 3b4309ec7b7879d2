"""The middleware that jenk needs, and their order."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware, LoginRequiredMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.checks import CheckMessage
from django.middleware.cache import FetchFromCacheMiddleware, UpdateCacheMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.module_loading import import_string

from jenk import middleware
from jenk.checks.engine import is_jenks, session_store
from jenk.checks.problems import Problem, attempt, line, setting, shown
from jenk.conf import conf
from jenk.middleware import SessionExpiryMiddleware, SessionManagementMiddleware

OURS = (SessionManagementMiddleware, SessionExpiryMiddleware)


@dataclass(frozen=True)
class Entry:
    """One line of MIDDLEWARE, and the class it names; a function or what fails is none."""

    path: Any
    kind: type | None

    def is_a(self, *kinds: type) -> bool:
        return self.kind is not None and issubclass(self.kind, kinds)


@dataclass(frozen=True)
class Order:
    """A middleware that has to come before others, and what goes wrong if it does not."""

    problem: Problem
    first: type
    then: tuple[type, ...]
    otherwise: str


#: What has to be there, where it is imported from, and what is missing without it.
REQUIRED = (
    (
        Problem.NO_SESSION,
        SessionMiddleware,
        "jenk.middleware.SessionMiddleware",
        "Without it no request has a session.",
    ),
    (
        Problem.NO_AUTHENTICATION,
        AuthenticationMiddleware,
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "Without it no request has a user.",
    ),
    (
        Problem.NO_MANAGEMENT,
        SessionManagementMiddleware,
        "jenk.middleware.SessionManagementMiddleware",
        "Without it sessions do not know whose they are or when they were last used.",
    ),
    (
        Problem.NO_EXPIRY,
        SessionExpiryMiddleware,
        "jenk.middleware.SessionExpiryMiddleware",
        "Without it no session is ended when it is past its limits.",
    ),
)
MESSAGES = (
    Problem.NO_MESSAGES,
    MessageMiddleware,
    "django.contrib.messages.middleware.MessageMiddleware",
    "JENK_REASON_MESSAGE = True needs it: the sign-in page would fail.",
)


def orders() -> tuple[Order, ...]:
    """Return what has to come before what."""
    csrf = (CsrfViewMiddleware,) if settings.CSRF_USE_SESSIONS else ()
    return (
        Order(
            Problem.SESSION_TOO_LATE,
            SessionMiddleware,
            (AuthenticationMiddleware, MessageMiddleware, *OURS, *csrf),
            "There is no request.session yet.",
        ),
        Order(
            Problem.AUTHENTICATION_TOO_LATE,
            AuthenticationMiddleware,
            OURS,
            "There is no request.user yet.",
        ),
        Order(
            Problem.CACHE_TOO_LATE,
            UpdateCacheMiddleware,
            (SessionMiddleware, *OURS),
            "Pages are cached before they are marked as one person's, and shown to others.",
        ),
        *(
            Order(
                Problem.CACHE_TOO_EARLY,
                ours,
                (FetchFromCacheMiddleware,),
                "Cached pages are shown without asking whether the session has ended.",
            )
            for ours in OURS
        ),
        *(
            Order(
                Problem.LOGIN_REQUIRED_TOO_EARLY,
                ours,
                (LoginRequiredMiddleware,),
                "It answers first, so scripts whose session has ended get a redirect, not a 401.",
            )
            for ours in OURS
        ),
    )


def check_middleware(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check that the middleware are there and in an order that works."""
    entries = listed()
    return [*missing(entries), *repeated(entries), *misplaced(entries), *replaceable(entries)]


def listed() -> list[Entry]:
    """Return MIDDLEWARE; what cannot be imported is for Django to report."""
    paths = setting("MIDDLEWARE")
    if not isinstance(paths, list | tuple):
        return []
    return [Entry(path, imported(path)) for path in paths]


def imported(path: Any) -> type | None:
    found, _ = attempt(import_string, path)
    return found if isinstance(found, type) else None


def missing(entries: list[Entry]) -> Iterator[CheckMessage]:
    for problem, kind, path, without in required():
        if not any(entry.is_a(kind) for entry in entries):
            yield problem.report(
                f"{shown(path)} is not in MIDDLEWARE. {without}", corrected(entries)
            )


def required() -> tuple[tuple[Problem, type, str, str], ...]:
    return (*REQUIRED, MESSAGES) if conf().JENK_REASON_MESSAGE else REQUIRED


def repeated(entries: list[Entry]) -> Iterator[CheckMessage]:
    for _, kind, *_ in REQUIRED:
        found = [shown(entry.path) for entry in entries if entry.is_a(kind)]
        if len(found) > 1:
            message = f"MIDDLEWARE lists {' and '.join(found)}, of which one is enough."
            yield Problem.REPEATED.report(message, corrected(entries))


def misplaced(entries: list[Entry]) -> Iterator[CheckMessage]:
    reported = set()
    for order in orders():
        first = next((at for at, entry in enumerate(entries) if entry.is_a(order.first)), 0)
        early = [shown(entry.path) for entry in entries[:first] if entry.is_a(*order.then)]
        if early and order.problem not in reported:
            reported.add(order.problem)
            message = (
                f"MIDDLEWARE lists {', '.join(early)} before {shown(entries[first].path)}. "
                f"{order.otherwise}"
            )
            yield order.problem.report(message, corrected(entries))


def replaceable(entries: list[Entry]) -> Iterator[CheckMessage]:
    if not uses_jenks_engine():
        return
    for entry in entries:
        if entry.is_a(SessionMiddleware) and not entry.is_a(middleware.SessionMiddleware):
            message = (
                f"{line('SESSION_ENGINE', settings.SESSION_ENGINE)} needs jenk's session "
                f"middleware, and MIDDLEWARE lists {shown(entry.path)}, which sends the browser "
                "keys that are no longer valid."
            )
            yield Problem.ENGINE_NEEDS_MIDDLEWARE.report(message, corrected(entries))


def uses_jenks_engine() -> bool:
    return is_jenks(settings.SESSION_ENGINE, session_store()[0])


def corrected(entries: list[Entry]) -> str:
    """Return MIDDLEWARE as it should be, the project's own lines kept."""
    lines = "".join(f"    {shown(entry.path)},\n" for entry in in_order(complete(entries)))
    return f"MIDDLEWARE = [\n{lines}]"


def complete(entries: list[Entry]) -> list[Entry]:
    """Return the entries without repetitions and with what is missing."""
    left = [one for entry in entries for one in parts(entry)]
    for _, kind, path, _ in required():
        same = [entry for entry in left if entry.is_a(kind)]
        kept = next((entry for entry in same if is_preferred(entry)), None)
        if kept is None and same and not (kind is SessionMiddleware and uses_jenks_engine()):
            kept = same[0]
        if kept is None:
            kept = Entry(path, imported(path))
            left.insert(left.index(same[0]) if same else place(kept, left), kept)
        left = [entry for entry in left if entry is kept or not entry.is_a(kind)]
    return left


def parts(entry: Entry) -> list[Entry]:
    """Return the entry, or the two that do its work from two places."""
    if entry.is_a(UpdateCacheMiddleware) and entry.is_a(FetchFromCacheMiddleware):
        halves = (UpdateCacheMiddleware, FetchFromCacheMiddleware)
        return [Entry(f"{half.__module__}.{half.__name__}", half) for half in halves]
    return [entry]


def is_preferred(entry: Entry) -> bool:
    return entry.is_a(middleware.SessionMiddleware)


def place(new: Entry, entries: list[Entry]) -> int:
    """Return where a missing middleware goes: before what needs it, else after the other ones."""
    kinds = [kind for _, kind, *_ in required()]
    after = [at for at, entry in enumerate(entries) if precedes(new, entry)]
    before = [
        at
        for at, entry in enumerate(entries)
        if entry.is_a(*itertools.takewhile(lambda kind: not new.is_a(kind), kinds))
    ]
    return min(after) if after else max(before, default=-1) + 1


def in_order(entries: list[Entry]) -> Iterator[Entry]:
    """Give the entries in an order that works, as near to theirs as can be."""
    left = list(entries)
    while left:
        free = (
            entry
            for entry in left
            if not any(other is not entry and precedes(other, entry) for other in left)
        )
        chosen = next(free, left[0])
        left.remove(chosen)
        yield chosen


def precedes(one: Entry, other: Entry) -> bool:
    return any(one.is_a(order.first) and other.is_a(*order.then) for order in orders())
