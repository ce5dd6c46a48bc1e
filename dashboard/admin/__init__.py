"""The admin, one module per domain. Django discovers this package, so it is an index."""

from dashboard.admin import access, alerts, catalog, findings, site, usage

__all__ = ["access", "alerts", "catalog", "findings", "site", "usage"]
