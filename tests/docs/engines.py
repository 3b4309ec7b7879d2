"""Marks for what the documents say of one engine alone."""

from __future__ import annotations

import pytest

from tests.docs.conftest import DJANGOS, JENKS

on_jenks = pytest.mark.parametrize("engine", [JENKS], ids=["jenk's"], indirect=True)
on_djangos = pytest.mark.parametrize("engine", [DJANGOS], ids=["Django's"], indirect=True)
