"""User models of the kinds that projects have."""

from __future__ import annotations

import uuid
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class Level(Enum):
    """A role that no database knows."""

    LOW = Decimal("1.5")
    HIGH = "high"


class State(models.TextChoices):
    ON = "on", _("switched on")
    OFF = "off", _("switched off")


class Grade(models.Model):
    """A role that is a row."""

    code = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=20, default="grade")

    class Meta:
        app_label = "accounts"

    def __str__(self) -> str:
        return self.name


class Person(AbstractBaseUser):
    """A user by name, without a name to call, e-mail, role or status."""

    username = models.CharField(max_length=50, unique=True)
    is_active = models.BooleanField(default=True)

    objects: ClassVar[Any] = BaseUserManager()
    USERNAME_FIELD = "username"

    class Meta:
        abstract = True


class BareUser(Person):
    class Meta:
        app_label = "accounts"


class UuidUser(Person):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)

    class Meta:
        app_label = "accounts"


class TextUser(Person):
    code = models.CharField(primary_key=True, max_length=20)

    class Meta:
        app_label = "accounts"


class EmailUser(AbstractBaseUser):
    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)

    objects: ClassVar[Any] = BaseUserManager()
    USERNAME_FIELD = "email"

    class Meta:
        app_label = "accounts"


class Rank(models.Model):
    """A role that is a row, and goes by another column than its key."""

    name = models.CharField(max_length=20, unique=True)

    class Meta:
        app_label = "accounts"

    def __str__(self) -> str:
        return self.name


class RankedUser(Person):
    """A role that is stored by name. No e-mail address, and the model says so."""

    role = models.ForeignKey(Rank, models.CASCADE, to_field="name", null=True, related_name="+")

    EMAIL_FIELD: ClassVar[Any] = None

    class Meta:
        app_label = "accounts"


class GradedUser(Person):
    """A role and a status in other tables."""

    role = models.ForeignKey(Grade, models.CASCADE, null=True, related_name="+")
    status = models.OneToOneField(Grade, models.CASCADE, null=True, related_name="+")

    class Meta:
        app_label = "accounts"


class ComputedUser(Person):
    """A role and a status that are worked out."""

    state = models.CharField(max_length=3, choices=State, default=State.ON)

    class Meta:
        app_label = "accounts"

    @property
    def role(self) -> Level:
        return Level.HIGH

    @property
    def status(self) -> State:
        return State(self.state)


class AskingUser(Person):
    """A role that takes a look into the database."""

    class Meta:
        app_label = "accounts"

    @property
    def role(self) -> int:
        return Grade.objects.count()


class ManyUser(Person):
    """Relations by the names of the two facts, that hold no one value."""

    role = models.ManyToManyField(Grade, related_name="+")

    class Meta:
        app_label = "accounts"


class Status(models.Model):
    """What another table says of a user, if anything."""

    user = models.ForeignKey(ManyUser, models.CASCADE, related_name="status")

    class Meta:
        app_label = "accounts"

    def __str__(self) -> str:
        return f"status of {self.user_id}"


class StockUser(AbstractUser):
    """Django's own user, as far as jenk looks."""

    groups = None
    user_permissions = None

    class Meta:
        app_label = "accounts"


def grade(user: Any) -> str:
    """Return a role for `JENK_SNAPSHOT`."""
    return f"grade of {user.get_username()}"


def asking(user: Any) -> int:
    """Return a role for `JENK_SNAPSHOT`, from the database."""
    return Grade.objects.count()
