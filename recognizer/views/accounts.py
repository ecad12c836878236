"""Pages of an account: sign-up, email address, API tokens and deletion."""

from typing import Any
from uuid import UUID

from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST, require_safe
from django.views.generic import FormView

from recognizer.forms.accounts import EmailForm, OwnPasswordForm, SignupForm, TokenForm
from recognizer.forms.preferences import PicturesKeptForm
from recognizer.login.fresh_login import fresh_login_required, is_login_fresh
from recognizer.queries import selectors
from recognizer.services.exports.personal_exports import export_for
from recognizer.services.people import addresses, tokens
from recognizer.services.people.account_deletion import request_deletion
from recognizer.services.people.sign_up import UsernameTaken, create_account
from recognizer.services.reading.preferences import preferences_of
from recognizer.services.space import quotas
from recognizer.views.passwords import clear_site_data, refuse_excess
from recognizer.views.requests import UserRequest
from recognizer.words.token_examples import token_examples


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

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return refuse_excess(request, "signup") or super().post(request, *args, **kwargs)

    def form_valid(self, form: SignupForm) -> HttpResponse:
        data = form.cleaned_data
        try:
            user = create_account(username=data["username"], password=data["password1"], address=data["email"])
        except UsernameTaken:  # by another sign-up, after the form was checked
            form.add_error("username", User._meta.get_field("username").error_messages["unique"])
            return self.form_invalid(form)
        response: HttpResponse = perform_login(self.request, user, redirect_url=reverse("desk"), signup=True)
        if data["email"]:
            messages.success(self.request, tell_verification(data["email"]))
        return response

    def form_invalid(self, form: SignupForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=400)


@require_safe
def account(request: UserRequest) -> HttpResponse:
    return account_page(request)


def account_page(request: UserRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    """Return the account page. `context` replaces its parts, for example a form by one with errors."""
    is_fresh = is_login_fresh(request)
    chosen = preferences_of(request.user.pk)
    context = {
        "is_login_fresh": is_fresh,
        "address": addresses.address_state(request.user),
        "tokens": selectors.tokens_for(request.user) if is_fresh else (),
        "email_form": EmailForm(initial={"email": request.user.email}),
        "token_form": TokenForm(),
        "delete_form": OwnPasswordForm(request.user),
        "export": export_for(request.user),
        "usage": quotas.usage(request.user.pk),
        "decimal": chosen.decimal_mark,
        "training_consent": chosen.training_consent,
        "trainers_may_look": chosen.trainers_may_look,
        "pictures_kept": {
            "days": chosen.pictures_kept_days,
            "choices": PicturesKeptForm.DAYS,
            "at_most": settings.PICTURES_KEPT_DAYS,
        },
        "deleted_count": selectors.deleted_uploads_for(request.user).count(),
        "quota": {"pictures": settings.QUOTA_PICTURES, "bytes": settings.QUOTA_BYTES},
    } | context
    return render(request, "account.html", context, status=status)


@require_POST
@fresh_login_required
def account_email(request: UserRequest) -> HttpResponse:
    form = EmailForm(request.POST)
    if not form.is_valid():
        return account_page(request, email_form=form, status=400)
    state = addresses.set_address(request.user, form.cleaned_data["email"])
    messages.success(request, tell_verification(state.to_verify) or _("Email address saved."))
    return redirect("account")


@require_POST
def account_email_send(request: UserRequest) -> HttpResponse:
    """Send the link that verifies the address once more."""
    address = addresses.address_state(request.user).to_verify
    if addresses.send_verification(request.user):
        messages.success(request, tell_verification(address))
    else:
        messages.error(request, _("No email was sent. Wait an hour and try again."))
    return redirect("account")


def tell_verification(address: str) -> str:
    text = _("We have sent an email to %s. Open the link in it within an hour to verify the address.")
    return text % address if address else ""


@sensitive_variables("key")
def account_email_confirm(request: UserRequest, key: str) -> HttpResponse:
    """Ask whether to verify the address of a link, and verify it. Opening the link alone changes nothing."""
    try:
        if request.method != "POST":
            row = addresses.find_address(request.user, key)
            return render(request, "accounts/confirm_email.html", {"address": row.email})
        address = addresses.verify_address(request.user, key)
    except addresses.InvalidLink:
        return render(request, "accounts/confirm_email.html", status=404)
    except addresses.AddressTaken:
        messages.error(request, _("Another account uses this email address."))
    else:
        messages.success(request, _("%s is verified.") % address)
    return redirect("account")


@require_POST
@fresh_login_required
@never_cache
def token_create(request: UserRequest) -> HttpResponse:
    """Create a token and show its secret. The secret is not stored, so this page shows it only once."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return account_page(request, token_form=form, status=400)
    try:
        token, secret = tokens.create_token(
            user=request.user,
            id=form.cleaned_data["id"],
            name=form.cleaned_data["name"],
            scope=form.cleaned_data["scope"],
            expires_at=form.expires_at(),
        )
    except IntegrityError:  # the form was sent twice
        messages.info(
            request,
            _("This token exists already, and its secret is not shown again. If you lost it, create a new token."),
        )
        return redirect("account")  # without the fragment: the message is at the top of the page
    examples = token_examples(token, secret, request.build_absolute_uri(reverse("api:predictions")))
    return account_page(request, new_token=token, secret=secret, token_examples=examples)


@require_POST
def token_revoke(request: UserRequest, pk: UUID) -> HttpResponse:
    tokens.revoke_token(get_object_or_404(selectors.tokens_for(request.user), pk=pk))
    return redirect(f"{reverse('account')}#tokens")


@require_POST
@sensitive_post_parameters("password")
def account_delete(request: UserRequest) -> HttpResponse:
    refused = refuse_excess(request, "password", request.user.get_username())
    if refused:
        return refused
    form = OwnPasswordForm(request.user, request.POST)
    if not form.is_valid():
        form.fields["password"].widget.attrs["autofocus"] = True  # it is at the end of a long page
        return account_page(request, delete_form=form, status=400)
    user = request.user
    logout(request)
    request_deletion(user)
    messages.success(request, _("Your account is closed. Its pictures and data are being deleted."))
    return clear_site_data(redirect("login"))
