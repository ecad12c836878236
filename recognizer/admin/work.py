"""Admin pages of jobs and batches, where staff may retry and cancel them."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import Truncator

from recognizer.admin.base import EvidenceAdmin, describe_expected
from recognizer.models import Backup, Batch, BatchItem, Job
from recognizer.problems import Problem
from recognizer.services.batches import control
from recognizer.services.work import jobs
from recognizer.services.work.worker_state import worker_state


class WorkAdmin(EvidenceAdmin):
    """Admin of background work. Rows are read-only, but staff who may change jobs may retry and cancel them."""

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("recognizer.change_job")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method == "GET":
            state = worker_state()
            self.message_user(request, state.sentence, messages.INFO if state.is_working else messages.WARNING)
        return super().changelist_view(request, extra_context)


@admin.register(Job)
class JobAdmin(WorkAdmin):
    list_display = ["kind", "state", "attempts", "queue", "created_at", "finished_at", "error_start"]
    list_filter = ["state", "kind", "queue"]
    ordering = ["-created_at"]
    date_hierarchy = "created_at"
    search_fields = ["=id", "error"]
    actions = ["retry", "cancel"]

    @admin.display(description="error", ordering="error")
    def error_start(self, job: Job) -> str:
        return Truncator(job.error).chars(60)

    @admin.action(description="Retry failed jobs", permissions=["manage"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        chosen = queryset.count()
        rule = "Only failed jobs can be retried."
        self.tell_outcome(request, "Retried", jobs.retry_jobs(queryset), chosen, "job", rule)

    @admin.action(description="Cancel waiting and running jobs", permissions=["manage"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        chosen = queryset.count()
        rule = "Only jobs that wait or run can be cancelled."
        self.tell_outcome(request, "Cancelled", jobs.cancel_jobs(queryset), chosen, "job", rule)


class BatchItemInline(admin.TabularInline):
    model = BatchItem
    extra = 0
    can_delete = False
    fields = ("position", "name", "state", "error_code", "attempts", "upload")
    readonly_fields = fields


@admin.register(Batch)
class BatchAdmin(WorkAdmin):
    list_display = ["name", "owner", "mode", "created_at", "closed_at", "cancelled_at"]
    list_select_related = ["owner"]
    ordering = ["-created_at"]
    date_hierarchy = "created_at"
    search_fields = ["name", "owner__username"]
    inlines = [BatchItemInline]
    exclude = ["expected"]
    readonly_fields = ["expected_in_words"]
    actions = ["retry", "cancel"]

    @admin.display(description="expected")
    def expected_in_words(self, batch: Batch) -> str:
        return describe_expected(batch)

    @admin.action(description="Retry failed pictures", permissions=["manage"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Batch]) -> None:
        failed = BatchItem.objects.filter(batch__in=queryset, state=BatchItem.State.FAILED).count()
        try:
            retried = sum(control.retry_failed(batch) for batch in queryset)
        except Problem as problem:
            self.message_user(request, problem.detail, messages.ERROR)
            return
        rule = "Only failed pictures whose file is still kept can be retried."
        self.tell_outcome(request, "Retried", retried, failed, "failed picture", rule)

    @admin.action(description="Cancel pictures that were not read yet", permissions=["manage"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Batch]) -> None:
        items = BatchItem.objects.filter(batch__in=queryset).count()
        cancelled = sum(control.cancel_batch(batch) for batch in queryset)
        rule = "Only pictures that still waited can be cancelled."
        self.tell_outcome(request, "Cancelled", cancelled, items, "picture", rule)


@admin.register(Backup)
class BackupAdmin(EvidenceAdmin):
    list_display = ["finished_at", "snapshot", "place", "rows", "files", "bytes", "seconds"]
    ordering = ["-finished_at"]
    date_hierarchy = "finished_at"
