"""Tests of the parser of JSON bodies with a picture: the result is that of json and base64, in much less memory."""

import base64
import json
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.api.requests.picture_json import LONG, MAX_REST, decode_picture, parse_picture_json
from recognizer.problems import Problem


def in_pieces(body: bytes, size: int = 64 * 1024) -> Iterator[bytes]:
    return (body[start : start + size] for start in range(0, len(body), size))


@given(picture=st.binary(max_size=60), prefix=st.sampled_from(["", "data:image/png;base64,", "data:;base64,"]))
def test_a_short_picture_comes_back_as_it_was_sent(picture, prefix):
    assert decode_picture(prefix + base64.b64encode(picture).decode()) == picture


LONG_PICTURE = bytes(range(256)) * (3 * LONG // 256) + b"the end"
ENCODED = base64.b64encode(LONG_PICTURE).decode()


def escape_slashes(body: str) -> str:
    return body.replace("/", r"\/")


def escape_letters(body: str) -> str:
    return body.replace("=", r"\u003d").replace("A", r"\u0041")


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 4096, 64 * 1024])
@pytest.mark.parametrize(
    "text",
    [
        ENCODED,
        "data:image/png;base64," + ENCODED,
        "\n".join(ENCODED[start : start + 76] for start in range(0, len(ENCODED), 76)),
        " " * LONG + ENCODED,
    ],
    ids=["base64", "data URL", "lines", "spaces"],
)
@pytest.mark.parametrize("escape", [str, escape_slashes, escape_letters])
def test_a_long_picture_is_decoded_however_it_is_divided_and_escaped(text, size, escape):
    if size < 4096:  # a few bytes at a time take long
        text = text.replace(ENCODED, base64.b64encode(LONG_PICTURE[: LONG + 1]).decode())
    body = escape(json.dumps({"name": 'a "name"\\', "image": text, "mode": "auto"}))
    value = parse_picture_json(in_pieces(body.encode(), size))
    picture = value.pop("image")
    assert picture == base64.b64decode(text.partition(",")[2] or text)
    assert value == {"name": 'a "name"\\', "mode": "auto"}


LONG_TEXT = "A" * (LONG + 4)


@pytest.mark.parametrize(
    "body",
    [
        {"name": LONG_TEXT},
        {"image": "AAAA", "name": LONG_TEXT},
        {"image": LONG_TEXT, "name": LONG_TEXT},
        {"image": {"image": LONG_TEXT}},
        [LONG_TEXT],
        LONG_TEXT,
        {LONG_TEXT: 1},
    ],
    ids=["name", "name beside", "two", "deeper", "list", "text", "key"],
)
def test_only_the_picture_may_be_long(body):
    with pytest.raises(ValueError):
        parse_picture_json(in_pieces(json.dumps(body).encode()))


@pytest.mark.parametrize(
    "body",
    [
        b'{"image": ' + b"1" * 2 * LONG + b"}",
        b" " * 2 * LONG + b'{"image": "AAAA"}',
        b'{"image": "' + b"A" * 2 * LONG,
        b'{"image": "' + b"A" * 2 * LONG + b"\\",
        b'{"image": "' + b"A" * 2 * LONG + b'\\u00"}',
        b'{"image": "' + b"A" * 2 * LONG + b'\\x"}',
        b'{"image": "' + b"A" * 2 * LONG + b'\n"}',
        b'{"image": "' + b"A" * 2 * LONG + b'\\""}',
        b'{"image": "AAAA", ' + b'"a": "' * 300,
        b'{"image": "AAAA", "a": [' + b"1," * MAX_REST,
        b'{"image": "' + b"A" * 2 * LONG + b'", "image": "AAAA"}',
    ],
    ids=lambda body: repr(body[-12:]),
)
def test_a_body_that_is_not_json_is_refused(body):
    with pytest.raises((ValueError, Problem)):
        parse_picture_json(in_pieces(body))


@pytest.mark.parametrize(
    "text",
    [
        LONG_TEXT + "*",
        LONG_TEXT + "é",
        LONG_TEXT + "A",
        LONG_TEXT + "=",
        "AA==" + LONG_TEXT,
        LONG_TEXT + "AA==" + 2 * LONG_TEXT + "AA==",
        "data:" + LONG_TEXT,
        "data:image/png," + LONG_TEXT,
        "data:image/png;base64," + LONG_TEXT + "%41",
    ],
    ids=lambda text: text[:12] + text[-3:],
)
def test_a_long_string_that_is_no_picture_is_refused(text):
    with pytest.raises(Problem):
        parse_picture_json(in_pieces(json.dumps({"image": text}, ensure_ascii=False).encode()))


@pytest.mark.parametrize(
    "string",
    [b"A" * 27_000_000, b"QUFBQUFB\\n" * 2_700_000, b"\\u0041" * 4_000_000, b"data:image/png," + b"%" * 27_000_000],
    ids=["base64", "lines", "escapes", "percent signs"],
)
def test_27_megabytes_need_only_the_memory_of_the_picture(string):
    body = b'{"image": "' + string + b'"}'
    tracemalloc.start()
    try:
        picture = parse_picture_json(in_pieces(body))["image"]
    except Problem:
        picture = b""
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < len(picture) * 1.3 + 2_000_000
