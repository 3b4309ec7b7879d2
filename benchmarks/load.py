"""Requests a second under gunicorn and uvicorn, two workers each, every contestant in turn."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from benchmarks.contestants import BY_NAME, COOKIES, FLOOR, JENK, NOT_SAVING, SAVING, Contestant
from benchmarks.databases import database, for_mode
from benchmarks.generator import HOST, Tally, load
from benchmarks.processes import Process, WorkerError, environ, stop
from tests import services
from tools.environment import ROOT
from tools.server import free_port

CONTESTANTS = (FLOOR, NOT_SAVING, SAVING, COOKIES, "cookies-saving", JENK)
SLICE = 0.5  # seconds that one server is loaded before the next one is
PATIENCE = 30  # seconds to start
WORKERS = "2"
MODES = {"gunicorn": "wsgi", "uvicorn": "asgi"}
PATHS = {"wsgi": "/page", "asgi": "/apage"}
TICKS = os.sysconf("SC_CLK_TCK")


def command(server: str, port: int) -> list[str]:
    """Return how a server is started, on the loopback address alone."""
    application = "benchmarks.server:application"
    if server == "gunicorn":
        where = ["--bind", f"{HOST}:{port}", "--log-level", "error"]
        return [sys.executable, "-m", "gunicorn", "--workers", WORKERS, *where, application]
    where = ["--host", HOST, "--port", str(port), "--log-level", "error", "--no-access-log"]
    others = ["--lifespan", "off"]
    return [sys.executable, "-m", "uvicorn", "--workers", WORKERS, *where, *others, application]


@dataclass
class Server:
    """One contestant's server, and what was measured of it."""

    contestant: Contestant
    kind: str
    entry: dict[str, Any]
    cookie: str
    expected: str
    port: int = field(default_factory=free_port)
    rates: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    cpu: float = 0.0

    def __enter__(self) -> Self:
        told = {
            "contestant": self.contestant.name,
            "database": self.entry,
            "redis": services.REDIS_URL,
            "mode": MODES[self.kind],
        }
        self.process = subprocess.Popen(
            command(self.kind, self.port),
            cwd=ROOT,
            env=environ() | {"JENK_BENCH": json.dumps(told)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        return self

    def __exit__(self, *_: object) -> None:
        stop(self.process)

    def ask(self, seconds: float) -> Tally:
        path = PATHS[MODES[self.kind]]
        return load(self.port, path, self.cookie, self.expected, seconds)

    def wait(self) -> None:
        """Wait until every worker answers.

        Raises:
            WorkerError: it does not.
        """
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            tally = self.ask(SLICE)
            if tally.latencies and not tally.failures:
                return
            time.sleep(0.2)
        message = f"{self.kind} did not serve {self.contestant.name}"
        raise WorkerError(message)

    def load(self) -> None:
        """Load the server for a moment."""
        before = tree_time(self.process.pid)
        tally = self.ask(SLICE)
        self.cpu += tree_time(self.process.pid) - before
        self.rates.append(len(tally.latencies) / tally.seconds)
        self.latencies += tally.latencies
        self.failures += tally.failures

    def result(self) -> dict[str, Any]:
        cuts = statistics.quantiles(self.latencies, n=100, method="inclusive")
        return {
            "name": self.contestant.name,
            "title": self.contestant.title,
            "rate": statistics.median(self.rates),
            "rates": self.rates,
            "p50": cuts[49],
            "p95": cuts[94],
            "cpu": self.cpu / len(self.latencies),
            "requests": len(self.latencies),
            "failures": self.failures[:5],
        }


def tree_time(pid: int) -> float:
    """Return the seconds that a process and those it started have worked."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    spent = (int(after_name[11]) + int(after_name[12])) / TICKS
    return spent + sum(tree_time(child) for child in children(pid))


def children(pid: int) -> Iterator[int]:
    """Give the processes that a process has started, from whichever of its threads."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # threads of requests come and go
            yield from map(int, (task / "children").read_text().split())


def measure(name: str, kind: str, seconds: float) -> list[dict[str, Any]]:
    """Measure each contestant for so many seconds, on one database and under one server."""
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    with database(name) as entry, ExitStack() as stack:
        prepared = for_mode(entry, MODES[kind])
        servers = [stack.enter_context(one) for one in signed_in(kind, prepared)]
        for server in servers:
            server.wait()
        for _ in range(max(2, round(seconds / SLICE))):
            for server in servers:
                server.load()
        return [server.result() for server in servers]


def signed_in(kind: str, entry: dict[str, Any]) -> Iterator[Server]:
    """Give the servers of all contestants, each with the cookie of somebody signed in."""
    for name in CONTESTANTS:
        told = {"contestant": name, "database": entry, "redis": services.REDIS_URL}
        core = max(os.sched_getaffinity(0))
        with Process("benchmarks.worker", mode="wsgi", core=core, **told) as worker:
            worker.ask("migrate")
            found = worker.ask("sign_in")
        yield Server(BY_NAME[name], kind, entry, found["cookie"], found["expected"])
