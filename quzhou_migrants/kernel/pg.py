"""The embedded PostgreSQL: one data folder, a Unix socket, no port, started by whoever needs it first.

Every process that uses the server holds a shared lock on `users.lock`, which the system drops
when the process ends, however it ends; the last one to `release()` stops the server.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import socket
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import quote

from quzhou_migrants.kernel import pg_exec

if TYPE_CHECKING:
    from collections.abc import Iterator

DATABASE = "quzhou_migrants"
ADMIN, OWNER, APP = "postgres", "qm_owner", "qm_app"
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 100  # the system's limit is 104 to 108 bytes
PATIENCE = 10.0  # seconds

# Statements and DETAIL lines would carry names and ID numbers into the server's own log.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "timezone": "Asia/Shanghai",
    "log_timezone": "Asia/Shanghai",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
UNSAFE_BUT_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

ROLES = f"""
CREATE ROLE {OWNER} LOGIN NOSUPERUSER CREATEDB;
CREATE ROLE {APP} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
"""


@dataclass(frozen=True)
class Server:
    """A running server. DSNs without a name lead to the main database."""

    folder: Path
    socket_dir: Path
    users: IO[str] = field(repr=False)

    def dsn(self, role: str, database: str = DATABASE) -> str:
        """Address of `database` for `role`, as asyncpg and libpq read it."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.socket_dir))}"

    @property
    def admin_dsn(self) -> str:
        """Superuser of this server: making and dropping databases, nothing else."""
        return self.dsn(ADMIN)

    @property
    def owner_dsn(self) -> str:
        """Owner of the tables: migrations, backup."""
        return self.dsn(OWNER)

    @property
    def app_dsn(self) -> str:
        """The application: owns nothing, stands behind row-level security."""
        return self.dsn(APP)

    def sql(self, text: str, database: str = "postgres") -> str:
        """Run SQL as superuser and return the bare rows."""
        args = ("-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", ADMIN, "-h", str(self.socket_dir))
        return pg_exec.run("psql", *args, "-d", database, at=self.folder, text=text).strip()

    def create_database(self, name: str, template: str | None = None) -> str:
        """Make database `name`, empty or as a copy of `template`; return the owner's DSN.

        Raises: PostgresError when it exists or when somebody is connected to the template.
        """
        source = f'"{template}"' if template else "template0"
        encoding = "" if template else "ENCODING 'UTF8' LOCALE 'C'"
        self.sql(f'CREATE DATABASE "{name}" OWNER {OWNER} TEMPLATE {source} {encoding}')
        if template is None:
            # Nobody but the owner creates anything here (PostgreSQL 13 and 14 would allow it).
            self.sql(f"REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO {OWNER};", name)
            # Under row-level security an index serves leakproof operators only; `@>` on text[] tells
            # nothing in its errors, and without this a search by name would read a whole county.
            self.sql("ALTER FUNCTION pg_catalog.arraycontains(anyarray, anyarray) LEAKPROOF", name)
        return self.dsn(OWNER, name)

    def drop_database(self, name: str) -> None:
        """Drop database `name` if it is there, throwing out whoever is connected."""
        self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def release(self) -> None:
        """Leave the server; stop it when nobody else is using it."""
        with _locked(self.folder):
            if self.users.closed:
                return
            try:
                fcntl.flock(self.users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                self._halt()
            self.users.close()

    def stop(self) -> None:
        """Stop the server whoever uses it; running transactions are rolled back."""
        with _locked(self.folder):
            self._halt()
            self.users.close()

    def _halt(self) -> None:
        if _answers(self.socket_dir):
            pg_exec.run("pg_ctl", "stop", "-w", "-m", "fast", "-D", str(self.folder / "pg"), at=self.folder / "pg")


def start(data_dir: Path, *, fast: bool = False) -> Server:
    """Start the server of `data_dir`, or join it when it runs already.

    `fast` gives up safety against power failure: for tests only.
    Raises: PostgresError with the server's own words.
    """
    folder = data_dir.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        users = (folder / "users.lock").open("a")
        fcntl.flock(users, fcntl.LOCK_SH)
        server = Server(folder, _socket_dir(folder), users)
        try:
            _create_cluster(folder, fast=fast)
            if not _answers(server.socket_dir):
                _launch(server, fast=fast)
            _prepare(server)
        except BaseException:
            users.close()
            raise
    return server


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one process at a time start or stop the server."""
    with (folder / "start.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _socket_dir(folder: Path) -> Path:
    """Choose the data folder itself, or a short one under the temporary folder when its path is too long."""
    inside = folder / "socket"
    if len(str(inside / SOCKET).encode()) <= LONGEST_SOCKET_PATH:
        return inside
    return Path(tempfile.gettempdir()) / f"qm-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"


def _create_cluster(folder: Path, *, fast: bool) -> None:
    """Run initdb beside the final place and rename, so that a half-made cluster is never used."""
    if (folder / "pg").exists():
        return
    fresh = folder / "pg.new"
    shutil.rmtree(fresh, ignore_errors=True)
    pg_exec.own(fresh)
    options = ["--auth=trust", "--encoding=UTF8", "--locale=C", f"--username={ADMIN}", "--no-instructions"]
    pg_exec.run("initdb", *options, *(["--no-sync"] if fast else []), "-D", str(fresh), at=fresh)
    fresh.rename(folder / "pg")


def _answers(socket_dir: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(socket_dir / SOCKET))
        except OSError:
            return False
        return True


def _launch(server: Server, *, fast: bool) -> None:
    data, log = server.folder / "pg", server.folder / "pg" / "server.log"
    pg_exec.own(server.socket_dir)
    chosen = {**SETTINGS, "unix_socket_directories": str(server.socket_dir), **(UNSAFE_BUT_FAST if fast else {})}
    options = " ".join(f"-c {name}='{value}'" for name, value in chosen.items())
    command = ("start", "-w", "-s", "-D", str(data), "-l", str(log), "-o", options)
    deadline = time.monotonic() + PATIENCE
    while True:
        _forget_dead_server(data / "postmaster.pid")
        _forget_dead_server(server.socket_dir / f"{SOCKET}.lock")
        read = log.stat().st_size if log.exists() else 0
        try:
            pg_exec.run("pg_ctl", *command, at=data)
        except pg_exec.PostgresError as error:
            said = log.read_bytes()[read:].decode(errors="replace") if log.exists() else ""
            # The children of a killed server need a moment to notice and let go of its memory.
            if "still in use" not in said or time.monotonic() > deadline:
                message = f"{error}\n{said}"
                raise pg_exec.PostgresError(message) from error
            time.sleep(0.2)
        else:
            return


def _forget_dead_server(lock_file: Path) -> None:
    """Remove the lock file of a server that is gone when its number now belongs to another program.

    PostgreSQL itself only checks that some process has the number, which after a restart of a
    container is usually true.
    """
    if not lock_file.exists():
        return
    number = lock_file.read_text().partition("\n")[0]
    program = Path(f"/proc/{number}/cmdline")
    if program.exists() and b"postgres" not in program.read_bytes():
        lock_file.unlink()


def _prepare(server: Server) -> None:
    """Make the roles and the main database once."""
    if server.sql(f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"):  # noqa: S608 - our constant
        return
    if not server.sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{APP}'"):  # noqa: S608 - our constant
        server.sql(f"BEGIN; {ROLES} COMMIT;")
    server.create_database(DATABASE)
