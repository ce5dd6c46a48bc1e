"""Rows of a Parquet file as lines of JSON, so that every rule for lines holds for them, in bounded memory.

The engine that reads them is loaded with the first such file, works in this thread, and sees that one file and
nothing else: neither its name nor the network. The lines are the same each time, so the content is known again.
"""

import os
from typing import TYPE_CHECKING

from dashboard.usage.formats.row_columns import select_columns
from dashboard.usage.ingest.errors import ContentError
from dashboard.usage.records import clean

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["MAGIC", "ParquetLines"]

MAGIC, ENCRYPTED = b"PAR1", b"PARE"
MEMORY = 512 << 20
BATCH = 1024  # rows taken from the engine at once
SHOWN = 8
TABLE = "read_parquet(?, binary_as_string = true, hive_partitioning = false)"
OPTIONS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "memory_limit": f"{MEMORY >> 20}MiB",
    "temp_directory": "",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


class ParquetLines:
    """The lines of an open file, read from front to back. `bytes_read` of the file is an estimate.

    Nothing is looked at before the first `read`. What keeps it from being read is a ContentError.
    """

    def __init__(self, descriptor: int) -> None:
        self.bytes_read = 0
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size
        self._rest = b""
        self._read = self._total = 0
        self._engine: DuckDBPyConnection | None = None

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; none at the end."""
        if not self._rest:
            self._rest = self._next()
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()

    def _next(self) -> bytes:
        import duckdb

        try:
            engine = self._engine or self._opened()
            rows = engine.fetchmany(BATCH)
        except duckdb.OutOfMemoryException:
            raise ContentError(
                f"takes more than {MEMORY >> 20} MiB to read: write it with smaller row groups, or leave columns "
                "of requests and responses out"
            ) from None
        except duckdb.Error as problem:  # whose words may repeat what the file holds
            raise ContentError(f"is a damaged Parquet file ({type(problem).__name__})") from None
        self._read += len(rows)
        self.bytes_read = self._size * self._read // max(1, self._total) if rows else self._size
        return "".join(f"{line}\n" for (line,) in rows).encode("utf-8", "replace")

    def _opened(self) -> "DuckDBPyConnection":
        import duckdb

        self._check_end()
        place = f"/dev/fd/{self._descriptor}"
        engine = duckdb.connect(":memory:", config=OPTIONS)
        self._engine = engine
        engine.execute("SET enable_progress_bar = false")  # else a long read prints on stdout
        engine.execute(f"SET allowed_paths = ['{place}']")
        engine.execute("SET enable_external_access = false")
        engine.execute("SET TimeZone = 'UTC'")
        engine.execute("SET lock_configuration = true")
        metadata = engine.execute("SELECT num_rows FROM parquet_file_metadata(?)", [place]).fetchone()
        self._total = metadata[0] if metadata else 0
        types = dict(row[:2] for row in engine.execute(f"DESCRIBE SELECT * FROM {TABLE}", [place]).fetchall())  # noqa: S608
        columns = select_columns(types)
        if not columns:
            names = ", ".join(clean(name, 30) for name in list(types)[:SHOWN])
            raise ContentError(f"has no column that is known; it has {names}")
        wanted = ", ".join(f"{_cell(name, types[name])} AS {_quoted(known)}" for known, name in columns.items())
        lines = f"SELECT CAST(to_json(line) AS VARCHAR) FROM (SELECT {wanted} FROM {TABLE}) AS line"  # noqa: S608
        engine.execute(lines, [place])  # columns are quoted; nothing else of the file is in there
        return engine

    def _check_end(self) -> None:
        """A file that is still being written, or cut off, has no end yet."""
        end = os.pread(self._descriptor, 4, max(0, self._size - 4)) if self._size >= 12 else b""
        if end == ENCRYPTED:
            raise ContentError("is an encrypted Parquet file")
        if end != MAGIC:
            raise ContentError("is a Parquet file without its end: cut off, or still being written")


def _cell(name: str, type_name: str) -> str:
    """A column; what is no number is no value either, which JSON cannot say."""
    quoted = _quoted(name)
    return f"CASE WHEN NOT isnan({quoted}) THEN {quoted} END" if type_name in {"FLOAT", "DOUBLE"} else quoted


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
