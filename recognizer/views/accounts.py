"""Who a person is here: Django's own views in this product's templates, and what they lack."""

from typing import Any

from django.conf import settings
from django.contrib.auth import login, views
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST
from django.views.generic import FormView

from recognizer.context import THEME_COOKIE, THEMES
from recognizer.forms import SignupForm
from recognizer.views.requests import MemberRequest

YEAR_SECONDS = 365 * 24 * 3600


class Login(views.LoginView):
    template_name = "accounts/login.html"
    redirect_authenticated_user = True


class PasswordChange(views.PasswordChangeView):
    template_name = "accounts/password_change.html"


class PasswordChangeDone(views.PasswordChangeDoneView):
    template_name = "accounts/password_change_done.html"


class PasswordReset(views.PasswordResetView):
    template_name = "accounts/password_reset.html"
    email_template_name = "accounts/password_reset_email.txt"
    subject_template_name = "accounts/password_reset_subject.txt"


class PasswordResetDone(views.PasswordResetDoneView):
    template_name = "accounts/password_reset_done.html"


class PasswordResetConfirm(views.PasswordResetConfirmView):
    template_name = "accounts/password_reset_confirm.html"


class PasswordResetComplete(views.PasswordResetCompleteView):
    template_name = "accounts/password_reset_complete.html"


@method_decorator([login_not_required, sensitive_post_parameters("password1", "password2")], name="dispatch")
class Signup(FormView):
    template_name = "accounts/signup.html"
    form_class = SignupForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.SIGNUP_OPEN:
            raise Http404
        if request.user.is_authenticated:
            return redirect("desk")
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: SignupForm) -> HttpResponse:
        login(self.request, form.save())
        return redirect("desk")

    def form_invalid(self, form: SignupForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=400)


@require_GET
def account(request: MemberRequest) -> HttpResponse:
    return render(request, "account.html")


@login_not_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme in a cookie, so that the very first byte of a page knows it."""
    chosen = request.POST.get("theme", "")
    response = HttpResponseRedirect(safe_next(request))
    if chosen in THEMES:
        response.set_cookie(THEME_COOKIE, chosen, max_age=YEAR_SECONDS, samesite="Lax", secure=settings.HTTPS)
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response


def safe_next(request: HttpRequest) -> str:
    """Where the form came from, if that is a page of ours."""
    target = request.POST.get("next", "")
    allowed = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if allowed else reverse("desk")
