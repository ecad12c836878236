"""The numbers page: how one cell of the network is computed, as arithmetic with every number."""

from collections.abc import Sequence
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from recognizer.services.explaining.numbers import (
    MAX_SUMMED_TERMS,
    MAX_TERMS,
    SummedTerm,
    Term,
    open_cell,
    step_links,
)
from recognizer.views.explorer import explained_glyph, link_query, parse_cell


@require_safe
def numbers(request: HttpRequest, pk: UUID, step: str | None = None, channel: int | None = None) -> HttpResponse:
    """Show one cell of a step: the one that `?at=` names, or the strongest one. `?terms=all` shows every channel."""
    explained = explained_glyph(request, pk)
    cell = open_cell(explained, step, channel)
    at = parse_cell(request, cell.step.shape)
    if at:
        cell = open_cell(explained, cell.step.name, cell.channel, at)
    shows_all = request.GET.get("terms") == "all"
    terms: Sequence[Term | SummedTerm]
    if cell.sees_single_cells:
        terms = cell.summed_terms(None if shows_all else MAX_SUMMED_TERMS)
    else:
        terms = cell.terms(None if shows_all else MAX_TERMS)
    context = {
        "explained": explained,
        "prediction": explained.glyph.prediction,
        "cell": cell,
        "terms": terms,
        "others": cell.others(terms),
        "steps": step_links(explained, cell.step.name),
        "query": link_query(explained),
    }
    return render(request, "explorer/numbers.html", context)
