from __future__ import annotations

import inspect
import re
from ast import literal_eval
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import global_settings

from jenk import decorators, lifecycle, mixins, policies, signals, snapshot, testing
from jenk.conf import NAMES, Conf
from jenk.models import Session, SessionEvent, SessionOwner
from jenk.reasons import Reason
from jenk.seals import Sealed
from jenk.templatetags.jenk import register
from jenk.wording import MESSAGES
from tests.docs.documents import ALL, GUIDE, README, ROOT, Document, code

BOTH = README.text + GUIDE.text

every_document = pytest.mark.parametrize("doc", ALL, ids=lambda doc: doc.name)


def test_the_guide_lists_the_settings_with_their_defaults() -> None:
    conf = Conf()
    listed = {
        code(name): literal_eval(code(default))
        for name, _, default, _ in GUIDE.table("Settings of jenk")
    }

    assert listed == {one.name: getattr(conf, one.name) for one in fields(Conf)}
    assert list(listed) == list(NAMES)


def test_the_guide_gives_djangos_defaults() -> None:
    for name, recommended, default, _ in GUIDE.table("Django's settings"):
        value = recommended if default == "the same" else default

        assert literal_eval(code(value)) == getattr(global_settings, code(name))


@every_document
def test_every_setting_that_is_named_exists(doc: Document) -> None:
    mine = set(re.findall(r"\bJENK_[A-Z_]+\b", doc.text))
    djangos = set(re.findall(r"\b(?:SESSION|CSRF|SECURE)_[A-Z_]+\b", doc.text)) - {
        "SESSION_MANAGEMENT_GUIDE",
    }

    assert mine - set(NAMES) == set()
    assert {name for name in djangos if not hasattr(global_settings, name)} == set()


def test_the_guide_lists_the_reasons_in_order() -> None:
    assert [code(row[0]) for row in GUIDE.table("Reasons")] == list(Reason)


def test_the_guide_quotes_what_people_read() -> None:
    quoted = {code(row[0]): row[3] for row in GUIDE.table("Reasons")}

    assert quoted == {reason: str(MESSAGES[reason]) for reason in Reason}


def test_the_guide_lists_the_presets_with_their_numbers() -> None:
    listed = {
        code(name): policies.Preset(in_seconds(idle), in_seconds(absolute), clause)
        for name, idle, absolute, clause in GUIDE.table("Presets")
    }

    assert listed == policies.PRESETS


def in_seconds(text: str) -> int | None:
    if text.startswith("none"):
        return None
    number, unit = text.split()
    return int(number) * {"minute": 60, "hour": 3600, "day": 86400}[unit.rstrip("s")]


def test_the_guide_lists_the_eight_keys() -> None:
    block = next(block for block in GUIDE.blocks if block.section == "what-a-session-holds")

    assert tuple(literal_eval(block.text)) == snapshot.KEYS


def test_the_guide_lists_the_arguments_of_session_required() -> None:
    listed = [code(row[0]) for row in GUIDE.table("Protect a view")]
    parameters = inspect.signature(decorators.session_required).parameters

    assert listed == [name for name in parameters if name != "view"]


def test_the_mixin_has_the_attributes_that_the_guide_names() -> None:
    for name in ("roles", "login_url", "redirect_field_name", "always_json"):
        assert hasattr(mixins.SessionRequiredMixin, name)
        assert f"`{name}" in GUIDE.part("Class-based views")


def test_the_guide_lists_the_signals() -> None:
    listed = [code(row[0]) for row in GUIDE.table("Signals")]

    assert listed == [name for name in vars(signals) if name.startswith("session_")]


def test_the_guide_lists_the_functions_for_tests() -> None:
    for row in GUIDE.table("Test your own views"):
        name, arguments = re.fullmatch(r"(\w+)\((.*)\)", code(row[0])).groups()  # type: ignore[union-attr]
        parameters = inspect.signature(getattr(testing, name)).parameters.values()
        written = [
            one.name if one.default is one.empty else f"{one.name}={one.default!r}"
            for one in parameters
        ]

        assert arguments.replace('"', "'") == ", ".join(written)
        assert hasattr(testing, f"a{name}")
        assert f"`a{name}`" in GUIDE.part("Test your own views")


def test_the_guide_lists_the_verbs_with_their_arguments() -> None:
    listed = [code(row[0]) for row in GUIDE.table("List and end sessions")]

    for written in listed:
        name = written.partition("(")[0]
        signature = inspect.signature(getattr(lifecycle, name))
        bare = [
            one.replace(annotation=inspect.Parameter.empty) for one in signature.parameters.values()
        ]
        assert written == f"{name}{inspect.Signature(bare)}"
        assert str(inspect.signature(getattr(lifecycle, f"a{name}"))) == str(signature)
        assert f"`a{name}`" in GUIDE.part("List and end sessions")
    assert len(listed) == 6


def test_the_guide_lists_the_columns_of_a_row() -> None:
    listed = [re.findall(r"`(\w+)`", row[0]) for row in GUIDE.table("What a row holds")]

    columns = {name for names in listed for name in names}
    assert columns == {field.name for field in Session._meta.fields}


