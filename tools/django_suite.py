"""Run Django's own tests on jenk's engine and middleware, with every supported Django.

`make django-tests`. Names of tests may follow, and --django gives one version:

    python3 -m tools.django_suite --django 6.1 auth_tests.test_views.LoginTest

What is run, and where it is to fail, is in tests/django_suite. The tests are not in Django's
package, so pip fetches the source of the version in use, once, into .matrix/django/.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tempfile
from functools import partial
from pathlib import Path

from tools.columns import MATRIX, Column, Part, SkippedError, attempt_all, prepare, required
from tools.environment import ROOT, InstallError, reason, say

SOURCES = MATRIX / "django"

COLUMNS = [
    Column(python="3.12", django="5.2", engine="jenk"),
    Column(python="3.13", django="6.0", engine="jenk"),
    Column(engine="jenk"),
]

#: The first has jenk's SessionMiddleware in the place of Django's, the second all three.
CONFIGURATIONS = ["session", "all"]


def source_of(column: Column) -> Path:
    """Return the folder of the source of the Django in the column's environment.

    Raises:
        SkippedError: it could not be fetched.
    """
    ask = [column.interpreter, "-c", "import django; print(django.__version__)"]
    version = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    source = SOURCES / version
    if not source.exists():
        SOURCES.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=SOURCES) as folder:
            fetch(column, version, Path(folder))
            unpack(next(Path(folder).glob("*.tar.gz"))).rename(source)
    return source


def fetch(column: Column, version: str, folder: Path) -> None:
    """Download the source of Django into a folder.

    Raises:
        SkippedError: with the line of pip that says why.
    """
    say(f"fetching the source of Django {version}")
    pip = [column.interpreter, "-m", "pip", "download", "--quiet", "--no-input"]
    done = subprocess.run(
        [
            *(*pip, "--disable-pip-version-check", "--no-deps", "--no-binary", ":all:"),
            *("--dest", str(folder), f"django=={version}"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        why = f"no source of Django {version}: {reason(InstallError(done.stdout))}"
        raise SkippedError(why, required=bool(required()))


def unpack(archive: Path) -> Path:
    """Unpack an archive beside it; return the one folder that is in it."""
    with tarfile.open(archive) as tar:
        top = tar.getnames()[0].split("/")[0]
        tar.extractall(archive.parent, filter="data")
    return archive.parent / top


def run_suite(column: Column, tests: list[str] | None = None) -> None:
    """Run the tests in both configurations.

    Raises:
        RuntimeError: tests have failed.
    """
    prepare(column)
    source = source_of(column)
    failed = [name for name in CONFIGURATIONS if not passes(column, source, name, tests or [])]
    if failed:
        message = f"with the middleware: {', '.join(failed)}"
        raise RuntimeError(message)


def passes(column: Column, source: Path, configuration: str, tests: list[str]) -> bool:
    say(f"Django's tests in {source.name}, middleware: {configuration}")
    command = [column.interpreter, "-m", "tests.django_suite", str(source), configuration]
    done = subprocess.run([*command, *tests], cwd=ROOT, env=column.environ, check=False)
    return done.returncode == 0


def parts(django: str | None = None, tests: list[str] | None = None) -> list[Part]:
    """Return one part for each version of Django."""
    return [
        (f"Django's own tests, {column}", partial(run_suite, column, tests))
        for column in COLUMNS
        if django in {None, column.django}
    ]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--django", choices=[column.django for column in COLUMNS])
    parser.add_argument("tests", nargs="*", metavar="test")
    return parser.parse_args()


def main() -> None:
    arguments = parse()
    sys.exit(not attempt_all(parts(arguments.django, arguments.tests)))


if __name__ == "__main__":
    main()
