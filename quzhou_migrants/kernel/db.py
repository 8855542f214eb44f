"""The one Piccolo engine. It learns its address when the process starts, not when it is imported."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from piccolo.engine.postgres import PostgresEngine

MINIMUM_POSTGRES = 13.0
GRACE = 5.0  # seconds the server may take to tell that it has ended a statement


class Engine(PostgresEngine):
    """PostgreSQL engine that neither connects nor asks for extensions at import."""

    opened: ClassVar[dict[str, Any]] = {}
    """Where the open pool leads."""

    async def get_version(self) -> float:
        """Answer the lowest version we support; the real one is checked by `migrate`."""
        return MINIMUM_POSTGRES

    async def prep_database(self) -> None:
        """No extension is needed."""

    def configure(self, dsn: str) -> None:
        """Point the engine at a database; before the pool opens."""
        self.config = connect_arguments(dsn)


ENGINE = Engine(config={})


def connect_arguments(dsn: str) -> dict[str, Any]:
    """Turn a postgresql:// address into asyncpg arguments; `?host=/folder` names a socket folder, `?role=` a role."""
    parts = urlsplit(dsn)
    query = {k: v[-1] for k, v in parse_qs(parts.query).items()}
    found = {
        "host": query.pop("host", None) or parts.hostname,
        "port": int(query.pop("port", 0)) or parts.port,
        "user": query.pop("user", None) or (unquote(parts.username) if parts.username else None),
        "password": unquote(parts.password) if parts.password else None,
        "database": unquote(parts.path.lstrip("/")) or None,
    }
    arguments: dict[str, Any] = {k: v for k, v in found.items() if v}
    # A plan made for any value would read a whole county for a rare name (measured: 161 ms against 14 ms).
    settings = {"timezone": "Asia/Shanghai", "jit": "off", "plan_cache_mode": "force_custom_plan"}
    if role := query.pop("role", None):
        settings["role"] = role
    arguments["server_settings"] = settings
    arguments.update({k: v for k, v in query.items() if k in {"ssl", "passfile"}})
    return arguments


async def _keep(_connection: object) -> None:
    """Skip the reset of a returned connection: every setting we make is local to its transaction."""


async def open_pool(*, size: int = 10, patience: float = 30.0) -> None:
    """Open the pool of this process; one that leads to another database is closed first.

    Units: `patience` in seconds for one statement. The server itself ends what takes longer; a timer
    here costs every statement of every page, so only a server that a network can take away has one.
    """
    if ENGINE.pool is not None and ENGINE.opened != ENGINE.config:
        await close_pool()
    if ENGINE.pool is None:
        Engine.opened = dict(ENGINE.config)
        settings = {**ENGINE.config["server_settings"], "statement_timeout": f"{patience * 1000:.0f}ms"}
        near = str(ENGINE.config.get("host", "")).startswith("/")
        timer = None if near else patience + GRACE
        await ENGINE.start_connection_pool(
            min_size=1, max_size=size, server_settings=settings, command_timeout=timer, reset=_keep
        )


async def close_pool() -> None:
    """Close the pool, waiting for what runs."""
    if ENGINE.pool is not None:
        await ENGINE.close_connection_pool()
