"""What tests of findings share."""

import pytest
from hypothesis import settings

from dashboard.catalog import snapshot

# Machines that run tests are busy; how long an example takes says nothing.
settings.register_profile("calm", deadline=None)
settings.load_profile("calm")


@pytest.fixture(autouse=True)
def _fresh_catalog():
    """Rolled-back tests reuse catalog version numbers, by which loaded snapshots are kept."""
    snapshot._load.cache_clear()
