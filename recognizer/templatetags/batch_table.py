"""The tags of the batch table: column headers, and rows.

The rows are composed here, because a page has a hundred of them: as a template with its tests, translations and
addresses, they took more than half of the time of the page.
"""

from collections.abc import Iterable
from html import escape
from urllib.parse import urlencode
from uuid import UUID

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from recognizer.models import BatchItem, Correction, Prediction
from recognizer.problems import KINDS
from recognizer.services.batches.table import TableAnswer, TableRow
from recognizer.words.answers import in_one_line, percent

register = template.Library()

ANY_KEY = UUID(int=0)  # takes the place of a key in an address

ANSWERED = """<tr id="file-{position}" data-row>
<td class="cell-pick"><label class="pick"><input type="checkbox" name="pick" value="{key}" form="batch-many" \
autocomplete="off"><span class="visually-hidden">{select}</span></label></td>
<td class="cell-picture"><a href="{url}" tabindex="-1" aria-hidden="true"><img src="{thumbnail}" alt="" \
loading="lazy" width="128" height="64"></a></td>
<th class="cell-name wraps" scope="row"><a id="name-{position}" href="{url}">{name}</a>{page}</th>
<td class="cell-read wraps" data-label="{read_label}">{read}</td>
<td class="cell-number" data-label="{number_label}">{number}</td>
<td class="cell-value" data-label="{value_label}" data-shown>{value}</td>
<td class="cell-certainty" data-shown>{certainty}</td>
<td class="cell-state" data-shown>{state}</td>
</tr>
"""
UNANSWERED = """<tr id="file-{position}" data-row>
<td class="cell-pick"></td>
<td class="cell-picture"></td>
<th class="cell-name wraps" scope="row">{name}{page}</th>
<td class="cell-read"></td><td class="cell-number"></td><td class="cell-value"></td><td class="cell-certainty"></td>
<td class="cell-state" data-shown>{state}</td>
</tr>
"""
NUMBER = """<input type="hidden" name="was-{key}" value="{final}"><input id="number-{position}" name="number-{key}" \
value="{number}" enterkeyhint="next" maxlength="2000" autocomplete="off" aria-label="{label}"{confirm}>\
<button type="button" class="button button-small" data-row-button aria-describedby="name-{position}" hidden></button>"""
BADGE = '<span class="badge {mark}">{label}</span>'


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


@register.simple_tag
def batch_rows(rows: Iterable[TableRow], *, table: str = "", is_saved: bool = False) -> SafeString:
    """Return the rows of the table, with its query in the addresses of pictures, whose pages lead back to it.

    `is_saved` says at the state that the number was saved.
    """
    write = RowWriter(table=table, is_saved=is_saved).write
    return mark_safe("".join(map(write, rows)))  # noqa: S308  (RowWriter escapes all that people give)


class RowWriter:
    """The rows as HTML. Texts and addresses that all of them share are looked up once."""

    def __init__(self, *, table: str, is_saved: bool) -> None:
        self.url = f"{reverse('upload_detail', args=[ANY_KEY])}?{urlencode({'table': table})}"
        self.thumbnail = reverse("upload_thumbnail", args=[ANY_KEY])
        self.select, self.label, self.page = _("Select %(name)s"), _("Number in %(name)s"), _("page %(page)s")
        self.read_label, self.number_label = escape(_("Read as")), escape(_("Number"))
        self.value_label = escape(_("Value"))
        decisions, states, kinds = Prediction.Decision, BatchItem.State, Correction.Kind
        labels = [
            *((each.value, each.label, f"badge-{each.value}") for each in decisions),
            *((each.value, each.label, "") for each in states),
            (states.FAILED.value, states.FAILED.label, "badge-rejected"),
            (states.WAITING.value, states.WAITING.label, "badge-person"),
            (states.DONE.value, _("deleted"), ""),  # it was read, and has no answer any more
            (kinds.CONFIRM.value, _("confirmed"), "badge-person"),
            (kinds.CORRECT.value, _("corrected"), "badge-person"),
            (kinds.NOT_A_DIGIT.value, _("no digit"), "badge-person"),
        ]
        self.states = {name: BADGE.format(mark=mark, label=escape(str(label))) for name, label, mark in labels}
        self.saved = f' <span class="small" role="status">{escape(_("Saved"))}</span>' if is_saved else ""

    def write(self, row: TableRow) -> str:
        name = escape(row.name or _("without a name"))
        page = f' <span class="small muted">{escape(self.page % {"page": row.page})}</span>' if row.page else ""
        if row.answer is None:
            return UNANSWERED.format(position=row.position, name=name, page=page, state=self.state_of_file(row))
        answer, key = row.answer, str(row.answer.upload_id)
        value = answer.value
        return ANSWERED.format(
            position=row.position,
            key=key,
            url=self.url.replace(str(ANY_KEY), key),
            thumbnail=self.thumbnail.replace(str(ANY_KEY), key),
            select=escape(self.select) % {"name": name},
            name=name,
            page=page,
            read_label=self.read_label,
            read=escape(in_one_line(answer.written)) or "–",
            number_label=self.number_label,
            number=self.number(row, answer, name),
            value_label=self.value_label,
            value=escape(value) if value is not None and value != answer.final else "",
            certainty=escape(percent(answer.confidence)) if answer.written else "",
            state=self.states[answer.kind] + self.saved if answer.kind else self.states[answer.decision],
        )

    def number(self, row: TableRow, answer: TableAnswer, name: str) -> str:
        """Return the field of the number, or a link where there are several. The name is escaped already."""
        key = str(answer.upload_id)
        if not answer.has_one_line:
            url = self.url.replace(str(ANY_KEY), key)
            return f'<a class="wraps" href="{url}">{escape(in_one_line(answer.final))}</a>'
        return NUMBER.format(
            key=key,
            position=row.position,
            final=escape(answer.final),
            number=escape(answer.final if row.typed is None else row.typed),
            label=escape(self.label) % {"name": name},
            confirm=f' data-confirm="{key}"' if answer.is_confirmed_by_enter else "",
        )

    def state_of_file(self, row: TableRow) -> str:
        """Return the state of a file without an answer: one that waits or failed, or whose picture was deleted."""
        if not row.error_code:
            return self.states[row.state]
        kind = KINDS.get(row.error_code, KINDS["internal_error"])
        return f'{self.states[row.state]} <span class="small muted">{escape(_(kind.title))}</span>'
