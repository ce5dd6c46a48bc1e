"""The environment of `up --demo`: a database, broker and mail folder of its own."""

from collections.abc import Mapping
from pathlib import Path

__all__ = ["DEMO_TODAY", "demo_environment"]

DEMO_TODAY = "2023-12-08"


def demo_environment(environment: Mapping[str, str], var: Path, port: int) -> dict[str, str]:
    """`environment` without anything that could reach real data or real people.

    Names are emptied rather than removed, because a `.env` file may set them again.
    """
    demo = var / "demo"
    ours = {
        "SUNDIAL_VAR": str(demo),
        "SUNDIAL_DEMO": "1",
        "SUNDIAL_TODAY": DEMO_TODAY,
        "SUNDIAL_BASE_URL": f"http://localhost:{port}",
        "DATABASE_URL": f"sqlite:///{demo / 'sundial.sqlite3'}",
    }
    files = {"DATABASE_URL_FILE", "REDIS_URL_FILE", "EMAIL_URL_FILE", "SUNDIAL_VAR_FILE"}
    emptied = dict.fromkeys({"REDIS_URL", "EMAIL_URL", *files}, "")
    return {**environment, **emptied, **ours}
