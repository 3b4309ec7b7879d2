"""The browser that the tests and `make screens` drive, and how it is started."""

from __future__ import annotations

import shutil

ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find() -> str | None:
    """Return the path of Chromium, or None on a machine that has none."""
    names = ("chromium", "chromium-browser")
    found = (shutil.which(name, path=path) for path in (None, "/usr/bin") for name in names)
    return next(filter(None, found), None)
