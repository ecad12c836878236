"""Template tags of plots and of the figures beside them. A page with plots links `css/plots.css`."""

from collections.abc import Mapping
from typing import Any

from django import template

from recognizer.plots import Plot
from recognizer.plots.plot import write_number
from recognizer.words import trainings

register = template.Library()
register.filter("gate_check", trainings.gate_check)


@register.inclusion_tag("plots/_plot.html")
def plot(plot: Plot) -> dict[str, Any]:
    """Render a plot with its title, its summary and the table of its numbers."""
    return {"plot": plot, "table": plot.table()}


@register.filter
def whole(count: int) -> str:
    """Return a count in the person's language."""
    return write_number(count)


@register.filter
def share(value: float) -> str:
    """Return a share in percent, in the person's language."""
    return write_number(value, percent=True)


@register.filter
def share_in_tenths(value: float) -> str:
    """Return an estimated share in percent with one decimal at most, in the person's language."""
    return write_number(round(value, 3), percent=True)


@register.simple_tag
def failed_check(check: Mapping[str, Any], candidate: str, active: str) -> str:
    """Return one sentence about a check that the candidate did not pass, its figures each on one line."""
    new, old = (share(check[name]).replace(" ", "\N{NO-BREAK SPACE}") for name in ("candidate", "active"))
    return trainings.failed_check(
        check["name"], candidate=candidate, candidate_share=new, active=active, active_share=old
    )


@register.filter
def gate_rule(check: Mapping[str, Any]) -> str:
    """Return what a check of a comparison asks of the candidate, each figure on one line with its unit."""
    return trainings.gate_rule(check["name"], check["limit"])


@register.filter
def decimals(value: float) -> str:
    """Return an expected number with one decimal, in the person's language."""
    return write_number(round(value, 1))


@register.filter
def plain(value: float) -> str:
    """Return a number as programs write it, in every language."""
    return str(value)
