"""What one signed-in request costs: every contestant in turn, a short batch each, on one core."""

from __future__ import annotations

import itertools
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from benchmarks.contestants import CONTESTANTS, FLOOR, JENK, NOT_SAVING, SAVING, Contestant
from benchmarks.databases import database, for_mode
from benchmarks.processes import Process, WorkerError, core
from tests import services

BATCH = 20
LEAST_ROUNDS = 8
MODES = ("wsgi", "asgi")


@dataclass
class Entry:
    """One contestant of a run, and what was measured of it."""

    contestant: Contestant
    worker: Process
    statements: list[str] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    error: str = ""


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the median and the two quartiles."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": middle, "low": low, "high": high}


def over_floor(entry: Entry, floor: Entry) -> list[float]:
    return [cpu - base for cpu, base in zip(entry.cpu, floor.cpu, strict=True)]


def ratio(entry: Entry, other: Entry, floor: Entry) -> dict[str, float]:
    """Return how many times the other's cost over the floor this one's is, round by round."""
    pairs = zip(over_floor(entry, floor), over_floor(other, floor), strict=True)
    return spread([mine / theirs for mine, theirs in pairs if theirs > 0])


def measure(name: str, mode: str, seconds: float) -> list[dict[str, Any]]:
    """Measure every contestant on one database, for so many seconds in all."""
    os.sched_setaffinity(0, {core()})
    with database(name) as entry, ExitStack() as stack:
        entries = [start(one, for_mode(entry, mode), mode, stack) for one in taking_part()]
        for one in entries:
            attempt(one, prepare)
        for place in rounds(seconds):
            for one in rotated([one for one in entries if not one.error], place):
                attempt(one, run_batch)
        return list(results(entries))


def rounds(seconds: float) -> Iterator[int]:
    """Count rounds until the time is over."""
    until = time.monotonic() + seconds
    for place in itertools.count():
        if place >= LEAST_ROUNDS and time.monotonic() > until:
            return
        yield place


def taking_part() -> list[Contestant]:
    without_redis = services.missing("redis")
    return [one for one in CONTESTANTS if not (one.needs_redis and without_redis)]


def start(contestant: Contestant, entry: dict[str, Any], mode: str, stack: ExitStack) -> Entry:
    worker = Process(
        "benchmarks.worker",
        contestant=contestant.name,
        database=entry,
        redis=services.REDIS_URL,
        mode=mode,
        core=core(),
    )
    return Entry(contestant, stack.enter_context(worker))


def attempt(entry: Entry, step: Any) -> None:
    """Do something with a contestant; one that fails takes no further part."""
    try:
        if not entry.error:
            step(entry)
    except WorkerError as error:
        entry.error = str(error)


def prepare(entry: Entry) -> None:
    entry.worker.ask("migrate")
    entry.worker.ask("sign_in")
    entry.statements = entry.worker.ask("count")["statements"]
    entry.worker.ask("batch", times=BATCH * 5)  # so that caches are full


def run_batch(entry: Entry) -> None:
    took = entry.worker.ask("batch", times=BATCH)
    entry.cpu.append(took["cpu"])
    entry.wall.append(took["wall"])


def rotated(entries: list[Entry], place: int) -> list[Entry]:
    """Return the entries in another order, so that none always comes after the same one."""
    start = place % len(entries)
    turned = entries[start:] + entries[:start]
    return turned[::-1] if place % 2 else turned


def results(entries: list[Entry]) -> Iterator[dict[str, Any]]:
    known = {one.contestant.name: one for one in entries if not one.error}
    for one in entries:
        result: dict[str, Any] = {"name": one.contestant.name, "title": one.contestant.title}
        if one.error:
            yield result | {"error": one.error}
            continue
        result |= {
            "statements": len(one.statements),
            "sql": one.statements,
            "cpu": spread(one.cpu),
            "wall": spread(one.wall),
        }
        if one.contestant.name != FLOOR and {FLOOR, SAVING, NOT_SAVING} <= known.keys():
            result["of_saving"] = ratio(one, known[SAVING], known[FLOOR])
            result["of_not_saving"] = ratio(one, known[NOT_SAVING], known[FLOOR])
        yield result


def faults(name: str, mode: str, found: list[dict[str, Any]]) -> Iterator[str]:
    """Give what must not be: a contestant that failed, or more than one statement of jenk's."""
    for one in found:
        if "error" in one:
            yield f"{name} {mode}: {one['title']}: {one['error']}"
        elif one["name"] == JENK and one["statements"] > 1:
            yield f"{name} {mode}: jenk takes {one['statements']} statements"
