"""Tests of the limits on the structure of JSON bodies."""

import json
import tracemalloc

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from recognizer.api.requests.bounded_json import MAX_DEPTH, parse_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(VALUES, st.sampled_from([None, 2]))
def test_any_value_comes_back_as_it_was_sent(value, indent):
    try:
        parsed = parse_json(json.dumps(value, indent=indent).encode())
    except ValueError as error:
        assert "nested" in str(error)
    else:
        assert parsed == value


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"[" * (MAX_DEPTH + 1), "nested"),
        (b"[" + b"1," * 20_001 + b"1]", "values"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'["' + b"\\x" * 1000, "not closed"),
        (b"[NaN]", "NaN"),
        (b'{"a": 1', "Expecting"),
        (b"\xff", "decode"),
    ],
)
def test_a_body_beyond_a_limit_is_refused(body, words):
    with pytest.raises(ValueError, match=words):
        parse_json(body)


@pytest.mark.parametrize("body", [b"[" + b"1," * 5_000_000, b'["' + b"\\n" * 5_000_000, b'"\\"' * 3_000_000])
def test_a_body_of_ten_megabytes_is_refused_without_memory_of_its_size(body):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError):
            parse_json(body)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.django_db
def test_a_body_is_freed_before_its_response_is_sent(alice_token, model):
    answer = Client().post("/api/v1/predictions/", b"x" * 1000, content_type="image/png", headers=alice_token)
    assert answer.status_code == 415
    # View and request refer to each other until the next garbage collection.
    assert vars(answer.renderer_context["request"])["_full_data"] is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"ids": [' + b'"x",' * 30_000 + b'"x"]}', 413, "body_too_large"),
        (b'{"ids": ' + b"[" * 1000 + b"]" * 1000 + b"}", 400, "bad_request"),
        (b'{"ids": [], "ids": []}', 400, "bad_request"),
    ],
)
def test_an_endpoint_refuses_a_body_beyond_its_limits(alice_token, body, status, code):
    answer = Client().post(
        "/api/v1/predictions/bulk-delete/", body, content_type="application/json", headers=alice_token
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)
