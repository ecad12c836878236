"""Pages of the trainings: the list with the button that starts one, and one training with its learning curves."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from recognizer.figures.training_plots import training_plots
from recognizer.models import TRAINER, ModelVersion, Training
from recognizer.problems import Problem
from recognizer.services.learning.answer_changes import SAMPLE, compare_answers, find_answer_changes
from recognizer.services.learning.changes import find_changes
from recognizer.services.learning.consent import has_training_consent
from recognizer.services.learning.selection import count_reviewed_pictures
from recognizer.services.learning.shown_pictures import find_changed_answers
from recognizer.services.learning.trainings import (
    MIN_PICTURES,
    cancel_training,
    start_training,
    trainings_with_models,
)
from recognizer.services.registry.promotion import needs_reason
from recognizer.services.work.worker_state import is_trainer_alive
from recognizer.views.requests import UserRequest
from recognizer.words.trainings import training_error, training_stage

SHOWN = 50


@require_safe
def trainings(request: UserRequest) -> HttpResponse:
    pictures, people = count_reviewed_pictures()
    rows = trainings_with_models().order_by("-number")[:SHOWN]
    context = {
        "trainings": rows,
        "pictures": pictures,
        "people": people,
        "fewest": MIN_PICTURES,
        "has_open": any(training.is_open for training in rows),
        "may_train": request.user.has_perm(TRAINER),
        "has_consent": has_training_consent(request.user.pk),
    }
    return render(request, "trainings.html", context)


@require_safe
def training_detail(request: UserRequest, number: int) -> HttpResponse:
    training = get_object_or_404(trainings_with_models(), number=number)
    active = ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE).defer("card").first()
    candidate = training.candidate
    context = {
        "training": training,
        "error": training_error(training.error, training.pictures),
        "stage": training_stage(training.stage),
        "plots": training_plots(training),
        "active": active,
        "may_train": request.user.has_perm(TRAINER),
        "needs_reason": candidate is not None and needs_reason(candidate, active),
        "is_trainer_missing": training.is_open and not training.is_running and not is_trainer_alive(),
    }
    if candidate and active and candidate != active:
        try:
            if context["may_train"]:
                context["others"] = find_changed_answers(request.user, candidate)
            context |= {"answers": find_answer_changes(request.user, candidate), "sample": SAMPLE}
            context["changes"] = find_changes(request.user, active, candidate, cursor=request.GET.get("cursor", ""))
        except Problem as problem:
            if problem.code not in ("model_gone", "model_unavailable"):
                raise
            context["has_no_changes"] = True
    return render(request, "_training.html" if request.htmx else "training_detail.html", context)


@require_POST
def training_compare(request: UserRequest, number: int) -> HttpResponse:
    """Let the candidate read the newest pictures of the person. Everybody may ask, for own pictures."""
    if compare_answers(request.user, get_object_or_404(ModelVersion, training__number=number)):
        messages.success(request, _("Your pictures are being read. Reload this page in a minute."))
    return redirect("training_detail", number)


@require_POST
@permission_required(TRAINER, raise_exception=True)
def training_start(request: UserRequest) -> HttpResponse:
    training = start_training(by=request.user)
    return redirect("training_detail", training.number)


@require_POST
@permission_required(TRAINER, raise_exception=True)
def training_stop(request: UserRequest, number: int) -> HttpResponse:
    cancel_training(get_object_or_404(Training, number=number), by=request.user)
    messages.success(request, _("The training was stopped. It made no candidate."))
    return redirect("training_detail", number)
