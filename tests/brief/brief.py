"""What the brief says, word for word, for the tests to run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

SETTINGS: dict[str, Any] = {
    "SESSION_ENGINE": "django.contrib.sessions.backends.db",
    "SESSION_COOKIE_AGE": 1209600,
    "SESSION_SAVE_EVERY_REQUEST": True,
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
}

KEYS = [
    "user",
    "user_id",
    "user_email",
    "user_name",
    "user_role",
    "user_status",
    "login_time",
    "last_activity",
]

#: "Added custom middleware to MIDDLEWARE list": Django's own list with two lines more.
AS_IN_THE_BRIEF = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "jenk.middleware.SessionManagementMiddleware",
    "jenk.middleware.SessionExpiryMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

#: The same with jenk's SessionMiddleware in the place of Django's.
AS_IN_THE_GUIDE = [line.replace("django.contrib.sessions.", "jenk.") for line in AS_IN_THE_BRIEF]

#: The list that `startproject` writes.
WITHOUT_JENK = [line for line in AS_IN_THE_BRIEF if not line.startswith("jenk")]

ORDERS = {"as in the guide": AS_IN_THE_GUIDE, "as in the brief": AS_IN_THE_BRIEF}

PROTECTED_VIEW = """\
from jenk.decorators import session_required, get_session_user

@session_required
def my_view(request):
    user_data = get_session_user(request)
    return render(request, 'template.html', {'user': user_data})
"""

TEMPLATE = """\
{% if request.session.user %}
    Welcome, {{ request.session.user_name }}!
{% else %}
    <a href="/login">Login</a>
{% endif %}
"""

#: The brief leaves the two branches empty but for a comment, which is no Python yet.
MANUAL_CHECK = """\
if request.session.get('user'):
    # User is logged in
    answer = "logged in"
else:
    # User is not logged in
    answer = "not logged in"
"""

#: Where the shell session's model is, for each engine.
SHELL_MODULES = {
    "django.contrib.sessions.backends.db": "django.contrib.sessions.models",
    "jenk.backends.db": "jenk.models",
}

SHELL_SESSION = """\
# In Django shell: python manage.py shell
from django.contrib.sessions.models import Session
from django.utils import timezone

# View all active sessions
Session.objects.filter(expire_date__gt=timezone.now())

# Check session data
session = Session.objects.get(pk='session_key')
session.get_decoded()  # View session contents
"""

NOON = datetime(2026, 1, 25, 12, tzinfo=UTC)
A_SECOND = timedelta(seconds=1)
A_DAY = timedelta(days=1)
FOURTEEN_DAYS = timedelta(days=14)


def carol(
    pk: int, *, login_time: datetime = NOON, last_activity: datetime = NOON
) -> dict[str, Any]:
    """Return the eight facts about the user of the fixture `carol`."""
    return {
        "user": "carol",
        "user_id": pk,
        "user_email": "carol@example.com",
        "user_name": "Carol Example",
        "user_role": 2,
        "user_status": 1,
        "login_time": written(login_time),
        "last_activity": written(last_activity),
    }


def written(instant: datetime) -> str:
    """Return an instant as the session keeps it."""
    return instant.isoformat(timespec="microseconds")
