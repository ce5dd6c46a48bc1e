"""/accounts/setup/<token>/: the first administrator of a new installation chooses a name and a password."""

from django import forms
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from dashboard.access import setup_link
from dashboard.core import clock

__all__ = ["setup"]

BACKEND = "django.contrib.auth.backends.ModelBackend"


class SetupForm(forms.Form):
    """A user name, and the password twice. `access.setup_link` validates both."""

    username = forms.CharField(label=_("User name"), max_length=150)
    password = forms.CharField(label=_("Password"), widget=forms.PasswordInput, strip=False)
    again = forms.CharField(label=_("Password again"), widget=forms.PasswordInput, strip=False)

    def clean(self) -> None:
        if self.cleaned_data.get("password") != self.cleaned_data.get("again"):
            self.add_error("again", _("The two passwords differ."))


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def setup(request: HttpRequest, token: str) -> HttpResponse:
    """Check the link; on a good form make the user, sign them in and open the overview."""
    now = clock.wall()
    form = SetupForm(request.POST or None)
    try:
        setup_link.check_token(token, now)
        if request.method == "POST" and form.is_valid():
            data = form.cleaned_data
            user = setup_link.create_first_user(token, data["username"], data["password"], now)
            login(request, user, backend=BACKEND)
            return redirect("overview")
    except setup_link.SetupLinkError as error:
        return render(request, "registration/setup_link.html", {"problem": str(error)}, status=410)
    except ValidationError as error:
        form.add_error(None, error)
    return render(request, "registration/setup_link.html", {"form": form})
