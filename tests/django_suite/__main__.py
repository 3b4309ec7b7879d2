"""Run Django's own tests on jenk's engine, in one of two configurations.

    python -m tests.django_suite SOURCE session    jenk's SessionMiddleware in Django's place
    python -m tests.django_suite SOURCE all        all three of jenk's middleware

SOURCE is the folder of Django's source, of the version that is installed. `make django-tests`
fetches it. Names of tests may follow: `auth_tests.test_views.LoginTest`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.django_suite.runner import SUITES, with_jenks


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.django_suite")
    parser.add_argument("source", type=Path)
    parser.add_argument("middleware", choices=["session", "all"])
    parser.add_argument("tests", nargs="*", metavar="test")
    return parser.parse_args()


def run(tests: list[str], *, all_three: bool) -> int:
    """Run the tests as Django's runtests.py does; return how many have failed."""
    runtests: Any = import_module("runtests")  # which also sets Django's filters of warnings
    runtests.ALWAYS_INSTALLED_APPS += ["jenk", "sessions_tests"]
    runtests.ALWAYS_MIDDLEWARE = with_jenks(runtests.ALWAYS_MIDDLEWARE, all_three=all_three)
    failures: int = runtests.django_tests(
        verbosity=1,
        interactive=False,
        failfast=False,
        keepdb=False,
        reverse=False,
        test_labels=tests,
        debug_sql=False,
        parallel=1,
        tags=None,
        exclude_tags=None,
        test_name_patterns=None,
        start_at=None,
        start_after=None,
        pdb=False,
        buffer=True,
        timing=False,
        shuffle=False,
    )
    return failures


def main() -> None:
    arguments = parse()
    sys.path.insert(0, str(arguments.source.resolve() / "tests"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.django_suite.settings"
    with tempfile.TemporaryDirectory(prefix="jenk_django_") as folder:
        os.environ["TMPDIR"] = tempfile.tempdir = folder  # as Django's tests expect it
        failures = run(arguments.tests or SUITES, all_three=arguments.middleware == "all")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
