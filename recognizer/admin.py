"""The plain Django admin: everything to look at, evidence read-only."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from recognizer.models import (
    ApiToken,
    Batch,
    BatchItem,
    Correction,
    FeatureMap,
    Glyph,
    Job,
    ModelVersion,
    Prediction,
    Upload,
)
from recognizer.views.media import serve_file, serve_input

admin.site.site_header = admin.site.site_title = "Digitscribe"


class EvidenceAdmin(admin.ModelAdmin):
    """Rows that say what happened: looked at, never added or changed here."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class PictureAdmin(EvidenceAdmin):
    """Evidence with a picture, which staff who may see the row may see too."""

    picture_name: str

    def serve(self, request: HttpRequest, row: Any) -> HttpResponseBase:
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.picture_view)
        return [path("<uuid:pk>/picture/", view, name=self.picture_name), *super().get_urls()]

    def picture_view(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        row = get_object_or_404(self.model, pk=pk)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return self.serve(request, row)

    def shown(self, pk: UUID, alt: str) -> str:
        return picture_of(reverse(f"admin:{self.picture_name}", args=[pk]), alt)


def picture_of(url: str, alt: str) -> str:
    return format_html('<img src="{}" alt="{}" height="48" loading="lazy">', url, alt)


@admin.register(Upload)
class UploadAdmin(PictureAdmin):
    picture_name = "upload_picture"
    list_display = [
        "thumbnail_shown",
        "name",
        "owner",
        "source",
        "created_at",
        "width",
        "height",
        "deleted_at",
    ]
    list_filter = ["source", "format", ("deleted_at", admin.EmptyFieldListFilter)]
    list_select_related = ["owner"]
    date_hierarchy = "created_at"
    search_fields = ["name", "owner__username", "sha256"]

    @admin.display(description="picture")
    def thumbnail_shown(self, upload: Upload) -> str:
        return self.shown(upload.pk, str(upload))

    def serve(self, request: HttpRequest, row: Upload) -> HttpResponseBase:
        return serve_file(request, row.thumbnail, content_type="image/jpeg")


@admin.register(Prediction)
class PredictionAdmin(EvidenceAdmin):
    list_display = [
        "thumbnail_shown",
        "text",
        "decision",
        "confidence",
        "model",
        "owner",
        "given_at",
        "is_current",
    ]
    list_filter = ["decision", "reason", "mode", "is_current", "model"]
    list_select_related = ["owner", "model", "upload"]
    date_hierarchy = "given_at"
    search_fields = ["=text", "owner__username", "upload__name"]

    @admin.display(description="picture")
    def thumbnail_shown(self, prediction: Prediction) -> str:
        return picture_of(reverse("admin:upload_picture", args=[prediction.upload_id]), str(prediction))


@admin.register(Glyph)
class GlyphAdmin(PictureAdmin):
    picture_name = "glyph_picture"
    list_display = ["input_shown", "digit", "confidence", "position", "prediction"]
    list_filter = ["digit"]
    list_select_related = ["prediction"]
    search_fields = ["prediction__owner__username"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Glyph]:
        return super().get_queryset(request).defer("input")

    @admin.display(description="28×28")
    def input_shown(self, glyph: Glyph) -> str:
        return self.shown(glyph.pk, str(glyph))

    def serve(self, request: HttpRequest, row: Glyph) -> HttpResponseBase:
        return serve_input(request, row)


@admin.register(FeatureMap)
class FeatureMapAdmin(PictureAdmin):
    picture_name = "feature_map_picture"
    list_display = ["map_shown", "layer", "kind", "channels", "drawn_at", "glyph"]
    list_filter = ["layer", "kind", ("drawn_at", admin.EmptyFieldListFilter)]
    list_select_related = ["glyph"]
    date_hierarchy = "drawn_at"
    search_fields = ["=glyph__id", "glyph__prediction__owner__username"]

    @admin.display(description="map")
    def map_shown(self, feature_map: FeatureMap) -> str:
        if not feature_map.image:
            return "waiting"
        return self.shown(feature_map.pk, f"{feature_map.layer} of {feature_map.glyph}")

    def serve(self, request: HttpRequest, row: FeatureMap) -> HttpResponseBase:
        if not row.image:
            raise Http404
        return serve_file(request, row.image, content_type="image/png")


@admin.register(Correction)
class CorrectionAdmin(EvidenceAdmin):
    list_display = ["upload", "kind", "text", "by", "created_at"]
    list_filter = ["kind"]
    list_select_related = ["upload", "by"]
    date_hierarchy = "created_at"
    search_fields = ["=text", "by__username"]


@admin.register(ModelVersion)
class ModelVersionAdmin(EvidenceAdmin):
    list_display = ["version", "state", "shipped", "digest", "created_at", "activated_at"]
    list_filter = ["state", "shipped"]
    search_fields = ["version", "digest"]


@admin.register(Job)
class JobAdmin(EvidenceAdmin):
    list_display = ["kind", "state", "attempts", "queue", "created_at", "started_at", "finished_at", "error"]
    list_filter = ["state", "kind", "queue"]
    date_hierarchy = "created_at"
    search_fields = ["=id", "error"]


class BatchItemInline(admin.TabularInline):
    model = BatchItem
    extra = 0
    can_delete = False
    fields = ("position", "name", "state", "error_code", "attempts")
    readonly_fields = fields


@admin.register(Batch)
class BatchAdmin(EvidenceAdmin):
    list_display = ["name", "owner", "mode", "created_at", "closed_at", "cancelled_at"]
    list_select_related = ["owner"]
    date_hierarchy = "created_at"
    search_fields = ["name", "owner__username"]
    inlines = [BatchItemInline]


@admin.register(ApiToken)
class ApiTokenAdmin(EvidenceAdmin):
    list_display = ["name", "user", "scope", "created_at", "expires_at", "revoked_at", "last_used_at"]
    list_filter = ["scope", ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["name", "user__username"]
    exclude = ["digest"]
