"""Run the tests on every supported combination, then the long run, then the built wheel.

`make matrix`. Each Python and Django has an environment of its own under .matrix/. A column
whose interpreter or server is missing is named as skipped; it fails instead where
JENK_TEST_REQUIRE is set (any of it, for an interpreter).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools.environment import ROOT, say
from tools.suite import browser_marks, clean_environ, pytest_arguments

MATRIX = ROOT / ".matrix"
TREE = MATRIX / "tree"
OPTIONAL = ["mariadb", "postgres", "redis", "browser"]
NOTHING_COLLECTED = 5

#: What the tree beside an installed wheel does without at its root: above all jenk/ itself.
LEFT_OUT = frozenset({"jenk", "build", "dist", "htmlcov", "var"})


@dataclass(frozen=True, kw_only=True)
class Column:
    python: str = "3.13"
    django: str = "6.1"
    database: str = "sqlite"
    engine: str = "db"

    def __str__(self) -> str:
        return f"Python {self.python}, Django {self.django}, {self.database}, engine {self.engine}"

    @property
    def environment(self) -> Path:
        return MATRIX / f"python{self.python}-django{self.django}"

    @property
    def interpreter(self) -> str:
        return str(self.environment / "bin" / "python")

    @property
    def services(self) -> list[str]:
        database = [self.database] if self.database != "sqlite" else []
        return [*database, "redis"] if self.engine in {"cache", "cached_db"} else database

    @property
    def environ(self) -> dict[str, str]:
        return {
            **clean_environ(),
            "JENK_TEST_DATABASE": self.database,
            "JENK_TEST_ENGINE": self.engine,
        }


COLUMNS = [
    Column(python="3.12", django="5.2"),
    Column(python="3.12", django="6.0", database="mariadb"),
    Column(python="3.13", django="6.0", database="postgres"),
    Column(),
    Column(database="mariadb"),
    Column(database="postgres"),
    Column(engine="cached_db"),
    Column(engine="cache"),
    Column(engine="file"),
]
LONG = [Column(), Column(database="mariadb"), Column(database="postgres")]


class SkippedError(Exception):
    """A column cannot run here; the message says why, `required` whether that is a failure."""

    def __init__(self, why: str, *, required: bool) -> None:
        super().__init__(why)
        self.required = required


# --- Interpreters and environments --------------------------------------------------------


@cache
def find_python(version: str) -> str | None:
    """Return an interpreter of this version: this one, one on PATH, or pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    kept = sorted(pyenv.glob(f"{version}.*/bin/python{version}"), key=patch_release)
    candidates = [sys.executable, shutil.which(f"python{version}"), *map(str, reversed(kept))]
    return next((found for found in candidates if found and speaks(found) == version), None)


def patch_release(python: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", python.parts[-3])]


def speaks(python: str) -> str:
    """Return an interpreter's version. A shim of pyenv may be there and yet not work."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip()


@cache
def make_environment(python: str, path: Path, django: str) -> None:
    names = [f"django-{django}", "pytest", "--try", *OPTIONAL]
    subprocess.run([python, "-m", "tools.environment", str(path), *names], cwd=ROOT, check=True)


def prepare(column: Column) -> None:
    """Make the column's environment.

    Raises:
        SkippedError: its interpreter or a service it needs is missing.
    """
    required = set(os.environ.get("JENK_TEST_REQUIRE", "").replace(",", " ").split())
    python = find_python(column.python)
    if python is None:
        message = f"no Python {column.python}"
        raise SkippedError(message, required=bool(required))
    make_environment(python, column.environment, column.django)
    for service in column.services:
        probe = subprocess.run(
            [column.interpreter, "-m", "tests.services", service],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if probe.returncode:
            why = (probe.stdout or probe.stderr).strip()
            raise SkippedError(why, required=service in required)


# --- Runs ---------------------------------------------------------------------------------


def run_pytest(column: Column, *, tree: Path, marks: list[str], environ: dict[str, str]) -> None:
    selection = pytest_arguments(marks=[*marks, *browser_marks(column.database, column.engine)])
    done = subprocess.run(
        [column.interpreter, "-W", "error", "-m", "pytest", *selection],
        cwd=tree,
        env={**column.environ, **environ},
        check=False,
    )
    # 5 is "nothing to run", as for a mark that no test carries yet.
    if done.returncode not in {0, NOTHING_COLLECTED}:
        raise subprocess.CalledProcessError(done.returncode, "pytest")


def run_column(column: Column) -> None:
    prepare(column)
    run_pytest(column, tree=ROOT, marks=[], environ={})


def run_long(column: Column) -> None:
    prepare(column)
    run_pytest(column, tree=ROOT, marks=["long"], environ={"JENK_TEST_LONG": "1"})


def run_wheel(column: Column) -> None:
    """Install the wheel and run the tests beside it, with the checkout's jenk/ out of reach."""
    prepare(column)
    wheel = build_wheel(column)
    beside = WheelColumn(python=column.python, django=column.django)
    prepare(beside)
    pip = [beside.interpreter, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run(
        [*pip, "--force-reinstall", "--disable-pip-version-check", "--no-index", str(wheel)],
        check=True,
    )
    shutil.rmtree(TREE, ignore_errors=True)
    shutil.copytree(ROOT, TREE, ignore=left_out)
    where = [beside.interpreter, "-c", "import jenk; print(jenk.__file__)"]
    found = subprocess.run(where, cwd=TREE, capture_output=True, text=True, check=True).stdout
    if "site-packages" not in found:
        message = f"jenk was imported from {found.strip()}, not from the wheel"
        raise RuntimeError(message)
    run_pytest(beside, tree=TREE, marks=["not checkout"], environ={})


def left_out(folder: str, names: list[str]) -> set[str]:
    """Return what not to copy: only at the root is "jenk" the package, and not its templates."""
    hidden = {name for name in names if name.startswith(".") or name == "__pycache__"}
    return hidden | (LEFT_OUT.intersection(names) if Path(folder) == ROOT else set())


class WheelColumn(Column):
    @property
    def environment(self) -> Path:
        return MATRIX / "wheel"


def build_wheel(column: Column) -> Path:
    dist = MATRIX / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    build = [column.interpreter, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(dist)]
    subprocess.run([*build, str(ROOT)], check=True, stdout=subprocess.DEVNULL)
    return next(dist.glob("*.whl"))


# --- The whole ----------------------------------------------------------------------------


def attempt(name: str, run: Callable[[], None]) -> tuple[bool, str]:
    """Run one part; return whether it may stand, and the line that says so."""
    say(name)
    started = time.monotonic()
    try:
        run()
    except SkippedError as skip:
        return not skip.required, f"{'FAILED' if skip.required else 'skipped'}: {name} ({skip})"
    except (RuntimeError, subprocess.CalledProcessError) as error:
        return False, f"FAILED: {name} ({error})"
    return True, f"passed: {name} ({time.monotonic() - started:.0f} s)"


def main() -> None:
    parts: list[tuple[str, Callable[[], None]]] = [
        *((str(column), lambda column=column: run_column(column)) for column in COLUMNS),
        *((f"long run, {column}", lambda column=column: run_long(column)) for column in LONG),
        ("the wheel", lambda: run_wheel(Column())),
    ]
    results = [attempt(name, run) for name, run in parts]
    for _, line in results:
        say(line)
    sys.exit(not all(good for good, _ in results))


if __name__ == "__main__":
    main()
