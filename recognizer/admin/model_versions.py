"""Admin page of model versions."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin

from recognizer.admin.base import EvidenceAdmin, render_badge
from recognizer.figures.model_card import card_figures, headline
from recognizer.models import ModelVersion

FIGURES = ("correct", "sure_but_wrong", "on_paper", "whole_numbers")  # columns of the list


@admin.register(ModelVersion)
class ModelVersionAdmin(EvidenceAdmin):
    """Admin of model versions, with the figures of the card and the comparison instead of their JSON."""

    list_display = ["version", "state_badge", *FIGURES, "activated_at"]
    list_filter = ["state", "shipped"]
    ordering = ["-created_at"]
    search_fields = ["version", "digest"]
    fields = ["version", "state", "shipped", "title", "note", "activated_at", "digest", "folder"]
    related_lists: ClassVar[Mapping[str, str]] = {"prediction": "model__id__exact"}
    change_form_template = "admin/recognizer/modelversion/change_form.html"

    def page_context(self, obj: ModelVersion) -> dict[str, Any]:
        return {"figures": card_figures(obj.card)}

    @admin.display(description="state", ordering="state")
    def state_badge(self, version: ModelVersion) -> str:
        return render_badge("read" if version.state == ModelVersion.State.ACTIVE else "", version.get_state_display())

    @admin.display(description="MNIST test digits correct")
    def correct(self, version: ModelVersion) -> str:
        return headline(version.card, "metrics test accuracy")

    @admin.display(description="sure but wrong")
    def sure_but_wrong(self, version: ModelVersion) -> str:
        return headline(version.card, "metrics read as png sure but wrong")

    @admin.display(description="correct on photographed paper")
    def on_paper(self, version: ModelVersion) -> str:
        return headline(version.card, "metrics robustness on paper")

    @admin.display(description="whole numbers correct")
    def whole_numbers(self, version: ModelVersion) -> str:
        return headline(version.card, "metrics numbers by gap any paper usual")
