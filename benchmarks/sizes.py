"""How jenk's time grows with its table: it should not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from benchmarks.databases import database, for_mode
from benchmarks.processes import Process, core

SIZES = (10_000, 100_000, 1_000_000)
QUICK = SIZES[:2]
PATIENCE = 900  # seconds to insert a million rows

VERBS = ("load", "list", "end_all")


def measure(name: str, sizes: Iterable[int]) -> list[dict[str, Any]]:
    """Measure one database at each size."""
    found = []
    with database(name) as entry:
        told = {"database": for_mode(entry, "wsgi"), "core": core()}
        with Process("benchmarks.sizing", **told) as sizing:
            sizing.ask("migrate")
            for size in sizes:
                grown = sizing.ask("grow", to=size, patience=PATIENCE)
                found.append({"size": size, **grown, **sizing.ask("measure")})
    return found


def faults(name: str, found: list[dict[str, Any]]) -> Iterable[str]:
    """Give what must not be: a plan that reads a whole table."""
    for at in found:
        for verb in VERBS:
            for scan in at[verb]["scans"]:
                yield f"{name}, {at['size']} sessions, {verb}: {scan}"
