"""A browser for tests: Django's test client, sync or async, whose cookies die when they should."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from functools import partial
from inspect import iscoroutinefunction
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.signals import request_finished
from django.db import close_old_connections
from django.test import AsyncClient, Client

from jenk import testing
from jenk.marker import SUFFIX


class Browser:
    """One browser: its cookies, and requests to views of one style through one handler.

    Args:
        asynchronous: go through the ASGI handler rather than the WSGI one.
        views: "sync" or "async", the views that `path()` names.
    """

    def __init__(
        self, *, asynchronous: bool, views: str, enforce_csrf_checks: bool = False
    ) -> None:
        self.asynchronous = asynchronous
        self.views = views
        kind = AsyncClient if asynchronous else Client
        self.client: Any = kind(enforce_csrf_checks=enforce_csrf_checks)
        self.client.raise_request_exception = True
        self.deadlines: dict[str, datetime] = {}

    def another(self, **options: Any) -> Browser:
        """Return another browser of the same kind."""
        return Browser(asynchronous=self.asynchronous, views=self.views, **options)

    def path(self, name: str) -> str:
        """Return the path of a test view in this browser's style."""
        return f"/{self.views}/{name}"

    def request(self, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
        """Send a request; a path without a leading slash is one of this style's views."""
        self.forget_dead_cookies()
        call = apart(getattr(self.client, method))
        response = call(path if path.startswith("/") else self.path(path), *args, **kwargs)
        self.note_cookies(response)
        return response

    def get(self, path: str, *args: Any, **kwargs: Any) -> Any:
        return self.request("get", path, *args, **kwargs)

    def post(self, path: str, *args: Any, **kwargs: Any) -> Any:
        return self.request("post", path, *args, **kwargs)

    def sign_in(self, username: str, password: str = "pw") -> Any:  # noqa: S107 - of the tests
        """Sign in through the page."""
        return self.post("/login", {"username": username, "password": password})

    def sign_out(self) -> Any:
        return self.post("/logout")

    def age(self, by: Any) -> None:
        self.verb("age", by)

    def expire(self, reason: str = "idle") -> None:
        self.verb("expire", reason)

    def verb(self, name: str, *args: Any) -> None:
        """Call a function of `jenk.testing`, or its twin, on the client."""
        apart(getattr(testing, f"a{name}" if self.asynchronous else name))(self.client, *args)

    @property
    def key(self) -> str | None:
        return self.cookie(settings.SESSION_COOKIE_NAME)

    @property
    def marker(self) -> str | None:
        return self.cookie(f"{settings.SESSION_COOKIE_NAME}{SUFFIX}")

    def cookie(self, name: str) -> str | None:
        self.forget_dead_cookies()
        morsel = self.client.cookies.get(name)
        return morsel.value if morsel else None

    def set_cookie(self, name: str, value: str) -> None:
        self.client.cookies[name] = value
        self.deadlines.pop(name, None)

    def note_cookies(self, response: Any) -> None:
        for name, morsel in response.cookies.items():
            self.deadlines.pop(name, None)
            if morsel["max-age"] != "":
                self.deadlines[name] = now() + timedelta(seconds=int(morsel["max-age"]))

    def forget_dead_cookies(self) -> None:
        """Drop what a browser would have dropped by now (RFC 6265 section 5.3)."""
        for name, deadline in list(self.deadlines.items()):
            if deadline <= now():
                del self.deadlines[name]
                self.client.cookies.pop(name, None)


def apart(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function, async or not, as a sync one that leaves the test's context as it was.

    Else every change from sync to async adds to the context that the next one has to carry over.
    """
    sync = async_to_sync(function) if iscoroutinefunction(function) else function
    return partial(copy_context().run, sync)


def close_file(response: Any) -> None:
    """Close a file that was served, but not the test's database connection with it."""
    request_finished.disconnect(close_old_connections)
    try:
        response.close()
    finally:
        request_finished.connect(close_old_connections)


def now() -> datetime:
    return datetime.now(UTC)
