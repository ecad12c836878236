import pytest

from recognizer.models import Prediction
from recognizer.services.reading.predictions import create_prediction
from tests.pictures import digit_png


@pytest.fixture
def seven(alice, model) -> Prediction:
    return create_prediction(owner=alice, data=digit_png(7), source="upload", mode="digit")
