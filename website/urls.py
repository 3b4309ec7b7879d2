"""The example site's addresses."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.contrib.staticfiles.views import serve
from django.urls import path

from website import views

urlpatterns = [
    path("", views.index, name="index"),
    path("login", views.login, name="login"),
    path("logout", views.logout, name="logout"),
    path("dashboard/", views.dashboard, name="dashboard"),
    path("managers/", views.managers, name="managers"),
    path("ajax/", views.ajax, name="ajax"),
    path("api/me", views.api_me, name="api-me"),
    path("admin/", admin.site.urls),
    # Served by Django without DEBUG too, so that the example needs no second server.
    path(f"{settings.STATIC_URL.strip('/')}/<path:path>", serve, {"insecure": True}),
]
