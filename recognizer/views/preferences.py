"""The choices of an account, and the theme, which visitors choose as well."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from recognizer.forms import clean_or_raise
from recognizer.forms.preferences import ConsentForm, DecimalForm, PicturesKeptForm
from recognizer.http.template_context import THEME_COOKIE, THEMES
from recognizer.services.learning.consent import choose_looks_of_trainers, choose_training_consent
from recognizer.services.reading.preferences import choose_decimal_mark, choose_pictures_kept_days
from recognizer.views.requests import UserRequest

YEAR_SECONDS = 365 * 24 * 3600


@require_POST
def account_decimal(request: UserRequest) -> HttpResponse:
    choose_decimal_mark(request.user, clean_or_raise(DecimalForm(request.POST))["decimal"] or None)
    messages.success(request, _("Decimal mark saved. It counts for pictures that are read from now on."))
    return redirect(f"{reverse('account')}#decimal")


@require_POST
def account_pictures(request: UserRequest) -> HttpResponse:
    days = clean_or_raise(PicturesKeptForm(request.POST))["days"]
    choose_pictures_kept_days(request.user, days)
    messages.success(
        request,
        _("Saved. Pictures older than %(days)d days are removed within the hour.") % {"days": days}
        if days
        else _("Saved. Your pictures are kept."),
    )
    return redirect(f"{reverse('account')}#pictures")


@require_POST
def account_training(request: UserRequest) -> HttpResponse:
    given = _("Saved. The next training may use the pictures that you confirmed or corrected.")
    withdrawn = _("Saved. Trainings that begin from now on leave your pictures out.")
    return save_consent(request, choose_training_consent, given, withdrawn)


@require_POST
def account_trainers(request: UserRequest) -> HttpResponse:
    given = _("Saved. Trainers may look at your pictures.")
    withdrawn = _("Saved. Trainers cannot look at your pictures.")
    return save_consent(request, choose_looks_of_trainers, given, withdrawn)


def save_consent(request: UserRequest, choose: Callable[..., None], given: str, withdrawn: str) -> HttpResponse:
    """Save one of the two consents with its service, and say so on the account page."""
    is_given = clean_or_raise(ConsentForm(request.POST))["consent"] == "yes"
    choose(request.user, is_given=is_given)
    messages.success(request, given if is_given else withdrawn)
    return redirect(f"{reverse('account')}#training")


@login_not_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Store the theme in a cookie, so that the server renders the next page in it."""
    chosen = request.POST.get("theme", "")
    response = HttpResponseRedirect(safe_next(request))
    if chosen in THEMES:
        response.set_cookie(THEME_COOKIE, chosen, max_age=YEAR_SECONDS, samesite="Lax", secure=settings.HTTPS)
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response


def safe_next(request: HttpRequest) -> str:
    """Return the address to go back to; the start page if it is on another host."""
    target = request.POST.get("next", "")
    allowed = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if allowed else reverse("desk")
