"""Tests of the bodies: each field is defined once, and every form of an answer agrees with that definition."""

import csv
import io
import json
from typing import Any

import jsonschema
import pytest
from django.core.management import call_command

from mlcore.explaining.occlusion import Change
from mlcore.explaining.sentences import KeyChange, write_sentence
from mlcore.reading.result import Box, UnreadInk
from recognizer.api.docs import SCHEMA
from recognizer.bodies import account, answers, batches, explanations, ink, notices, plain, problems, quality
from recognizer.bodies.answers import AnswerFields
from recognizer.bodies.ink import GlyphBody
from recognizer.bodies.plain import Body, example_of, names_of, schema_of, write, write_row
from recognizer.bodies.results import ResultRow
from recognizer.models import Prediction, Upload
from recognizer.models.stored_readings import box_list
from recognizer.queries import selectors
from recognizer.services.exports import exports
from recognizer.services.exports.personal_data import describe_prediction
from recognizer.services.history.corrections import correct
from recognizer.services.reading.predictions import create_prediction
from tests.pictures import digit_png
from tests.readings import make_reading, store_reading

COMPONENTS = json.loads(SCHEMA.read_text(encoding="utf-8"))["components"]
ANSWER = names_of(AnswerFields)
INK = names_of(ink.InkFields)
DESCRIBED = [
    body
    for module in (account, answers, batches, explanations, notices, problems, quality)
    for body in vars(module).values()
    if isinstance(body, type) and issubclass(body, Body) and body.__module__ == module.__name__
    if body.__name__.removesuffix("Body") in COMPONENTS["schemas"]
]


@pytest.fixture
def prediction(alice, model) -> Prediction:
    return create_prediction(owner=alice, data=digit_png(7), source=Upload.Source.API, name="seven.png")


def errors(body: type[Body], value: Any) -> list[str]:
    reference = {"$ref": f"#/components/schemas/{body.__name__.removesuffix('Body')}", "components": COMPONENTS}
    return [error.message for error in jsonschema.Draft202012Validator(reference).iter_errors(value)]


@pytest.mark.parametrize("body", DESCRIBED, ids=lambda body: body.__name__)
def test_schema_and_example_have_the_fields_of_the_definition(body):
    described = COMPONENTS["schemas"][body.__name__.removesuffix("Body")]["properties"]
    assert sorted(described) == sorted(names_of(body))
    if body is not explanations.ExplainedAnswerBody:  # its maps are 28 by 28, and 2 by 2 in the example
        assert errors(body, example_of(body)) == []


@pytest.mark.django_db
def test_every_form_of_an_answer_has_the_same_fields_and_values(client, alice, alice_token, prediction):
    row = selectors.history_for(alice).get()
    body = client.get(f"/api/v1/predictions/{prediction.pk}/", headers=alice_token).json()
    forms = {
        "API": body,
        "JSON Lines": write(answers.prediction_line("seven.png", row)),
        "account": json.loads("".join(exports.as_json([describe_prediction(row)])))[0],
    }
    assert errors(answers.PredictionBody, body) == []
    for form, written in forms.items():
        assert [name for name in written if name in ANSWER] == ANSWER, form
        assert written["text"] == body["text"]
        assert written["reason"] in (body["reason"], "")
        assert float(written["confidence"]) == pytest.approx(body["confidence"], abs=1e-6)
    for form in ("JSON Lines", "account"):
        assert list(forms[form]["glyphs"][0]) == names_of(GlyphBody)


@pytest.mark.django_db
def test_the_command_line_writes_the_same_fields(model, tmp_path):
    (tmp_path / "seven.png").write_bytes(digit_png(7))
    out = io.StringIO()
    call_command("read", "--json", str(tmp_path / "seven.png"), stdout=out)

    assert list(json.loads(out.getvalue())) == names_of(answers.ReadingLine)
    assert [name for name in names_of(answers.ReadingLine) if name in ANSWER] == ANSWER


READINGS = [
    make_reading("7"),
    make_reading("-12,50"),
    make_reading("85%\n-3.5\n07-11"),
    make_reading("12.50", decision="unsure", reason="unread_ink", unread=[UnreadInk(Box(1, 2, 3, 4), "letters")]),
]


@pytest.mark.django_db
@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: reading.written)
def test_a_stored_reading_says_behind_every_door_what_the_reader_said(reading, alice, model, media):
    fresh = answers.reading_line("by-hand.png", reading)
    prediction = selectors.with_glyphs(selectors.history_for(alice)).get(pk=store_reading(reading, owner=alice).pk)

    assert ink.ink_fields(prediction, prediction.glyphs.all()) == fresh.ink
    assert ink.ink_fields(prediction, reading.glyphs) == fresh.ink  # as right after it was saved
    stored = write(answers.prediction_line("by-hand.png", prediction))
    assert {name: stored[name] for name in INK} == {name: write(fresh)[name] for name in INK}
    assert [error for line in stored["lines"] for error in errors(ink.LineBody, line)] == []


