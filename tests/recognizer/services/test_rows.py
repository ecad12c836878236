"""Statements composed once find and write the very rows that Django's own would."""

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, transaction
from django.forms.models import model_to_dict

from recognizer.models import ApiToken, Glyph, Prediction, Upload
from recognizer.services.people.tokens import create_token
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.rows import find, insert
from tests.pictures import digit_png

pytestmark = pytest.mark.django_db


def values(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def kept(alice) -> Prediction:
    strokes = [{"points": [[0, 0, 0.5]]}]
    return create_prediction(owner=alice, data=digit_png(7), source="api", name="séven.png", strokes=strokes)


def test_a_row_is_found_as_django_finds_it(alice):
    token = create_token(user=alice, name="one")[0]
    create_token(user=alice, name="another")
    for model, key in ((ApiToken, {"digest": token.digest}), (ApiToken, {"id": token.pk}), (User, {"id": alice.pk})):
        row = find(model, **key)
        assert values(row) == values(model.objects.get(**key))
        assert not row._state.adding


def test_what_is_not_there_is_none(alice):
    assert find(ApiToken, digest="' OR 1=1 --") is None


def test_what_was_found_can_be_saved(alice):
    row = find(User, id=alice.pk)
    row.email = "alice@example.org"
    row.save()
    assert User.objects.get(pk=alice.pk).email == "alice@example.org"


def test_a_written_row_reads_as_it_was_given(alice, model, media):
    prediction = kept(alice)
    glyphs = Glyph.objects.filter(prediction=prediction)
    for row in (prediction.upload, prediction):
        assert values(type(row).objects.get(pk=row.pk)) == values(row)
    assert [glyph.prediction_id for glyph in glyphs] == [prediction.pk]


def test_a_copy_written_by_django_is_the_same_row(alice, model, media):
    ours = kept(alice)
    theirs = Upload(**{**values(ours.upload), "id": None})
    theirs.id = Upload._meta.pk.get_default()
    theirs.save(force_insert=True)
    mine, copied = (model_to_dict(Upload.objects.get(pk=row.pk)) for row in (ours.upload, theirs))
    assert mine == copied


def test_a_written_row_is_no_longer_new(alice, model, media):
    prediction = kept(alice)
    prediction.is_current = False
    prediction.save(update_fields=["is_current"])
    assert not Prediction.objects.get().is_current


def test_constraints_hold(alice, model, media):
    prediction = kept(alice)
    again = Prediction(**{**values(prediction), "id": Prediction._meta.pk.get_default()})
    with pytest.raises(IntegrityError), transaction.atomic():
        insert([again])
    assert again._state.adding
    assert Prediction.objects.count() == 1


def test_what_is_rolled_back_is_not_written(alice, model, media):
    upload = Upload(**{**values(kept(alice).upload), "id": Upload._meta.pk.get_default()})
    with pytest.raises(DatabaseError), transaction.atomic():
        insert([upload])
        raise DatabaseError
    assert Upload.objects.count() == 1


def test_no_rows_are_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        insert([])
