"""Users in Django's admin, with their role and status."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from website.models import User


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    list_display = ("username", "email", "first_name", "last_name", "role", "status", "is_active")
    list_filter = (*UserAdmin.list_filter, "role", "status")
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Example site", {"fields": ("role", "status")}))
    add_fieldsets = (
        *UserAdmin.add_fieldsets,
        ("Example site", {"classes": ("wide",), "fields": ("role", "status")}),
    )
