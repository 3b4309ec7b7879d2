"""Run the suite on SQLite, and beside it on every other database found what one could change.

The run on SQLite holds jenk/ to full branch coverage. What is marked `thorough` is left to
`make matrix`, which runs everything everywhere. `make test` runs this in the environment.
Arguments go to pytest as they are.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests import services
from tools.environment import ROOT, say
from tools.suite import browser_marks, clean_environ, pytest_arguments


@dataclass
class Run:
    """The tests on one database, in a process whose output waits until it is asked for."""

    database: str
    environ: Mapping[str, str]
    arguments: list[str]

    def __post_init__(self) -> None:
        self.output = tempfile.TemporaryFile()  # noqa: SIM115 - closed once it was shown
        self.process = subprocess.Popen(
            command(self.database, self.arguments, processes=1),
            cwd=ROOT,
            env=environ_of(self.database, self.environ),
            stdout=self.output,
            stderr=subprocess.STDOUT,
        )

    def passed(self) -> bool:
        """Wait for the end and show what was printed."""
        code = self.process.wait()
        say(f"the tests on {self.database}")
        with self.output:
            self.output.seek(0)
            sys.stdout.write(self.output.read().decode(errors="replace"))
        sys.stdout.flush()
        return code == 0


def command(database: str, arguments: list[str], *, processes: int) -> list[str]:
    measured = ["coverage", "run", "-m"] if database == "sqlite" else []
    marks = [] if database == "sqlite" else ["every_database", *browser_marks(database, "db")]
    selection = pytest_arguments(marks=[*marks, "not thorough"], processes=processes)
    return [sys.executable, "-W", "error", "-m", *measured, "pytest", *selection, *arguments]


def environ_of(database: str, environ: Mapping[str, str]) -> dict[str, str]:
    return {**environ, "JENK_TEST_DATABASE": database}


def run_on_sqlite(environ: Mapping[str, str], arguments: list[str]) -> bool:
    say("the tests on sqlite")
    processes = max(2, os.cpu_count() or 1)
    done = subprocess.run(
        command("sqlite", arguments, processes=processes),
        cwd=ROOT,
        env=environ_of("sqlite", environ),
        check=False,
    )
    return done.returncode == 0


def report_coverage(environ: Mapping[str, str], data: Path) -> bool:
    say("branch coverage of jenk/")
    coverage = [sys.executable, "-m", "coverage"]
    commands = [["combine", "--quiet", str(data)], ["report"]]
    return all(
        subprocess.run([*coverage, *command], cwd=ROOT, env=environ, check=False).returncode == 0
        for command in commands
    )


def main() -> None:
    arguments = sys.argv[1:]
    environ = clean_environ()
    started = time.monotonic()
    failed: list[str] = []
    skipped: list[str] = []
    with tempfile.TemporaryDirectory(prefix="jenk-coverage-") as data:
        measured = {**environ, "COVERAGE_FILE": str(Path(data) / ".coverage")}
        beside: list[Run] = []
        for database in ("mariadb", "postgres"):
            if why := services.missing(database):
                skipped.append(f"{database} ({why})")
            else:
                beside.append(Run(database, environ, arguments))
        if not run_on_sqlite(measured, arguments):
            failed.append("the tests on sqlite")
        failed += [f"the tests on {run.database}" for run in beside if not run.passed()]
        if not report_coverage(environ, Path(data)):
            failed.append("coverage")
    for service in skipped:
        say(f"skipped: {service}")
    took = f"{time.monotonic() - started:.0f} s"
    if failed:
        sys.exit(f"jenk: FAILED after {took}: {', '.join(failed)}")
    say(f"passed in {took}")


if __name__ == "__main__":
    main()
