"""`token create NAME --role ROLE`: an API token, shown once."""

from typing import Any

from django.core.management.base import CommandParser
from django.db import IntegrityError, transaction

from dashboard.access.models import ApiToken, Role
from dashboard.core import clock
from dashboard.management.base import CommandResult, SundialCommand, UsageError


class Command(SundialCommand):
    help = "Create an API token and print it once: only a digest is stored"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        actions = parser.add_subparsers(dest="action", required=True, metavar="create")
        create = actions.add_parser("create", help="Create a token")
        create.add_argument("name", help="Who or what uses it")
        create.add_argument("--role", choices=Role.values, required=True)
        self.add_json_option(create)

    def run(self, **options: Any) -> CommandResult:
        name, role = options["name"].strip(), options["role"]
        if not 0 < len(name) <= 100:
            raise UsageError("a token's name has 1 to 100 characters")
        try:
            with transaction.atomic():
                token = ApiToken.issue(name, role, clock.now())
        except IntegrityError:
            raise UsageError(f"there is a token named {name!r} already; delete it in the admin first") from None
        return CommandResult({"name": name, "role": role, "token": token}, token)
