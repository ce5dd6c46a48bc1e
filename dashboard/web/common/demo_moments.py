"""The marked days of the demo: the retirement of OpenAI's first models on 2024-01-04."""

from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

__all__ = ["DEMO_DAYS", "DEMO_MOMENTS", "DemoMoment"]

DEMO_DAYS = date(2023, 6, 22), date(2024, 1, 10)


@dataclass(frozen=True, slots=True)
class DemoMoment:
    """A marked day. `label` fits on a button, `text` is one sentence."""

    day: date
    label: str | Promise
    text: str | Promise


DEMO_MOMENTS = (
    DemoMoment(date(2023, 6, 22), _("Before"), _("No sunset is announced; all applications call the old models.")),
    DemoMoment(date(2023, 7, 6), _("Announced"), _("The sunset of 4 January 2024 is announced.")),
    DemoMoment(date(2023, 10, 6), _("90 days left"), _("The first digest reaches the owners.")),
    DemoMoment(date(2023, 12, 5), _("30 days left"), _("Applications that have not started are urgent.")),
    DemoMoment(date(2023, 12, 8), _("Today"), _("The day on which the demo opens.")),
    DemoMoment(date(2023, 12, 28), _("7 days left"), _("The last week before the sunset.")),
    DemoMoment(date(2024, 1, 4), _("Sunset"), _("Calls to the old models fail or are redirected.")),
    DemoMoment(date(2024, 1, 10), _("After"), _("Applications that did not migrate in time are broken.")),
)
