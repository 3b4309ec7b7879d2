"""What a session holds, as text that a store can keep.

JSON in ASCII stays readable; what is long is compressed, and what is no ASCII is in base 64.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from json import JSONEncoder
from typing import Any

from django.contrib.sessions.serializers import JSONSerializer

COMPRESSED = "z"
BYTES = "b"
LONG = 1024  # characters; below it compression saves nothing that matters


_encode = JSONEncoder(separators=(",", ":")).encode


def as_json(data: dict[str, Any]) -> bytes:
    """Return what Django's JSONSerializer gives; it makes an encoder each time."""
    return _encode(data).encode("latin-1")


def packed(data: dict[str, Any], serializer: type) -> str:
    """Return a session's data as text."""
    raw: bytes = as_json(data) if serializer is JSONSerializer else serializer().dumps(data)
    if len(raw) > LONG:
        smaller = zlib.compress(raw, 1)
        if len(smaller) * 4 < len(raw) * 3:
            return COMPRESSED + b64encode(smaller).decode()
    if raw[:1] == b"{" and raw.isascii():
        return raw.decode()
    return BYTES + b64encode(raw).decode()


def unpacked(text: str, serializer: type) -> dict[str, Any]:
    """Return the data in a text that `packed` made.

    Raises:
        Exception: whatever the serializer raises on a text that it did not make.
    """
    kind = text[:1]
    if kind == COMPRESSED:
        raw = zlib.decompress(b64decode(text[1:]))
    elif kind == BYTES:
        raw = b64decode(text[1:])
    else:
        raw = text.encode()
    data = serializer().loads(raw)
    if not isinstance(data, dict):
        message = f"a session holds a dict, not {type(data).__name__}"
        raise TypeError(message)
    return data
