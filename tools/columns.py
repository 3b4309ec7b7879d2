"""The supported combinations of Python, Django, database and engine, and how a part of a run ends.

Each Python and Django has an environment of its own under .matrix/.
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
from tools.suite import clean_environ

MATRIX = ROOT / ".matrix"
OPTIONAL = ["mariadb", "postgres", "redis", "browser"]

type Part = tuple[str, Callable[[], None]]


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


class SkippedError(Exception):
    """A column cannot run here; the message says why, `required` whether that is a failure."""

    def __init__(self, why: str, *, required: bool) -> None:
        super().__init__(why)
        self.required = required


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


def required() -> set[str]:
    """Return what JENK_TEST_REQUIRE names: to lack it is a failure."""
    return set(os.environ.get("JENK_TEST_REQUIRE", "").replace(",", " ").split())


def prepare(column: Column) -> None:
    """Make the column's environment.

    Raises:
        SkippedError: its interpreter or a service it needs is missing.
    """
    python = find_python(column.python)
    if python is None:
        message = f"no Python {column.python}"
        raise SkippedError(message, required=bool(required()))
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
            raise SkippedError(why, required=service in required())


def attempt_all(parts: list[Part]) -> bool:
    """Run every part, whatever becomes of those before it, then list how each has ended."""
    results = [attempt(name, run) for name, run in parts]
    for _, line in results:
        say(line)
    return all(good for good, _ in results)


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
