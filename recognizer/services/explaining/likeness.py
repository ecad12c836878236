"""The digits that a network sees as most alike to a glyph: training digits, and own confirmed ones."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from uuid import UUID

import numpy as np
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Q
from numpy.typing import NDArray

from mlcore.explaining.neighbours import embed, find_neighbours
from mlcore.explaining.occlusion import Image
from recognizer.models import Correction, Glyph
from recognizer.models.upload import NUMBER_KINDS
from recognizer.queries import selectors
from recognizer.services.explaining.explanations import ExplainedGlyph
from recognizer.services.explaining.training_digits import training_digits
from recognizer.services.history.current_corrections import select_current
from recognizer.services.history.labelled_boxes import Box

SHOWN = 8
MAX_OWN = 100  # confirmed pictures that are compared, the newest
COLUMNS = ("prediction", "x", "y", "width", "height", "input")


@dataclass(frozen=True, slots=True)
class AlikeDigit:
    """A digit that the network sees as alike, with its true label."""

    image: Image
    label: int
    similarity: float
    glyph: Glyph | None = None  # an own digit has a page


@dataclass(frozen=True, slots=True)
class Likeness:
    """The neighbours of a glyph. `training` is None where no command has embedded the training digits."""

    training: list[AlikeDigit] | None
    own: list[AlikeDigit]
    own_compared: int

    def count_labels(self, digit: int) -> int:
        """Return how many of the training digits have this label."""
        return sum(each.label == digit for each in self.training or ())


class VectorCache:
    """Embeddings of own digits in this process's memory. Neither a glyph nor a version ever changes."""

    SIZE = 5_000  # of about 400 bytes

    def __init__(self) -> None:
        self.lock = Lock()
        self.vectors: OrderedDict[tuple[str, UUID], NDArray[np.float32]] = OrderedDict()

    def embed(self, explained: ExplainedGlyph, glyphs: list[Glyph]) -> NDArray[np.float32]:
        """Return the embeddings of the glyphs under the version, (N, width). Only new ones are computed."""
        digest = explained.version.digest
        with self.lock:
            known = {each.pk: self.vectors[digest, each.pk] for each in glyphs if (digest, each.pk) in self.vectors}
        missing = [each for each in glyphs if each.pk not in known]
        for glyph, vector in zip(missing, embed(explained.explainer, stack_inputs(missing)), strict=True):
            known[glyph.pk] = vector
        with self.lock:
            for key, vector in known.items():
                self.vectors[digest, key] = vector
                self.vectors.move_to_end((digest, key))
            while len(self.vectors) > self.SIZE:
                self.vectors.popitem(last=False)
        return np.stack([known[each.pk] for each in glyphs])


vector_cache = VectorCache()


def find_alike(explained: ExplainedGlyph, user: AbstractBaseUser | AnonymousUser) -> Likeness:
    """Return the training digits and the person's own confirmed digits that are most alike to the glyph."""
    (vector,) = embed(explained.explainer, explained.image[np.newaxis])
    confirmed = [(glyph, label) for glyph, label in confirmed_digits(user) if glyph.pk != explained.glyph.pk]
    return Likeness(_alike_training(explained, vector), _alike_own(explained, vector, confirmed), len(confirmed))


def _alike_training(explained: ExplainedGlyph, vector: NDArray[np.float32]) -> list[AlikeDigit] | None:
    digits = training_digits.fetch(explained.version)
    if digits is None:
        return None
    return [
        AlikeDigit(digits.images[each.index], int(digits.labels[each.index]), each.similarity)
        for each in find_neighbours(vector, digits.vectors, SHOWN)
    ]


def _alike_own(
    explained: ExplainedGlyph, vector: NDArray[np.float32], confirmed: list[tuple[Glyph, int]]
) -> list[AlikeDigit]:
    if not confirmed:
        return []
    vectors = vector_cache.embed(explained, [glyph for glyph, _label in confirmed])
    found = []
    for neighbour in find_neighbours(vector, vectors, SHOWN):
        glyph, label = confirmed[neighbour.index]
        found.append(AlikeDigit(_image_of(glyph), label, neighbour.similarity, glyph))
    return found


def confirmed_digits(user: AbstractBaseUser | AnonymousUser) -> list[tuple[Glyph, int]]:
    """Return the digits of the newest confirmed or corrected pictures that have a box, each with its true label."""
    corrected = selectors.corrections_by(user).filter(kind__in=NUMBER_KINDS).values("upload")
    # The second condition alone is exact. The first one lets the database find few rows without a full scan.
    rows = selectors.history_for(user).filter(upload__in=corrected).filter(Q(correction_kind__in=NUMBER_KINDS))
    rows = rows.exclude(upload__original="")
    uploads = dict(rows.values_list("pk", "upload_id")[:MAX_OWN])  # by prediction, the newest first
    labels = _current_labels(set(uploads.values()))
    glyphs: dict[UUID, list[Glyph]] = {}
    for glyph in selectors.glyphs_for(user).filter(prediction__in=uploads).only(*COLUMNS):
        glyphs.setdefault(glyph.prediction_id, []).append(glyph)
    found = []
    for prediction, upload in uploads.items():
        for glyph in glyphs.get(prediction, ()):
            label = labels[upload].get((glyph.x, glyph.y, glyph.width, glyph.height), "")
            if label:
                found.append((glyph, int(label)))
    return found


def _current_labels(uploads: set[UUID]) -> dict[UUID, dict[Box, str]]:
    """Return the labels of the current correction of each upload, by their boxes."""
    corrections: dict[UUID, list[Correction]] = {upload: [] for upload in uploads}
    for row in Correction.objects.filter(upload__in=uploads):
        corrections[row.upload_id].append(row)
    labels = {}
    for upload, rows in corrections.items():
        current = select_current(rows)
        boxes = current.boxes if current else []
        labels[upload] = {tuple(item["box"]): item["label"] for item in boxes}
    return labels


def stack_inputs(glyphs: list[Glyph]) -> NDArray[np.uint8]:
    if not glyphs:
        return np.zeros((0, 28, 28), np.uint8)
    return np.stack([_image_of(glyph) for glyph in glyphs])


def _image_of(glyph: Glyph) -> Image:
    return np.frombuffer(bytes(glyph.input), np.uint8).reshape(28, 28)
