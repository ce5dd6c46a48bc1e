"""The formats by name."""

from dashboard.usage.formats.access_log import AccessLog
from dashboard.usage.formats.lines import Format
from dashboard.usage.formats.litellm_spendlogs import LiteLLMSpendLogs
from dashboard.usage.formats.litellm_standard_logging import LiteLLMStandardLogging
from dashboard.usage.formats.sundial import Sundial

__all__ = ["AUTO", "FORMATS", "names"]

AUTO = "auto"
FORMATS: dict[str, Format] = {
    one.name: one for one in (Sundial(), LiteLLMStandardLogging(), LiteLLMSpendLogs(), AccessLog())
}


def names() -> list[str]:
    """What a person may choose, `auto` first."""
    return [AUTO, *FORMATS]
