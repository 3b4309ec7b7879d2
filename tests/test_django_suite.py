"""The run of Django's own tests fails where a listed test passes, or fails in another way."""

from __future__ import annotations

import io
import unittest
from collections.abc import Callable

import pytest

from tests.django_suite import differences, runner
from tests.django_suite.differences import Difference

LISTED = Difference(reason="Because.", error="the key is", tests=("body",))


@pytest.fixture(autouse=True)
def listed(monkeypatch):
    monkeypatch.setattr(differences, "DIFFERENCES", [LISTED])


def stands(body: Callable[[], None]) -> bool:
    """Tell whether a run stands in which the listed test does this."""
    suite = unittest.TestSuite([unittest.FunctionTestCase(body)])
    assert runner.expect_failures(suite) == []
    run = unittest.TextTestRunner(stream=io.StringIO(), resultclass=runner.Result).run(suite)
    return run.wasSuccessful()


def test_a_listed_test_may_fail():
    def body():
        raise AssertionError("the key is another")

    assert stands(body)


def test_a_listed_test_may_not_pass():
    def body():
        pass

    assert not stands(body)


def test_a_listed_test_may_not_fail_in_another_way():
    def body():
        raise AssertionError("the name is another")

    assert not stands(body)


def test_a_listed_test_that_is_not_there_is_named():
    assert runner.expect_failures(unittest.TestSuite()) == ["body"]


def test_a_test_of_a_later_django_is_not_awaited(monkeypatch):
    later = Difference(reason="Because.", error="", tests=("body",), since=(99, 0))
    monkeypatch.setattr(differences, "DIFFERENCES", [later])
    assert runner.expect_failures(unittest.TestSuite()) == []


def test_what_all_three_middleware_change_is_awaited_with_them_alone():
    one = Difference(reason="Because.", error="", tests=("body",), all_middleware=True)
    awaited = [one.applies((6, 1), all_middleware=three) for three in (True, False)]
    assert awaited == [True, False]


def test_jenks_middleware_take_the_place_of_djangos():
    found = runner.with_jenks([runner.DJANGOS, runner.AUTHENTICATION, "other"], all_three=True)
    assert found == [runner.SESSION, runner.AUTHENTICATION, *runner.OTHERS, "other"]
