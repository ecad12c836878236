"""Benchmark of a batch of 1,000 images with one and two worker processes, and of requests that run meanwhile.

python -m bench.background [--database sqlite|postgres] [--pictures 1000]
"""

import os
import threading
import time

from bench.load import Result, run
from bench.options import DATABASES, create_parser
from bench.stage import Stage, memory_of, stage
from bench.web import post
from tests.pictures import varied_pngs

READY_SECONDS = 20  # wanted of a batch of 1,000 with one worker process
FILES_A_REQUEST = 100  # as the API takes them
SLOWER = 2  # wanted at most of a person's picture meanwhile


class Bench:
    def __init__(self, place: Stage, pictures: int) -> None:
        from django.contrib.auth.models import User

        from recognizer.services.people.tokens import create_token

        self.place = place
        self.batch_owner, person = User.objects.create_user("many"), User.objects.create_user("person")
        token = {"Authorization": f"Bearer {create_token(user=person, name='bench')[1]}"}
        self.pictures = list(varied_pngs(pictures))
        self.posts = [post("/api/v1/predictions/", "image", picture, token) for picture in self.pictures[:200]]

    def main(self) -> None:
        web = self.place.web()
        web.start()
        try:
            alone = self.person(web.url, seconds=8)
            print(f"one person's picture, nothing else running: p50 {alone.p50:.1f} ms, p95 {alone.p95:.1f} ms")
            for processes in (1, 2):
                self.batches(web.url, processes, alone)
        finally:
            web.stop()

    def person(self, url: str, *, seconds: float) -> Result:
        """Measure requests sent one after the other by one client."""
        return run(url, self.posts, seconds=seconds, clients=1)

    def batches(self, url: str, processes: int, alone: Result) -> None:
        worker = self.place.worker(concurrency=processes)
        worker.start()
        try:
            given, ready = self.read_a_batch()
            print(
                f"batch of {len(self.pictures):,}, {processes} worker process(es): ready in {ready:.1f} s,"
                f" {given:.1f} s of them to keep the files"
                f" ({len(self.pictures) / ready:.0f} pictures a second; at most {READY_SECONDS} s wanted with one)"
            )
            self.meanwhile(url, alone)
            peaks = ", ".join(f"{memory.peak:.0f}" for memory in memory_of(worker))
            print(f"  worker processes at their peak: {peaks} MB")
        finally:
            worker.stop()

    def meanwhile(self, url: str, alone: Result) -> None:
        reading = threading.Thread(target=self.read_a_batch)
        reading.start()
        time.sleep(1)
        busy = self.person(url, seconds=5)
        reading.join()
        print(
            f"  one person's picture meanwhile: p50 {busy.p50:.1f} ms, p95 {busy.p95:.1f} ms"
            f" (×{busy.p50 / alone.p50:.2f}; at most ×{SLOWER} wanted)"
        )

    def read_a_batch(self) -> tuple[float, float]:
        """Return the seconds until all files are stored, and until every image has its prediction."""
        from django.core.files.base import ContentFile
        from django.db import connection

        from recognizer.models import BatchItem
        from recognizer.services.batches.intake import add_files, close_batch, create_batch

        batch = create_batch(owner=self.batch_owner)
        files = [(f"{n}.png", ContentFile(data)) for n, data in enumerate(self.pictures)]
        started = time.perf_counter()
        for first in range(0, len(files), FILES_A_REQUEST):
            add_files(batch, files[first : first + FILES_A_REQUEST])
        close_batch(batch)
        given = time.perf_counter() - started
        waiting = batch.items.filter(state=BatchItem.State.WAITING)
        while waiting.exists():
            time.sleep(0.1)
        failed = batch.items.exclude(state=BatchItem.State.DONE).count()
        if failed:
            print(f"  {failed} PICTURES FAILED")
        ready = time.perf_counter() - started
        connection.close()
        return given, ready


def main() -> None:
    parser = create_parser(__doc__)
    parser.add_argument("--database", choices=DATABASES, default="sqlite")
    parser.add_argument("--pictures", type=int, default=1000)
    options = parser.parse_args()
    print(f"\n## background work on {options.database}, {os.cpu_count()} cores\n")
    with stage(options.database) as place:
        Bench(place, options.pictures).main()


if __name__ == "__main__":
    main()
