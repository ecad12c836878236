import base64
from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from recognizer import words
from recognizer.drawings import HEIGHT, MARGIN, svg_path, width_of
from recognizer.models import Correction
from recognizer.problems import KINDS
from recognizer.services.installation import installation
from recognizer.services.reading import pictures

register = template.Library()

register.filter("percent", words.percent)
register.simple_tag(installation)


@register.filter
def sureness(answer: Any) -> str:
    """Of anything with a decision and a confidence: a Prediction or a Reading."""
    return words.sureness(answer.decision, answer.confidence)


@register.filter
def held(prediction: Any) -> str:
    """What is held to be true, by an answer that comes with its upload's newest correction."""
    is_said = prediction.correction_kind and prediction.correction_kind != Correction.Kind.UNDO
    return str(prediction.correction_text if is_said else prediction.text)


@register.filter
def advice(answer: Any, digits: Iterable[words.Digit]) -> str:
    return words.advice(answer.decision, answer.reason, digits)


@register.simple_tag
def handwritten(text: str, css_class: str = "handwritten") -> SafeString:
    """The digits in the product's hand, hidden from screen readers: say them in text beside it."""
    height = HEIGHT + 2 * MARGIN
    return format_html(
        '<svg class="{}" viewBox="0 0 {} {}" aria-hidden="true" focusable="false"><path d="{}"/></svg>',
        css_class,
        f"{width_of(text):g}",
        f"{height:g}",
        svg_path(text),
    )


@register.filter
def ranked(probabilities: Iterable[float]) -> list[tuple[int, float]]:
    """Digits with their probabilities, in the order 0 to 9."""
    return list(enumerate(probabilities))


@register.simple_tag(takes_context=True)
def query_with(context: template.Context, **changes: Any) -> str:
    """The page's own query string with some values changed; None or an empty text removes one."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value not in (None, ""):
            query[name] = str(value)
    return "?" + query.urlencode() if query else "?"


@register.filter
def hundredfold(probability: float) -> str:
    """A length of 0 to 100 for a drawing, whatever the language writes for a decimal point."""
    return f"{100 * probability:.1f}"


@register.filter
def pixels(cells: Any) -> str:
    """28×28 cells as a picture inside the page: for previews, of which nothing is kept."""
    return "data:image/png;base64," + base64.b64encode(pictures.input_png(bytes(cells))).decode()


@register.filter
def tall(share: float, height: int) -> str:
    return f"{height * share:.1f}"


@register.filter
def rest(share: float, height: int) -> str:
    """Where a bar of this share begins, if it stands on the ground."""
    return f"{height * (1 - share):.1f}"


@register.filter
def problem_words(code: str) -> str:
    kind = KINDS.get(code)
    return gettext(kind.title) if kind else code
