"""How lines of the log are written."""

import logging

from dashboard.core.text import mask_secrets

__all__ = ["LogFormatter"]


class LogFormatter(logging.Formatter):
    """Lines without secrets, whatever was logged; tracebacks as well."""

    def format(self, record: logging.LogRecord) -> str:
        return mask_secrets(super().format(record))
