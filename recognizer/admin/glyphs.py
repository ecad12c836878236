"""Admin pages of the digits of predictions and of their feature maps."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator

from recognizer.admin.base import PictureAdmin
from recognizer.http.serving import serve_file, serve_input
from recognizer.models import FeatureMap, Glyph
from recognizer.words.answers import in_one_line, next_digit, percent


@admin.register(Glyph)
class GlyphAdmin(PictureAdmin):
    picture_name = "glyph_picture"
    owner_lookup = "prediction__owner_id"
    list_display = ["input_picture", "read_digit", "confidence_percent", "other_digit", "place", "answer", "given_at"]
    list_display_links = ["input_picture", "read_digit"]
    list_filter = ["digit"]
    fields = ("linked_picture", "digit", "confidence_percent", "other_digit", "place", "answer", "box_in_words")
    readonly_fields = [*fields]
    ordering = ["-prediction__given_at", "position"]
    related_lists: ClassVar[Mapping[str, str]] = {"featuremap": "glyph__id__exact"}
    list_select_related = ["prediction"]
    search_fields = ["prediction__owner__username"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Glyph]:
        return super().get_queryset(request).defer("input")

    @admin.display(description="confidence", ordering="confidence")
    def confidence_percent(self, glyph: Glyph) -> str:
        return percent(glyph.confidence)

    @admin.display(description="digit", ordering="digit")
    def read_digit(self, glyph: Glyph) -> str:
        return str(glyph.digit)

    @admin.display(description="next likely")
    def other_digit(self, glyph: Glyph) -> str:
        """Return the second most likely digit with its probability."""
        digit = next_digit(glyph)
        return f"{digit}, {percent(glyph.probabilities[digit])}"

    @admin.display(description="answer")
    def answer(self, glyph: Glyph) -> str:
        url = reverse("admin:recognizer_prediction_change", args=[glyph.prediction_id])
        number = Truncator(in_one_line(glyph.prediction.written)).chars(24)
        return format_html('<a href="{}">{}</a>', url, number or glyph.prediction)

    @admin.display(description="box")
    def box_in_words(self, glyph: Glyph) -> str:
        return f"{glyph.width} × {glyph.height} px at {glyph.x}, {glyph.y}"

    @admin.display(description="place in the number")
    def place(self, glyph: Glyph) -> int:
        return glyph.position + 1

    @admin.display(description="given at", ordering="prediction__given_at")
    def given_at(self, glyph: Glyph) -> datetime:
        return glyph.prediction.given_at

    @admin.display(description="picture")
    def input_picture(self, glyph: Glyph) -> str:
        return self.picture_tag(glyph.pk, str(glyph))

    def serve(self, request: HttpRequest, row: Glyph) -> HttpResponseBase:
        return serve_input(request, row)


@admin.register(FeatureMap)
class FeatureMapAdmin(PictureAdmin):
    picture_name = "feature_map_picture"
    owner_lookup = "glyph__prediction__owner_id"
    exclude = ["image"]
    list_display = ["map_picture", "layer", "kind", "channels", "drawn_at", "glyph"]
    list_filter = ["layer", "kind", ("drawn_at", admin.EmptyFieldListFilter)]
    list_select_related = ["glyph"]
    ordering = ["-drawn_at", "position"]
    date_hierarchy = "drawn_at"
    search_fields = ["=glyph__id", "glyph__prediction__owner__username"]

    @admin.display(description="map")
    def map_picture(self, feature_map: FeatureMap) -> str:
        if not feature_map.image:
            return "waiting"
        return self.picture_tag(feature_map.pk, f"{feature_map.layer} of {feature_map.glyph}")

    @admin.display(description="map")
    def linked_picture(self, row: FeatureMap) -> str:
        return super().linked_picture(row) if row.image else "waiting"

    def serve(self, request: HttpRequest, row: FeatureMap) -> HttpResponseBase:
        if not row.image:
            raise Http404
        return serve_file(request, row.image, content_type="image/png")
