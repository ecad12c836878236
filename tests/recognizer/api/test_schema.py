"""Tests of the OpenAPI schema: it is current and complete, and its examples match it."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.core.management import call_command
from django.urls import get_resolver

from recognizer.api.docs import SCHEMA

COMMAND = "manage.py spectacular --format openapi-json --file recognizer/api/openapi.json"
NOT_DESCRIBED = {"root", "schema", "docs", "redoc"}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


def operations(schema: dict[str, Any]):
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_the_schema_file_is_current(tmp_path: Path):
    call_command(
        "spectacular", format="openapi-json", file=str(tmp_path / "now.json"), validate=True, fail_on_warn=True
    )

    assert (tmp_path / "now.json").read_text() == SCHEMA.read_text(), f"Run: {COMMAND}"


def test_every_endpoint_is_described(schema):
    described = {re.sub(r"\{\w+\}", "*", path) for path in schema["paths"]}
    routes = {
        "/api/v1/" + re.sub(r"%\(\w+\)s", "*", pattern)
        for name, ways in get_resolver("recognizer.api.urls").reverse_dict.lists()
        if isinstance(name, str) and name not in NOT_DESCRIBED
        for way in ways
        for pattern, _parameters in way[0]
    }

    assert routes == described


def test_every_response_has_an_example(schema):
    without = [
        name
        for name, operation in operations(schema)
        for status, response in operation["responses"].items()
        for content_type, content in response.get("content", {}).items()
        if status < "300" and content_type in ("application/json", "application/jsonl", "text/csv")
        if not content.get("examples")
    ]

    assert without == []


def test_every_example_matches_its_schema(schema):
    checked = 0
    for name, operation in operations(schema):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for content in (content for body in bodies for content in body.get("content", {}).values()):
            for example in content.get("examples", {}).values():
                validator = jsonschema.Draft202012Validator({**content["schema"], "components": schema["components"]})
                errors = [error.message for error in validator.iter_errors(example["value"])]
                assert errors == [], name
                checked += 1
    assert checked > 30


def test_the_served_schema_is_the_file_of_the_repository(client):
    answer = client.get("/api/v1/schema/")

    assert answer.content == SCHEMA.read_bytes()


def test_the_address_of_the_api_leads_to_its_operations(client, db):
    answer = client.get("/api/v1/")

    assert (answer.status_code, answer["Location"]) == (302, "/api/v1/docs/")


@pytest.mark.parametrize("page", ["docs", "redoc"])
def test_the_schema_pages_load_everything_from_this_server(client, db, page):
    answer = client.get(f"/api/v1/{page}/")

    assert answer.status_code == 200
    assert "http" not in re.sub(rb'xmlns="[^"]*"', b"", answer.content).decode().replace("http-equiv", "")
    assert "script-src 'self';" in answer["Content-Security-Policy"] + ";"
