"""What tests of alerts share."""

import pytest

from dashboard.catalog import snapshot


@pytest.fixture(autouse=True)
def _fresh_catalog():
    """Rolled-back tests reuse catalog version numbers, by which loaded snapshots are kept."""
    snapshot._load.cache_clear()
