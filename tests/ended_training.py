"""A training that has ended, with its candidate and its figures, as the pages of trainings show it."""

from pathlib import Path

from django.contrib.auth.models import User

from recognizer.models import ModelVersion, Training
from recognizer.services.registry.model_versions import register_model
from recognizer.services.registry.promotion import store_gate
from tests.recognizer.services.registry.artifacts import copy_shipped

# The figures of a training, which would take minutes here.
LOSSES = (0.412, 0.236, 0.181, 0.152, 0.131, 0.118, 0.109, 0.104)
VALIDATION = ((0.121, 0.9712), (0.084, 0.9804), (0.066, 0.9846), (0.058, 0.9866), (0.051, 0.9883), (0.049, 0.9889))
EPOCHS = [
    {"number": number, "loss": loss, "validation_loss": validation, "validation_accuracy": accuracy}
    for number, (loss, (validation, accuracy)) in enumerate(
        zip(LOSSES, (*VALIDATION, (0.047, 0.9893), (0.046, 0.9895)), strict=True), start=1
    )
]
PICTURES = {
    "digits": 1840,
    "pictures": 402,
    "people": 6,
    "held_back_digits": 780,
    "held_back_pictures": 171,
    "numbers": 96,
    "held_back_numbers": 41,
    "is_limited": False,
}
HELD_BACK = {
    "pictures": 171,
    "confirmed": {"digits": 712, "active": 709, "candidate": 710},
    "corrected": {"digits": 68, "active": 9, "candidate": 51},
    "unreviewed": {"digits": 1206, "changed": 7},
    "active": 0.921,
    "candidate": 0.967,
    "chance": 0.0002,
    "numbers": {"pictures": 41, "active": 12, "candidate": 30, "gained": 19, "lost": 1},
}
CHECKS = [
    {"name": name, "active": active, "candidate": candidate, "bound": bound, "limit": limit, "passed": passed}
    for name, active, candidate, bound, limit, passed in (
        ("digits_right", 0.9976, 0.9971, -0.0011, -0.002, True),
        ("sure_but_wrong", 0.0007, 0.0009, 0.0009, 0.003, True),
        ("sure_negatives", 0.011, 0.012, 0.012, 0.03, True),
        ("digit_7", 0.998, 0.991, 0.0004, 0.05, False),
        ("numbers_exact", 0.96, 0.962, -0.004, -0.015, True),
        ("held_back_gain", 0.921, 0.967, 0.0002, 0.05, True),
    )
]


def create_ended_training(base: ModelVersion, *, by: User, folder: Path) -> Training:
    """Return the first training. It made the candidate learnt-1, which did not pass the comparison."""
    candidate = register_model(copy_shipped(folder / "learnt-1"))
    store_gate(candidate, base, {"passed": False, "checks": CHECKS})
    return Training.objects.create(
        number=1,
        started_by=by,
        base=base,
        candidate=candidate,
        outcome=Training.Outcome.CANDIDATE,
        epochs=EPOCHS,
        pictures=PICTURES,
        held_back=HELD_BACK,
    )
