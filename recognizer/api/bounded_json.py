"""JSON from strangers, parsed only where its structure keeps within limits.

`json.loads` builds every child before anybody can count them: two million list entries cost minutes and gigabytes.
A scan of the bytes counts them first; it stops at the first one too many.
"""

import json
import re
from typing import Any

MAX_DEPTH = 8
MAX_TOKENS = 40_000  # brackets, separators, names and values of the whole body

# Possessive quantifiers: a string of a million escapes must not leave a million states to go back to.
TOKEN = re.compile(rb'[^"\[\]{}:,]++|"(?:[^"\\]++|\\.)*+"|[\[\]{}:,]', re.DOTALL)


def parse_json(body: bytes, *, max_tokens: int = MAX_TOKENS) -> Any:
    """Return the value of a JSON body; raise ValueError where it is invalid or exceeds a limit.

    Refused beside broken JSON: NaN and infinities, a name that stands twice in one object.
    """
    check_structure(body, max_tokens=max_tokens)
    return json.loads(body.decode(), parse_constant=_refuse_constant, object_pairs_hook=_unique_names)


def check_structure(body: bytes, *, max_tokens: int) -> None:
    depth = tokens = at = 0
    while at < len(body):
        token = TOKEN.match(body, at)
        if token is None:
            raise ValueError("A string does not end.")
        depth += (body[at] in b"[{") - (body[at] in b"]}")
        tokens += 1
        at = token.end()
        if depth > MAX_DEPTH:
            raise ValueError(f"At most {MAX_DEPTH} lists and objects may be nested.")
        if tokens > max_tokens:
            raise ValueError("The body holds too many values.")


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON value.")


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("A name stands twice in one object.")
    return members
