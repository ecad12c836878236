"""Admin pages of uploads, predictions and corrections."""

from collections.abc import Mapping
from typing import Any, ClassVar, get_args
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.text import Truncator

from mlcore.reading.files.header import Format
from mlcore.reading.result import REASONS
from recognizer.admin.base import (
    DeletedFilter,
    EvidenceAdmin,
    KnownValuesFilter,
    PictureAdmin,
    describe_expected,
    name_upload,
    render_badge,
    render_beside,
    render_decision,
    render_picture,
)
from recognizer.http.serving import THUMBNAIL_TYPE, picture_type, serve_file
from recognizer.models import Correction, Prediction, Upload
from recognizer.models.stored_readings import AnswerLine, lines_of, signs_of, unread_of
from recognizer.problems import Problem
from recognizer.queries.selectors import with_current_prediction
from recognizer.services.reading import feature_maps, rescoring
from recognizer.services.reading.images import ensure_picture, ensure_thumbnail
from recognizer.services.registry.model_versions import models
from recognizer.services.registry.thresholds import threshold_of
from recognizer.words.answers import REASON_NAMES, find_doubtful, in_one_line, percent, percent_up, unread_summary


def render_answer(prediction: Prediction) -> str:
    number = Truncator(in_one_line(prediction.written)).chars(24)
    if prediction.decision == Prediction.Decision.READ:
        return number
    return format_html("{} {}", number, render_decision(prediction))


def name_reason(reason: str | None) -> str:
    return str(REASON_NAMES.get(reason or "", ""))


def describe_doubt(answer: Prediction | AnswerLine, sure_from: float) -> str:
    """Return why an answer or one of its lines is not sure; empty for a sure one."""
    if not answer.reason and answer.decision == Prediction.Decision.UNSURE and answer.confidence < sure_from:
        return "A line is not sure" if "\n" in answer.written else f"Confidence below {percent_up(sure_from)}"
    return name_reason(answer.reason)


class FormatFilter(KnownValuesFilter):
    title = parameter_name = "format"
    values = get_args(Format)


class ReasonFilter(KnownValuesFilter):
    title = parameter_name = "reason"
    values = REASONS

    def label(self, value: str) -> str:
        return name_reason(value)


