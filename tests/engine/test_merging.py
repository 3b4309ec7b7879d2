"""What becomes of two changes to one session."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jenk.lifecycle.merging import AUTHENTICATION, PERSONAL, added, merged

BASE = {"cart": [1], "name": "a", "_auth_user_id": "1"}


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ({"x": 1}, {"y": 2}, {"x": 1, "y": 2}),
        ({"name": "mine"}, {"name": "theirs"}, {"name": "mine"}),
        ({"name": None}, {}, {"name": None}),
        ({"cart": [1, 2]}, {"y": 2}, {"cart": [1, 2], "y": 2}),
        ({"_auth_user_id": "2"}, {}, {}),
    ],
)
def test_each_key_has_the_value_of_who_changed_it(
    mine: dict[str, Any], theirs: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert merged(BASE, BASE | mine, BASE | theirs) == BASE | expected


def test_a_key_that_one_has_taken_out_is_gone() -> None:
    assert merged({"a": 1, "b": 2}, {"b": 2}, {"a": 1, "b": 2, "c": 3}) == {"b": 2, "c": 3}
    assert merged({"a": 1, "b": 2}, {"a": 1, "b": 2, "d": 4}, {"b": 2}) == {"b": 2, "d": 4}


def test_true_is_not_one() -> None:
    assert merged({"a": 1}, {"a": True}, {"a": 1})["a"] is True


def test_a_visitor_adds_what_is_not_there_and_nothing_personal() -> None:
    theirs = {"cart": [9], "_auth_user_id": "1"}
    mine = {"cart": [1], "seen": 1, **dict.fromkeys(PERSONAL, "x")}

    assert added({"old": 1}, mine | {"old": 1}, theirs) == theirs | {"seen": 1}


KEYS = st.sampled_from(["a", "b", "c", "_auth_user_id", "_csrftoken"])
DATA = st.dictionaries(KEYS, st.integers(0, 3), max_size=5)


@given(DATA, DATA, DATA)
def test_nothing_of_either_is_lost(
    base: dict[str, int], mine: dict[str, int], theirs: dict[str, int]
) -> None:
    found = merged(base, mine, theirs)
    for key in base.keys() | mine.keys() | theirs.keys():
        changed = key not in AUTHENTICATION and mine.get(key) != base.get(key)
        winner = mine if changed else theirs
        assert found.get(key) == winner.get(key)
