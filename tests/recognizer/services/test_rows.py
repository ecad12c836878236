"""Tests of the rows that are found with SQL: they equal those that the ORM returns."""

import pytest
from django.contrib.auth.models import User

from recognizer.models import ApiToken, Glyph, Prediction, Upload, Usage
from recognizer.services.people.tokens import create_token
from recognizer.services.rows import (
    book_usage_of_open_account,
    find_row,
    find_row_with,
    insert_rows,
)

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def values(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_a_row_is_found_as_the_orm_finds_it(alice):
    token = create_token(user=alice, name="one")[0]
    create_token(user=alice, name="another")
    for model, key in ((ApiToken, {"digest": token.digest}), (ApiToken, {"id": token.pk}), (User, {"id": alice.pk})):
        row = find_row(model, **key)
        assert values(row) == values(model.objects.get(**key))
        assert not row._state.adding


def test_a_missing_row_is_none(alice):
    assert find_row(ApiToken, digest="' OR 1=1 --") is None


def test_a_found_row_can_be_saved(alice):
    row = find_row(User, id=alice.pk)
    row.email = "alice@example.org"
    row.save()
    assert User.objects.get(pk=alice.pk).email == "alice@example.org"


def test_a_row_is_found_together_with_the_row_it_refers_to(alice, bob, django_assert_num_queries):
    token = create_token(user=alice, name="one")[0]
    create_token(user=bob, name="another")
    with django_assert_num_queries(1):
        row = find_row_with(ApiToken, "user", digest=token.digest)
        assert (row.pk, row.user.username) == (token.pk, "alice")
    assert values(row) == values(ApiToken.objects.get(pk=token.pk))
    assert values(row.user) == values(User.objects.get(pk=alice.pk))
    assert find_row_with(ApiToken, "user", digest="' OR 1=1 --") is None


def test_inserted_rows_equal_those_that_the_orm_saves(add_prediction, alice):
    prediction = add_prediction("1905" * 30)
    upload, glyphs = prediction.upload, list(prediction.glyphs.all())
    expected = [values(row) for row in (upload, prediction, *glyphs)]
    upload.delete()
    for rows in ([upload], [prediction], glyphs):
        for row, saved in zip(rows, expected, strict=False):
            row.pk = saved["id"]
            row._state.adding = True
        insert_rows(rows)
        del expected[: len(rows)]
        assert not any(row._state.adding for row in rows)
    assert Upload.objects.get() == upload
    stored = Prediction.objects.get()
    assert values(stored) == values(prediction)
    assert [values(row) for row in Glyph.objects.order_by("position")] == [values(row) for row in glyphs]


def book(user, *, size=10, max_bytes=100):
    return book_usage_of_open_account(user.pk, pictures=1, size=size, max_pictures=2, max_bytes=max_bytes)


def test_an_open_account_is_booked_within_its_quota_alone(alice, bob):
    for user in (alice, bob):
        Usage.objects.create(user=user, pictures=0, bytes=0)
    assert book(alice, size=60)
    assert not book(alice, size=60)
    assert book(alice, size=40)
    assert not book(alice, size=0)  # the third picture
    assert list(Usage.objects.order_by("user").values_list("pictures", "bytes")) == [(2, 100), (0, 0)]


def test_a_closed_account_and_one_without_a_usage_are_not_booked(alice, bob):
    assert not book(alice)
    Usage.objects.create(user=bob, pictures=0, bytes=0)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert not book(bob)
    assert Usage.objects.get(user=bob).pictures == 0
