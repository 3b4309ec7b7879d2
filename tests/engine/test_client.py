"""What is kept of the browser and of where it came from."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jenk import client
from jenk.models import Session
from tests.browsers import Browser, now


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("2001:DB8::0001", "2001:db8::1"),
        *((bad, None) for bad in ("", "unix:", "192.0.2.1:80", "fe80::1%eth0", "1.2.3", "x" * 999)),
        *((bad, None) for bad in (None, 5, b"192.0.2.1")),
    ],
)
def test_an_address_is_one_that_parses(value: Any, expected: str | None) -> None:
    assert client.address(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Firefox/1.0 (X11)", "Firefox/1.0 (X11)"),
        ("a\r\nb\x00c\x1b[31m\u202ed\u200b", "abc[31md"),
        ("x" * 300, "x" * 256),
        ("", ""),
        (None, ""),
        (5, ""),
    ],
)
def test_a_user_agent_is_safe_to_show(value: Any, expected: str) -> None:
    assert client.user_agent(value) == expected


def row(browser: Browser) -> Any:
    return Session.objects.get(pk=browser.key)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("style", ["sync", "async"])
def test_both_are_of_the_sign_in_and_no_touch_changes_them(
    alice: Any, style: str, settings: Any
) -> None:
    settings.JENK_ACTIVITY_INTERVAL = 0
    browser = Browser(asynchronous=style == "async", views=style)
    meta: dict[str, Any] = {"headers": {"User-Agent": "First/1"}}
    if style == "sync":
        meta["REMOTE_ADDR"] = "192.0.2.1"
    browser.get("write/?cart=3", **meta)
    assert row(browser).user_agent == "First/1"

    browser.client.defaults = {}
    browser.post(
        "/login",
        {"username": "alice", "password": "pw"},
        headers={"User-Agent": "Second/2"},
    )
    assert row(browser).user_agent == "Second/2"
    Session.objects.update(last_activity=now() - timedelta(minutes=5))
    browser.get("plain/", headers={"User-Agent": "Third/3"})

    assert row(browser).last_activity > now() - timedelta(minutes=1)
    assert row(browser).user_agent == "Second/2"
    assert row(browser).address == "127.0.0.1"
