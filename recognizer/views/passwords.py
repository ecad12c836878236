"""Pages of passwords: login, logout, fresh login, and the change and reset of a password."""

import math
from typing import Any

from allauth.account.utils import perform_login
from allauth.account.views import ReauthenticateView
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash, views
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.generic import FormView

from recognizer.forms.accounts import ChangedPasswordForm, LoginForm, NewPasswordForm, OwnPasswordForm, ResetForm
from recognizer.http.problem_pages import problem_page
from recognizer.problems import Problem
from recognizer.services.limits.attempts import count_attempt
from recognizer.services.people.passwords import request_reset


def refuse_excess(request: HttpRequest, action: str, name: str = "") -> HttpResponse | None:
    """Count one attempt and return the 429 page if it is one too many, else None."""
    seconds = count_attempt(request, action, name)
    if seconds is None:
        return None
    response = problem_page(
        request, Problem("throttled", str(_("Too many attempts. Wait a few minutes and try again.")))
    )
    response["Retry-After"] = str(math.ceil(seconds))
    return response


class Login(views.LoginView):
    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        refused = refuse_excess(request, "password", request.POST.get("username", ""))
        return refused or super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Log in through django-allauth, which may ask for more than the password."""
        response: HttpResponse = perform_login(self.request, form.get_user(), redirect_url=self.get_success_url())
        return response


@method_decorator(login_not_required, name="dispatch")
class AdminLogin(Login):
    """The login page of the admin. Django's own one does not limit the attempts."""

    redirect_authenticated_user = False

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not request.user.is_staff:
            raise Problem("permission_denied", _("Your account is not allowed to open this page."))
        return super().dispatch(request, *args, **kwargs)

    def get_default_redirect_url(self) -> str:
        return reverse("admin:index")


class Logout(views.LogoutView):
    """The logout. The browser removes the pages and drafts that it keeps of this site."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return clear_site_data(super().post(request, *args, **kwargs))


def clear_site_data(response: HttpResponse) -> HttpResponse:
    """Ask the browser to remove what it keeps. The cookies for the theme and the time zone stay."""
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


class ConfirmPassword(ReauthenticateView):  # type: ignore[misc]
    """The page that asks for the password again before something that endangers the account."""

    template_name = "accounts/confirm_password.html"
    form_class = OwnPasswordForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        refused = refuse_excess(request, "password", request.user.get_username())
        return refused or super().post(request, *args, **kwargs)

    def get_form(self, form_class: type[OwnPasswordForm] | None = None) -> OwnPasswordForm:
        form: OwnPasswordForm = super().get_form(form_class)
        form.fields["password"].widget.attrs["autofocus"] = True
        return form

    def form_valid(self, form: OwnPasswordForm) -> HttpResponse:
        """Keep the session. The check renews a hash from before a release, and sessions hold a hash of that one."""
        update_session_auth_hash(self.request, form.user)
        response: HttpResponse = super().form_valid(form)
        return response


class PasswordChange(views.PasswordChangeView):
    template_name = "accounts/password_change.html"
    form_class = ChangedPasswordForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return refuse_excess(request, "password", request.user.get_username()) or super().post(request, *args, **kwargs)


class PasswordChangeDone(views.PasswordChangeDoneView):
    template_name = "accounts/password_change_done.html"


@method_decorator(login_not_required, name="dispatch")
class PasswordReset(views.PasswordContextMixin, FormView):
    """The page that asks for a link to reset a password. A worker looks for the account and sends the mail."""

    template_name = "accounts/password_reset.html"
    title = _lazy("Password reset")
    form_class = ResetForm
    success_url = reverse_lazy("password_reset_done")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return refuse_excess(request, "reset", request.POST.get("email", "")) or super().post(request, *args, **kwargs)

    def form_valid(self, form: ResetForm) -> HttpResponse:
        request_reset(form.cleaned_data["email"])
        messages.info(self.request, _("You entered %s.") % form.cleaned_data["email"])
        return super().form_valid(form)


class PasswordResetDone(views.PasswordResetDoneView):
    template_name = "accounts/password_reset_done.html"


class PasswordResetConfirm(views.PasswordResetConfirmView):
    template_name = "accounts/password_reset_confirm.html"
    form_class = NewPasswordForm


class PasswordResetComplete(views.PasswordResetCompleteView):
    template_name = "accounts/password_reset_complete.html"
