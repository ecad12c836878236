"""The reader behind BentoML, in two processes. Started by `bench.peers` in its own environment."""

from pathlib import Path
from typing import Any

import bentoml  # type: ignore[import-not-found]  # installed by bench.peers into an environment of its own

from bench.peers.reader import answer, load_reader

WORKERS = 2  # as many processes as the product has in a benchmark
QUIET = {"access": {"enabled": False}}  # the product writes no line for each request either


@bentoml.service(workers=WORKERS, logging=QUIET)  # type: ignore[untyped-decorator]
class Digits:
    def __init__(self) -> None:
        self.reader = load_reader()

    @bentoml.api(route="/predict")  # type: ignore[untyped-decorator]
    def predict(self, image: Path) -> dict[str, Any]:
        return answer(self.reader, image.read_bytes())
