"""Template tags for feature maps and the explorer."""

from django import template
from django.template.defaultfilters import floatformat
from django.utils.formats import get_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from mlcore.explaining.mosaic import MosaicLayout
from recognizer.models import FeatureMap
from recognizer.services.explaining.exploring import Tile

register = template.Library()

HIDDEN = mark_safe('aria-hidden="true" focusable="false"')


@register.filter
def signed(amount: float) -> str:
    """Return an amount with its sign, such as +0.37 or −0.37; the minus is as wide as the plus."""
    return f"{'−' if amount < 0 else '+'}{floatformat(abs(amount), 2)}"


@register.simple_tag
def mosaic_layout(feature_map: FeatureMap) -> MosaicLayout:
    """Return the layout, whose size reserves the space before the picture is loaded."""
    return MosaicLayout((feature_map.height, feature_map.width, feature_map.channels))


@register.simple_tag
def cells(tile: Tile, layout: MosaicLayout, url: str, label: str = "") -> SafeString:
    """Return one tile cut out of its mosaic as an SVG.

    A page shows a hundred of them, and an included template would take a hundred times as long.
    """
    return format_html(
        '<svg class="cells" viewBox="{} {} {} {}" {}><image href="{}" width="{}" height="{}" /></svg>',
        tile.x,
        tile.y,
        tile.width,
        tile.height,
        format_html('role="img" aria-label="{}"', label) if label else HIDDEN,
        url,
        layout.width,
        layout.height,
    )


@register.filter
def exact(value: float, decimals: int = 4) -> SafeString:
    """Return a number with four decimals as an element that holds it with nine, such as −0.1235."""
    return mark_safe(_exact(value, decimals, get_format("DECIMAL_SEPARATOR")))  # noqa: S308  (a number has no markup)


def _exact(value: float, decimals: int, separator: str) -> str:
    """Return the element as text. A page shows up to 2,000 numbers, for which floatformat() takes half a second."""
    shown = f"{value:.{decimals}f}".replace("-", "−").replace(".", separator)
    if not shown.strip(f"−0{separator}"):
        shown = shown.lstrip("−")  # a rounded zero has no sign
    return f'<data value="{value:.9f}">{shown}</data>'


@register.filter
def operand(value: float) -> SafeString:
    """Return a number for the right side of an operator: negative ones in brackets."""
    return format_html("({})" if value < 0 else "{}", exact(value))


SHADES = 4  # of each colour in the stylesheet


@register.simple_tag
def number_grid(rows: list[list[float]], label: str) -> SafeString:
    """Return numbers as a small table in which the colour of a cell shows its sign and its size.

    A page shows up to 240 grids, for which an included template would take a second.
    """
    limit = max((abs(value) for row in rows for value in row), default=0.0) or 1.0
    separator = get_format("DECIMAL_SEPARATOR")
    body = "".join(
        "<tr>"
        + "".join(f'<td class="{shade(value / limit)}">{_exact(value, 2, separator)}</td>' for value in row)
        + "</tr>"
        for row in rows
    )
    return format_html(
        '<table class="grid"><caption class="visually-hidden">{}</caption>{}</table>',
        label,
        mark_safe(body),  # noqa: S308  (numbers have no markup)
    )


def shade(share: float) -> str:
    """Return the class of a number between −1 and 1."""
    level = min(round(SHADES * abs(share)), SHADES)
    return "shade-0" if level == 0 else f"shade-{'against' if share < 0 else 'for'}-{level}"
