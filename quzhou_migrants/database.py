"""Where the database is: the embedded one, or the one the settings name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.walls import APP_ROLE
from quzhou_migrants.settings import Settings


@dataclass(frozen=True, slots=True)
class Addresses:
    """The two ways in: as owner of the tables, and as the application that owns nothing."""

    owner: str = field(repr=False)
    app: str = field(repr=False)
    server: pg.Server | None = None


def addresses(settings: Settings) -> Addresses:
    """Find the database, starting the embedded server when none is named.

    With one DATABASE_URL the application steps down to its role at connect; with
    DATABASE_APP_URL it signs in as another user from the start, which is the safer way.
    """
    if not settings.database_url:
        server = pg.start(settings.data_dir)
        return Addresses(server.owner_dsn, server.app_dsn, server)
    joint = "&" if "?" in settings.database_url else "?"
    lesser = f"{settings.database_url}{joint}role={APP_ROLE}"
    return Addresses(settings.database_url, settings.database_app_url or lesser)


@contextmanager
def at_hand(settings: Settings) -> Iterator[Addresses]:
    """Hold the database for as long as a command runs; the last one to leave stops the embedded server."""
    found = addresses(settings)
    try:
        yield found
    finally:
        if found.server:
            found.server.release()
