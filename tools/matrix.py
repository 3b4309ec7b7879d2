"""Run the tests on every supported combination, the long run, Django's tests, the built wheel.

`make matrix`. Each Python and Django has an environment of its own under .matrix/. A column
whose interpreter or server is missing is named as skipped; it fails instead where
JENK_TEST_REQUIRE is set (any of it, for an interpreter).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tools import django_suite
from tools.columns import MATRIX, Column, Part, attempt_all, prepare
from tools.environment import ROOT
from tools.suite import browser_marks, pytest_arguments

TREE = MATRIX / "tree"
NOTHING_COLLECTED = 5

#: What the tree beside an installed wheel does without at its root: above all jenk/ itself.
LEFT_OUT = frozenset({"jenk", "build", "dist", "htmlcov", "var"})

COLUMNS = [
    Column(python="3.12", django="5.2"),
    Column(python="3.12", django="5.2", engine="jenk"),
    Column(python="3.12", django="6.0", database="mariadb", engine="jenk"),
    Column(python="3.13", django="6.0", database="postgres", engine="jenk"),
    Column(),
    Column(engine="jenk"),
    Column(engine="unjoined"),
    Column(database="mariadb"),
    Column(database="postgres"),
    Column(engine="cached_db"),
    Column(engine="cache"),
    Column(engine="file"),
]
LONG = [Column(), Column(database="mariadb"), Column(database="postgres")]


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
    run_pytest(column, tree=ROOT, marks=marks_of(column), environ={})


def marks_of(column: Column) -> list[str]:
    """Leave out what another column runs: the tests of jenk's engine, or the long lists."""
    if column.engine not in {"jenk", "unjoined"}:
        return ["not own_engine"]
    return [] if column.database == "sqlite" else ["not thorough"]


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


def main() -> None:
    parts: list[Part] = [
        *((str(column), lambda column=column: run_column(column)) for column in COLUMNS),
        *((f"long run, {column}", lambda column=column: run_long(column)) for column in LONG),
        *django_suite.parts(),
        ("the wheel", lambda: run_wheel(Column())),
    ]
    sys.exit(not attempt_all(parts))


if __name__ == "__main__":
    main()
