"""The reader behind LitServe: two processes that read, and one that takes the requests.

Started by `bench.peers` in its own environment.
"""

import os
from typing import Any

import litserve  # type: ignore[import-not-found]  # installed by bench.peers into an environment of its own
from starlette.requests import Request  # type: ignore[import-not-found]  # with it

from bench.peers.reader import answer, load_reader
from bench.stage import WEB_WORKERS


class Digits(litserve.LitAPI):  # type: ignore[misc]
    def setup(self, device: str) -> None:
        self.reader = load_reader()

    def decode_request(self, request: Request) -> bytes:
        picture: bytes = request["image"].file.read()
        return picture

    def predict(self, picture: bytes) -> dict[str, Any]:
        return answer(self.reader, picture)


if __name__ == "__main__":
    server = litserve.LitServer(Digits(), accelerator="cpu", workers_per_device=WEB_WORKERS)
    server.run(host="127.0.0.1", port=int(os.environ["PORT"]), generate_client_file=False, log_level="warning")
