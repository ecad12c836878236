"""A hand that no network here has learnt: a 2 like the letter N, with digits that its owner has reviewed."""

import io
import random

from django.contrib.auth.models import User
from PIL import Image, ImageDraw

from recognizer.models import Prediction
from recognizer.services.history.corrections import correct
from recognizer.services.learning.consent import choose_training_consent
from recognizer.services.reading.predictions import create_prediction

SIDE = 160


def n_shaped_two_png(seed: int) -> bytes:
    rng = random.Random(seed)
    image = Image.new("L", (SIDE, SIDE), 255)
    draw = ImageDraw.Draw(image)
    corners = [(0.25, 0.2), (0.25, 0.8), (0.75, 0.2), (0.75, 0.8)]
    points = [((x + rng.uniform(-0.04, 0.04)) * SIDE, (y + rng.uniform(-0.04, 0.04)) * SIDE) for x, y in corners]
    draw.line(points, fill=20, width=rng.randint(8, 12), joint="curve")
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def read_n_shaped_two(owner: User, seed: int) -> Prediction:
    return create_prediction(owner=owner, data=n_shaped_two_png(seed), source="upload", mode="digit")


def review_n_shaped_twos(owner: User, count: int, *, first: int = 0, label: str = "2") -> list[Prediction]:
    """Let the person give pictures, say what is right, and allow training."""
    choose_training_consent(owner, is_given=True)
    given = [read_n_shaped_two(owner, seed) for seed in range(first, first + count)]
    for prediction in given:
        correct(prediction=prediction, by=owner, kind="correct", text=label)
    return given
