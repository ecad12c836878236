"""Load tests of the API: each way to send a picture, lists with many rows, and a batch of 1,000 pictures.

    python -m bench.api [--database sqlite|postgres|both] [--seconds 8] [--rows 1000000]

Clients and servers share the machine's cores, so compare ratios and not absolute numbers.
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
FILES_PER_REQUEST = 100  # the maximum of the API
FAR_PAGE = 1000  # compared with the first page
PAGE_SIZE = 50  # the default of the API
BATCH_FILES = 1000


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
        pictures = list(varied_pngs(BATCH_FILES))
        worker = self.place.worker()
        worker.start()
        try:
            self.batch(server, f"in requests of {FILES_PER_REQUEST}", lambda client: upload_in_parts(client, pictures))
            self.batch(server, "as one ZIP", lambda client: upload_zip(client, pictures))
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
        own_rows = rows // 10
        # With one client: with eight clients for two processes the median is mostly time in the queue.
        first = self.measure(
            server, f"GET list, first page of {own_rows:,}, 1 client", [self.page(PREDICTIONS)], clients=1
        )
        if own_rows < FAR_PAGE * PAGE_SIZE:
            print(f"(page {FAR_PAGE:,} needs {10 * FAR_PAGE * PAGE_SIZE:,} rows)")
            return
        far = self.measure(
            server, f"GET list, page {FAR_PAGE:,}, 1 client", [self.page(self.far_page(server))], clients=1
        )
        print(f"  → page {FAR_PAGE:,} takes ×{far.p50 / first.p50:.2f} of the first one's p50 (within 1.5 wanted)")

    def page(self, path: str) -> bytes:
        return request("GET", path, self.token)

    def far_page(self, server: WebServer) -> str:
        """Return the path of page FAR_PAGE, found by following the links of pages that are three times as long."""
        with httpx.Client(base_url=server.url, headers=self.token, timeout=60) as client:
            url = f"{PREDICTIONS}?page_size={3 * PAGE_SIZE}"
            for _ in range(FAR_PAGE // 3):
                url = answer(client.get(url))["next"]
        return httpx.URL(url).copy_remove_param("page_size").raw_path.decode()


def answer(response: httpx.Response) -> dict:
    return response.raise_for_status().json()


def upload_in_parts(client: httpx.Client, pictures: list[bytes]) -> str:
    """Create a batch in several requests and return its URL."""
    url = BATCHES
    for first in range(0, len(pictures), FILES_PER_REQUEST):
        files = [
            ("files", (f"{n}.png", data)) for n, data in enumerate(pictures[first : first + FILES_PER_REQUEST], first)
        ]
        close = str(first + FILES_PER_REQUEST >= len(pictures)).lower()
        batch = answer(client.post(url, files=files, data={"close": close}))
        url = f"{batch['url']}files/"
    return str(batch["url"])


def upload_zip(client: httpx.Client, pictures: list[bytes]) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for n, data in enumerate(pictures):
            archive.writestr(f"{n}.png", data)
    return str(answer(client.post(BATCHES, files={"zip": ("pictures.zip", packed.getvalue())}))["url"])


if __name__ == "__main__":
    main(APIBench, "bench.api", __doc__)
