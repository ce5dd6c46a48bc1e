"""Addresses as Prisma writes them: a gateway's own `DATABASE_URL` has parameters that only Prisma knows.

Source: prisma.io/docs/orm/reference/connection-urls and Prisma's pages on PostgreSQL and MySQL.
"""

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL

__all__ = ["set_search_path", "without_prisma"]

PARAMETERS = (
    "connection_limit",
    "pgbouncer",
    "pool_timeout",
    "schema",
    "single_use_connections",
    "socket_timeout",
    "sslaccept",
    "sslidentity",
    "statement_cache_size",
)
BACKENDS = {"postgresql", "mysql"}


def without_prisma(url: URL) -> tuple[URL, str]:
    """`url` without Prisma's parameters, and the schema that they name or ""."""
    if url.get_backend_name() not in BACKENDS:
        return url, ""
    schema = url.query.get("schema", "")
    named = schema if isinstance(schema, str) else schema[-1]
    return url.difference_update_query(PARAMETERS), named if url.get_backend_name() == "postgresql" else ""


def set_search_path(connection: Connection, schema: str) -> None:
    """Look for tables in `schema` until the transaction ends, so that a pooled connection is left as it was."""
    quoted = connection.dialect.identifier_preparer.quote_identifier(schema)
    connection.execute(text("SELECT set_config('search_path', :path, true)"), {"path": quoted})
