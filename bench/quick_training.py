"""Time a quick training from 200 corrections, alone and beside a web server that answers.

    python -m bench.quick_training --data mnist [--pictures 200] [--rate 20] [--runs FOLDER]

Simulated writers give the pictures and review them. The trainings run in a worker of their own, as in the product:
training, calibration and comparison. The first also renders the pool of synthetic digits, unless --runs has it.
Beside the second, clients post so many pictures a second.
"""

import os
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import chain, cycle
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bench.hands import simulate_writers
from bench.load import Client, Result
from bench.options import DATABASES, add_data_option, create_parser
from bench.stage import Stage, stage
from bench.web import post
from mlcore.training.datasets.mnist import Digits, concatenate
from tests.pictures import varied_pngs
from tests.servers.worker import Trainer

if TYPE_CHECKING:
    from django.contrib.auth.models import User

WRITERS = 20
PEOPLE = 5
CLIENTS = 2
ALONE_SECONDS = 60
MINUTES_ALONE, MINUTES_BESIDE = 10, 20  # wanted at most
SLOWER = 1.4  # wanted at most of a picture that is posted meanwhile


def main() -> None:
    parser = create_parser(__doc__)
    add_data_option(parser)
    parser.add_argument("--database", choices=DATABASES, default="sqlite")
    parser.add_argument("--pictures", type=int, default=200, help="that people reviewed")
    parser.add_argument("--rate", type=float, default=20, help="pictures that are posted each second")
    parser.add_argument("--runs", type=Path, help="folder of rendered digits; a new one by default")
    options = parser.parse_args()
    if options.data:
        os.environ["TRAINING_DATA"] = str(options.data.resolve())
    with stage(options.database) as place:
        os.environ["TRAINING_ROOT"] = str(options.runs.resolve() if options.runs else place.folder / "runs")
        measure(place, options)


def measure(place: Stage, options: Namespace) -> None:
    from django.conf import settings
    from django.contrib.auth.models import User

    from recognizer.services.people.tokens import create_token

    settings.TRAINING_ROOT = Path(os.environ["TRAINING_ROOT"])
    give_pictures([User.objects.create_user(f"writer{number}") for number in range(PEOPLE)], options.pictures)
    person = User.objects.create_user("person")
    headers = {"Authorization": f"Bearer {create_token(user=person, name='bench')[1]}", "Accept": "application/json"}
    posts = [post("/api/v1/predictions/", "image", picture, headers) for picture in varied_pngs(200)]
    trainer = Trainer(log=place.folder / "trainer.log", environment={})
    web = place.web()
    trainer.start()
    web.start()
    try:
        print(f"alone: {train() / timedelta(minutes=1):.1f} minutes (at most {MINUTES_ALONE} wanted)", flush=True)
        with_load = Load(web.url, posts, options.rate)
        before = with_load.during(lambda: time.sleep(ALONE_SECONDS))
        beside = with_load.during(
            lambda: print(
                f"beside {options.rate:g} posts a second: {train() / timedelta(minutes=1):.1f} minutes"
                f" (at most {MINUTES_BESIDE} wanted)",
                flush=True,
            )
        )
        print(f"posts without a training: {describe(before)}\nposts beside it: {describe(beside)}")
        print(f"p50 ×{beside.p50 / before.p50:.2f} (at most ×{SLOWER} wanted)")
    finally:
        web.stop()
        trainer.stop()


def give_pictures(owners: list["User"], count: int) -> None:
    """Let the people give the writers' digits, review them, and allow training."""
    from recognizer.services.history.corrections import correct
    from recognizer.services.learning.consent import choose_training_consent
    from recognizer.services.reading.predictions import create_prediction

    for owner in owners:
        choose_training_consent(owner, is_given=True)
    digits = write_digits(count)
    for owner, image, label in zip(cycle(owners), digits.images, digits.labels, strict=False):
        large = cv2.resize(255 - image, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
        data = cv2.imencode(".png", large)[1].tobytes()
        prediction = create_prediction(owner=owner, data=data, source="upload", mode="digit")
        text = str(label)
        correct(prediction=prediction, by=owner, kind="confirm" if prediction.text == text else "correct", text=text)


def write_digits(count: int) -> Digits:
    each = -(-count // WRITERS)
    written = concatenate([writer.write(each, 1) for writer in simulate_writers(WRITERS)])
    return written[np.random.default_rng(1).permutation(len(written))[:count]]


def train() -> timedelta:
    """Start a training as a trainer does, wait for its end, and return the time between the two."""
    from recognizer.models import Training
    from recognizer.services.learning.trainings import start_training

    training = start_training(by=None)
    while training.outcome == Training.Outcome.OPEN:
        time.sleep(1)
        training.refresh_from_db()
    if training.outcome != Training.Outcome.CANDIDATE:
        raise RuntimeError(f"The training ended as {training.outcome}: {training.error}")
    assert training.finished_at is not None
    return training.finished_at - training.created_at


class Load:
    """Clients that together post so many pictures a second, as long as something else runs."""

    def __init__(self, url: str, posts: list[bytes], rate: float) -> None:
        self.url, self.posts, self.rate = url, posts, rate

    def during(self, act: Callable[[], None]) -> Result:
        is_over = threading.Event()
        clients = [Client(self.url, self.pace(number, is_over), until=float("inf")) for number in range(CLIENTS)]
        started = time.perf_counter()
        for client in clients:
            client.start()
        try:
            act()
        finally:
            is_over.set()
        for client in clients:
            client.join()
        latencies = sorted(chain.from_iterable(client.latencies for client in clients))
        errors = {status: count for client in clients for status, count in client.errors.items()}
        return Result(time.perf_counter() - started, latencies, errors)

    def pace(self, number: int, is_over: threading.Event) -> Iterator[bytes]:
        """Yield the pictures of one client when they are due."""
        due = time.perf_counter() + number / self.rate
        for picture in cycle(self.posts[number::CLIENTS]):
            if is_over.wait(max(0.0, due - time.perf_counter())):
                return
            yield picture
            due = max(due + CLIENTS / self.rate, time.perf_counter())


def describe(result: Result) -> str:
    errors = f", ERRORS {result.errors}" if result.errors else ""
    return f"p50 {result.p50:.1f} ms, p95 {result.p95:.1f} ms, {result.per_second:.1f} a second{errors}"


if __name__ == "__main__":
    main()
