"""Tests of the rows that are found with SQL: they equal those that the ORM returns."""

import pytest
from django.contrib.auth.models import User

from recognizer.models import ApiToken
from recognizer.services.people.tokens import create_token
from recognizer.services.rows import find_row

pytestmark = pytest.mark.django_db


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
