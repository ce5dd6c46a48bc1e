"""The form of kinds whose records come in a log format: files, objects, and what is pushed."""

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.usage.formats.registry import AUTO
from dashboard.usage.models import Source
from dashboard.web.sources import fields
from dashboard.web.sources.format_list import SUPPORTED
from dashboard.web.sources.forms import SourceForm

__all__ = ["LogFormatForm"]


class LogFormatForm(SourceForm):
    keys: ClassVar[tuple[str, ...]] = ("columns",)
    advanced: ClassVar[tuple[str, ...]] = ("columns",)

    format = fields.choice_field(gettext_lazy("Format"), ())
    columns = fields.PairsField(
        gettext_lazy("Columns of a CSV"),
        gettext_lazy("For the format csv with other headings: their column = ours, one per line."),
        example="Timestamp = ts\nDeployment = model\nTeam = application",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the formats, `auto` first; a stored format that no longer exists stays available."""
        super().__init__(*args, **kwargs)
        known = [(AUTO, _("auto · find out which")), *((name, f"{name} · {words}") for name, words in SUPPORTED)]
        stored = self.source.format
        field: Any = self.fields["format"]
        field.choices = known if stored in dict(known) else [*known, (stored, stored)]

    def candidate(self) -> Source:
        source = super().candidate()
        source.format = self.cleaned_data["format"]
        return source
