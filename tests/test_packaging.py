"""What is installed with `pip install jenk`, and what it takes to build and test it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

import jenk

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

pytestmark = pytest.mark.checkout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    # Without isolation the build needs no network: its backend is among the tests' requirements.
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    [file] = folder.iterdir()
    return zipfile.ZipFile(file)


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    return Parser().parsestr(wheel.read(name).decode())


def files_of_the_package() -> set[str]:
    files = {path for path in (ROOT / "jenk").rglob("*") if path.is_file()}
    return {path.relative_to(ROOT).as_posix() for path in files if path.suffix != ".pyc"}


def test_the_wheel_holds_the_whole_package_and_nothing_else(wheel):
    packaged = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert packaged == files_of_the_package()


@pytest.mark.parametrize("kind", ["jenk/py.typed", "jenk/templates/", "jenk/static/"])
def test_the_wheel_holds_more_than_code(wheel, kind):
    assert [name for name in wheel.namelist() if name.startswith(kind)]


def test_it_depends_on_django_alone(metadata):
    required = metadata.get_all("Requires-Dist")

    assert [one for one in required if "extra ==" not in one] == ["django>=5.2"]


def test_each_extra_brings_what_the_tests_use(metadata):
    assert metadata.get_all("Provides-Extra") == ["mariadb", "postgres", "redis"]
    for extra, needs in PROJECT["optional-dependencies"].items():
        pins = dict(line.split("==") for line in pinned(ROOT / "requirements" / f"{extra}.txt"))
        assert [need.partition(">=")[0] for need in needs] == list(pins)
        for need in needs:
            name, _, least = need.partition(">=")
            assert as_numbers(pins[name]) >= as_numbers(least)


def as_numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def test_the_metadata_is_complete(metadata):
    assert metadata["Name"] == "jenk"
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.12"
    assert metadata.get_payload() == (ROOT / "README.md").read_text()


def test_the_version_is_said_in_one_place(metadata):
    assert metadata["Version"] == jenk.__version__
    assert "version" not in PROJECT


def test_every_django_of_the_classifiers_has_requirements(metadata):
    versions = re.findall(r"Framework :: Django :: (\S+)", "\n".join(PROJECT["classifiers"]))

    assert {f"django-{version}.txt" for version in versions} == {
        path.name for path in REQUIREMENTS if path.name.startswith("django-")
    }


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_requirements_are_plain_pins(path):
    pin = re.compile(r"[A-Za-z0-9._-]+(\[[a-z]+\])?==[0-9][0-9.]*|-[rc] [a-z0-9.-]+\.txt|#.*")

    assert [line for line in path.read_text().splitlines() if not pin.fullmatch(line)] == []


def test_one_package_has_one_version():
    pins = [re.split(r"(?:\[\w+\])?==", line) for path in REQUIREMENTS for line in pinned(path)]
    versions: dict[str, set[str]] = {}
    for name, version in pins:
        versions.setdefault(name.lower(), set()).add(version)
    versions.pop("django")

    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def pinned(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if "==" in line]


def test_importing_jenk_imports_nothing_else():
    code = "import jenk, sys; print([name for name in sys.modules if name.startswith('django')])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert (done.stdout, done.stderr) == ("[]\n", "")
