"""The stages of a long training, for a progress bar."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingStage:
    """A stage of a training and how much of it is done."""

    name: str
    done: float  # 0..1
    seconds_left: float | None = None
    note: str = ""
    epoch: Mapping[str, float] | None = None  # the figures of the last epoch, a point of the learning curves


StageCallback = Callable[[TrainingStage], None]
