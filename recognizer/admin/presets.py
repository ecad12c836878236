"""Admin pages of presets."""

from django.contrib import admin

from recognizer.admin.base import EvidenceAdmin
from recognizer.models import Preset
from recognizer.words.expectations import describe_expectation


@admin.register(Preset)
class PresetAdmin(EvidenceAdmin):
    list_display = ["name", "owner", "mode", "created_at", "updated_at"]
    list_filter = ["mode"]
    list_select_related = ["owner"]
    ordering = ["-created_at"]
    date_hierarchy = "created_at"
    search_fields = ["name", "owner__username"]
    exclude = ["expectation"]
    readonly_fields = ["expectation_in_words"]

    @admin.display(description="expectation")
    def expectation_in_words(self, preset: Preset) -> str:
        return ", ".join(describe_expectation(preset.expectation)) or "nothing"
