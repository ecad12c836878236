from dataclasses import replace
from pathlib import Path

from mlcore.artifact import SHIPPED, load_artifact
from mlcore.card_text import model_card

PAGE = Path(__file__).parents[2] / "docs" / "model-card.md"


def test_the_page_in_docs_is_the_shipped_models() -> None:
    """If this fails: manage.py model_card > docs/model-card.md."""
    assert PAGE.read_text() == model_card(load_artifact(SHIPPED).card)


def test_the_page_says_what_made_the_model_and_how_good_it_is() -> None:
    card = load_artifact(SHIPPED).card
    page = model_card(card)
    assert card.training["command"] in page
    assert f"{card.metrics['test']['accuracy']:.2%}" in page
    for digest in card.training["data"].values():
        assert digest in page


def test_the_shipped_model_is_small_and_whole() -> None:
    files = list(SHIPPED.iterdir())
    assert sum(file.stat().st_size for file in files) < 5_000_000
    assert {file.name for file in files} == {*load_artifact(SHIPPED).card.files, "card.json"}


def test_a_network_that_went_on_from_another_says_so() -> None:
    card = load_artifact(SHIPPED).card
    start = {"digest": "0123456789abcdef", "command": "manage.py train_model", "seconds": 120, "made": "2026-01-02"}
    went_on = model_card(replace(card, training={**card.training, "start": start}))
    assert (
        "| went on from | `manage.py train_model` (2 minutes, 2026-01-02), its card's SHA-256 begins 0123456789ab |"
        in went_on
    )
    assert "went on from" not in model_card(replace(card, training={**card.training, "start": None}))


def test_a_line_network_that_went_on_from_another_says_so() -> None:
    card = load_artifact(SHIPPED).card
    told = {"lines": 80_000, "epochs": 14, "seed": 1, "seconds": 60, "hardware": "a machine"}
    own = "80,000 generated lines, 14 epochs, seed 1, 1 minutes on a machine"
    for start, said in (
        (None, own),
        ({"version": "digits-1"}, f"{own}, beginning with digits-1's"),
        ({"version": "digits-1", **told}, f"{own}, beginning with digits-1's ({own})"),
    ):
        page = model_card(replace(card, training={**card.training, "lines": {**told, "start": start}}))
        assert f"| line network | {said} |" in page


def test_of_several_seeds_only_what_all_of_them_measured_is_shown() -> None:
    card = load_artifact(SHIPPED).card
    seeds = {"1": {"validation": 0.98, "test": 0.99, "read": 0.97}, "2": {"validation": 0.96, "test": 0.97}}
    page = model_card(replace(card, training={**card.training, "seeds": seeds}))
    assert "| mean | 97.000% | 98.000% |" in page
    assert "read as PNG |" not in page


def test_a_network_that_learnt_from_its_trainers_pictures_says_so() -> None:
    card = load_artifact(SHIPPED).card
    own = {**card.training, "data": {**card.training["data"], "extra": "0a"}}
    assert "no other\nperson's pictures" in model_card(card)
    assert "no other\nperson's pictures" not in model_card(replace(card, training=own))
    start = {"digest": "0a", "data": {"extra": "0a"}}
    assert "no other\nperson's pictures" not in model_card(replace(card, training={**card.training, "start": start}))
