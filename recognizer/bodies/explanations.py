"""The bodies of feature maps, layers and explanations."""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from recognizer.bodies.answers import PREDICTION_PATH, Version
from recognizer.bodies.plain import About, Body, choice, url
from recognizer.models import FeatureMap, Job

GLYPH_PATH = f"{PREDICTION_PATH}glyphs/0/"
MAPS_PATH = f"{PREDICTION_PATH}feature-maps/"

LayerName: TypeAlias = Annotated[str, About(example="conv1")]
LayerKind: TypeAlias = Annotated[str, choice("conv", "pool")]
Shape: TypeAlias = Annotated[
    list[int], About("Height, width and number of channels.", example=[28, 28, 32], minItems=3, maxItems=3)
]
Rectangle: TypeAlias = list[float]


@dataclass(frozen=True, slots=True)
class FeatureMapBody(Body):
    """The stored maps of one layer for one glyph."""

    glyph: Annotated[int, About("The glyph's position.", example=0)]
    layer: LayerName
    kind: LayerKind
    shape: Shape
    columns: Annotated[int | None, About("Number of maps in one row of the PNG.", example=8)]
    low: Annotated[float | None, About("The activation at the dark end of the colour scale.", example=-0.4)]
    high: Annotated[float | None, About("The activation at the bright end of the colour scale.", example=3.1)]
    image_url: Annotated[str | None, url(f"{MAPS_PATH}0/conv1/", "A PNG, once it is drawn.")]


@dataclass(frozen=True, slots=True)
class FeatureMapsBody(Body):
    """The feature maps of a prediction, and the state of the job that draws them."""

    url: Annotated[str, url(MAPS_PATH)]
    state: Annotated[str, choice(*Job.State.values, example="done")]
    error: Annotated[str | None, About(example=None)]
    maps: list[FeatureMapBody]


@dataclass(frozen=True, slots=True)
class LayerBody(Body):
    """One layer of the network for one glyph."""

    name: LayerName
    kind: LayerKind
    shape: Shape
    columns: Annotated[int, About("Number of maps in one row of the PNG.", example=8)]
    low: Annotated[float, About("The activation at the dark end of the colour scale.", example=-0.4)]
    high: Annotated[float, About("The activation at the bright end of the colour scale.", example=3.1)]
    activations_url: Annotated[str, url(f"{GLYPH_PATH}layers/conv1/activations/", "A NumPy file.")]
    map_url: Annotated[str, url(f"{GLYPH_PATH}layers/conv1/map/", "A PNG.")]


@dataclass(frozen=True, slots=True)
class LayersBody(Body):
    """The convolution and pooling layers of the network, in order."""

    model: Version
    layers: list[LayerBody]


@dataclass(frozen=True, slots=True)
class ExplainedAnswerBody(Body):
    """One of the two most likely digits. Positive values of its maps speak for it, negative ones against it."""

    digit: Annotated[int, About(example=4, minimum=0, maximum=9)]
    probability: Annotated[float, About(example=0.61)]
    logit: Annotated[float, About(example=4.2)]
    occlusion: Annotated[
        list[list[float]],
        About(
            "Loss of the logit where the picture is covered: 28 rows of 28 numbers (2 of 2 in the example).",
            example=[[0.0, 0.1], [0.2, -0.1]],
        ),
    ]
    cam: Annotated[
        list[list[float]] | None, About("Class activation map, where the network allows an exact one.", optional=True)
    ]


@dataclass(frozen=True, slots=True)
class TurnBody(Body):
    """The change at the place where the evidence for the first answer is strongest."""

    kind: Annotated[str, choice("gap", "stroke")]
    place: Annotated[str, About(example="at the top")]
    box: Annotated[
        Rectangle,
        About("x, y, width and height in the picture.", example=[121.0, 64.0, 40.0, 40.0], minItems=4, maxItems=4),
    ]
    decides: Annotated[bool, About("Whether another digit would win.", example=True)]


@dataclass(frozen=True, slots=True)
class ExplanationBody(Body):
    """The reasons for a glyph's digit, in numbers and in a sentence."""

    model: Version
    sentence: Annotated[str, About(example="4 at 61 %, 9 at 35 %: the gap at the top decides.")]
    answers: Annotated[list[ExplainedAnswerBody], About("The two most likely digits.")]
    turn: TurnBody | None
    frame: Annotated[
        Rectangle,
        About(
            "x, y, width and height of the 28×28 input in the picture.",
            example=[60.0, 30.0, 340.0, 340.0],
            minItems=4,
            maxItems=4,
        ),
    ]


def feature_maps_body(job: Job | None, maps: list[FeatureMap], own_url: str) -> FeatureMapsBody:
    """Return the body; without a job, as for a picture without digits, there is nothing to draw."""
    failed = job is not None and job.state == Job.State.FAILED
    return FeatureMapsBody(
        url=own_url,
        state=job.state if job else Job.State.DONE.value,
        error=(job.error or None) if job and failed else None,
        maps=[feature_map_body(feature_map, own_url) for feature_map in maps],
    )


def feature_map_body(feature_map: FeatureMap, maps_url: str) -> FeatureMapBody:
    position = feature_map.glyph.position
    return FeatureMapBody(
        glyph=position,
        layer=feature_map.layer,
        kind=feature_map.kind,
        shape=[feature_map.height, feature_map.width, feature_map.channels],
        columns=feature_map.columns,
        low=feature_map.low,
        high=feature_map.high,
        image_url=f"{maps_url}{position}/{feature_map.layer}/" if feature_map.image else None,
    )
