"""Pages of the model versions: the list with comparisons and promotions, each one's card, and its activation."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models.fields.json import KT
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from mlcore.artifact import ArtifactError
from recognizer.card_figures import card_figures
from recognizer.forms import clean_or_raise
from recognizer.forms.promotion import PromotionForm
from recognizer.fresh_login import fresh_login_required
from recognizer.models import ModelVersion, Promotion
from recognizer.problems import Problem
from recognizer.services.registry.promotion import needs_reason, promote_model
from recognizer.views.requests import UserRequest

PERMISSION = "recognizer.trainer"
PROMOTIONS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version as the page shows it."""

    version: ModelVersion
    right: float | None  # share of MNIST's test digits
    checks: list[dict[str, Any]]
    needs_reason: bool


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
    recorded = Promotion.objects.select_related("version", "by").defer("version__card", "version__gate").order_by("-at")
    context = {
        "rows": rows,
        "promotions": recorded[:PROMOTIONS_SHOWN],
        "may_promote": request.user.has_perm(PERMISSION),
    }
    return render(request, "model_versions.html", context)


@require_safe
def model_card(request: UserRequest, version: str) -> HttpResponse:
    shown = get_object_or_404(ModelVersion, version=version)
    return render(request, "model_card.html", {"model": shown, "figures": card_figures(shown.card)})


@require_POST
@permission_required(PERMISSION, raise_exception=True)
@fresh_login_required
def model_promote(request: UserRequest, version: str) -> HttpResponse:
    chosen = get_object_or_404(ModelVersion, version=version)
    reason = clean_or_raise(PromotionForm(request.POST))["reason"]
    try:
        promote_model(chosen, by=request.user, reason=reason)
    except ArtifactError as error:
        raise Problem("model_unavailable", _("Model %(version)s cannot be loaded.") % {"version": version}) from error
    messages.success(request, _("%(version)s is active. It reads all new pictures.") % {"version": version})
    return redirect("model_versions")
