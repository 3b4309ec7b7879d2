"""Send a request and check what must hold whatever was in it (the invariants of the suite)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import settings

from jenk.visits import visit_of
from tests.browsers import Browser
from tests.engines import Session
from website.models import User


def keys() -> set[str]:
    """Return the keys of all sessions there are."""
    return set(Session.objects.values_list("pk", flat=True))


def session_cookie(response: Any) -> str | None:
    """Return the session cookie that a response sets, "" if it deletes it, None if neither."""
    morsel = response.cookies.get(settings.SESSION_COOKIE_NAME)
    return None if morsel is None else morsel.value


def body(response: Any) -> str:
    if response.streaming:
        return ""
    return response.content.decode(response.charset or "utf-8", "replace")


@dataclass
class Attacker:
    """Sends requests for a test and checks each answer."""

    caplog: pytest.LogCaptureFixture
    known: set[str] = field(default_factory=set)

    def __call__(
        self,
        browser: Browser,
        method: str,
        path: str,
        *args: Any,
        new_rows: int = 0,
        error: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Send one request.

        Args:
            new_rows: how many sessions it may leave that were not there before.
            error: the view itself fails, so that the answer is a 500.
        """
        before = keys()
        self.known |= before | ({browser.key} if browser.key else set())
        brought = brings_session(browser, kwargs.get("headers", {}).get("cookie", ""))
        browser.client.raise_request_exception = not error
        response = browser.request(method, path, *args, **kwargs)
        self.known |= keys()
        assert (response.status_code >= 500) == error, "INV1: a server error"
        assert len(keys() - before) <= new_rows, "INV2: a new session though nothing was stored"
        self.check_keys(response)
        check_people(response)
        check_headers(response, brought=brought)
        return response

    def check_keys(self, response: Any) -> None:
        """INV3: the raw key is nowhere but in Set-Cookie."""
        text = body(response)
        headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
        logged = "\n".join(f"{record.getMessage()} {record.args}" for record in self.caplog.records)
        visit = visit_of(request_of(response)) if request_of(response) else None
        for key in self.known:
            assert key not in text, "INV3: the key in a body"
            assert key not in headers, "INV3: the key in a header"
            assert key not in logged, "INV3: the key in a log record"
            assert key not in repr(visit), "INV3: the key in a repr"
            assert key not in repr(response), "INV3: the key in a repr"


def brings_session(browser: Browser, header: str) -> bool:
    """Tell whether a request has a session cookie, by its exact name."""
    pairs = (part.partition("=") for part in header.split(";"))
    named = any(
        name.strip(" \t") == settings.SESSION_COOKIE_NAME and value for name, _, value in pairs
    )
    return named or bool(browser.key)


def request_of(response: Any) -> Any:
    return getattr(response, "wsgi_request", None) or getattr(response, "asgi_request", None)


def check_people(response: Any) -> None:
    """INV4: nobody's address but that of the user whose session it is."""
    request = request_of(response)
    user = getattr(request, "user", None)
    mine = user.pk if user is not None and user.is_authenticated else None
    text = body(response)
    for email in User.objects.exclude(pk=mine).exclude(email="").values_list("email", flat=True):
        assert email not in text, "INV4: somebody else's data"


def check_headers(response: Any, *, brought: bool) -> None:
    sent = session_cookie(response)
    if brought or sent is not None:
        vary = response.headers.get("Vary", "")
        assert "Cookie" in vary, "INV5: depends on the cookie and does not say so"
    visit = visit_of(request_of(response)) if request_of(response) else None
    if sent or (visit is not None and visit.signed_in):
        cache_control = response.headers.get("Cache-Control", "")
        assert "no-store" in cache_control, "INV6: private and cacheable"


def raw_cookie(value: bytes | str) -> dict[str, str]:
    """Return headers with a Cookie header of these bytes.

    It ends with an empty pair, because AsyncClient always sends a Cookie header of its own after
    it, and Django 5.2 puts a comma between the two.
    """
    return {"cookie": f"{value.decode('latin-1') if isinstance(value, bytes) else value};"}


def listen(caplog: pytest.LogCaptureFixture) -> Attacker:
    caplog.set_level(logging.DEBUG)
    return Attacker(caplog)


def short(value: Any) -> str:
    """Return a parameter as the id of a test, whatever is in it."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:30]}… ({len(text)})"
