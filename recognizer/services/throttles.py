"""Request rates in windows of fixed length, counted in Redis for all processes together.

While Redis is unreachable each process counts alone, so that each of them lets the whole limit through.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest

from recognizer.services.work import broker


@dataclass(frozen=True, slots=True)
class Rate:
    """A limit of requests for one caller (`who`) within `seconds`, which start with the first request."""

    name: str
    limit: int
    who: str
    seconds: int = 60

    @property
    def key(self) -> str:
        return f"{settings.QUEUE_PREFIX}:rate:{self.name}:{self.who}"

    @property
    def milliseconds(self) -> int:
        return 1000 * self.seconds


@dataclass(frozen=True, slots=True)
class RateStatus:
    """The state of a rate after a request was counted."""

    rate: Rate
    used: int
    resets_in_seconds: float

    @property
    def is_allowed(self) -> bool:
        return self.used <= self.rate.limit

    @property
    def remaining(self) -> int:
        return max(0, self.rate.limit - self.used)


class LocalCounter:
    """Counter for one process. It drops windows that have ended, so that changing callers cannot fill the memory."""

    MAX_KEYS = 10_000

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.lock = threading.Lock()
        self.windows: dict[str, tuple[int, float]] = {}  # key: count, end

    def count_request(self, rate: Rate) -> RateStatus:
        with self.lock:
            now = self.clock()
            used, ends_at = self.windows.get(rate.key, (0, 0.0))
            if ends_at <= now:
                used, ends_at = 0, now + rate.seconds
                self._limit_size(now)
            self.windows[rate.key] = (used + 1, ends_at)
        return RateStatus(rate, used + 1, ends_at - now)

    def _limit_size(self, now: float) -> None:
        if len(self.windows) >= self.MAX_KEYS:
            self.windows = {key: window for key, window in self.windows.items() if window[1] > now}
        while len(self.windows) >= self.MAX_KEYS:
            del self.windows[next(iter(self.windows))]


local_counter = LocalCounter()


def count_request(rates: Sequence[Rate]) -> list[RateStatus]:
    """Count one request against each rate and return their states."""
    try:
        return _count_in_redis(rates)
    except broker.BrokerDown:
        return [local_counter.count_request(rate) for rate in rates]


def _count_in_redis(rates: Sequence[Rate]) -> list[RateStatus]:
    """Count in one atomic step: of any number of parallel callers exactly `limit` get a count within the limit."""
    commands: list[tuple[str | int, ...]] = []
    for rate in rates:
        commands += [
            ("SET", rate.key, 0, "PX", rate.milliseconds, "NX"),  # a window starts with its first request
            ("INCRBY", rate.key, 1),
            ("PTTL", rate.key),
        ]
    answers = broker.run_transaction(commands)
    statuses = []
    for rate, used, resets_in_ms in zip(rates, answers[1::3], answers[2::3], strict=True):
        if not 0 <= resets_in_ms <= rate.milliseconds:  # the clock of Redis was set back
            broker.run_transaction([("PEXPIRE", rate.key, rate.milliseconds)])
            resets_in_ms = rate.milliseconds
        statuses.append(RateStatus(rate, used, resets_in_ms / 1000))
    return statuses


def address_of(request: HttpRequest) -> str:
    """Return the caller's address as the nearest trusted proxy wrote it, never as the caller claims it.

    An IPv6 customer owns a whole /64 network, which counts as one address.
    """
    address: str = request.META.get("REMOTE_ADDR", "")
    proxies = settings.NUM_PROXIES
    if proxies:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        address = forwarded[-min(proxies, len(forwarded))].strip() or address
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        return parsed.ipv4_mapped.compressed if parsed.ipv4_mapped else parsed.exploded[:19]
    return parsed.compressed
