"""Parts of addresses."""

from datetime import date

from dashboard.web.common.as_of import parse_day

__all__ = ["DayConverter"]


class DayConverter:
    """A day such as 2024-01-04; an impossible one is no address of ours."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        return parse_day(value)

    def to_url(self, value: date | str) -> str:
        return value if isinstance(value, str) else value.isoformat()
