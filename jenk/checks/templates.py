"""What templates need to know of the session."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage
from django.template import engines
from django.template.backends.django import DjangoTemplates

from jenk.checks.problems import Problem, attempt, one_of

REQUEST_PROCESSOR = "django.template.context_processors.request"


def check_templates(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check that templates get the request, which `request.session` and jenk's tags need."""
    found, _ = attempt(engines.all)
    mine = [one.engine for one in found or () if isinstance(one, DjangoTemplates)]
    if not mine or any(REQUEST_PROCESSOR in one.context_processors for one in mine):
        return []
    message = (
        "TEMPLATES gives templates no request: {{ request.session.user }} is empty there, and "
        "jenk's template tags fail."
    )
    hint = f"'context_processors': [{one_of([REQUEST_PROCESSOR, *mine[0].context_processors])}]"
    return [Problem.NO_REQUEST_IN_TEMPLATES.report(message, hint)]
