"""Measure jenk beside its peers, in one run, on this machine.

Prints tables and writes all figures to build/bench.json. Fails where jenk reads a whole table or
runs more statements than it should; what else is over its budget is said, for times depend on the
machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from typing import Any

from benchmarks import databases, load, report, requests, sizes
from benchmarks.processes import Process, core
from tools.environment import ROOT, say

PARTS = ("requests", "load", "sizes", "profile")
OUTPUT = ROOT / "build" / "bench.json"


class Run:
    """One run: its figures, and what must not have been."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.seconds: float = options.seconds
        self.quick: bool = options.quick
        self.databases: list[str] = options.databases
        self.figures: dict[str, Any] = {"machine": machine()}
        self.faults: list[str] = []

    def keep(self, part: str, key: str, found: Any, lines: Iterable[str]) -> None:
        self.figures.setdefault(part, {})[key] = found
        print("", *lines, sep="\n", flush=True)

    def requests(self) -> None:
        for name in self.databases:
            for mode in requests.MODES:
                found = requests.measure(name, mode, self.seconds)
                self.keep("requests", f"{name} {mode}", found, report.requests(name, mode, found))
                self.faults += requests.faults(name, mode, found)

    def load(self) -> None:
        for name in self.databases:
            for server in load.MODES:
                found = load.measure(name, server, self.seconds / 4)
                self.keep("load", f"{name} {server}", found, report.load(name, server, found))

    def sizes(self) -> None:
        for name in self.databases:
            found = sizes.measure(name, sizes.QUICK if self.quick else sizes.SIZES)
            self.keep("sizes", name, found, report.sizes(name, found))
            self.faults += sizes.faults(name, found)

    def profile(self) -> None:
        with Process("benchmarks.profiling", seconds=self.seconds, core=core()) as worker:
            found = worker.ask("profile")
        self.keep("profile", "sqlite", found, report.profile(found))


def machine() -> dict[str, Any]:
    git = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    done = subprocess.run(git, capture_output=True, text=True, check=False)
    return {
        "commit": done.stdout.strip() or None,
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "load": os.getloadavg()[0],
    }


def available(names: list[str]) -> list[str]:
    """Return the databases that are there; say which are not."""
    lacking = {name: why for name in names if (why := databases.missing(name))}
    for name, why in lacking.items():
        say(f"skipped: {name} ({why})")
    return [name for name in names if name not in lacking]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--part", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument(
        "--databases",
        nargs="+",
        choices=databases.NAMES,
        default=list(databases.DEFAULTS),
        help="all but sqlite-wal, on which a write costs less than Django's default, unless named",
    )
    parser.add_argument(
        "--seconds", type=float, help="how long each measurement takes; 20, or 5 with --quick"
    )
    parser.add_argument("--quick", action="store_true", help="shorter, and no million sessions")
    options = parser.parse_args()
    options.seconds = options.seconds or (5 if options.quick else 20)
    return options


def leave(number: int, frame: Any) -> None:
    """End as after an error, so that databases are dropped and processes ended."""
    sys.exit(128 + number)


def main() -> None:
    signal.signal(signal.SIGTERM, leave)
    options = parse()
    options.databases = available(options.databases)
    run = Run(options)
    parts: dict[str, Callable[[], None]] = {name: getattr(run, name) for name in options.part}
    for part in parts.values():
        part()
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(run.figures, indent=1) + "\n")
    print()
    say(f"all figures are in {OUTPUT.relative_to(ROOT)}")
    if run.faults:
        sys.exit("\n".join(["jenk: FAILED", *run.faults]))


if __name__ == "__main__":
    main()
