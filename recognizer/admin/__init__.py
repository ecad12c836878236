"""The Django admin. Evidence is read-only."""

from django.contrib import admin

from recognizer.admin import access, evidence, glyphs, model_versions, notices, presets, quality, work

__all__ = ["access", "evidence", "glyphs", "model_versions", "notices", "presets", "quality", "work"]

admin.site.site_header = admin.site.site_title = "Digitscribe"
