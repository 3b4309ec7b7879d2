"""What a request tells of the browser and of where it comes from."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

LONGEST_USER_AGENT = 256


@dataclass(frozen=True, slots=True)
class Client:
    """An address, or None where there is none that can be read, and a user agent."""

    address: str | None = None
    user_agent: str = ""


def read(meta: Mapping[str, Any]) -> Client:
    """Return the client of a request, from its `META`."""
    return Client(address(meta.get("REMOTE_ADDR")), user_agent(meta.get("HTTP_USER_AGENT")))


def address(value: Any) -> str | None:
    """Return an IP address in its canonical form, or None where `value` is none."""
    try:
        found = ip_address(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None
    return None if found is None or getattr(found, "scope_id", None) else str(found)


def user_agent(value: Any) -> str:
    """Return a user agent that is safe to store and to show: no control characters, not long."""
    if not isinstance(value, str):
        return ""
    printable = (sign for sign in value if unicodedata.category(sign)[0] != "C")
    return "".join(printable).strip()[:LONGEST_USER_AGENT]
