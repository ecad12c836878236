"""The examples of a card: what they show, and that they are small and the same every time."""

import base64
import io

import pytest
from PIL import Image

from mlcore.artifact import SHIPPED, load_artifact
from mlcore.reading.reader import Reader
from mlcore.training.evaluation import examples


@pytest.fixture(scope="module")
def drawn():
    return examples.draw_examples(Reader(load_artifact(SHIPPED)), hands_tried=4)


def picture(example) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(example["picture"])))


def test_the_unchanged_digit_is_read_and_each_change_has_another_picture(drawn):
    changes = drawn["changes"]
    assert [example["change"] for example in changes] == list(examples.CHANGES)
    assert changes[0]["read"] == changes[0]["written"] == "4"
    assert len({example["picture"] for example in changes}) == len(changes)


def test_mistakes_are_digits_that_were_read_as_others_the_most_confident_first(drawn):
    mistakes = drawn["mistakes"]
    assert all(example["read"] not in ("", example["written"]) for example in mistakes)
    confidences = [example["confidence"] for example in mistakes]
    assert confidences == sorted(confidences, reverse=True)


def test_samples_show_every_digit_on_light_paper(drawn):
    assert [example["written"] for example in drawn["samples"]] == list("0123456789") * examples.SAMPLES_PER_DIGIT
    for example in drawn["samples"]:
        image = picture(example).convert("L")
        assert image.size == (28, 28)
        assert image.getpixel((0, 0)) > 200


def test_the_pictures_are_small(drawn):
    for kind in ("changes", "mistakes"):
        for example in drawn[kind]:
            assert max(picture(example).size) <= examples.SIDE
    assert sum(len(example["picture"]) for kind in drawn.values() for example in kind) < 80_000
