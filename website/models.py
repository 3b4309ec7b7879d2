"""A user model with a role and a status, as many projects have one."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models


class Role(models.IntegerChoices):
    MEMBER = 1, "member"
    MANAGER = 2, "manager"
    ADMINISTRATOR = 3, "administrator"


class Status(models.IntegerChoices):
    INACTIVE = 0, "inactive"
    ACTIVE = 1, "active"


class PeopleManager(UserManager["User"]):
    """Django's manager, with superusers as administrators."""

    def create_superuser(
        self,
        username: str,
        email: str | None = None,
        password: str | None = None,
        **extra_fields: Any,
    ) -> User:
        extra_fields.setdefault("role", Role.ADMINISTRATOR)
        return super().create_superuser(username, email, password, **extra_fields)

    async def acreate_superuser(
        self,
        username: str,
        email: str | None = None,
        password: str | None = None,
        **extra_fields: Any,
    ) -> User:
        extra_fields.setdefault("role", Role.ADMINISTRATOR)
        return await super().acreate_superuser(username, email, password, **extra_fields)


class User(AbstractUser):
    """jenk copies `role` and `status` into the session because the model has them."""

    role = models.PositiveSmallIntegerField(choices=Role, default=Role.MEMBER)
    status = models.PositiveSmallIntegerField(choices=Status, default=Status.ACTIVE)

    objects: ClassVar[PeopleManager] = PeopleManager()
