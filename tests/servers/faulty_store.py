"""An object store that speaks S3 over HTTP (moto's), with faults. Arguments: the port, and the file with the faults."""

import json
import re
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple

FULL = b"<Error><Code>XMinioStorageFull</Code><Message>The storage is full.</Message></Error>"
TOKEN = re.compile(rb"<NextContinuationToken>.*?</NextContinuationToken>")


class FaultyStore:
    """The application of the store behind its faults:

    `full` refuses what is written, `seconds` delays every answer, `page` is the number of names on a page of a list,
    `truncated` leaves out where the next page begins, and `cut` breaks off the content of every other file.
    """

    def __init__(self, faults: Path) -> None:
        self.app = DomainDispatcherApplication(create_backend_app)
        self.faults = faults
        self.cut = 0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        faults = json.loads(self.faults.read_text())
        method, query, path = environ["REQUEST_METHOD"], environ.get("QUERY_STRING", ""), environ["PATH_INFO"]
        if path.startswith("/moto-api"):
            return self.app(environ, start_response)
        time.sleep(faults.get("seconds", 0))
        if faults.get("full") and method in ("PUT", "POST") and path.strip("/").count("/"):
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response("507 Insufficient Storage", [("Content-Type", "application/xml")])
            return [FULL]
        is_list = method == "GET" and "list-type=2" in query
        if is_list and "page" in faults:
            environ["QUERY_STRING"] = f"{query}&max-keys={faults['page']}"
        if is_list and faults.get("truncated"):
            return self._change(environ, start_response, lambda body: TOKEN.sub(b"", body))
        if method == "GET" and not is_list and faults.get("cut"):
            self.cut += 1
            if self.cut % 2:
                return [b"".join(self.app(environ, start_response))[:1]]
        return self.app(environ, start_response)

    def _change(
        self, environ: dict[str, Any], start_response: Callable[..., Any], change: Callable[[bytes], bytes]
    ) -> Iterable[bytes]:
        started: list[Any] = []
        body = change(b"".join(self.app(environ, lambda *given, **named: started.append(given))))
        status, headers = started[0][:2]
        start_response(status, [(name, value) for name, value in headers if name.lower() != "content-length"])
        return [body]


if __name__ == "__main__":
    run_simple(
        "127.0.0.1", int(sys.argv[1]), FaultyStore(Path(sys.argv[2])), threaded=True, request_handler=MotoRequestHandler
    )
