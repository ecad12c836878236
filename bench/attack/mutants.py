"""Mutated pictures and bodies against a running server: the answers, and the memory of the web process.

    python -m bench.attack.mutants                    # 12,000 requests
    python -m bench.attack.mutants --count 500 --seed 3

Wanted: no 5xx, no answer after more than 1 s, and at most 60 MB above rest at the end.
"""

import base64
import json
import random
from collections import Counter

from bench.attack.server import Target, target
from bench.fuzz_decoder import DAMAGES, mutant
from bench.options import create_parser
from tests.pictures import digit_png

PREDICTIONS = "/api/v1/predictions/"
BOUNDARY = "bench"
WARM_UP = 300
STEPS = 12  # lines of the table


def valid_bodies() -> list[tuple[str, str, bytes]]:
    """Return path, content type and body of requests that are answered with success, or only lack a prediction."""
    picture = digit_png(7, size=60)
    encoded = base64.b64encode(picture).decode()
    form = b"".join(
        (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="mode"\r\n\r\nauto\r\n'.encode(),
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="7.png"\r\n'.encode(),
            b"Content-Type: image/png\r\n\r\n" + picture + f"\r\n--{BOUNDARY}--\r\n".encode(),
        )
    )
    ids = json.dumps({"ids": ["0" * 32, "1" * 32]}).encode()
    return [
        (PREDICTIONS, "application/json", json.dumps({"image": encoded, "mode": "auto", "save": False}).encode()),
        (PREDICTIONS, "application/json", json.dumps({"image": f"data:image/png;base64,{encoded}"}).encode()),
        (PREDICTIONS, f"multipart/form-data; boundary={BOUNDARY}", form),
        (f"{PREDICTIONS}bulk-delete/", "application/json", ids),
        (f"{PREDICTIONS}bulk-restore/", "application/json", ids),
        ("/api/v1/tokens/", "application/json", b'{"name": "x", "scope": "read", "expires_at": null}'),
    ]


def request(seed: int, number: int) -> tuple[str, str, bytes]:
    """Return path, content type and body of one hostile request: every second one is a damaged picture."""
    if number % 2:
        return PREDICTIONS, "image/png", mutant(seed, number)
    rng = random.Random(f"{seed}/{number}")
    path, kind, body = rng.choice(valid_bodies())
    data = bytearray(body)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        rng.choice(DAMAGES)(data, rng)
        if not data:
            break
    return path, kind, bytes(data)


def attack(to: Target, seed: int, start: int, stop: int) -> tuple[Counter[int], float]:
    statuses: Counter[int] = Counter()
    slowest = 0.0
    for number in range(start, stop):
        path, kind, body = request(seed, number)
        answer = to.send("POST", path, body, Content_Type=kind)
        statuses[answer.status] += 1
        slowest = max(slowest, answer.seconds)
        if answer.status >= 500 or not answer.status:
            print(f"request {number} of seed {seed}: {answer.status} {answer.body[:200]!r}")
    return statuses, slowest


def main() -> None:
    parser = create_parser(__doc__)
    parser.add_argument("--count", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with target() as to:
        for number in range(WARM_UP):
            to.send("POST", PREDICTIONS, digit_png(number % 10, size=60 + number), Content_Type="image/png")
        rest = to.memory_mb()
        print(f"at rest: {rest:.1f} MB")
        total: Counter[int] = Counter()
        for step in range(STEPS):
            start, stop = (options.count * edge // STEPS for edge in (step, step + 1))
            statuses, slowest = attack(to, options.seed, start, stop)
            total += statuses
            print(f"{stop:6d} requests: {to.memory_mb() - rest:+6.1f} MB, slowest {slowest:.2f} s", flush=True)
        print(", ".join(f"{count} × {status}" for status, count in sorted(total.items())))


if __name__ == "__main__":
    main()