def test_the_guide_says_what_the_seals_cover() -> None:
    said = GUIDE.part("Seals").split("No code covers")[0]

    sealed = {"handle", "secret_hash", "user_id", "authenticated_at", "auth_tag", "payload"}
    assert set(Sealed.__annotations__) == sealed
    for words in ("handle", "digest of the secret", "user", "`authenticated_at`", "`auth_tag`"):
        assert words in said
    assert "the handle, the user and the payload" in " ".join(said.split())


def test_the_guide_lists_what_the_history_holds() -> None:
    listed = [code(row[0]) for row in GUIDE.table("The history")]

    assert listed == SessionEvent.Kind.values
    for field in SessionEvent._meta.fields:
        assert field.name == "id" or f"`{field.name}`" in GUIDE.part("The history")


def test_the_guide_names_the_tables() -> None:
    for model in (Session, SessionEvent, SessionOwner):
        assert f"`{model._meta.db_table}`" in GUIDE.part("Databases")


PUBLIC = {
    "jenk.middleware": [
        "SessionMiddleware",
        "SessionManagementMiddleware",
        "SessionExpiryMiddleware",
    ],
    "jenk.decorators": [
        "session_required",
        "session_required_ajax",
        "public",
        "passive",
        "get_session_user",
    ],
    "jenk.mixins": ["SessionRequiredMixin"],
    "jenk.context_processors": ["session"],
    "jenk.exceptions": ["SessionLimitReached"],
    "jenk.lifecycle": [
        *("sessions_of", "end", "end_others", "end_all", "end_everyone", "rotate"),
        *("asessions_of", "aend", "aend_others", "aend_all", "aend_everyone", "arotate"),
    ],
    "jenk.models": ["Session", "SessionEvent"],
    "jenk.signals": ["session_started", "session_rotated", "session_ended", "session_refused"],
    "jenk.testing": ["sign_in", "age", "expire", "asign_in", "aage", "aexpire"],
    "jenk.views.auth": ["LoginView", "LogoutView"],
    "jenk.reasons": ["Reason"],
    "jenk.snapshot": ["Role"],
}


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module, names in PUBLIC.items() for name in names]
)
def test_what_is_public_exists_and_is_documented(module: str, name: str) -> None:
    assert hasattr(import_module(module), name)
    assert re.search(rf"\b{name}\b", GUIDE.text)


def test_every_decorator_is_documented() -> None:
    assert sorted(decorators.__all__) == sorted(PUBLIC["jenk.decorators"])


@pytest.mark.parametrize("tag", sorted(register.tags))
def test_every_template_tag_is_documented(tag: str) -> None:
    assert f"{{% {tag} %}}" in GUIDE.text


@every_document
def test_every_dotted_path_of_jenk_exists(doc: Document) -> None:
    for path in set(re.findall(r"(?<![./\w])jenk(?:\.[A-Za-z_]\w*)+", doc.text)):
        assert re.fullmatch(r"jenk\.[EWI]\d{3}", path) or exists(path), path


def exists(path: str) -> bool:
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            if not hasattr(found, name):
                return False
            found = getattr(found, name)
        return True
    return False


def test_what_is_not_there_yet_is_not_advertised() -> None:
    absent = [
        name
        for name, value in vars(lifecycle).items()
        if inspect.isfunction(value) and str(value.__annotations__.get("return")) == "Never"
    ]

    for name in (*absent, "fresh_session_required", "jenk.backends.redis", "jenk.urls"):
        assert not re.search(rf"(?<![\w.]){re.escape(name)}\(|jenk\.{name}", BOTH), name


@every_document
def test_every_target_of_make_exists(doc: Document) -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`|=\S+ )make (\w+)", doc.text, re.MULTILINE))

    assert named - targets == set()


def test_the_readme_names_both_commands() -> None:
    assert {"make demo", "make test"} <= {
        block.text.strip() for block in README.blocks if block.language == "bash"
    }


def test_the_readme_says_where_every_file_is() -> None:
    rows = {code(row[0]): row[1] for row in README.table("Where things are")}

    assert list(rows) == [
        "jenk/settings.py",
        "website/views.py",
        "jenk/middleware.py",
        "jenk/decorators.py",
        "SESSION_MANAGEMENT_GUIDE.md",
        "EXAMPLES_SESSION_USAGE.py",
    ]
    assert all(Path(ROOT, link[link.index("(") + 1 : -1]).exists() for link in rows.values())


def test_supported_versions_are_those_of_the_package() -> None:
    classifiers = (ROOT / "pyproject.toml").read_text()
    pythons = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', classifiers)
    djangos = re.findall(r'"Framework :: Django :: (\d\.\d)"', classifiers)

    assert f"Python {' and '.join(pythons)}." in README.text
    assert f"Django {', '.join(djangos[:-1])} and {djangos[-1]}." in README.text


def test_the_environment_variables_of_the_example_site_are_read() -> None:
    files = ("settings.py", "environment.py")
    site = "".join((ROOT / "website" / file).read_text() for file in files)
    named = set(re.findall(r"(?:^|`)([A-Z_]+)=\S+ make", BOTH, re.MULTILINE))

    assert named
    assert {name for name in named if f'"{name}"' not in site} == set()
