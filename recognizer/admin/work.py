"""Admin pages of jobs and batches, where staff may retry and cancel them."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from recognizer.admin.base import EvidenceAdmin
from recognizer.models import Backup, Batch, BatchItem, Job
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
    list_display = ["kind", "state", "attempts", "queue", "created_at", "started_at", "finished_at", "error"]
    list_filter = ["state", "kind", "queue"]
    date_hierarchy = "created_at"
    search_fields = ["=id", "error"]
    actions = ["retry", "cancel"]

    @admin.action(description="Retry failed jobs", permissions=["manage"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        self.message_user(request, f"{jobs.retry_jobs(queryset)} jobs are retried.")

    @admin.action(description="Cancel waiting and running jobs", permissions=["manage"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        self.message_user(request, f"{jobs.cancel_jobs(queryset)} jobs were cancelled.")


class BatchItemInline(admin.TabularInline):
    model = BatchItem
    extra = 0
    can_delete = False
    fields = ("position", "name", "state", "error_code", "attempts")
    readonly_fields = fields


@admin.register(Batch)
class BatchAdmin(WorkAdmin):
    list_display = ["name", "owner", "mode", "created_at", "closed_at", "cancelled_at"]
    list_select_related = ["owner"]
    date_hierarchy = "created_at"
    search_fields = ["name", "owner__username"]
    inlines = [BatchItemInline]
    actions = ["retry", "cancel"]

    @admin.action(description="Retry failed pictures", permissions=["manage"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Batch]) -> None:
        again = sum(control.retry_failed(batch) for batch in queryset)
        self.message_user(request, f"{again} pictures are retried.")

    @admin.action(description="Cancel pictures that were not read yet", permissions=["manage"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Batch]) -> None:
        cancelled = sum(control.cancel_batch(batch) for batch in queryset)
        self.message_user(request, f"{cancelled} pictures were cancelled.")


@admin.register(Backup)
class BackupAdmin(EvidenceAdmin):
    list_display = ["finished_at", "snapshot", "place", "rows", "files", "bytes", "seconds"]
    date_hierarchy = "finished_at"
