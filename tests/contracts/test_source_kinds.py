"""Only the connectors and the forms of sources name a kind of source."""

import re
from pathlib import Path

from django.conf import settings

from dashboard.usage.connectors.registry import CONNECTORS

ALLOWED = ("dashboard/usage/connectors/", "dashboard/web/sources/forms_by_kind.py")


def test_nothing_else_compares_or_sets_a_kind_of_source():
    root = Path(settings.BASE_DIR)
    kinds = "|".join(CONNECTORS)
    named = re.compile(rf"""kind(?:__in)?\W{{1,6}}["'](?:{kinds})["']|\bSourceKind\.""")
    files = [*root.glob("dashboard/**/*.py"), *root.glob("tasks/*.py"), *root.glob("templates/**/*.html")]
    paths = {path.relative_to(root).as_posix(): path for path in files if "migrations" not in path.parts}
    assert [
        name for name, path in paths.items() if not name.startswith(ALLOWED) and named.search(path.read_text())
    ] == []
