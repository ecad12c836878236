"""Counting requests in windows of fixed length: in Redis for all processes together, or, while Redis is out of
reach, in this process alone (then each process lets the whole limit through)."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest
from redis.commands.core import Script

from recognizer.services.work import broker

# One step for Redis: of any number of parallel callers exactly `limit` see a count within the limit.
COUNT = """
local answer = {}
for i, key in ipairs(KEYS) do
    answer[2 * i - 1] = redis.call('INCR', key)
    if answer[2 * i - 1] == 1 then redis.call('PEXPIRE', key, ARGV[i]) end
    answer[2 * i] = redis.call('PTTL', key)
end
return answer
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `limit` requests of one `who` in `seconds`, which begin with the first."""

    name: str
    limit: int
    who: str
    seconds: int = 60

    @property
    def key(self) -> str:
        return f"{settings.QUEUE_PREFIX}:rate:{self.name}:{self.who}"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands after a request was counted."""

    rate: Rate
    used: int
    resets_in_seconds: float

    @property
    def allowed(self) -> bool:
        return self.used <= self.rate.limit

    @property
    def remaining(self) -> int:
        return max(0, self.rate.limit - self.used)


class LocalCounter:
    """The stand-in. It forgets windows that are over, so that rotating callers cannot fill the memory."""

    MOST_KEYS = 10_000

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.lock = threading.Lock()
        self.windows: dict[str, tuple[int, float]] = {}  # key: count, end

    def count(self, rate: Rate) -> Standing:
        with self.lock:
            now = self.clock()
            used, ends = self.windows.get(rate.key, (0, 0.0))
            if ends <= now:
                used, ends = 0, now + rate.seconds
                self._make_room(now)
            self.windows[rate.key] = (used + 1, ends)
        return Standing(rate, used + 1, ends - now)

    def _make_room(self, now: float) -> None:
        if len(self.windows) >= self.MOST_KEYS:
            self.windows = {key: window for key, window in self.windows.items() if window[1] > now}
        while len(self.windows) >= self.MOST_KEYS:
            del self.windows[next(iter(self.windows))]


local = LocalCounter()


def count(rates: Sequence[Rate]) -> list[Standing]:
    """Count one request against each rate."""
    try:
        answer = broker.breaker.call(lambda: _script()([rate.key for rate in rates], [1000 * r.seconds for r in rates]))
    except broker.BrokerDown:
        return [local.count(rate) for rate in rates]
    return [
        Standing(rate, int(used), int(milliseconds) / 1000)
        for rate, used, milliseconds in zip(rates, answer[::2], answer[1::2], strict=True)
    ]


@cache
def _script() -> Script:
    return broker.client().register_script(COUNT)


def address_of(request: HttpRequest) -> str:
    """Who is calling: what the nearest trusted proxy wrote, never what the caller wrote. An IPv6 customer owns a
    whole /64 and is counted as one."""
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