@pytest.mark.django_db
def test_tables_hold_the_written_form_the_value_and_the_unread_ink(alice, model, media):
    unread = [UnreadInk(Box(1, 2, 3, 4), "mark"), UnreadInk(Box(5, 6, 7, 8), "text_line")]
    prediction = store_reading(make_reading("12,50", decision="unsure", unread=unread), owner=alice)
    correct(prediction=prediction, by=alice, kind="correct", written="12,60")
    rows = list(exports.history_rows(selectors.history_for(alice), str))

    (cells,) = csv.DictReader(io.StringIO("".join(exports.as_csv(rows))))
    (values,) = map(json.loads, exports.as_json_lines(rows))

    assert [cells[name] for name in ("text", "written", "value")] == ["1250", "12,50", "12.50"]
    assert [cells[name] for name in ("final", "final_value", "correction")] == ["12,60", "12.60", "correct"]
    assert cells["unread"] == "mark 1 2 3 4, text_line 5 6 7 8"
    assert values["unread"] == [{"kind": ink.kind, "box": box_list(ink.box)} for ink in unread]


def test_names_and_order_of_the_public_forms_stay():
    assert ANSWER == ["text", "decision", "reason", "confidence", "model"]
    assert names_of(GlyphBody) == ["box", "digit", "confidence", "probabilities"]
    assert names_of(answers.ReadingLine) == ["file", *ANSWER, "glyphs", *INK]
    assert names_of(answers.PredictionLine) == ["file", *ANSWER, "glyphs", *INK, "prediction"]
    assert names_of(answers.ReadingBody)[-5:] == names_of(answers.PredictionBody)[-5:] == INK
    assert names_of(ink.LineBody) == [
        *("box", "text", "written", "value", "confidence", "decision", "reason", "glyphs", "signs")
    ]
    assert names_of(ResultRow)[:11] == [  # as they were in the first release; new ones follow
        *("position", "file", "state", "error", "text", "decision", "confidence", "prediction"),
        *("written", "value", "unread"),
    ]


def test_the_example_sentence_is_one_that_the_explainer_writes():
    probabilities = [0.0, 0.0, 0.0, 0.0, 0.61, 0.0, 0.0, 0.0, 0.04, 0.35]
    gap = KeyChange(Change(top=2, left=10, is_gap=True), "at the top", loss=2.0, is_decisive=True)

    assert example_of(explanations.ExplanationBody)["sentence"] == write_sentence(probabilities, 1.0, gap)
    assert example_of(explanations.TurnBody) == {
        **{"kind": "gap", "place": "at the top", "decides": True},
        "box": example_of(explanations.TurnBody)["box"],
    }


class TestMachinery:
    """A body made for the test, with every kind of annotation."""

    def test_a_field_is_written_with_its_own_precision_or_the_given_one(self):
        body = GlyphBody([1, 2, 3, 4], 7, 0.123456789, [0.123456789] * 10)

        assert write(body)["confidence"] == 0.123456789
        assert write(body)["probabilities"] == [0.123457] * 10
        assert write(body, decimals=4)["confidence"] == write(body, decimals=4)["probabilities"][0] == 0.1235

    def test_none_is_written_left_out_or_an_empty_cell(self):
        problem = problems.ProblemBody("about:blank", "t", 400, "d", "invalid", None)
        answer = AnswerFields("", "rejected", None, 0.5, "digits-1")

        assert "errors" not in write(problem)
        assert write(answer)["reason"] is None
        assert write_row(answer)["reason"] == ""

    def test_an_inner_annotation_is_amended_by_the_outer_one(self):
        (scope,) = (member for member in plain.members_of(account.PersonBody) if member.name == "scope")

        assert scope.about.schema["enum"] == ["read", "write"]
        assert scope.about.help
        assert scope.about.example == "write"

    def test_a_field_without_an_example_is_an_error(self):
        with pytest.raises(TypeError, match="digit has no example"):
            example_of(answers.OldAnswerBody)

    def test_inline_fields_are_required_where_they_are_written(self):
        schema = schema_of(answers.ReadingLine, lambda body: {"$ref": body.__name__})

        assert schema["required"] == sorted(names_of(answers.ReadingLine))
        assert schema["properties"]["glyphs"] == {"type": "array", "items": {"$ref": "GlyphBody"}}
