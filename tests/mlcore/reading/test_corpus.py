"""Every picture of the corpus gets its answer from the reader."""

import pytest

from mlcore.reading.files.errors import PictureError
from mlcore.reading.reader import Reader
from tests import corpus
from tests.corpus import Case


def named(cases: tuple[Case, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=[ascii(case.name)[1:40] for case in cases])


@named(corpus.REFUSED)
def test_it_is_refused(case: Case, reader: Reader) -> None:
    with pytest.raises(PictureError) as refusal:
        reader.read(case.data)
    assert refusal.value.code == case.error


@named(corpus.READ)
def test_it_is_read(case: Case, reader: Reader) -> None:
    reading = reader.read(case.data)
    assert (reading.text, reading.decision) == (case.text, "read")


@named(corpus.NO_INK)
def test_it_holds_no_ink(case: Case, reader: Reader) -> None:
    reading = reader.read(case.data)
    assert (reading.text, reading.decision, reading.reason, reading.glyphs) == ("", "rejected", "no_ink", ())


@named(corpus.NO_DIGIT)
def test_it_is_never_a_sure_digit(case: Case, reader: Reader) -> None:
    reading = reader.read(case.data, "digit")
    assert reading.decision != "read"
    assert (reading.text == "") == (reading.decision == "rejected")
