"""Wiring: connect the receivers, register the checks."""

from __future__ import annotations

import logging

from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class JenkConfig(AppConfig):
    name = "jenk"
    verbose_name = _("Sessions")

    def ready(self) -> None:
        # What these import needs the models of every app to be there.
        from django.contrib.auth.signals import user_logged_in, user_logged_out  # noqa: PLC0415
        from django.db.models.signals import post_delete, post_save  # noqa: PLC0415

        from jenk import checks, receivers, redaction  # noqa: PLC0415

        user_logged_in.connect(receivers.on_signed_in, dispatch_uid="jenk.signed_in")
        user_logged_out.connect(receivers.on_signed_out, dispatch_uid="jenk.signed_out")
        user = settings.AUTH_USER_MODEL
        post_save.connect(receivers.on_user_saved, sender=user, dispatch_uid="jenk.user_saved")
        post_delete.connect(receivers.on_user_deleted, sender=user, dispatch_uid="jenk.user_gone")
        logging.getLogger("django.contrib.sessions").addFilter(redaction.WithoutFrames())
        checks.register()
