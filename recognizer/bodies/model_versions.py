"""The body of a model version, which everybody may see."""

from dataclasses import dataclass
from typing import Annotated, Any

from django.urls import reverse

from mlcore.artifact import SHIPPED
from recognizer.bodies.answers import Absolute, Version
from recognizer.bodies.plain import About, Body, Json, Moment, choice, url
from recognizer.models import ModelVersion, Promotion

MODEL_PATH = f"/models/{SHIPPED.name}/"
CHECK = {"name": "hands", "active": 0.981, "candidate": 0.983, "bound": 1.0, "limit": 0.05, "passed": True}
COMPARISON = {"passed": True, "against": SHIPPED.name, "checks": [CHECK]}


@dataclass(frozen=True, slots=True)
class ModelVersionBody(Body):
    """One version of the networks that read."""

    version: Version
    url: Annotated[str, url(MODEL_PATH)]
    card_url: Annotated[str, url(f"{MODEL_PATH}card/")]
    state: Annotated[str, choice(*ModelVersion.State.values, example="active")]
    title: Annotated[str, About("What trainers call it.", example="Water meters")]
    note: Annotated[str, About(example="")]
    digest: Annotated[
        str,
        About(
            "SHA-256 of its card, which holds those of its files.",
            example="2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        ),
    ]
    gate: Annotated[
        dict[str, Any] | None, About("Its comparison with the model that was active then.", example=COMPARISON)
    ]
    trained_from: Annotated[
        str | None, About("The version that its training with corrections started from.", example=None)
    ]
    training_url: Annotated[str | None, url("/trainings/3/", "That training.")]
    replaced: Annotated[
        str | None, About("The version that was active before it. Promote that one to go back.", example="digits-8")
    ]
    created_at: Moment
    activated_at: Moment | None


@dataclass(frozen=True, slots=True)
class PromotionBody(Body):
    """One activation of a model version."""

    at: Annotated[Moment, About("The version has been active since then.")]
    model: Annotated[str, About("The model version.", example=SHIPPED.name)]
    url: Annotated[str, url(MODEL_PATH)]
    replaced: Annotated[str | None, About("The version that was active before it.", example="digits-8")]
    by: Annotated[
        str | None, About("Who activated it, for trainers; null for the system and for others.", example="anna")
    ]
    reason: Annotated[str, About("Why the comparison was overruled, if it was.", example="")]


@dataclass(frozen=True, slots=True)
class PromotionListBody(Body):
    """Activations of model versions."""

    results: list[PromotionBody]


def promotion_body(promotion: Promotion, absolute: Absolute, *, shows_people: bool) -> PromotionBody:
    return PromotionBody(
        at=promotion.at,
        model=promotion.version.version,
        url=absolute(reverse("api:model", args=[promotion.version.version])),
        replaced=promotion.previous.version if promotion.previous else None,
        by=promotion.by.username if shows_people and promotion.by else None,
        reason=promotion.reason,
    )


def model_version_body(version: Any, absolute: Absolute) -> ModelVersionBody:
    """Return the body of a version of `versions_with_lineage`."""
    own_url = absolute(reverse("api:model", args=[version.version]))
    number = version.training_number
    return ModelVersionBody(
        version=version.version,
        url=own_url,
        card_url=f"{own_url}card/",
        state=version.state,
        title=version.title,
        note=version.note,
        digest=version.digest,
        gate=comparison_of(version),
        trained_from=version.trained_from,
        training_url=absolute(reverse("api:training", args=[number])) if number else None,
        replaced=version.replaced,
        created_at=version.created_at,
        activated_at=version.activated_at,
    )


def comparison_of(version: ModelVersion | None) -> Json | None:
    """Return the comparison of a version, without the digest of the other one."""
    if version is None or not version.gate:
        return None
    return {name: version.gate[name] for name in ("passed", "against", "checks")}