@admin.register(Upload)
class UploadAdmin(PictureAdmin):
    picture_name = "upload_picture"
    change_form_template = "admin/recognizer/upload/change_form.html"
    exclude = ["original", "picture", "thumbnail", "strokes"]
    readonly_fields = ["linked_picture", "original_name"]
    list_display = ["thumbnail_picture", "short_name", "read_as", "owner", "source", "size", "created_at"]
    list_display_links = ["thumbnail_picture", "short_name"]
    list_filter = ["source", FormatFilter, DeletedFilter]
    list_select_related: ClassVar[list[str]] = []
    ordering = ["-created_at"]
    date_hierarchy = "created_at"
    search_fields = ["name", "owner__username", "sha256"]
    related_lists: ClassVar[Mapping[str, str]] = {"prediction": "upload__id__exact", "correction": "upload__id__exact"}
    actions = ["rescore"]

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("recognizer.change_job")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Upload]:
        """Prefetch owners and answers. With a join, SQLite would start from the owners and sort all their uploads."""
        return with_current_prediction(super().get_queryset(request).prefetch_related("owner"))

    def page_context(self, obj: Upload) -> dict[str, Any]:
        """Return what was read in the picture, the current reading first."""
        readings = obj.predictions.select_related("model").order_by("-is_current", "-created_at")
        return {"row_title": name_upload(obj), "readings": readings}

    @admin.action(description="Read again with the active model", permissions=["manage"])
    def rescore(self, request: HttpRequest, queryset: QuerySet[Upload]) -> None:
        try:
            version = models.active_model().version
            started = rescoring.rescore(queryset, version)
        except Problem as problem:
            self.message_user(request, problem.detail, messages.ERROR)
            return
        rule = f"Left out is what {version} has read before, what was deleted, and what has no picture any more."
        self.tell_outcome(request, f"Read again with {version}", started, queryset.count(), "picture", rule)

    @admin.display(description="name", ordering="name")
    def short_name(self, upload: Upload) -> str:
        """Return the name, and for a deleted picture that it is deleted."""
        name = Truncator(name_upload(upload)).chars(40)
        if not upload.deleted_at:
            return name
        day = date_format(timezone.localtime(upload.deleted_at), "j M Y")
        return render_beside(name, render_badge("rejected", f"deleted {day}"))

    @admin.display(description="read as")
    def read_as(self, upload: Any) -> str:
        """Return the current answer, with its decision if that is not a sure one."""
        return render_answer(upload.current[0]) if upload.current else "–"

    @admin.display(description="pixels", ordering="width")
    def size(self, upload: Upload) -> str:
        return f"{upload.width} × {upload.height}"

    @admin.display(description="picture")
    def thumbnail_picture(self, upload: Upload) -> str:
        return self.picture_tag(upload.pk, str(upload))

    def serve(self, request: HttpRequest, row: Upload) -> HttpResponseBase:
        return serve_file(request, ensure_thumbnail(row), content_type=THUMBNAIL_TYPE)

    def get_urls(self) -> list[URLPattern]:
        return [self.picture_path("full-picture", "upload_full_picture", self.serve_full), *super().get_urls()]

    def serve_full(self, request: HttpRequest, row: Upload) -> HttpResponseBase:
        return serve_file(request, ensure_picture(row), content_type=picture_type(row))

    def full_url(self, pk: UUID) -> str:
        return reverse("admin:upload_full_picture", args=[pk])

    @admin.display(description="original in the storage")
    def original_name(self, upload: Upload) -> str:
        """Return the name in the storage, and why it is no link."""
        return f"{upload.original.name} (only the owner may open it)" if upload.original else "removed"


