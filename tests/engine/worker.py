"""A worker process of a site: waits for a line, then writes to one session again and again.

python -m tests.engine.worker <name of the database> <key> <name of the worker> <how often>
"""

from __future__ import annotations

import sys

import django
from django.conf import settings


def main() -> None:
    database, key, name, times = sys.argv[1:]
    settings.DATABASES["default"]["NAME"] = database
    django.setup()
    from tests.engine.hands import opened  # noqa: PLC0415 - needs the settings

    opened(key)
    print("ready", flush=True)  # noqa: T201 - to whoever waits for it
    sys.stdin.readline()
    for turn in range(int(times)):
        opened(key).put(**{f"{name}-{turn}": turn}).save()


if __name__ == "__main__":
    main()
