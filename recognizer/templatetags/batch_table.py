"""The tag of the batch table's column headers."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag(takes_context=True)
def sort_header(context: template.Context, order: str, label: str) -> SafeString:
    """Return a column header whose link sorts the table by the column, or in the other direction."""
    current = context["ordering"]
    query = context["query"].copy()
    query.pop("page", None)
    query["ordering"] = f"-{order}" if current == order else order
    sorted_by = {order: "ascending", f"-{order}": "descending"}.get(current)
    return format_html(
        '<th scope="col"{}><a id="sort-{}" href="?{}">{}{}</a></th>',
        format_html(' aria-sort="{}"', sorted_by) if sorted_by else "",
        order,
        query.urlencode(),
        label,
        {"ascending": " ↑", "descending": " ↓", None: ""}[sorted_by],
    )