@admin.register(Prediction)
class PredictionAdmin(EvidenceAdmin):
    list_per_page = 25
    list_display = [
        "thumbnail_picture",
        "number",
        "decision_badge",
        "confidence_percent",
        "model",
        "owner",
        "given_at",
    ]
    list_display_links = ["thumbnail_picture", "number"]
    list_filter = ["decision", ReasonFilter, "mode", "is_current", "model"]
    list_select_related: ClassVar[list[str]] = []
    ordering = ["-given_at"]
    date_hierarchy = "given_at"
    search_fields = ["=text", "=signed_text", "owner__username", "upload__name"]
    related_lists: ClassVar[Mapping[str, str]] = {
        "glyph": "prediction__id__exact",
        "correction": "prediction__id__exact",
        "job": "prediction__id__exact",
    }
    change_form_template = "admin/recognizer/prediction/change_form.html"
    fields = ["mode", "signs_in_words", "not_read", "expected_in_words", "decimal", "preset", "stream", "milliseconds"]
    readonly_fields = ["signs_in_words", "not_read", "expected_in_words", "milliseconds"]
    actions = ["draw_maps_again"]

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("recognizer.change_job")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prediction]:
        """Prefetch instead of joining, for the same reason as in UploadAdmin."""
        return super().get_queryset(request).prefetch_related("owner", "model")

    @admin.action(description="Redraw the feature maps", permissions=["manage"])
    def draw_maps_again(self, request: HttpRequest, queryset: QuerySet[Prediction]) -> None:
        try:
            started = feature_maps.redraw_maps(queryset)
        except Problem as problem:
            self.message_user(request, problem.detail, messages.ERROR)
            return
        rule = "Left out is what is being drawn, what has no digits or no picture, and accounts that are being deleted."
        self.tell_outcome(request, "Maps redrawn", started, queryset.count(), "prediction", rule)

    def page_context(self, obj: Prediction) -> dict[str, Any]:
        """Return the picture with its boxes, the digits and lines, and what people said about the upload."""
        glyphs = list(obj.glyphs.defer("input"))
        lines = lines_of(obj, glyphs)
        doubtful = find_doubtful(lines) if len(glyphs) > 1 else None
        sure_from = threshold_of(obj)
        return {
            "row_title": in_one_line(str(obj)),
            "upload": obj.upload,
            "glyphs": glyphs,
            "digits": [(line.written, line.glyphs) for line in lines] if len(lines) > 1 else [("", glyphs)],
            "doubtful": None if doubtful is None else glyphs[doubtful],
            "reason": describe_doubt(obj, sure_from),
            "signs": signs_of(obj),
            "lines": [(line, describe_doubt(line, sure_from)) for line in lines] if len(lines) > 1 else [],
            "unread": unread_of(obj),
            "corrections": obj.upload.corrections.select_related("by").order_by("-created_at"),
        }

    @admin.display(description="number")
    def number(self, prediction: Prediction) -> str:
        """Return the number, and whether a later reading has replaced it."""
        number = Truncator(in_one_line(prediction.written)).chars(24) or "none"
        return number if prediction.is_current else render_beside(number, render_badge("", "replaced"))

    @admin.display(description="decision", ordering="decision")
    def decision_badge(self, prediction: Prediction) -> str:
        """Return the decision, and its reason if it has one."""
        badge, reason = render_decision(prediction), name_reason(prediction.reason)
        return format_html('{} <span class="muted">{}</span>', badge, reason) if reason else badge

    @admin.display(description="reading time")
    def milliseconds(self, prediction: Prediction) -> str:
        return f"{prediction.latency_ms:.0f} ms"

    @admin.display(description="signs")
    def signs_in_words(self, prediction: Prediction) -> str:
        """Return each sign with its confidence, in reading order."""
        return ", ".join(f"“{sign.sign}” {percent(sign.confidence)}" for sign in signs_of(prediction)) or "none"

    @admin.display(description="expected")
    def expected_in_words(self, prediction: Prediction) -> str:
        return describe_expected(prediction)

    @admin.display(description="not read")
    def not_read(self, prediction: Prediction) -> str:
        return unread_summary(ink.kind for ink in unread_of(prediction)) or "nothing"

    @admin.display(description="confidence", ordering="confidence")
    def confidence_percent(self, prediction: Prediction) -> str:
        return percent(prediction.confidence)

    @admin.display(description="picture")
    def thumbnail_picture(self, prediction: Prediction) -> str:
        return render_picture(reverse("admin:upload_picture", args=[prediction.upload_id]), str(prediction))


@admin.register(Correction)
class CorrectionAdmin(EvidenceAdmin):
    list_per_page = 25
    list_display = ["thumbnail_picture", "read", "said", "by", "created_at"]
    list_display_links = ["thumbnail_picture", "said"]
    list_filter = ["kind"]
    list_select_related = ["upload", "by", "prediction"]
    ordering = ["-created_at"]
    date_hierarchy = "created_at"
    search_fields = ["=text", "=signed_text", "by__username"]

    @admin.display(description="picture")
    def thumbnail_picture(self, correction: Correction) -> str:
        return render_picture(reverse("admin:upload_picture", args=[correction.upload_id]), str(correction.upload))

    @admin.display(description="read as")
    def read(self, correction: Correction) -> str:
        """Return the answer that was seen, as a link to it."""
        if not correction.prediction:
            return "–"
        url = reverse("admin:recognizer_prediction_change", args=[correction.prediction_id])
        number = Truncator(in_one_line(correction.prediction.written)).chars(24)
        return format_html('<a href="{}">{}</a>', url, number or correction.prediction)

    @admin.display(description="what was said", ordering="kind")
    def said(self, correction: Correction) -> str:
        color = {Correction.Kind.CONFIRM: "read", Correction.Kind.CORRECT: "unsure"}.get(
            Correction.Kind(correction.kind), ""
        )
        badge = render_badge(color, correction.get_kind_display())
        return render_beside(Truncator(in_one_line(correction.written)).chars(24), badge)
