"""A template loader for projects without templates of their own."""

from __future__ import annotations

from pathlib import Path

from django.template.loaders import app_directories


class Loader(app_directories.Loader):
    """Templates of the installed apps, but not of the example site."""

    def get_dirs(self) -> tuple[Path | str, ...]:
        return tuple(path for path in super().get_dirs() if Path(path).parent.name != "website")
