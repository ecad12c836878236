"""Requests and refusals, counted by every process."""

from collections.abc import Iterator
from functools import lru_cache

from recognizer.services.monitoring.counters import count, counters
from recognizer.services.monitoring.exposition import Family, sample

REQUESTS = "digitscribe_requests_total"
SECONDS = "digitscribe_request_seconds"
THROTTLED = "digitscribe_throttled_total"
BREAKER_OPENED = "digitscribe_breaker_opened_total"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNMATCHED = "none"  # static files, and addresses that do not exist

HELP = {
    REQUESTS: ("counter", "Requests by the pattern of their address, method and status."),
    THROTTLED: ("counter", "Requests refused because of a limit."),
    BREAKER_OPENED: ("counter", "How often a process stopped to use Redis because it did not answer."),
}


def count_request(route: str | None, method: str | None, status: int, seconds: float) -> None:
    """Count a request that was answered. The number of counters is bounded by that of the routes."""
    known = method if method in METHODS else "other"
    total, sum_name, buckets = _names(route or UNMATCHED, known or "other", status)
    counters.add(total)
    counters.add(sum_name, seconds)
    counters.add(next((name for bound, name in buckets if seconds <= bound), buckets[-1][1]))


@lru_cache(maxsize=4096)
def _names(route: str, method: str, status: int) -> tuple[str, str, list[tuple[float, str]]]:
    bounds = [*BUCKETS, float("inf")]
    return (
        sample(REQUESTS, route=route, method=method, status=str(status)),
        sample(f"{SECONDS}_sum", route=route),
        [(bound, sample(f"{SECONDS}_bucket", route=route, le=_bound(bound))) for bound in bounds],
    )


def _bound(value: float) -> str:
    return "+Inf" if value == float("inf") else f"{value:g}"


def count_throttled(limit: str) -> None:
    count(sample(THROTTLED, limit=limit))


def counted_families() -> Iterator[Family]:
    """Yield the sums over all processes."""
    sums = counters.sums()
    for name, (kind, text) in HELP.items():
        yield Family(name, kind, text, tuple((key, sums[key]) for key in sorted(sums) if key.partition("{")[0] == name))
    yield Family(SECONDS, "histogram", "Seconds until the answer to a request began.", tuple(_histogram(sums)))


def _histogram(sums: dict[str, float]) -> Iterator[tuple[str, float]]:
    """Yield the buckets of each route, each with those below it."""
    start, end = f'{SECONDS}_sum{{route="', '"}'
    for key in sorted(sums):
        if not key.startswith(start):
            continue
        route = key.removeprefix(start).removesuffix(end)  # escaped already
        total = 0.0
        for bound in (*BUCKETS, float("inf")):
            name = f'{SECONDS}_bucket{{route="{route}",le="{_bound(bound)}"}}'
            total += sums.get(name, 0.0)
            yield name, total
        yield key, sums[key]
        yield f'{SECONDS}_count{{route="{route}"}}', total
