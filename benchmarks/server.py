"""What gunicorn and uvicorn serve: the contestant that JENK_BENCH names, in JSON."""

from __future__ import annotations

import json
import os
from typing import Any

from benchmarks.worker import configure


def application_of(contestant: str, database: dict[str, Any], redis: str, mode: str) -> Any:
    configure(contestant, database, redis)
    from django.core.asgi import get_asgi_application
    from django.core.wsgi import get_wsgi_application

    return get_asgi_application() if mode == "asgi" else get_wsgi_application()


application = application_of(**json.loads(os.environ["JENK_BENCH"]))
