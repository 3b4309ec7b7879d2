"""Sign in and out, on Django's own views."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import views as django_auth
from django.shortcuts import resolve_url
from django.utils.decorators import method_decorator
from django.views.decorators.clickjacking import xframe_options_deny


@method_decorator(xframe_options_deny, name="dispatch")
class LoginView(django_auth.LoginView):
    """Sign in by username and password.

    Every failure gives the same answer (OWASP ASVS 5.0 6.3.8). The session gets a new key at each
    sign-in, whoever was signed in before. The page may not be framed.
    """

    template_name = "jenk/login.html"


class LogoutView(django_auth.LogoutView):
    """Sign out, by POST only, and end the session."""

    template_name = "jenk/signed_out.html"
    http_method_names = ["post", "options"]  # noqa: RUF012 - as Django annotates it

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(login_url=resolve_url(settings.LOGIN_URL), **kwargs)
