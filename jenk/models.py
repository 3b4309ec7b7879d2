"""The tables of `jenk.backends.db`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import models
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from jenk import keys, payload, seals

if TYPE_CHECKING:
    _CharField = models.CharField[str, str]
else:
    _CharField = models.CharField

#: Names under which a session may be asked for by its key or by its handle.
KEY_NAMES = ("pk", "handle", "session_key")


def by_handle(lookups: dict[str, Any]) -> dict[str, Any]:
    """Return lookups in which a session key is the handle and the digest that a row has of it."""
    found = dict(lookups)
    for name in KEY_NAMES:
        if name not in found:
            continue
        value = found.pop(name)
        parts = keys.split(value) if isinstance(value, str) else None
        found["handle"] = parts[0] if parts else value
        if parts:
            found["secret_hash"] = seals.digest(parts[1])
    return found


class HandleField(_CharField):
    """A handle: always of one length, so PostgreSQL needs no second index to search within it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": keys.HANDLE_LENGTH} | kwargs)

    def db_type(self, connection: Any) -> str | None:
        if connection.vendor == "postgresql":  # pragma: no cover - needs a server
            return f"char({self.max_length})"
        return super().db_type(connection)


class SessionQuerySet(models.QuerySet["Session"]):
    """Sessions, which a key finds as well as a handle does."""

    def filter(self, *args: Any, **kwargs: Any) -> SessionQuerySet:
        return super().filter(*args, **by_handle(kwargs))

    def exclude(self, *args: Any, **kwargs: Any) -> SessionQuerySet:
        return super().exclude(*args, **by_handle(kwargs))


class SessionManager(models.Manager["Session"]):
    """The sessions that have not been ended."""

    def get_queryset(self) -> SessionQuerySet:
        return SessionQuerySet(self.model, using=self._db).filter(ended_at=None)

    def encode(self, session_dict: dict[str, Any]) -> str:
        """Return data as a row's payload."""
        return payload.packed(session_dict, import_string(settings.SESSION_SERIALIZER))

    def save(
        self, session_key: str, session_dict: dict[str, Any], expire_date: datetime
    ) -> Session:
        """Replace what a session holds; its user stays.

        Raises:
            Session.DoesNotExist: there is no such session.
        """
        row = self.get(**by_handle({"session_key": session_key}))
        row.payload, row.expire_date = self.encode(session_dict), expire_date
        row.payload_mac = row.sealed_payload()
        row.version += 1
        row.save(update_fields=["payload", "payload_mac", "expire_date", "version"])
        return row


class EverySessionManager(models.Manager["Session"]):
    """The sessions, and what is kept of those that were ended."""

    def get_queryset(self) -> SessionQuerySet:
        return SessionQuerySet(self.model, using=self._db)


class Session(models.Model):
    """One browser's continuing visit.

    `handle` may be shown. The cookie holds it with a secret, of which the row keeps a digest.
    """

    handle = HandleField(_("handle"), primary_key=True)
    secret_hash = models.CharField(max_length=seals.LENGTH, editable=False)
    previous_secret_hash = models.CharField(
        max_length=seals.LENGTH, blank=True, default="", editable=False
    )
    rotated_at = models.DateTimeField(_("key renewed"), null=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        # Ended by a receiver; a constraint would have ending a session lock the user's row.
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
        verbose_name=_("user"),
    )
    authenticated_at = models.DateTimeField(_("signed in"), null=True)
    auth_tag = models.CharField(max_length=seals.LENGTH, blank=True, default="", editable=False)
    created_at = models.DateTimeField(_("created"))
    last_activity = models.DateTimeField(_("last active"))
    expire_date = models.DateTimeField(_("expires"), db_index=True)
    address = models.GenericIPAddressField(_("address"), null=True)
    user_agent = models.CharField(_("browser"), max_length=256, blank=True, default="")
    payload = models.TextField(blank=True, default="", editable=False)
    payload_mac = models.CharField(max_length=seals.LENGTH, blank=True, default="", editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    seal = models.CharField(max_length=seals.LENGTH, blank=True, default="", editable=False)
    expiry = models.CharField(max_length=40, null=True, editable=False)  # noqa: DJ001 - as set_expiry()
    ended_at = models.DateTimeField(_("ended"), null=True)
    end_reason = models.CharField(_("reason"), max_length=20, blank=True, default="")
    ended_by = models.CharField(_("ended by"), max_length=255, blank=True, default="")
    operation = models.CharField(max_length=keys.HANDLE_LENGTH, blank=True, default="")

    objects = SessionManager()
    everything = EverySessionManager()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        indexes = (models.Index(fields=["user", "ended_at"], name="jenk_session_user"),)

    def __str__(self) -> str:
        return self.handle

    @property
    def session_key(self) -> str:
        """What of the key may be known: the handle, under which `objects` finds the session."""
        return self.handle

    def sealed_payload(self) -> str:
        """Return the authentication code that goes with the row's payload."""
        return seals.code(seals.PAYLOAD, seals.payload_message(self))

    def get_decoded(self) -> dict[str, Any]:
        """Return what the session holds; in a signed-in session with the facts about its user."""
        data: dict[str, Any] = self.get_session_store_class()().decoded(self)
        return data

    @classmethod
    def get_session_store_class(cls) -> Any:
        """Return the engine that keeps its sessions here."""
        store: type[SessionBase] = import_string("jenk.backends.db.SessionStore")
        return store


class SessionEvent(models.Model):
    """What happened to a session, kept longer than the session."""

    class Kind(models.TextChoices):
        STARTED = "started", _("started")
        ROTATED = "rotated", _("key renewed")
        ENDED = "ended", _("ended")
        REFUSED = "refused", _("refused")
        REAUTHENTICATED = "reauthenticated", _("signed in again")

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(_("time"), db_index=True)
    kind = models.CharField(_("event"), max_length=16, choices=Kind)
    handle = HandleField(_("session"), db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
        verbose_name=_("user"),
    )
    reason = models.CharField(_("reason"), max_length=20, blank=True, default="")
    actor = models.CharField(_("by"), max_length=255, blank=True, default="")
    address = models.GenericIPAddressField(_("address"), null=True)

    class Meta:
        verbose_name = _("session event")
        verbose_name_plural = _("session events")
        indexes = (models.Index(fields=["user", "at"], name="jenk_event_user"),)

    def __str__(self) -> str:
        return f"{self.handle} {self.kind}"


class SessionOwner(models.Model):
    """One row for each user: what parallel sign-ins of theirs wait for."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        primary_key=True,
        related_name="+",
    )
    locked_at = models.DateTimeField(null=True)
    valid_after = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.pk)
