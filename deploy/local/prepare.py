"""Sets the checkout up: a virtual environment in `.venv/`, the pinned packages, our own, and Kafka's jars in `var/`.

Runs on a bare Python 3.11 or newer (`make setup`), needs nothing but the standard library, and does nothing when the
checkout is set up already.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "doorstep-setup"
LOG = ROOT / "var" / "setup.log"
LOCK = ROOT / "requirements.lock"

NO_PIP = """
This Python ({python}) can make no virtual environment with pip in it. On Debian and Ubuntu the missing part is a
package of its own; either

    apt-get install python{version}-venv

or name another Python of version 3.11 to 3.14:

    make PYTHON=/path/to/python3 {goal}
"""


class SetupFailed(Exception):
    """A step of the set-up ended with an error; the text is for the person who runs it."""


def main() -> int:
    """Runs the four steps, or none when the stamp says that nothing has changed since the last time."""
    key = wanted()
    if STAMP.exists() and STAMP.read_text(encoding="ascii") == key:
        return 0
    began = time.monotonic()
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_text("", encoding="utf-8")
    try:
        make_environment()
        install_pinned()
        install_ours()
        fetch_jars()
    except SetupFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    STAMP.write_text(key, encoding="ascii")
    print(f"      set up in {time.monotonic() - began:.0f} s; from now on this step is skipped")
    return 0


def wanted() -> str:
    """What the environment is made from: this Python, the lock, and the declarations of our packages."""
    digest = hashlib.sha256(f"{sys.version} {sys.base_prefix}".encode())
    for file in (Path(__file__), LOCK, *(package / "pyproject.toml" for package in our_packages())):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def our_packages() -> list[Path]:
    """The folders of our own packages."""
    return sorted(file.parent for pattern in ("*/pyproject.toml", "*/*/pyproject.toml") for file in ROOT.glob(pattern))


def make_environment() -> None:
    """Step 1, also where Debian has left `ensurepip` out of Python but pip is installed for it."""
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"[1/4] A virtual environment in .venv/ on Python {version} ({sys.executable})", flush=True)
    if VENV.exists():
        shutil.rmtree(VENV)
    if run([sys.executable, "-m", "venv", str(VENV)]):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    if run([sys.executable, "-m", "venv", "--without-pip", str(VENV)]) and run(
        [sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "pip"]
    ):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    short = ".".join(map(str, sys.version_info[:2]))
    goal = os.environ.get("MAKECMDGOALS") or "setup"
    raise SetupFailed(NO_PIP.format(python=sys.executable, version=short, goal=goal))


def install_pinned() -> None:
    """Step 2: every third-party package at the version and with the hash that the lock names."""
    names = [line for line in LOCK.read_text(encoding="utf-8").splitlines() if line[:1].isalnum()]
    print(f"[2/4] {len(names)} pinned packages, each checked by its hash", flush=True)
    collected = 0

    def follow(line: str) -> None:
        nonlocal collected
        if line.startswith("Collecting "):
            collected += 1
            if collected % 20 == 0:
                print(f"      {collected} of {len(names)} fetched", flush=True)
        elif line.startswith("Installing collected packages"):
            print(f"      {collected} fetched, installing", flush=True)

    need(pip("install", "--progress-bar", "off", "--require-hashes", "-r", str(LOCK)), "install the packages", follow)


def install_ours() -> None:
    """Step 3: our own packages, read from the checkout as they are."""
    packages = our_packages()
    print(f"[3/4] {len(packages)} packages of our own, from the checkout", flush=True)
    editable = (word for package in packages for word in ("-e", str(package)))
    need(pip("install", "--no-deps", "--no-build-isolation", *editable), "install our own packages")


def fetch_jars() -> None:
    """Step 4: Kafka's jars, so that the first start has them."""
    print("[4/4] The broker", flush=True)
    need([str(PYTHON), "-m", "doorstep_local", "fetch"], "fetch Apache Kafka", lambda line: print(f"      {line}"))


def pip(*words: str) -> list[str]:
    """The environment's own pip; where it fetches from is the machine's business."""
    return [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", *words]


def need(command: list[str], purpose: str, follow: Callable[[str], None] = lambda _: None) -> None:
    """Runs a command that must succeed; `follow` is told each line it prints."""
    if not run(command, follow):
        last = "\n".join(LOG.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
        raise SetupFailed(f"could not {purpose}; the last lines of {LOG.relative_to(ROOT)}:\n{last}")


def run(command: list[str], follow: Callable[[str], None] = lambda _: None) -> bool:
    """Runs a command, its output going to the log; whether it succeeded."""
    with (
        LOG.open("a", encoding="utf-8") as log,
        subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process,
    ):
        log.write(f"$ {' '.join(command)}\n")
        for line in process.stdout or ():
            log.write(line)
            follow(line.rstrip("\n"))
    return process.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
