"""Template tags for feature maps and the explorer."""

from django import template
from django.template.defaultfilters import floatformat
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
