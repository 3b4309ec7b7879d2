"""A project that signs people in with django-allauth, whose templates it leaves alone."""

from __future__ import annotations

from website.settings import *  # noqa: F403
from website.settings import INSTALLED_APPS, MIDDLEWARE, TEMPLATES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast, and of no worth
INSTALLED_APPS = [*INSTALLED_APPS, "allauth", "allauth.account"]
MIDDLEWARE = [*MIDDLEWARE, "allauth.account.middleware.AccountMiddleware"]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]

# allauth's templates and the admin's, rather than the example site's.
TEMPLATES[0]["APP_DIRS"] = False
TEMPLATES[0]["OPTIONS"]["loaders"] = ["tests.sites.loaders.Loader"]

ROOT_URLCONF = "tests.sites.allauth_urls"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/me"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_EMAIL_VERIFICATION = "none"
JENK_REASON_MESSAGE = True
