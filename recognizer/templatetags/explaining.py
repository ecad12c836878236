from django import template
from django.template.defaultfilters import floatformat

register = template.Library()


@register.filter
def signed(amount: float) -> str:
    """+0.37 or −0.37: what is added, with a minus as wide as the plus."""
    return f"{'−' if amount < 0 else '+'}{floatformat(abs(amount), 2)}"
