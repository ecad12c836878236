"""A benchmark against LitServe and BentoML, which serve the same reader, unstored and without accounts.

    python -m bench.peers [--seconds 5] [--rounds 3] [--clients 8] [--environment FOLDER]

Each server runs in two processes. They are measured one after the other, round by round, with the same pictures and
clients, so that a busy machine slows all of them; compare the ratios, which are medians of the rounds. The two other
servers are installed into an environment of this command, which is removed at the end unless a folder for it is named.

After `git rm -rq mlcore/reading && git checkout REVISION -- mlcore/reading` all sides have the reader of that
revision, which must have the same packages.
"""

import contextlib
import os
import site
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx

from bench.load import CLIENTS, Result, multipart, request, run
from bench.options import create_parser
from bench.stage import stage
from tests.servers.ports import reserve_port
from tests.servers.process import ROOT, Server

REQUIREMENTS = ("litserve==0.2.19", "bentoml==1.4.40")
WARM_UP_SECONDS = 1.0
UNSTORED = "LitServe, unstored"


class Peer(Server):
    """A server that answers `POST /predict`."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], folder: Path) -> None:
        self.name, self.port = name, reserve_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(
            [part.replace("PORT", str(self.port)) for part in command],
            log=folder / f"{name}.log",
            environment={**environment, "PORT": str(self.port)},
            is_ready=self.answers,
        )

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/docs", timeout=10).status_code < 500
        except httpx.TransportError:
            return False


@contextlib.contextmanager
def environment_of_peers(folder: Path | None) -> Iterator[Path]:
    """Yield the folder of an environment with the other servers. It takes everything else from this one."""
    with contextlib.ExitStack() as stack:
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="digitscribe-peers-")))
        python = place / "bin" / "python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
            (own,) = place.glob("lib/python*/site-packages")
            (own / "product.pth").write_text("\n".join(site.getsitepackages()))
            subprocess.run([str(python), "-m", "pip", "install", "--quiet", *REQUIREMENTS], check=True)
        yield place


def peers_of(environment: Path, folder: Path) -> list[Peer]:
    variables = {"PYTHONPATH": str(ROOT), "BENTOML_DO_NOT_TRACK": "true", "BENTOML_HOME": str(folder / "bentoml")}
    bento = ["serve", "bench.peers.bento:Digits", "--host", "127.0.0.1", "--port", "PORT"]
    return [
        Peer(UNSTORED, [str(environment / "bin" / "python"), "-m", "bench.peers.lit"], variables, folder),
        Peer("BentoML, unstored", [str(environment / "bin" / "bentoml"), *bento], variables, folder),
    ]


def main() -> None:
    parser = create_parser(__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="for each server in a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--environment", type=Path, metavar="FOLDER", help="keep the environment of the others here")
    options = parser.parse_args()
    results: dict[str, list[Result]] = {}
    with environment_of_peers(options.environment) as environment, stage(options.database) as place:
        from bench.web import Bench

        bench = Bench(place, options.seconds)
        form, content_type = zip(*(multipart("image", picture) for picture in bench.pictures), strict=True)
        plain = [
            request("POST", "/predict", {"Content-Type": kind}, body)
            for body, kind in zip(form, content_type, strict=True)
        ]
        unsaved = [
            request("POST", "/api/v1/predictions/?save=false", {**bench.token, "Content-Type": kind}, body)
            for body, kind in zip(form, content_type, strict=True)
        ]
        with contextlib.ExitStack() as servers:
            measured = []
            for peer in peers_of(environment, place.folder):
                servers.callback(peer.stop)
                peer.start()
                measured.append((peer.name, peer.url, plain))
            product = servers.enter_context(bench.web())
            measured.append(("Digitscribe, save=false", product.url, unsaved))
            measured.append(("Digitscribe, stored", product.url, bench.api_requests()))
            for _name, url, requests in measured:
                run(url, requests, seconds=WARM_UP_SECONDS, clients=options.clients)
            for _round in range(options.rounds):
                for name, url, requests in measured:
                    result = run(url, requests, seconds=options.seconds, clients=options.clients)
                    results.setdefault(name, []).append(result)
    report(results, options.clients)


def report(results: dict[str, list[Result]], clients: int) -> None:
    print(f"\n{os.cpu_count()} cores, {clients} clients; medians of {len(results[UNSTORED])} rounds")
    print(f"{'':28}{'p50':>9}{'p95':>9}{'p95/p50':>9}{'req/s':>9}   req/s against LitServe, round by round")
    for name, rounds in results.items():
        ratios = [mine.per_second / other.per_second for mine, other in zip(rounds, results[UNSTORED], strict=True)]
        p50, p95 = (statistics.median(getattr(each, field) for each in rounds) for field in ("p50", "p95"))
        tail = statistics.median(each.p95 / each.p50 for each in rounds)
        per_second = statistics.median(each.per_second for each in rounds)
        errors = [each.errors for each in rounds if each.errors]
        print(
            f"{name:28}{p50:7.1f}ms{p95:7.1f}ms{tail:9.2f}{per_second:9.1f}"
            f"   ×{statistics.median(ratios):.2f}  ({', '.join(f'{ratio:.2f}' for ratio in ratios)})"
            + (f"   ERRORS {errors[0]}" if errors else "")
        )


if __name__ == "__main__":
    main()
