"""The API under load: each way to send a picture, lists of a large installation, a batch of 1,000 pictures.

    python -m bench.api [--database sqlite|postgres|both] [--seconds 8] [--rows 1000000]

Clients and servers share the machine's cores, so a busy machine slows all of it: the ratios are what compares.
"""

import base64
import io
import json
import time
import zipfile
from collections.abc import Callable

import httpx

from bench.load import request
from bench.web import Bench, main
from tests.pictures import varied_pngs
from tests.servers.web import WebServer

PREDICTIONS = "/api/v1/predictions/"
BATCHES = "/api/v1/batches/"
FILES_A_REQUEST = 100  # as many as the API takes
FAR = 1000  # the page that is compared with the first
PAGE = 50  # rows, as the API gives them unless asked for more
BATCH = 1000


class APIBench(Bench):
    def main(self, rows: int) -> None:
        with self.web() as server:
            self.measure(server, "trivial view (GET /healthz)", [request("GET", "/healthz", {})])
            self.creations(server)
            self.batches(server)
        self.fill(0, rows, self.others)
        with self.web() as server:
            self.pages(server, rows)

    def creations(self, server: WebServer) -> None:
        png = {**self.token, "Content-Type": "image/png"}
        self.measure(server, "POST prediction, multipart", self.api_requests())
        self.measure(server, "POST prediction, raw body", [request("POST", PREDICTIONS, png, p) for p in self.pictures])
        self.measure(server, "POST prediction, JSON", [self.as_json(picture) for picture in self.pictures])
        answered = [request("POST", f"{PREDICTIONS}?save=false", png, picture) for picture in self.pictures]
        self.measure(server, "POST prediction, save=false", answered)

    def as_json(self, picture: bytes) -> bytes:
        body = json.dumps({"image": f"data:image/png;base64,{base64.b64encode(picture).decode()}"}).encode()
        return request("POST", PREDICTIONS, {**self.token, "Content-Type": "application/json"}, body)

    def batches(self, server: WebServer) -> None:
        pictures = list(varied_pngs(BATCH))
        worker = self.place.worker()
        worker.start()
        try:
            self.batch(server, f"in requests of {FILES_A_REQUEST}", lambda client: in_parts(client, pictures))
            self.batch(server, "as one ZIP", lambda client: as_zip(client, pictures))
        finally:
            worker.stop()

    def batch(self, server: WebServer, how: str, give: Callable[[httpx.Client], str]) -> None:
        with httpx.Client(base_url=server.url, headers=self.token, timeout=120) as client:
            started = time.perf_counter()
            url = give(client)
            given = time.perf_counter() - started
            while (batch := answer(client.get(url)))["state"] != "done":
                time.sleep(0.2)
            ready = time.perf_counter() - started
        print(
            f"batch of {batch['total']:,} through the API {how}, one worker process: taken in {given:.1f} s,"
            f" ready in {ready:.1f} s, {batch['failed']} failed",
            flush=True,
        )

    def pages(self, server: WebServer, rows: int) -> None:
        mine = rows // 10
        # By one client: in the queue of eight for two processes the median says little of one page's cost.
        first = self.measure(server, f"GET list, first page of {mine:,}, 1 client", [self.page(PREDICTIONS)], clients=1)
        if mine < FAR * PAGE:
            print(f"(page {FAR:,} needs {10 * FAR * PAGE:,} rows)")
            return
        far = self.measure(server, f"GET list, page {FAR:,}, 1 client", [self.page(self.far_page(server))], clients=1)
        print(f"  → page {FAR:,} takes ×{far.p50 / first.p50:.2f} of the first one's p50 (within 1.5 wanted)")

    def page(self, path: str) -> bytes:
        return request("GET", path, self.token)

    def far_page(self, server: WebServer) -> str:
        """Where it lies: by following the links, as clients do, three pages at a step."""
        with httpx.Client(base_url=server.url, headers=self.token, timeout=60) as client:
            url = f"{PREDICTIONS}?page_size={3 * PAGE}"
            for _ in range(FAR // 3):
                url = answer(client.get(url))["next"]
        return httpx.URL(url).copy_remove_param("page_size").raw_path.decode()


def answer(response: httpx.Response) -> dict:
    return response.raise_for_status().json()


def in_parts(client: httpx.Client, pictures: list[bytes]) -> str:
    """The batch's address."""
    url = BATCHES
    for first in range(0, len(pictures), FILES_A_REQUEST):
        files = [
            ("files", (f"{n}.png", data)) for n, data in enumerate(pictures[first : first + FILES_A_REQUEST], first)
        ]
        close = str(first + FILES_A_REQUEST >= len(pictures)).lower()
        batch = answer(client.post(url, files=files, data={"close": close}))
        url = f"{batch['url']}files/"
    return str(batch["url"])


def as_zip(client: httpx.Client, pictures: list[bytes]) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for n, data in enumerate(pictures):
            archive.writestr(f"{n}.png", data)
    return str(answer(client.post(BATCHES, files={"zip": ("pictures.zip", packed.getvalue())}))["url"])


if __name__ == "__main__":
    main(APIBench, "bench.api", __doc__)
