"""What templates see, and jenk's own."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.shortcuts import render
from django.template import Context, Template
from django.test import RequestFactory, override_settings
from django.urls import NoReverseMatch

from jenk.context_processors import session
from jenk.reasons import REFUSALS_ONLY, Reason
from jenk.wording import MESSAGES, EndReason
from tests.browsers import Browser

pytestmark = pytest.mark.django_db


def html(response: Any) -> str:
    return str(response.content.decode())


def test_the_briefs_own_lines(browser: Browser, alice: Any) -> None:
    assert '<a href="/login">Login</a>' in html(browser.get("page/"))

    browser.sign_in("alice")
    page = html(browser.get("page/"))
    assert "Welcome, Alice Example!" in page
    assert "<b>alice@example.com</b>" in page


def test_the_sign_out_form_is_there_for_whoever_is_signed_in(browser: Browser, alice: Any) -> None:
    assert "<form" not in html(browser.get("page/"))

    strict = browser.another(enforce_csrf_checks=True)
    browser.sign_in("alice")
    strict.client.cookies = browser.client.cookies
    page = html(strict.get("page/"))
    token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    assert 'method="post" action="/logout"' in page
    assert strict.post("/logout", {"csrfmiddlewaretoken": token}).status_code == 200
    assert html(strict.get("page/")).count("<form") == 0


def test_any_page_can_say_the_reason(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    browser.expire()
    with override_settings(JENK_PUBLIC_VIEWS=(f"{browser.views}:page",)):
        assert 'data-reason="idle"' in html(browser.get("page/"))
        assert "data-reason" not in html(browser.get("page/"))


def test_the_context_processor(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    context = browser.get("page/").context
    assert context["session_user"]["user"] == "alice"
    assert context["session_end_reason"] is None

    browser.expire()
    context = browser.get("/login").context
    assert context["session_user"] == None  # noqa: E711 - a lazy None is equal, not identical
    assert context["session_end_reason"] == "idle"


def test_without_the_middleware_there_is_no_reason() -> None:
    assert session(RequestFactory().get("/"))["session_end_reason"] is None


def test_a_reason_is_a_string_that_reports_being_read() -> None:
    shown: list[int] = []
    reason = EndReason(Reason.IDLE, lambda: shown.append(1))

    assert isinstance(reason, str)
    assert shown == []
    assert len({reason}) == 1
    for read in (
        *(bool, str, lambda reason: reason.message),
        *(lambda reason: reason == "idle", lambda reason: reason != "absolute"),
    ):
        shown.clear()
        assert read(reason)
        assert shown


def test_every_reason_has_words() -> None:
    assert set(MESSAGES) == set(Reason)
    assert len({str(message) for message in MESSAGES.values()}) == len(Reason)
    assert REFUSALS_ONLY < set(Reason)


@pytest.mark.parametrize("tag", ["session_end_reason", "sign_out_form"])
def test_a_tag_without_the_request_says_what_is_missing(tag: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"context_processors\.request"):
        Template(f"{{% load jenk %}}{{% {tag} %}}").render(Context())


@pytest.mark.parametrize(
    ("tag", "action"),
    [("sign_out_form", "/logout"), ('sign_out_form "admin:logout"', "/admin/logout/")],
)
def test_the_sign_out_form_leads_where_it_is_told(
    rf: Any, alice: Any, tag: str, action: str
) -> None:
    request = rf.get("/")
    request.user = alice
    html = Template(f"{{% load jenk %}}{{% {tag} %}}").render(Context({"request": request}))

    assert f'action="{action}"' in html


def test_the_sign_out_form_may_lead_to_a_path_and_on(rf: Any, alice: Any) -> None:
    request = rf.get("/")
    request.user = alice
    tag = '{% load jenk %}{% sign_out_form "/bye/" next="/home/" %}'
    html = Template(tag).render(Context({"request": request}))

    assert 'action="/bye/"' in html
    assert '<input type="hidden" name="next" value="/home/">' in html


def test_a_sign_out_url_that_is_not_there_is_said_so(rf: Any, alice: Any) -> None:
    request = rf.get("/")
    request.user = alice
    with pytest.raises(NoReverseMatch, match="found no URL named 'leave'"):
        Template('{% load jenk %}{% sign_out_form "leave" %}').render(Context({"request": request}))


def test_the_page_to_sign_in_cannot_be_framed(browser: Browser) -> None:
    response = browser.get("/login")

    assert response.headers["X-Frame-Options"] == "DENY"
    assert "<script" not in html(response)
    assert "style=" not in html(response)


def test_after_signing_out_there_is_a_way_back_in(browser: Browser, alice: Any) -> None:
    browser.sign_in("alice")
    response = browser.sign_out()

    assert response.status_code == 200
    assert 'href="/login"' in html(response)


class Bouncer:
    """Answers before anybody knows who is asking, as DISALLOWED_USER_AGENTS has Django do."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        return render(request, "tests/page.html", status=403)


@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_page_in_front_of_the_middleware_has_nobody(
    browser: Browser, alice: Any, settings: Any, place: int
) -> None:
    browser.sign_in("alice")
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:place], f"{__name__}.Bouncer"]
    turned_away = browser.another()
    turned_away.client.cookies = browser.client.cookies
    response = turned_away.get("page/")

    assert response.status_code == 403
    assert "<form" not in html(response)
    assert "<b>" not in html(response)
