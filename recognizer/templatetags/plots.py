"""The template tag that renders a plot as a figure. Its page links `css/plots.css`."""

from typing import Any

from django import template

from recognizer.plots import Plot

register = template.Library()


@register.inclusion_tag("plots/_plot.html")
def plot(plot: Plot) -> dict[str, Any]:
    """Render a plot with its title, its summary and the table of its numbers."""
    return {"plot": plot, "table": plot.table()}
