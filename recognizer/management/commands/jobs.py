from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count, Min
from django.utils import timezone

from recognizer.models import Job
from recognizer.services.work import broker, jobs
from recognizer.services.work.queues import QUEUES
from recognizer.services.work.worker_state import fetch_worker_state

FAILURES_SHOWN = 20


class Command(BaseCommand):
    help = "Show queues, their ages and failed jobs. Retry or cancel jobs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--retry", nargs="+", metavar="ID", help="retry failed jobs; `all` for all of them")
        parser.add_argument("--cancel", nargs="+", metavar="ID", help="cancel jobs that wait or run")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["retry"]:
            selected = (
                Job.objects.all()
                if options["retry"] == ["all"]
                else Job.objects.filter(pk__in=parse_keys(options["retry"]))
            )
            self.stdout.write(f"{jobs.retry_jobs(selected)} jobs were enqueued again.")
        elif options["cancel"]:
            selected = Job.objects.filter(pk__in=parse_keys(options["cancel"]))
            self.stdout.write(f"{jobs.cancel_jobs(selected)} jobs were cancelled.")
        else:
            self.show_queues()

    def show_queues(self) -> None:
        self.stdout.write(fetch_worker_state().sentence)
        self.stdout.write(f"\n{'queue':32} {'messages':>9} {'waiting':>9} {'running':>9} {'oldest':>9}")
        lengths = self.fetch_lengths()
        now = timezone.now()
        for queue in QUEUES:
            jobs_on_queue = Job.objects.filter(queue=queue)
            waiting = jobs_on_queue.filter(state=Job.State.WAITING).aggregate(
                count=Count("pk"), oldest=Min("created_at")
            )
            running = jobs_on_queue.filter(state=Job.State.RUNNING).count()
            age = format_age(waiting["oldest"], now)
            length = lengths.get(queue, "?")
            self.stdout.write(f"{queue:32} {length:>9} {waiting['count']:>9} {running:>9} {age:>9}")
        self.show_failures(now)

    def fetch_lengths(self) -> dict[str, int]:
        try:
            return broker.queue_lengths(QUEUES)
        except broker.BrokerDown:
            return {}

    def show_failures(self, now: datetime) -> None:
        failed = Job.objects.filter(state=Job.State.FAILED).order_by("-finished_at")
        recent_count = failed.filter(finished_at__gte=now - timedelta(days=1)).count()
        self.stdout.write(f"\n{failed.count()} failed, {recent_count} of them in the last 24 hours.")
        for job in failed[:FAILURES_SHOWN]:
            age = format_age(job.finished_at, now)
            self.stdout.write(f"{job.pk}  {job.kind:13} {age:>6} ago, {job.attempts} attempts: {job.error}")


def parse_keys(values: list[str]) -> list[UUID]:
    try:
        return [UUID(value) for value in values]
    except ValueError as error:
        raise CommandError("This is no job ID. `manage.py jobs` lists the IDs of failed jobs.", returncode=2) from error


def format_age(time: datetime | None, now: datetime) -> str:
    if time is None:
        return "-"
    seconds = int((now - time).total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
