"""A JSON parser with limits on nesting and on the number of values.

`json.loads` builds all values before they can be counted: two million list entries take minutes and gigabytes.
Here a scan of the bytes counts them first, and stops at the limit.
"""

import json
import re
from typing import Any

MAX_DEPTH = 8
MAX_TOKENS = 40_000  # brackets, separators, names and values of the whole body

# Possessive quantifiers never backtrack: a string of a million escapes would otherwise keep a million states.
TOKEN = re.compile(rb'[^"\[\]{}:,]++|"(?:[^"\\]++|\\.)*+"|[\[\]{}:,]', re.DOTALL)


def parse_json(body: bytes, *, max_tokens: int = MAX_TOKENS) -> Any:
    """Return the value of a JSON body; raise ValueError where it is invalid or exceeds a limit.

    Also invalid are NaN, infinities and a name that occurs twice in one object.
    """
    check_structure(body, max_tokens=max_tokens)
    return json.loads(body.decode(), parse_constant=_refuse_constant, object_pairs_hook=_unique_names)


def check_structure(body: bytes, *, max_tokens: int) -> None:
    depth = tokens = at = 0
    while at < len(body):
        token = TOKEN.match(body, at)
        if token is None:
            raise ValueError("A string is not closed.")
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
        raise ValueError("A name occurs twice in one object.")
    return members
