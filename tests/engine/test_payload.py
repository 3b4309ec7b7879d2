"""How data become text, and text data."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from django.contrib.sessions.serializers import JSONSerializer
from hypothesis import given
from hypothesis import strategies as st

from jenk.payload import packed, unpacked

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


class Pickle:
    """What a project may still have for a serializer."""

    def dumps(self, obj: Any) -> bytes:
        return pickle.dumps(obj)

    def loads(self, data: bytes) -> Any:
        return pickle.loads(data)  # noqa: S301 - of the test's own


@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_data_come_back_as_they_were(data: dict[str, Any]) -> None:
    for serializer in (JSONSerializer, Pickle):
        text = packed(data, serializer)
        assert text.isascii()
        assert unpacked(text, serializer) == data


def test_small_data_stay_readable() -> None:
    assert packed({"cart": [1, "é"]}, JSONSerializer) == '{"cart":[1,"\\u00e9"]}'


def test_long_data_are_compressed_where_that_pays() -> None:
    long = {"text": "abc" * 2000}
    assert len(packed(long, JSONSerializer)) < 200
    assert unpacked(packed(long, JSONSerializer), JSONSerializer) == long

    import secrets  # noqa: PLC0415 - for text that cannot be compressed

    noise = {"text": secrets.token_urlsafe(4000)}
    assert unpacked(packed(noise, JSONSerializer), JSONSerializer) == noise


@pytest.mark.parametrize("text", ["[1]", "null", "5", '"x"'])
def test_a_session_is_a_dict(text: str) -> None:
    with pytest.raises(TypeError, match="a session holds a dict"):
        unpacked(text, JSONSerializer)
