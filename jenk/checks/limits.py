"""The limits of sessions: that they are possible, and that they say what they seem to."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage

from jenk import policies
from jenk.checks.problems import Problem, attempt, is_written, line, setting, shown
from jenk.conf import conf, seconds
from jenk.policies import PRESETS, Limits, Preset

STOCK_AGE = 1209600

#: Browsers keep no cookie for longer (RFC 6265bis section 5.5).
LONGEST_COOKIE = timedelta(days=400)


def check_limits(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Check SESSION_COOKIE_AGE, and the limits beside each other."""
    idle = cookie_age()
    if idle is None:
        message = (
            f"{line('SESSION_COOKIE_AGE', settings.SESSION_COOKIE_AGE)} is not a possible number "
            "of seconds, of at least 1."
        )
        hint = line("SESSION_COOKIE_AGE", likely_seconds(settings.SESSION_COOKIE_AGE))
        return [Problem.COOKIE_AGE.report(message, hint)]
    limits = policies.limits(idle, absolute(), preset=preset_name())
    return [*contradictions(limits), *loosened(idle)]


def cookie_age() -> timedelta | None:
    """Return SESSION_COOKIE_AGE as a duration, None where it cannot be one."""
    value = setting("SESSION_COOKIE_AGE")
    age = None if isinstance(value, timedelta) else duration(value)
    if age is None or age < timedelta(seconds=1):
        return None
    _, too_far = attempt(lambda: datetime.now() + age)  # noqa: DTZ005 - whether, not when
    return None if too_far else age


def duration(value: Any) -> timedelta | None:
    """Return a duration written as seconds or as a `timedelta`, None where it is neither."""
    if isinstance(value, bool) or not isinstance(value, int | float | timedelta):
        return None
    found: timedelta | None = attempt(seconds, value)[0]
    return found


def likely_seconds(value: Any) -> int:
    """Return the whole seconds that a wrong value probably meant, or Django's default."""
    meant = value.total_seconds() if isinstance(value, timedelta) else attempt(float, value)[0]
    if meant is None or isinstance(value, bool) or not math.isfinite(meant):
        return STOCK_AGE
    return int(meant) if 1 <= meant <= LONGEST_COOKIE.total_seconds() else STOCK_AGE


def absolute() -> timedelta | None:
    """Return JENK_ABSOLUTE_TIMEOUT, None where there is none or none that is possible."""
    found = duration(conf().JENK_ABSOLUTE_TIMEOUT)
    return found if found is not None and found > timedelta() else None


def preset_name() -> str | None:
    """Return JENK_PRESET if there is such a preset."""
    name = conf().JENK_PRESET
    return name if isinstance(name, str) and name in PRESETS else None


def effective() -> Limits | None:
    """Return the limits in force, None where SESSION_COOKIE_AGE is impossible."""
    idle = cookie_age()
    return None if idle is None else policies.limits(idle, absolute(), preset=preset_name())


def contradictions(limits: Limits) -> Iterator[CheckMessage]:
    idle = limits.idle or timedelta()
    written = line("SESSION_COOKIE_AGE", settings.SESSION_COOKIE_AGE)
    if idle > LONGEST_COOKIE:
        message = f"{written} is more than 400 days: browsers forget the cookie by then."
        hint = line("SESSION_COOKIE_AGE", int(LONGEST_COOKIE.total_seconds()))
        yield Problem.COOKIE_AGE_CAPPED.report(message, hint)
    if limits.absolute is not None and idle > limits.absolute:
        message = (
            f"{written} makes an idle limit of {shown(idle)}, which no session reaches: it ends "
            f"{shown(limits.absolute)} after signing in."
        )
        hint = line("SESSION_COOKIE_AGE", whole_seconds(limits.absolute))
        yield Problem.IDLE_ABOVE_ABSOLUTE.report(message, f"{hint}  # or less")
    interval = duration(conf().JENK_ACTIVITY_INTERVAL)
    if is_written("JENK_ACTIVITY_INTERVAL") and interval and interval > idle:
        acts = policies.interval(interval, idle)
        message = (
            f"{line('JENK_ACTIVITY_INTERVAL', conf().JENK_ACTIVITY_INTERVAL)} is longer than the "
            f"idle limit, {shown(idle)}. It acts as {shown(acts)}, a tenth of that."
        )
        yield Problem.INTERVAL_ABOVE_IDLE.report(message, line("JENK_ACTIVITY_INTERVAL", acts))


def loosened(idle: timedelta) -> Iterator[CheckMessage]:
    """Report limits of the project's own that are above those of its preset."""
    preset = PRESETS.get(preset_name() or "", Preset(None, None, ""))
    chosen = absolute()
    too_long = preset.idle is not None and idle.total_seconds() > preset.idle
    if too_long and is_written("SESSION_COOKIE_AGE"):
        message = (
            f"{line('SESSION_COOKIE_AGE', settings.SESSION_COOKIE_AGE)} is above the idle "
            f"limit of {line('JENK_PRESET', conf().JENK_PRESET)}, so that one is in force: "
            f"{preset.idle} seconds ({preset.clause})."
        )
        hint = line("SESSION_COOKIE_AGE", preset.idle)
        yield Problem.PRESET_IDLE_LOOSENED.report(message, hint)
    if preset.absolute and chosen and chosen.total_seconds() > preset.absolute:
        message = (
            f"{line('JENK_ABSOLUTE_TIMEOUT', conf().JENK_ABSOLUTE_TIMEOUT)} is in force, and is "
            f"longer than {line('JENK_PRESET', conf().JENK_PRESET)} allows: "
            f"{shown(timedelta(seconds=preset.absolute))} ({preset.clause})."
        )
        hint = line("JENK_ABSOLUTE_TIMEOUT", timedelta(seconds=preset.absolute))
        yield Problem.PRESET_ABSOLUTE_LOOSENED.report(message, hint)


def whole_seconds(value: timedelta) -> int:
    return max(1, int(value.total_seconds()))
