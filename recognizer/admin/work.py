"""Admin pages of jobs and batches, where staff may retry and cancel them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator

from recognizer.admin.base import EvidenceAdmin, describe_expected, render_badge
from recognizer.models import Backup, Batch, BatchItem, Job
from recognizer.problems import Problem
from recognizer.services.batches import control
from recognizer.services.work import jobs
from recognizer.services.work.worker_state import worker_state
from recognizer.words.answers import in_one_line

COLORS: Mapping[str, str] = {
    Job.State.WAITING: "person",
    Job.State.RUNNING: "person",
    Job.State.DONE: "read",
    Job.State.FAILED: "rejected",
}


class WorkAdmin(EvidenceAdmin):
    """Admin of background work. Rows are read-only, but staff who may change jobs may retry and cancel them."""

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("recognizer.change_job")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Warn if no worker is running, since the work then waits."""
        if request.method == "GET" and not (state := worker_state()).is_working:
            self.message_user(request, state.sentence, messages.WARNING)
        return super().changelist_view(request, extra_context)


@admin.register(Job)
class JobAdmin(WorkAdmin):
    list_display = ["kind", "about", "owner", "state_badge", "attempts", "seconds", "created_at", "error_start"]
    list_filter = ["state", "kind", "queue"]
    ordering = ["-created_at"]
    date_hierarchy = "created_at"
    search_fields = ["=id", "error"]
    actions = ["retry", "cancel"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        """Prefetch what the jobs are about. A join would make SQLite sort all jobs."""
        owners = ("prediction__owner", "batch__owner")
        return super().get_queryset(request).prefetch_related(*owners)

    @admin.display(description="for")
    def about(self, job: Job) -> str:
        """Return the answer or the batch that the job is for, as a link to it."""
        row = job.prediction or job.batch
        if row is None:
            return "–"
        url = reverse(f"admin:recognizer_{row._meta.model_name}_change", args=[row.pk])
        return format_html('<a href="{}">{}</a>', url, Truncator(in_one_line(str(row))).chars(32))

    @admin.display(description="owner")
    def owner(self, job: Job) -> str:
        row = job.prediction or job.batch
        return str(row.owner) if row else "–"

    @admin.display(description="state", ordering="state")
    def state_badge(self, job: Job) -> str:
        return render_badge(COLORS[Job.State(job.state)], job.get_state_display())

    @admin.display(description="took")
    def seconds(self, job: Job) -> str:
        """Return the time from the start of the last attempt to its end."""
        if not (job.started_at and job.finished_at):
            return "–"
        return f"{(job.finished_at - job.started_at).total_seconds():.1f} s"

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


@admin.register(Batch)
class BatchAdmin(WorkAdmin):
    list_display = ["named", "owner", "read", "failed", "state", "created_at"]
    list_select_related = ["owner"]
    ordering = ["-created_at"]
    date_hierarchy = "created_at"
    search_fields = ["name", "owner__username"]
    related_lists: ClassVar[Mapping[str, str]] = {"batchitem": "batch__id__exact"}
    exclude = ["expected"]
    readonly_fields = ["expected_in_words"]
    actions = ["retry", "cancel"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        """Add the numbers of files by their states, each from the index of the items."""
        items = BatchItem.objects.filter(batch=OuterRef("pk")).order_by().values("batch").annotate(n=Count("pk"))
        counts = {
            f"n_{state}": Coalesce(Subquery(items.filter(state=state).values("n")), 0)
            for state in BatchItem.State.values
        }
        batches: QuerySet[Batch] = super().get_queryset(request)
        return batches.annotate(**counts)

    @admin.display(description="batch", ordering="name")
    def named(self, batch: Batch) -> str:
        return str(batch)

    @admin.display(description="read")
    def read(self, batch: Any) -> str:
        return f"{batch.n_done} of {batch.n_done + batch.n_waiting + batch.n_failed + batch.n_cancelled}"

    @admin.display(description="failed")
    def failed(self, batch: Any) -> str:
        return render_badge("rejected", str(batch.n_failed)) if batch.n_failed else "–"

    @admin.display(description="state")
    def state(self, batch: Any) -> str:
        """Return how far the batch is."""
        if batch.cancelled_at:
            return render_badge("", "cancelled")
        if batch.n_waiting:
            return render_badge("person", f"{batch.n_waiting} waiting")
        return render_badge("", "open") if batch.closed_at is None else render_badge("read", "done")

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


@admin.register(BatchItem)
class BatchItemAdmin(EvidenceAdmin):
    list_display = ["name", "position", "state_badge", "error_code", "attempts", "upload", "batch"]
    list_filter = ["state"]
    list_select_related = ["upload", "batch"]
    ordering = ["batch_id", "position"]  # an index has both
    search_fields = ["name"]
    exclude = ["staged", "sort_key"]

    @admin.display(description="state", ordering="state")
    def state_badge(self, item: BatchItem) -> str:
        return render_badge(COLORS.get(item.state, ""), item.get_state_display())


@admin.register(Backup)
class BackupAdmin(EvidenceAdmin):
    list_display = ["finished_at", "snapshot", "place", "rows", "files", "bytes", "seconds"]
    ordering = ["-finished_at"]
    date_hierarchy = "finished_at"
