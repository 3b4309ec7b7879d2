"""Digests and message authentication codes of what a store keeps.

Whoever can write to the table must not become somebody else by it: identity and payload carry a
code made with SECRET_KEY over the record that they belong to, so neither can be edited nor copied
into another record. All are cut to 128 bits, 22 characters (NIST SP 800-107 section 5.1).
"""

from __future__ import annotations

import hmac
from binascii import b2a_base64
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Protocol

from django.utils import timezone

from jenk.conf import site

LENGTH = 22
IDENTITY = "jenk.identity"
PAYLOAD = "jenk.payload"


class Sealed(Protocol):
    """What the codes are made over."""

    handle: Any
    secret_hash: Any
    user_id: Any
    authenticated_at: Any
    auth_tag: Any
    payload: Any


def digest(secret: str) -> str:
    """Return what a record keeps of a key's secret."""
    return short(sha256(secret.encode()).digest())


def auth_tag(auth_hash: object) -> str:
    """Return what a record keeps of Django's session auth hash, "" for a user who has none."""
    if not auth_hash:
        return ""
    return short(sha256(f"jenk.auth\0{auth_hash}".encode()).digest())


def code(label: str, message: str) -> str:
    """Return the authentication code of a message, made with SECRET_KEY."""
    return made_with(site().SECRET_KEY, label, message)


def check(given: str, label: str, message: str) -> int | None:
    """Return which key made a code: 0 for SECRET_KEY, then SECRET_KEY_FALLBACKS; None for none."""
    found = None
    for place, secret in enumerate(secrets()):
        if hmac.compare_digest(made_with(secret, label, message).encode(), given.encode()):
            found = place
            break
    return found


def secrets() -> Iterator[str | bytes]:
    yield site().SECRET_KEY
    yield from site().SECRET_KEY_FALLBACKS


def made_with(secret: str | bytes, label: str, message: str) -> str:
    return short(hmac.digest(key(secret, label), message.encode(), "sha256"))


@lru_cache(maxsize=64)
def key(secret: str | bytes, label: str) -> bytes:
    """Return a key of one purpose, derived from a SECRET_KEY."""
    material = secret if isinstance(secret, bytes) else secret.encode()
    return hmac.digest(material, label.encode(), "sha256")


def short(raw: bytes) -> str:
    return b2a_base64(raw[:16], newline=False)[:LENGTH].decode()


def identity_message(record: Sealed) -> str:
    """Return what the identity's code is made over: who signed in to this session, and when."""
    at = instant(record.authenticated_at)
    return f"{record.handle}\0{record.secret_hash}\0{person(record)}\0{at}\0{record.auth_tag}"


def payload_message(record: Sealed) -> str:
    """Return what the payload's code is made over."""
    return f"{record.handle}\0{person(record)}\0{record.payload}"


def person(record: Sealed) -> str:
    return "" if record.user_id is None else str(record.user_id)


def instant(value: datetime | None) -> str:
    """Return an instant as the column has it, in whatever zone the database gave it."""
    if value is None:
        return ""
    if value.tzinfo is not None:
        zone = UTC if site().USE_TZ else timezone.get_default_timezone()
        value = value if value.tzinfo is zone else value.astimezone(zone)
        value = value.replace(tzinfo=None, fold=0)
    return value.isoformat(timespec="microseconds")
