"""The brief, "Files Created for Reference" 5 and 6, "Support & Troubleshooting", its last lines."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def guide() -> str:
    return (ROOT / "SESSION_MANAGEMENT_GUIDE.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def examples() -> str:
    return (ROOT / "EXAMPLES_SESSION_USAGE.py").read_text(encoding="utf-8")


def headings(text: str) -> str:
    """Return the headings of a Markdown file, in lower case."""
    without_code = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return "\n".join(re.findall(r"^#+ +(.+)$", without_code, flags=re.MULTILINE)).lower()


# --- 5. SESSION_MANAGEMENT_GUIDE.md --------------------------------------------------------


@pytest.mark.parametrize(
    ("promise", "words"),
    [
        ("Complete configuration reference", ["configuration", "settings"]),
        ("Usage examples", ["usage", "use", "using"]),
        ("Troubleshooting guide", ["troubleshooting"]),
        ("Production deployment notes", ["production", "deployment"]),
        ("Detailed troubleshooting", ["troubleshooting"]),
        ("Common issues and solutions", ["troubleshooting", "common issues"]),
        ("Security best practices", ["security"]),
        ("Production deployment guide", ["production", "deployment"]),
    ],
)
def test_the_guide_has_a_section_for_what_the_brief_promises(
    guide: str, promise: str, words: list[str]
):
    assert re.search("|".join(rf"\b{word}\b" for word in words), headings(guide)), promise


def test_the_configuration_reference_is_complete(guide: str):
    """Every setting of jenk, and the ones of Django that the brief sets."""
    from jenk.conf import NAMES  # noqa: PLC0415 - needs the settings
    from tests.brief.brief import SETTINGS  # noqa: PLC0415

    production = {"SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"}
    assert [name for name in {*NAMES, *SETTINGS, *production} if name not in guide] == []


# --- 6. EXAMPLES_SESSION_USAGE.py ----------------------------------------------------------


def test_there_are_twelve_practical_examples_or_more(examples: str):
    definitions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    found = [node.name for node in ast.parse(examples).body if isinstance(node, definitions)]
    assert len(found) >= 12


def test_the_snippets_are_ready_to_copy(examples: str):
    """The file is Python that runs, so whatever is copied from it does."""
    from importlib.util import module_from_spec, spec_from_file_location  # noqa: PLC0415

    spec = spec_from_file_location("examples_of_use", ROOT / "EXAMPLES_SESSION_USAGE.py")
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(module_from_spec(spec))


@pytest.mark.parametrize(
    ("use", "word"),
    [
        ("views", "@session_required\n"),
        ("AJAX", "@session_required_ajax\n"),
        ("CBV", "SessionRequiredMixin"),
        ("templates", "request.session.user"),
        ("etc.", "get_session_user(request)"),
        ("etc.", "request.session.get("),
    ],
)
def test_the_examples_show_different_use_cases(examples: str, use: str, word: str):
    assert word in examples, use


# --- The last lines -----------------------------------------------------------------------


def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_compatibility_is_django_6_0_1():
    (django,) = [Requirement(line) for line in project()["dependencies"]]
    assert django.name == "Django"
    assert "6.0.1" in django.specifier


def test_compatibility_is_python_3():
    supported = SpecifierSet(project()["requires-python"])
    assert "3.12" in supported
    assert "3.13" in supported


@pytest.mark.parametrize("path", ["website/views.py", "jenk/middleware.py", "jenk/decorators.py"])
def test_the_files_of_the_brief_are_where_it_says(path: str):
    assert (ROOT / path).is_file()
