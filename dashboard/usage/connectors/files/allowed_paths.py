"""Whether a watch source may read what a path or pattern names."""

import os
from collections.abc import Iterable
from pathlib import Path

from django.utils.translation import gettext

__all__ = ["path_problem"]

MAGIC = "*?["


def path_problem(pattern: str, roots: Iterable[Path]) -> str:
    """What is wrong with one line of a source's paths, in one sentence; "" when nothing is.

    The part before the first wildcard, with symbolic links followed, must lie in one of `roots`; what a
    wildcard then finds is checked again at each reading.
    """
    if not pattern.startswith("/"):
        return gettext("%(path)s is not an absolute path") % {"path": pattern}
    if "\0" in pattern:
        return gettext("%(path)s holds a control character") % {"path": pattern.replace("\0", "")}
    fixed: list[str] = []
    for part in pattern.split("/"):
        if any(sign in part for sign in MAGIC):
            break
        fixed.append(part)
    real = os.path.realpath("/".join(fixed) or "/")
    allowed = [os.path.realpath(root) for root in roots]
    if any(real == root or real.startswith(root.rstrip("/") + "/") for root in allowed):
        return ""
    return gettext("%(path)s lies outside %(roots)s; the setting SUNDIAL_WATCH_ROOTS allows more folders") % {
        "path": pattern,
        "roots": ", ".join(allowed),
    }
