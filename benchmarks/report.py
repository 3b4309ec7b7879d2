"""What was measured, as tables that a person reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import truediv
from statistics import median
from typing import Any

from benchmarks.contestants import COOKIES, JENK
from benchmarks.profiling import SHARE
from benchmarks.sizes import VERBS

#: The most that jenk's request may cost over the floor: of Django's db saving, and not saving.
BUDGETS = {"sqlite": (0.13, 0.30), "mariadb": (0.20, 0.35), "postgres": (0.20, 0.35)}

#: The most statements of each verb, the most CPU, and how much slower the largest table may be.
STATEMENTS = {"load": 1, "list": 1, "end_all": 2}
MILLISECONDS = 1.5
GROWTH = 1.5

type Rows = Iterable[Sequence[str]]


def table(head: Sequence[str], rows: Rows) -> Iterator[str]:
    """Give the lines of a table: the first column to the left, the others to the right."""
    lines = [head, *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    for line in lines:
        first, *rest = (
            text.ljust(width) if place == 0 else text.rjust(width)
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        yield "  ".join((first, *rest)).rstrip()


def micro(found: Mapping[str, float]) -> str:
    return "{} ({}-{})".format(
        *(f"{found[name] * 1e6:.0f}" for name in ("median", "low", "high")),
    )


def times(found: Mapping[str, float] | None) -> str:
    if found is None:
        return "-"
    return "{:.2f} ({:.2f}-{:.2f})".format(*(found[name] for name in ("median", "low", "high")))


def requests(database: str, mode: str, found: list[dict[str, Any]]) -> Iterator[str]:
    yield f"One signed-in request, {mode.upper()}, {database}: median (quartiles), microseconds"
    head = ("", "SQL", "CPU", "wall", "of db saving", "of db not saving")
    yield from table(head, [request_row(one) for one in found])
    if mode == "wsgi":
        yield from verdicts(database, found)


def request_row(one: dict[str, Any]) -> list[str]:
    if "error" in one:
        return [one["title"], "-", "-", "-", "-", f"failed: {one['error']}"]
    ratios = [times(one.get("of_saving")), times(one.get("of_not_saving"))]
    return [one["title"], str(one["statements"]), micro(one["cpu"]), micro(one["wall"]), *ratios]


def verdicts(database: str, found: list[dict[str, Any]]) -> Iterator[str]:
    """Tell how jenk does by its budgets."""
    mine = next((one for one in found if one["name"] == JENK and "of_saving" in one), None)
    if mine is None or database not in BUDGETS:
        return
    names = ("of_saving", "of_not_saving")
    for name, most in zip(names, BUDGETS[database], strict=True):
        ratio = mine[name]["median"]
        verdict = "within" if ratio <= most else "OVER"
        against = name.removeprefix("of_").replace("_", " ")
        yield f"  jenk over the floor, of Django db {against}: {ratio:.2f}, {verdict} {most:.2f}"


def load(database: str, server: str, found: list[dict[str, Any]]) -> Iterator[str]:
    cookies = next(one["rates"] for one in found if one["name"] == COOKIES)
    yield f"{server}, 2 workers, {database}: requests a second, milliseconds, server CPU each"
    rows = [
        [
            one["title"],
            f"{one['rate']:.0f}",
            f"{median(map(truediv, one['rates'], cookies)):.2f}",
            f"{one['p50'] * 1e3:.1f}",
            f"{one['p95'] * 1e3:.1f}",
            f"{one['cpu'] * 1e6:.0f} us",
            "; ".join(one["failures"][:1]) or "-",
        ]
        for one in found
    ]
    yield from table(("", "rate", "of cookies", "p50", "p95", "CPU", "failures"), rows)


def sizes(database: str, found: list[dict[str, Any]]) -> Iterator[str]:
    yield f"jenk's table on {database}: CPU / wall, microseconds, and statements"
    rows = [[f"{at['size']:,} sessions", *(cell(at[verb]) for verb in VERBS)] for at in found]
    growth = [f"{found[-1][verb]['wall'] / found[0][verb]['wall']:.2f} times" for verb in VERBS]
    yield from table(("", *VERBS), [*rows, ["the last by the first, wall", *growth]])
    yield from over_budget(found)
    for verb in VERBS:
        yield from (f"  {verb}: {plan}" for plan in found[-1][verb]["plans"])


def over_budget(found: list[dict[str, Any]]) -> Iterator[str]:
    first, last = found[0], found[-1]
    for verb, most in STATEMENTS.items():
        if last[verb]["statements"] > most:
            yield f"  {verb}: {last[verb]['statements']} statements, OVER {most}"
        if last[verb]["cpu"] * 1e3 > MILLISECONDS:
            yield f"  {verb}: {last[verb]['cpu'] * 1e3:.1f} ms CPU, OVER {MILLISECONDS}"
        if last[verb]["wall"] > GROWTH * first[verb]["wall"]:
            yield f"  {verb}: OVER {GROWTH} times as slow in the largest table"


def cell(one: dict[str, Any]) -> str:
    return f"{one['cpu'] * 1e6:.0f} / {one['wall'] * 1e6:.0f}, {one['statements']}"


def profile(found: dict[str, Any]) -> Iterator[str]:
    took = found["request"] * 1e6
    yield f"jenk's request on SQLite, {took:.0f} us, by {found['samples']} samples"
    captions = {
        "own": "own time, any frame",
        "charged": "time of jenk's frames, with what they call outside of jenk",
        "whole": "time of jenk's frames, with all that they call",
    }
    for kind, caption in captions.items():
        yield f"  {caption}"
        names = [name for name in found[kind] if kind != "whole" or name.startswith("jenk.")]
        for name in names[:20]:
            share = found[kind][name]
            yield f"    {share:6.1%} {share * took:6.1f} us  {name}"
    yield "  calls of a function in one request"
    yield from (f"    {count:6.1f}  {name}" for name, count in list(found["calls"].items())[:15])
    over = [name for name, share in found["own"].items() if mine(name) and share > SHARE]
    yield f"  frames of jenk's with more than {SHARE:.0%} own time: {', '.join(over) or 'none'}"


def mine(name: str) -> bool:
    return name.startswith("jenk.")
