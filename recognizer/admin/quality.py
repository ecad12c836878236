"""Admin pages of streams: counts alone, without pictures and without numbers that were read."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.http import HttpRequest

from recognizer.admin.base import EvidenceAdmin
from recognizer.models import Audit, Stream, StreamMonth

COUNTS = ("answers", "sure", "corrected", "checked", "wrong")


@admin.register(Stream)
class StreamAdmin(EvidenceAdmin):
    list_display = ["named", "owner", "model", *COUNTS, "promise"]
    list_filter = ["mode", "model", ("promised_at", admin.EmptyFieldListFilter)]
    list_select_related = ["owner", "model"]
    ordering = ["-created_at"]
    search_fields = ["owner__username", "name"]
    exclude = ["seed", "key"]  # who knows the seed knows which answers will be audited
    readonly_fields = COUNTS

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Add the counts, each as a subquery: joined, months and audits would multiply."""
        months = StreamMonth.objects.filter(stream=OuterRef("pk")).order_by().values("stream")
        audits = Audit.objects.filter(stream=OuterRef("pk"), was_sure=True).order_by().values("stream")
        streams: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = streams.annotate(
            answers=Subquery(months.annotate(n=Sum("sure") + Sum("unsure") + Sum("rejected")).values("n")),
            sure=Subquery(months.annotate(n=Sum("sure")).values("n")),
            corrected=Subquery(months.annotate(n=Sum("corrected")).values("n")),
            checked=Subquery(audits.annotate(n=Count("pk", filter=Q(is_right__isnull=False))).values("n")),
            wrong=Subquery(audits.annotate(n=Count("pk", filter=Q(is_right=False))).values("n")),
        )
        return counted

    @admin.display(description="stream", ordering="name")
    def named(self, stream: Stream) -> str:
        return str(stream)

    @admin.display(description="promise", ordering="promised_at")
    def promise(self, stream: Stream) -> str:
        """Return the target, which is a share of wrong answers, and whether it is promised."""
        if stream.wish is None:
            return "–"
        wish = f"at most {100 * stream.wish:g}\N{NO-BREAK SPACE}% wrong"
        return f"{wish}, promised" if stream.promised_at else f"{wish}, not yet proven"

    @admin.display(description="answers")
    def answers(self, stream: Any) -> int:
        return int(stream.answers or 0)

    @admin.display(description="sure")
    def sure(self, stream: Any) -> int:
        return int(stream.sure or 0)

    @admin.display(description="corrected")
    def corrected(self, stream: Any) -> int:
        return int(stream.corrected or 0)

    @admin.display(description="checked by a person")
    def checked(self, stream: Any) -> int:
        return int(stream.checked or 0)

    @admin.display(description="wrong")
    def wrong(self, stream: Any) -> int:
        return int(stream.wrong or 0)
