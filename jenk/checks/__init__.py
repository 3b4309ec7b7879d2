"""System checks: what in a project's settings would fail a request or leave sessions unprotected.

`manage.py check` runs them, `manage.py check --tag jenk` nothing else. Each problem has an id, in
`jenk.checks.problems`; the checks are in the other modules, by what they are about.
"""

from __future__ import annotations

from django.core import checks

from jenk.checks.cookies import check_cookies
from jenk.checks.deployment import check_deployment
from jenk.checks.engine import check_engine
from jenk.checks.limits import check_limits
from jenk.checks.middleware import check_middleware
from jenk.checks.templates import check_templates
from jenk.checks.values import check_values
from jenk.checks.views import check_views

TAG = "jenk"


def register() -> None:
    """Register jenk's checks."""
    for check in (
        check_middleware,
        check_engine,
        check_cookies,
        check_limits,
        check_values,
        check_views,
        check_templates,
    ):
        checks.register(check, TAG)
    checks.register(check_deployment, TAG, checks.Tags.security, deploy=True)
