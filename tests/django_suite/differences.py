"""Where jenk differs from Django on purpose, so that a test of Django's fails."""

from __future__ import annotations

from dataclasses import dataclass

SESSIONS = "tests.django_suite.sessions"
LOGIN = "auth_tests.test_views.LoginTest"
LOGIN_REQUIRED = "auth_tests.test_middleware.TestLoginRequiredMiddleware"
MIDDLEWARE = f"{SESSIONS}.MiddlewareTests"


@dataclass(frozen=True, kw_only=True)
class Difference:
    reason: str
    #: What the failing test says, so that it may not fail in another way.
    error: str
    tests: tuple[str, ...]
    #: The first Django that has the tests.
    since: tuple[int, int] = (5, 2)
    #: It takes all three middleware.
    all_middleware: bool = False

    def applies(self, version: tuple[int, int], *, all_middleware: bool) -> bool:
        return version >= self.since and (all_middleware or not self.all_middleware)


DIFFERENCES = (
    Difference(
        reason="What a row shows is its handle; the key is not stored.",
        error=" != ",
        tests=(
            f"{SESSIONS}.DatabaseTests.test_session_str",
            f"{SESSIONS}.DatabaseWithTimeZoneTests.test_session_str",
        ),
    ),
    Difference(
        reason="The cookie is sent when its value or its age changes, not with every response.",
        error="'sessionid' not found in <SimpleCookie: >",
        tests=(
            f"{MIDDLEWARE}.test_save_every_request_with_non_empty_session_renews_session_cookie",
        ),
    ),
    Difference(
        reason="A session that ends while a request runs is no error.",
        error="SessionInterrupted not raised",
        tests=(f"{MIDDLEWARE}.test_session_update_error_redirect",),
    ),
    Difference(
        reason="The key is a new one after every sign-in, that of the same user too.",
        error=" != ",
        tests=(f"{LOGIN}.test_session_key_flushed_on_login_after_password_change",),
    ),
    Difference(
        reason="With a new SECRET_KEY the session is sealed anew in place, under the key it has.",
        error=" == ",
        tests=(
            "auth_tests.test_basic.TestGetUser.test_get_user_fallback_secret",
            "auth_tests.test_basic.TestGetUser.test_aget_user_fallback_secret",
        ),
    ),
    Difference(
        reason="The tables are made for another AUTH_USER_MODEL, whose primary key is a number.",
        error="Python int too large to convert to SQLite INTEGER",
        tests=(
            "auth_tests.test_auth_backends.UUIDUserTests.test_login",
            "auth_tests.test_auth_backends.UUIDUserTests.test_alogin",
            "auth_tests.test_views.UUIDUserTests.test_admin_password_change",
        ),
    ),
    Difference(
        reason="One statement reads the session and its user, before the view.",
        error="1 queries executed",
        tests=(
            f"{LOGIN_REQUIRED}.test_public_view_logged_in_performance",
            f"{LOGIN_REQUIRED}.test_protected_view_logged_in_performance",
        ),
        since=(6, 0),
        all_middleware=True,
    ),
)


def expected(version: tuple[int, int], *, all_middleware: bool) -> dict[str, Difference]:
    """Return the tests that have to fail, by name."""
    return {
        test: difference
        for difference in DIFFERENCES
        if difference.applies(version, all_middleware=all_middleware)
        for test in difference.tests
    }
