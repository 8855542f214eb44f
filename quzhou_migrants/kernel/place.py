"""Where the data is: the embedded server of the data folder, or the PostgreSQL that DATABASE_URL names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from quzhou_migrants.kernel import pg


@dataclass(frozen=True, slots=True)
class Place:
    """Two addresses of one database: for its owner, and for the application, which owns nothing."""

    owner_dsn: str = field(repr=False)
    app_dsn: str = field(repr=False)
    embedded: bool


@contextmanager
def open_place(data_dir: Path, database_url: str = "", database_app_url: str = "") -> Iterator[Place]:
    """Give the addresses, starting the embedded server when no other is named.

    Raises: PostgresError when the embedded server does not start.
    """
    if database_url:
        yield Place(database_url, database_app_url or as_app(database_url), embedded=False)
        return
    server = pg.start(data_dir)
    try:
        yield Place(server.owner_dsn, server.app_dsn, embedded=True)
    finally:
        server.release()


def as_app(owner_url: str) -> str:
    """Sign in as the owner but act as the application role, for servers with a single login."""
    return f"{owner_url}{'&' if '?' in owner_url else '?'}role={pg.APP}"
