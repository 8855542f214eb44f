"""The shape of a backup: one tar file of compressed tables, files by hash, and a manifest that proves both.

Format (FORMAT names it): `tables/<name>.copy.gz`, PostgreSQL's COPY text, one row a line;
`files/<sha256>`, uploaded files; `keys/<name>`, only when asked for; `manifest.json`, last.
"""

from __future__ import annotations

from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import msgspec

from quzhou_migrants.kernel.blobs import SHA256

FORMAT = "quzhou-migrants/backup/1"
MANIFEST = "manifest.json"
WITHOUT_DATA = {"migration", "kernel_setting"}
"""Tables that `migrate` fills: they do not make a database count as used."""

# The same session on both sides, or the same row would be written in two ways.
SESSION = """
SELECT set_config('app.lo', '', false), set_config('app.hi', '~', false), set_config('timezone', 'UTC', false),
  set_config('datestyle', 'ISO', false), set_config('extra_float_digits', '1', false),
  set_config('synchronize_seqscans', 'off', false), set_config('bytea_output', 'hex', false),
  set_config('statement_timeout', '0', false)
"""
COLUMNS = """
SELECT c.relname AS name, array_agg(a.attname ORDER BY a.attnum) AS columns,
  array_agg(a.attname ORDER BY array_position(i.indkey::int2[], a.attnum))
    FILTER (WHERE a.attnum = ANY (i.indkey::int2[])) AS key
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  AND a.attgenerated = ''
JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' GROUP BY c.relname ORDER BY c.relname
"""
REFERENCES = """
SELECT DISTINCT c.relname AS name, p.relname AS needs FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid
WHERE k.contype = 'f' AND c.oid <> p.oid AND c.relnamespace = 'public'::regnamespace
"""
SEQUENCES = "SELECT sequencename AS name, last_value FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"
HEAD = "SELECT pos, encode(hash, 'hex') AS hash FROM kernel_seal ORDER BY pos DESC LIMIT 1"


class TableEntry(msgspec.Struct, frozen=True):
    """One table: how many rows, and the SHA-256 and size of their uncompressed text, in the order of the key.

    A table keeps its rows in no order of its own: without the key, equal tables would give other hashes.
    """

    name: str
    columns: list[str]
    key: list[str]
    rows: int
    size: int
    sha256: str


class FileEntry(msgspec.Struct, frozen=True):
    """One uploaded file; its hash is its name."""

    sha256: str
    size: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What the archive holds, in the order in which tables can be filled."""

    format: str = FORMAT
    made_at: str
    schema: str
    chain_position: int
    chain_head: str
    tables: list[TableEntry]
    sequences: dict[str, int | None]
    files: list[FileEntry]
    keys: list[str]

    @property
    def bytes(self) -> int:
        """Uncompressed size of everything inside."""
        return sum(t.size for t in self.tables) + sum(f.size for f in self.files)

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(t.rows for t in self.tables)


class TableShape(msgspec.Struct, frozen=True):
    """A table of the database: its columns and its primary key."""

    name: str
    columns: list[str]
    key: list[str]


async def tables_in_order(conn: Any) -> list[TableShape]:  # noqa: ANN401 - asyncpg has no types
    """List the tables, every table behind those it refers to."""
    shapes = {r["name"]: TableShape(r["name"], list(r["columns"]), list(r["key"])) for r in await conn.fetch(COLUMNS)}
    graph: dict[str, set[str]] = {name: set() for name in shapes}
    for row in await conn.fetch(REFERENCES):
        graph[row["name"]].add(row["needs"])
    return [shapes[name] for name in TopologicalSorter(graph).static_order()]


def quoted(columns: list[str]) -> str:
    """Write a list of column names as SQL."""
    return ", ".join(f'"{column}"' for column in columns)


def blobs_below(root: Path) -> list[Path]:
    """List the kept files; drafts and thumbnails are made again when needed."""
    return sorted(path for path in root.rglob("*") if path.is_file() and SHA256.fullmatch(path.name))
