from django import template
from django.template.defaultfilters import floatformat
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from mlcore.explaining.mosaic import Sheet
from recognizer.models import FeatureMap
from recognizer.services.explaining.exploring import Tile

register = template.Library()

HIDDEN = mark_safe('aria-hidden="true" focusable="false"')


@register.filter
def signed(amount: float) -> str:
    """+0.37 or −0.37: what is added, with a minus as wide as the plus."""
    return f"{'−' if amount < 0 else '+'}{floatformat(abs(amount), 2)}"


@register.simple_tag
def mosaic_sheet(feature_map: FeatureMap) -> Sheet:
    """Return the layout of a feature map's picture. Its size reserves the place before the picture is loaded."""
    return Sheet((feature_map.height, feature_map.width, feature_map.channels))


@register.simple_tag
def cells(tile: Tile, sheet: Sheet, url: str, label: str = "") -> SafeString:
    """One tile cut out of its sheet. Not a template of its own: a layer has a hundred of them, each a hundred
    times as dear."""
    return format_html(
        '<svg class="cells" viewBox="{} {} {} {}" {}><image href="{}" width="{}" height="{}" /></svg>',
        tile.x,
        tile.y,
        tile.width,
        tile.height,
        format_html('role="img" aria-label="{}"', label) if label else HIDDEN,
        url,
        sheet.width,
        sheet.height,
    )
