"""Pages of the model versions: the list with promotions, each one's card, and what trainers do with it."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models.fields.json import KT
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from recognizer.figures.model_card import card_figures
from recognizer.forms import clean_or_raise
from recognizer.forms.model_versions import DayForm, DescriptionForm
from recognizer.forms.promotion import PromotionForm
from recognizer.http.serving import serve_model
from recognizer.http.upload_handlers import check_files
from recognizer.login.fresh_login import fresh_login_required
from recognizer.models import TRAINER, ModelEvent, ModelVersion, Training
from recognizer.problems import Problem
from recognizer.services.registry.model_changes import (
    active_on,
    describe_model,
    history_of,
    newest_promotions,
    retire_model,
)
from recognizer.services.registry.model_files import unavailable_if_damaged
from recognizer.services.registry.model_transfer import upload_model
from recognizer.services.registry.promotion import needs_reason, promote_model
from recognizer.views.requests import UserRequest


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version as the page shows it."""

    version: ModelVersion
    right: float | None  # share of MNIST's test digits
    checks: list[dict[str, Any]]
    needs_reason: bool

    @property
    def is_set_aside(self) -> bool:
        """Return whether it was retired without having been active."""
        return self.version.state == ModelVersion.State.RETIRED and not self.version.activated_at


@require_safe
def model_versions(request: UserRequest) -> HttpResponse:
    versions = (
        ModelVersion.objects.defer("card").annotate(right=KT("card__metrics__test__accuracy")).order_by("-created_at")
    )
    active = next((version for version in versions if version.state == ModelVersion.State.ACTIVE), None)
    rows = [
        VersionRow(
            version,
            float(version.right) if version.right else None,
            (version.gate or {}).get("checks", []),
            needs_reason(version, active),
        )
        for version in sorted(versions, key=lambda version: version != active)  # the active one first
    ]
    promotions = newest_promotions()
    day = clean_or_raise(DayForm(request.GET))["on"]
    context = {
        "rows": [row for row in rows if not row.is_set_aside],
        "set_aside": [row for row in rows if row.is_set_aside],
        "promotions": promotions,
        "has_reasons": any(promotion.reason for promotion in promotions),
        "day": day,
        "active_on_day": active_on(day) if day else [],
        "may_promote": request.user.has_perm(TRAINER),
    }
    return render(request, "model_versions.html", context)


@require_safe
def model_card(request: UserRequest, version: str) -> HttpResponse:
    shown = get_object_or_404(ModelVersion, version=version)
    may_change = request.user.has_perm(TRAINER)
    context = {
        "model": shown,
        "figures": card_figures(shown.card),
        "is_uploaded": shown.events.filter(kind=ModelEvent.Kind.UPLOADED).exists(),
        "training": Training.objects.filter(candidate=shown).first(),
        "may_change": may_change,
        "history": history_of(shown) if may_change else [],
    }
    return render(request, "model_card.html", context)


@require_POST
@permission_required(TRAINER, raise_exception=True)
def model_describe(request: UserRequest, version: str) -> HttpResponse:
    chosen = get_object_or_404(ModelVersion, version=version)
    fields = clean_or_raise(DescriptionForm(request.POST))
    describe_model(chosen, title=fields["title"], note=fields["note"], by=request.user)
    messages.success(request, _("The title and the note were saved."))
    return redirect("model_card", version)


@require_POST
@permission_required(TRAINER, raise_exception=True)
def model_retire(request: UserRequest, version: str) -> HttpResponse:
    retire_model(get_object_or_404(ModelVersion, version=version), by=request.user)
    messages.success(request, _("%(version)s is retired.") % {"version": version})
    return redirect("model_versions")


@require_POST
@permission_required(TRAINER, raise_exception=True)
@fresh_login_required
def model_upload(request: UserRequest) -> HttpResponse:
    check_files(request)
    file = request.FILES.get("file")
    if file is None:
        raise Problem("missing_file", _("Choose a ZIP file with the files of a model."))
    version = upload_model(file.read(), by=request.user)
    messages.success(request, _("%(version)s was uploaded as a candidate.") % {"version": version})
    return redirect("model_card", version.version)


@require_safe
@permission_required(TRAINER, raise_exception=True)
@fresh_login_required
def model_download(request: UserRequest, version: str) -> FileResponse:
    return serve_model(request, get_object_or_404(ModelVersion, version=version), by=request.user)


@require_POST
@permission_required(TRAINER, raise_exception=True)
@fresh_login_required
def model_promote(request: UserRequest, version: str) -> HttpResponse:
    chosen = get_object_or_404(ModelVersion, version=version)
    reason = clean_or_raise(PromotionForm(request.POST))["reason"]
    with unavailable_if_damaged(chosen):
        promote_model(chosen, by=request.user, reason=reason)
    messages.success(request, _("%(version)s is active. It reads all new pictures.") % {"version": version})
    return redirect("model_versions")
