"""A slow way to the site: a request that asks for it is held before anything looks at it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest


def hold(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    def held(request: HttpRequest) -> Any:
        time.sleep(min(float(request.GET.get("hold", 0)), 10))
        return get_response(request)

    return held
