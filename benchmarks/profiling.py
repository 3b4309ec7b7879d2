"""Where the time of jenk's steady-state request goes, by frame.

A timer interrupts the process every so often and notes what it is doing, which costs next to
nothing, so the shares are true; cProfile then says how often each function is called.
"""

from __future__ import annotations

import cProfile
import json
import os
import pstats
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.contestants import JENK
from benchmarks.databases import for_mode, sqlite
from benchmarks.worker import Worker, configure, migrate, serve
from tests import services

EVERY = 0.001  # seconds of the process's own time; the kernel may round that up
SHARE = 0.05
CALLS = 300
BATCH = 200

type Place = tuple[str, str]

ELSEWHERE = ("outside", "jenk")


class Sampler:
    """Counts what is being done.

    Own time goes to the last frame, whole time to every frame, and to the last frame of jenk's is
    charged what it calls outside of jenk.
    """

    def __init__(self) -> None:
        self.own: Counter[Place] = Counter()
        self.charged: Counter[Place] = Counter()
        self.whole: Counter[Place] = Counter()
        self.samples = 0

    def note(self, number: int, frame: FrameType | None) -> None:
        self.samples += 1
        if frame is not None:
            self.own[place(frame)] += 1
        stack = list(places(frame))
        mine = (one for one in stack if one[0].startswith("jenk."))
        self.charged.update([next(mine, ELSEWHERE)])
        self.whole.update(set(stack))

    def __enter__(self) -> Sampler:
        signal.signal(signal.SIGPROF, self.note)
        signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
        return self

    def __exit__(self, *error: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)


def places(frame: FrameType | None) -> Iterator[Place]:
    """Give the places of a frame and of those that called it."""
    while frame is not None:
        yield place(frame)
        frame = frame.f_back


def place(frame: FrameType) -> Place:
    """Return the module and the function of a frame."""
    return frame.f_globals.get("__name__", "?"), frame.f_code.co_qualname


def profile(seconds: float) -> dict[str, Any]:
    """Profile requests for so many seconds of the process's own time."""
    with tempfile.TemporaryDirectory(prefix="jenk-bench-") as folder:
        entry = for_mode(sqlite(Path(folder) / "bench.sqlite3"), "wsgi")
        configure(JENK, entry, services.REDIS_URL)
        migrate()
        worker = Worker("wsgi")
        worker.sign_in()
        worker.batch(BATCH)
        until, requests = time.process_time() + seconds, 0
        started = time.process_time()
        with Sampler() as sampler:
            while time.process_time() < until:
                worker.batch(BATCH)
                requests += BATCH
        spent = time.process_time() - started
        calls = counted_calls(worker)
    return {
        "request": spent / requests,
        "samples": sampler.samples,
        "own": shares(sampler.own, sampler.samples),
        "charged": shares(sampler.charged, sampler.samples),
        "whole": shares(sampler.whole, sampler.samples),
        "calls": calls,
    }


def shares(counter: Counter[Place], samples: int) -> dict[str, float]:
    return {".".join(one): count / samples for one, count in counter.most_common(60)}


def counted_calls(worker: Worker) -> dict[str, float]:
    """Return how often a request calls each function of jenk's, the most called first."""
    profiler = cProfile.Profile()
    profiler.runcall(worker.batch, CALLS)
    found: Counter[str] = Counter()
    stats: Any = pstats.Stats(profiler)
    for (file, _line, name), figures in stats.stats.items():
        if "/jenk/" in file:
            found[f"{file.partition('/jenk/')[2]}:{name}"] += figures[1]
    return {name: count / CALLS for name, count in found.most_common(30)}


def main() -> None:
    told = json.loads(sys.stdin.readline())
    os.sched_setaffinity(0, {told["core"]})
    serve(lambda asked: profile(told["seconds"]))


if __name__ == "__main__":
    main()
