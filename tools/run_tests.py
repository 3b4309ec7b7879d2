"""Run the whole suite on SQLite, and what a database could change on every other found.

The run on SQLite holds jenk/ to full branch coverage. `make matrix` runs everything everywhere.
`make test` runs this in the environment. Arguments go to pytest as they are.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from tests import services
from tools.environment import ROOT, say
from tools.suite import browser_marks, clean_environ, pytest_arguments


def run_suite(database: str, environ: Mapping[str, str], arguments: list[str]) -> bool:
    say(f"the tests on {database}")
    measured = ["coverage", "run", "-m"] if database == "sqlite" else []
    marks = [] if database == "sqlite" else ["every_database", *browser_marks(database, "db")]
    done = subprocess.run(
        [
            *(sys.executable, "-W", "error", "-m", *measured, "pytest"),
            *pytest_arguments(marks=marks),
            *arguments,
        ],
        cwd=ROOT,
        env={**environ, "JENK_TEST_DATABASE": database},
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
        for database in ("sqlite", "mariadb", "postgres"):
            if database != "sqlite" and (why := services.missing(database)):
                skipped.append(f"{database} ({why})")
                continue
            if not run_suite(database, measured, arguments):
                failed.append(f"the tests on {database}")
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
