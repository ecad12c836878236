import re
from dataclasses import replace
from pathlib import Path

from mlcore.artifact import SHIPPED, load_artifact
from mlcore.card_text import model_card

PAGE = Path(__file__).parents[2] / "docs" / "model-card.md"


def test_the_page_in_docs_is_current() -> None:
    """Compare the page; `manage.py model_card > docs/model-card.md` updates it."""
    assert PAGE.read_text() == model_card(load_artifact(SHIPPED).card)


def test_the_page_has_the_command_the_accuracy_and_the_data() -> None:
    card = load_artifact(SHIPPED).card
    page = model_card(card)
    assert card.training["command"] in page
    assert f"{card.metrics['test']['accuracy']:.2%}" in page
    for digest in card.training["data"].values():
        assert digest in page


def test_the_shipped_card_names_no_folder_of_a_machine() -> None:
    training = load_artifact(SHIPPED).card.training
    commands = [training["command"], training["start"]["command"]]
    assert not [word for command in commands for word in re.split("[ =]", command) if word.startswith("/")]


def test_the_shipped_model_is_small_and_complete() -> None:
    files = list(SHIPPED.iterdir())
    assert sum(file.stat().st_size for file in files) < 5_000_000
    assert {file.name for file in files} == {*load_artifact(SHIPPED).card.files, "card.json"}


def test_a_fine_tuned_network_names_its_start() -> None:
    card = load_artifact(SHIPPED).card
    start = {"digest": "0123456789abcdef", "command": "manage.py train_model", "seconds": 120, "made": "2026-01-02"}
    fine_tuned = model_card(replace(card, training={**card.training, "start": start}))
    assert (
        "| fine-tuned from | `manage.py train_model` (2 minutes, 2026-01-02), SHA-256 of its card begins 0123456789ab |"
        in fine_tuned
    )
    assert "| fine-tuned from |" not in model_card(replace(card, training={**card.training, "start": None}))


def test_a_fine_tuned_line_network_names_its_start() -> None:
    card = load_artifact(SHIPPED).card
    training = {"lines": 80_000, "epochs": 14, "seed": 1, "seconds": 60, "hardware": "a machine"}
    own = "80,000 synthetic lines, 14 epochs, seed 1, 1 minutes on a machine"
    for start, expected in (
        (None, own),
        ({"version": "digits-1"}, f"{own}, fine-tuned from digits-1"),
        ({"version": "digits-1", **training}, f"{own}, fine-tuned from digits-1 ({own})"),
    ):
        page = model_card(replace(card, training={**card.training, "lines": {**training, "start": start}}))
        assert f"| line network | {expected} |" in page


def test_only_figures_of_all_seeds_are_shown() -> None:
    card = load_artifact(SHIPPED).card
    seeds = {"1": {"validation": 0.98, "test": 0.99, "read": 0.97}, "2": {"validation": 0.96, "test": 0.97}}
    page = model_card(replace(card, training={**card.training, "seeds": seeds}))
    assert "| mean | 97.000% | 98.000% |" in page
    assert "read as PNG |" not in page


def test_the_page_says_whether_the_trainer_added_pictures() -> None:
    card = load_artifact(SHIPPED).card
    own = {**card.training, "data": {**card.training["data"], "extra": "0a"}}
    assert "No other person's pictures\nwere used" in model_card(card)
    assert "No other person's pictures\nwere used" not in model_card(replace(card, training=own))
    start = {"digest": "0a", "data": {"extra": "0a"}}
    assert "No other person's pictures\nwere used" not in model_card(
        replace(card, training={**card.training, "start": start})
    )


def test_figures_of_signs_hands_and_letters_are_shown_where_they_were_measured() -> None:
    card = load_artifact(SHIPPED).card
    metrics = {
        **card.metrics,
        "lines": {"validation_exact": 0.9, "validation_with_sign": 0.8},
        "numbers_with_signs": {"any paper": {"written": 0.95}},
        "unusual_hands": {"root five": {"right": 0.97, "sure but wrong": 0.01}},
        "letters": {"capital letters": {"rejected": 0.9, "sure": 0.006}},
    }
    page = model_card(replace(card, metrics=metrics))
    assert "| those with signs | 80.00% |" in page
    assert "| numbers with signs on any paper: written | 95.00% |" in page
    assert "| root five | 97.0% | 1.0% |" in page
    assert "| capital letters | 90.0% | 0.6% |" in page
