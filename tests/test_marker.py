from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from jenk import marker
from jenk.marker import Marker, State
from jenk.reasons import Reason


@pytest.mark.parametrize("state", [State.TOLD, State.UNTOLD])
@pytest.mark.parametrize("reason", Reason)
def test_a_reason_reads_as_it_was_written(state: State, reason: Reason) -> None:
    assert marker.read(marker.write(state, reason)) == Marker(state, reason)


def test_the_plain_marker_says_that_somebody_was_signed_in() -> None:
    assert marker.read("1") == Marker(State.SIGNED_IN, Reason.EXPIRED)


@pytest.mark.parametrize(
    "value",
    [None, "", "0", "2", "11", "told.idle", "told.idle:abc:def", "\x00", "1 ", "é", "x" * 8000],
)
def test_what_jenk_did_not_write_says_nothing(value: str | None) -> None:
    assert marker.read(value) == Marker()


@pytest.mark.parametrize("text", ["told.boredom", "shouted.idle", "told", ".", "told.idle.x"])
def test_an_unknown_word_says_nothing_even_if_signed(text: str) -> None:
    assert marker.read(marker.signer().sign(text)) == Marker()


def test_a_tampered_reason_says_nothing() -> None:
    value = marker.write(State.UNTOLD, Reason.IDLE)

    assert marker.read(value.replace("idle", "disabled")) == Marker()


def test_a_reason_lasts_five_minutes() -> None:
    with time_machine.travel("2026-01-01T00:00Z", tick=False) as clock:
        value = marker.write(State.TOLD, Reason.IDLE)
        clock.shift(timedelta(minutes=5))
        assert marker.read(value).reason == Reason.IDLE
        clock.shift(timedelta(seconds=1))
        assert marker.read(value) == Marker()
