"""The figures that pages show of a model's card."""

from mlcore.artifact import SHIPPED, load_artifact
from recognizer.figures.model_card import card_figures, flatten


def test_the_shipped_card_has_every_plot_and_example():
    figures = card_figures(load_artifact(SHIPPED).card_as_dict())
    plots = [plot.name for plot in (*figures.plots, *figures.more_plots)]
    assert plots == [
        "card-confusion",
        "card-reliability",
        "card-errors",
        "card-loss",
        "card-changes",
        "card-hands",
        "card-gaps",
    ]
    assert [example["change"] for example in figures.changes][:2] == ["unchanged", "blurred"]
    assert all(example["written"] != example["read"] for example in figures.mistakes)
    assert {sample["written"] for sample in figures.samples} == set("0123456789")


def test_the_confusions_of_the_shipped_card_agree_with_its_errors():
    test = load_artifact(SHIPPED).card_as_dict()["metrics"]["test"]
    wrong = sum(
        count for row, counts in enumerate(test["confusions"]) for col, count in enumerate(counts) if row != col
    )
    assert wrong == test["errors"]
    assert sum(each["count"] for each in test["reliability"]) == sum(map(sum, test["confusions"])) == test["images"]


def test_a_card_without_figures_shows_none():
    figures = card_figures({"version": "classic-0"})
    assert (figures.plots, figures.more_plots, figures.headlines, figures.rows) == ([], [], [], [])


def test_lists_are_left_out_of_the_table():
    card = {"metrics": {"test": {"accuracy": 0.5, "interval": [0, 1]}, "read_as_png": {"sure": 1}}}
    assert dict(flatten(card)) == {"metrics test accuracy": 0.5, "metrics read as png sure": 1}
