"""The operations on trainings."""

from recognizer.api.schema import FOUND, LIST_PARAMETERS, LISTED, LOCATION, RETRY_AFTER, answer, operation
from recognizer.bodies.trainings import TrainingBody, TrainingPageBody

list_trainings = operation(
    "models",
    "list_trainings",
    "List the trainings, newest first",
    answers={200: TrainingPageBody},
    parameters=LIST_PARAMETERS,
    problems=LISTED,
)
start_training = operation(
    "models",
    "start_training",
    "Start a training with corrections. Needs the permission trainer",
    answers={202: answer(TrainingBody, state="waiting", epochs=[], gate=None)},
    parameters=[LOCATION, RETRY_AFTER],
    problems=["conflict", "model_unavailable"],
)
get_training = operation(
    "models", "get_training", "Get a training and its progress", answers={200: TrainingBody}, problems=FOUND
)
stop_training = operation(
    "models",
    "stop_training",
    "Stop a training. Needs the permission trainer",
    answers={200: answer(TrainingBody, state="cancelled")},
    problems=FOUND,
)
