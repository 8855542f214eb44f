"""Settings from the environment: validated all at once, printable, secrets hidden."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_type_hints

import msgspec
from msgspec import Meta

Port = Annotated[int, Meta(ge=1, le=65535)]
Workers = Annotated[int, Meta(ge=1, le=64)]
Connections = Annotated[int, Meta(ge=2, le=100)]
Seconds = Annotated[int, Meta(ge=1, le=600)]
Url = Annotated[str, Meta(pattern=r"^https?://[^/\s]+(/[^\s]*)?$")]
DatabaseUrl = Annotated[str, Meta(pattern=r"^(postgres(ql)?://.+)?$")]
Level = Literal["debug", "info", "warning", "error"]

PREFIX = "QM_"
PASSWORD = re.compile(r"(?<=:)[^:@/]*(?=@)")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What one installation may choose; every field has a default that works on one machine."""

    data_dir: Path = Path("data")
    keys_file: Path | None = None
    database_url: DatabaseUrl = ""
    database_app_url: DatabaseUrl = ""
    host: str = "127.0.0.1"
    port: Port = 8000
    public_url: Url = "http://127.0.0.1:8000"
    workers: Workers = 2
    pool_size: Connections = 8
    stop_seconds: Seconds = 20
    log_level: Level = "info"


VARIABLES = {
    "data_dir": "QM_DATA",
    "keys_file": "QM_KEYS",
    "database_url": "DATABASE_URL",
    "database_app_url": "DATABASE_APP_URL",
    "host": "QM_HOST",
    "port": "QM_PORT",
    "public_url": "QM_PUBLIC_URL",
    "workers": "QM_WORKERS",
    "pool_size": "QM_POOL_SIZE",
    "stop_seconds": "QM_STOP_SECONDS",
    "log_level": "QM_LOG_LEVEL",
}


class SettingsError(ValueError):
    """Every setting that is wrong: pairs of the variable and what is expected of it."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        """Keep every problem."""
        self.problems = problems
        super().__init__("; ".join(f"{variable}: {reason}" for variable, reason in problems))


def load(environ: Mapping[str, str]) -> Settings:
    """Read and validate the environment; a variable that is set but empty counts as not set.

    Raises: SettingsError naming every wrong value and every unknown QM_ variable.
    """
    kinds = get_type_hints(Settings, include_extras=True)
    found: dict[str, object] = {}
    problems = [(name, "unknown") for name in sorted(environ) if name.startswith(PREFIX) and not _known(name)]
    for field, variable in VARIABLES.items():
        text = environ.get(variable, "").strip()
        if not text:
            continue
        try:
            found[field] = msgspec.convert(text, kinds[field], strict=False, dec_hook=_decode)
        except (msgspec.ValidationError, ValueError) as error:
            problems.append((variable, str(error)))
    if "port" in found and "public_url" not in found:
        found["public_url"] = f"http://127.0.0.1:{found['port']}"
    if problems:
        raise SettingsError(problems)
    return msgspec.convert(found, Settings, dec_hook=_decode)


def rows(settings: Settings) -> list[tuple[str, str]]:
    """List every variable with the value in force; passwords are hidden."""
    return [(variable, _shown(getattr(settings, field))) for field, variable in VARIABLES.items()]


def _known(name: str) -> bool:
    return name in VARIABLES.values()


def _decode(kind: type, value: object) -> object:
    if isinstance(value, kind):
        return value
    if kind is Path and isinstance(value, str):
        return Path(value).expanduser()
    message = f"no way to read {value!r} as {kind}"
    raise NotImplementedError(message)


def _shown(value: object) -> str:
    return PASSWORD.sub("***", str(value)) if isinstance(value, str) else str(value or "")
