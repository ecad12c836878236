"""Template tags and filters of all pages but the explorer's."""

import base64
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import template
from django.forms import BaseForm, BoundField
from django.template.defaultfilters import date
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from mlcore.reading.result import UnreadInk
from recognizer.figures.drawings import HEIGHT, MARGIN, strokes_of, svg_path, svg_path_of, width_of
from recognizer.models import Correction, Prediction
from recognizer.services.people.installation_status import fetch_installation_status
from recognizer.services.reading import images
from recognizer.words import answers

register = template.Library()

BAR = (  # one digit and its probability
    '<tr{mark}><th scope="row">{digit:d}</th><td class="bar"><svg viewBox="0 0 100 8" preserveAspectRatio="none"'
    ' aria-hidden="true" focusable="false"><rect class="bar-track" width="100" height="8" />'
    '<rect class="bar-fill" width="{width}" height="8" /></svg></td><td class="figure">{figure}</td></tr>'
)
MIN_FIGURE = 0.001  # the smallest share that a quiet table names

register.filter("percent", answers.percent)
register.filter("percent_up", answers.percent_up)
register.filter("in_one_line", answers.in_one_line)
register.filter("is_doubt_beside_digits", answers.is_doubt_beside_digits)
register.filter("next_digit", answers.next_digit)
register.filter("review_advice", answers.review_advice)
register.filter("share_of_being_a_digit", answers.share_of_being_a_digit)
register.simple_tag(fetch_installation_status, name="installation_status")


@register.filter
def confidence_label(answer: Any) -> str:
    """Return the decision of a Prediction or a Reading in answers."""
    return answers.confidence_label(answer.decision, answer.confidence)


@register.filter
def decision_name(decision: str) -> str:
    """Return a stored decision in answers."""
    return str(Prediction.Decision(decision).label)


@register.filter
def current_text(prediction: Any) -> str:
    """Return the corrected number, or the one that was read. Needs a row of selectors.with_correction()."""
    is_corrected = prediction.correction_kind and prediction.correction_kind != Correction.Kind.UNDO
    return str(prediction.correction_written if is_corrected else prediction.written)


@register.filter
def advice(answer: Any, digits: Iterable[answers.Digit]) -> str:
    return answers.advice(answer.decision, answer.reason, answer.written, digits)


@register.filter
def unread_summary(unread: Iterable[UnreadInk]) -> str:
    return answers.unread_summary(ink.kind for ink in unread)


@register.filter
def first_invalid(form: BaseForm) -> str:
    """Return the name of the first visible field with an error; empty if there is none."""
    return next((field.name for field in form.visible_fields() if field.errors), "")


@register.filter
def with_focus(field: BoundField, name: str) -> SafeString:
    """Return a field as HTML. The cursor starts in it if it has this name, and else does not."""
    return field.as_widget(attrs={"autofocus": field.name == name})


@register.filter(expects_localtime=True)
def as_time(at: datetime) -> SafeString:
    """Return a time as HTML, to the minute."""
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), date(at, "j M Y, H:i"))


@register.simple_tag
def handwritten(text: str, css_class: str = "handwritten") -> SafeString:
    """Return the digits as a drawing, hidden from screen readers: the template repeats them as text."""
    return format_html(
        '<svg class="{}" viewBox="{}" preserveAspectRatio="xMinYMid" {}><path d="{}"/></svg>',
        css_class,
        drawing_size(text),
        mark_safe('aria-hidden="true" focusable="false"'),
        svg_path(text),
    )


@register.simple_tag
def written_strokes(text: str) -> list[str]:
    """Return the strokes of a number as SVG paths, in the order in which they are written."""
    return [svg_path_of([stroke]) for stroke in strokes_of(text)]


@register.simple_tag
def drawing_size(text: str) -> str:
    """Return the viewBox of a drawn text."""
    return f"0 0 {width_of(text):g} {HEIGHT + 2 * MARGIN:g}"


@register.filter
def with_digits(probabilities: Iterable[float]) -> list[tuple[int, float]]:
    """Return pairs of digit and probability, from 0 to 9."""
    return list(enumerate(probabilities))


@register.simple_tag
def probability_bars(rows: Iterable[tuple[int, float]], digit: int, caption: str, *, quiet: bool = False) -> SafeString:
    """Return a table of digits with their probabilities as bars; `quiet` leaves out figures below 0.1 %.

    It is composed here because a preview has a table for each digit, and a template of ten rows takes its time.
    """
    body = "".join(
        BAR.format(
            mark=' class="is-answer"' if each == digit else "",
            digit=each,
            width=svg_percent(probability),
            figure=escape(answers.percent(probability)) if probability >= MIN_FIGURE or not quiet else "",
        )
        for each, probability in rows
    )
    table = '<table class="probabilities"><caption class="visually-hidden">{}</caption><tbody>{}</tbody></table>'
    return format_html(table, caption, mark_safe(body))  # noqa: S308  (of numbers and escaped text)


@register.simple_tag(takes_context=True)
def query_with(context: template.Context, **changes: Any) -> str:
    """Return the page's query string with changed parameters. None or an empty text removes a parameter."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value not in (None, ""):
            query[name] = str(value)
    return "?" + query.urlencode() if query else "?"


@register.filter
def lines(written: str) -> list[str]:
    return written.splitlines()


@register.filter
def svg_percent(share: float) -> str:
    """Return 0 to 100 as an SVG length, with a decimal point in every language."""
    return f"{100 * share:.1f}"


@register.filter
def png_data_url(cells: Any) -> str:
    """Return 28×28 cells as a PNG in a data URL: a preview is not stored, so it has no address."""
    return "data:image/png;base64," + base64.b64encode(images.encode_input(bytes(cells))).decode()


@register.filter
def bar_height(share: float, full_height: int) -> str:
    """Return the height of a bar in a chart, as an SVG length."""
    return f"{full_height * share:.1f}"


@register.filter
def bar_top(share: float, full_height: int) -> str:
    """Return the y coordinate of a bar that stands on the bottom of a chart."""
    return f"{full_height * (1 - share):.1f}"
