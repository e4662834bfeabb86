"""Where the local stack keeps what it makes: in the checkout alone."""

import os
import random
import socket
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[4]


def checkout() -> Path:
    """The root of the checkout this package runs from, or the working directory where it was installed as a wheel."""
    return _CHECKOUT if (_CHECKOUT / "requirements.lock").is_file() else Path.cwd()


def var() -> Path:
    """The one directory for data, logs and caches; `make clean` may remove it at any time."""
    return checkout() / "var"


def cache() -> Path:
    """Downloads that a second run uses; `DOORSTEP_CACHE` names another directory, which checkouts may share."""
    named = os.environ.get("DOORSTEP_CACHE")
    return Path(named) if named else var() / "cache"


def make_directory(path: Path) -> Path:
    """Makes a directory, and its parents, that other users may pass through: for root PostgreSQL runs as one."""
    for parent in reversed(path.parents):
        if not parent.exists():
            make_directory(parent)
    if not path.exists():
        path.mkdir(exist_ok=True)
        path.chmod(0o755)
    return path


def free_port() -> int:
    """A TCP port of the loopback address that nothing listens on, below the range that outgoing connections use.

    A client that keeps dialling the port of a server that is down may be given that very port as its own and so connect
    to itself, and the server can then not come back: hence never a port from the kernel's own range.
    """
    for port in random.SystemRandom().sample(range(15_000, _first_ephemeral_port()), 1_000):
        if not is_taken(port):
            return port
    raise OSError("no free TCP port on 127.0.0.1")


def is_taken(port: int) -> bool:
    """Whether something listens on (or still holds) this port of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _first_ephemeral_port() -> int:
    setting = Path("/proc/sys/net/ipv4/ip_local_port_range")
    first = int(setting.read_text().split()[0]) if setting.exists() else 32_768
    return first if first > 20_000 else 32_768
