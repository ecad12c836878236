from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count, Min
from django.utils import timezone

from recognizer.models import Job
from recognizer.queues import QUEUES
from recognizer.services.work import broker, jobs
from recognizer.services.work.worker_state import fetch_worker_state

FAILURES_SHOWN = 20


class Command(BaseCommand):
    help = "Show the background work: queues, ages and failures. Retry or cancel what is named."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--retry", nargs="+", metavar="ID", help="try failed jobs again; `all` for all of them")
        parser.add_argument("--cancel", nargs="+", metavar="ID", help="end jobs that wait or run")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["retry"]:
            named = (
                Job.objects.all() if options["retry"] == ["all"] else Job.objects.filter(pk__in=keys(options["retry"]))
            )
            self.stdout.write(f"{jobs.retry_jobs(named)} jobs are tried again.")
        elif options["cancel"]:
            named = Job.objects.filter(pk__in=keys(options["cancel"]))
            self.stdout.write(f"{jobs.cancel_jobs(named)} jobs were cancelled.")
        else:
            self.show()

    def show(self) -> None:
        self.stdout.write(fetch_worker_state().sentence)
        self.stdout.write(f"\n{'queue':32} {'messages':>9} {'waiting':>9} {'running':>9} {'oldest':>9}")
        lengths = self.lengths()
        now = timezone.now()
        for queue in QUEUES:
            mine = Job.objects.filter(queue=queue)
            waiting = mine.filter(state=Job.State.WAITING).aggregate(count=Count("pk"), oldest=Min("created_at"))
            running = mine.filter(state=Job.State.RUNNING).count()
            age = since(waiting["oldest"], now)
            length = lengths.get(queue, "?")
            self.stdout.write(f"{queue:32} {length:>9} {waiting['count']:>9} {running:>9} {age:>9}")
        self.show_failures(now)

    def lengths(self) -> dict[str, int]:
        try:
            return broker.queue_lengths(QUEUES)
        except broker.BrokerDown:
            return {}

    def show_failures(self, now: datetime) -> None:
        failed = Job.objects.filter(state=Job.State.FAILED).order_by("-finished_at")
        lately = failed.filter(finished_at__gte=now - timedelta(days=1)).count()
        self.stdout.write(f"\n{failed.count()} failed, {lately} of them in the last 24 hours.")
        for job in failed[:FAILURES_SHOWN]:
            age = since(job.finished_at, now)
            self.stdout.write(f"{job.pk}  {job.kind:13} {age:>6} ago, {job.attempts} attempts: {job.error}")


def keys(given: list[str]) -> list[UUID]:
    try:
        return [UUID(one) for one in given]
    except ValueError as error:
        raise CommandError("A job is named by its ID, as the list shows it.", returncode=2) from error


def since(time: datetime | None, now: datetime) -> str:
    if time is None:
        return "-"
    seconds = int((now - time).total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
