"""The very first sign-in: a link, printed where Sundial was started, that makes the first administrator.

It works once: only while there is no user, and for 24 hours. Who can read the terminal of a fresh
installation owns it anyway, so the link asks for nothing more.
"""

from datetime import datetime, timedelta

from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.utils.translation import gettext as _

from dashboard.access.roles import ADMIN

__all__ = ["LIFETIME", "SetupLinkError", "check_token", "create_first_user", "is_setup_open", "issue_token"]

LIFETIME = timedelta(hours=24)
SIGNER = Signer(salt="sundial.first-sign-in")


class SetupLinkError(Exception):
    """The link does not work (any more); the text, translated, tells the visitor why."""


def is_setup_open() -> bool:
    """Whether nobody has signed up yet."""
    return not User.objects.exists()


def issue_token(now: datetime) -> str:
    """A token for the link; `now` is the wall clock's instant."""
    return SIGNER.sign_object({"issued": int(now.timestamp())})


def check_token(token: str, now: datetime) -> None:
    """Raise FirstSignInError unless `token` would make the first user at `now`."""
    try:
        issued = SIGNER.unsign_object(token)["issued"]
    except (BadSignature, ValueError, KeyError, TypeError):
        raise SetupLinkError(_("This link is not one that Sundial made. Copy it again, complete.")) from None
    if not timedelta(0) <= timedelta(seconds=now.timestamp() - issued + 1) <= LIFETIME:
        raise SetupLinkError(_("This link has expired. Start Sundial again for a new one."))
    if not is_setup_open():
        raise SetupLinkError(_("This link has been used: somebody has already signed up. Sign in instead."))


def create_first_user(token: str, username: str, password: str, now: datetime) -> User:
    """Make the first user, an administrator, and use the link up.

    Raises FirstSignInError for the link and ValidationError, with fields, for name or password.
    """
    with transaction.atomic():
        # Everyone who comes with a link queues here, so that two at once do not both succeed.
        Group.objects.get_or_create(name=ADMIN)
        role = Group.objects.select_for_update().get(name=ADMIN)
        check_token(token, now)
        user = User(username=username, is_staff=True, is_superuser=True)
        user.set_unusable_password()
        user.full_clean()
        try:
            validate_password(password, user)
        except ValidationError as error:
            raise ValidationError({"password": error}) from None
        user.set_password(password)
        user.save()
        user.groups.add(role)
    return user
