"""Kafka's jars: exactly the committed ones, whoever fetched them and whoever touched them since."""

import hashlib
import stat
from pathlib import Path

import pytest
from doorstep_local import jars
from doorstep_local.jars import Jar, JarRefused, committed_jars, jars_in

GOOD = b"the jar that was committed"
COORDINATE = "org.example:valve:1.0"


def valve() -> Jar:
    return Jar(COORDINATE, hashlib.sha256(GOOD).hexdigest())


def put_maven_on_the_path(directory: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    maven = directory / "bin" / "mvn"
    maven.parent.mkdir()
    maven.write_text(f"#!/bin/sh\n{script}\n")
    maven.chmod(maven.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{maven.parent}:/usr/bin:/bin")


def maven_that_brings(content: bytes) -> str:
    return (
        'for word; do case "$word" in -DoutputDirectory=*) out="${word#*=}";; esac; done\n'
        f'mkdir -p "$out" && printf %s "{content.decode()}" > "$out/valve-1.0.jar"'
    )


def test_the_list_pins_every_jar_once() -> None:
    listed = committed_jars()

    assert len(listed) == 45
    assert len({jar.file_name for jar in listed}) == 45
    assert [jar.coordinate for jar in listed if "kafka_2.13" in jar.coordinate] == ["org.apache.kafka:kafka_2.13:4.4.0"]
    assert {len(jar.sha256) for jar in listed} == {64}


def test_what_the_cache_has_is_not_fetched_again(tmp_path: Path) -> None:
    # given
    told: list[str] = []
    (tmp_path / "valve-1.0.jar").write_bytes(GOOD)

    # when
    found = jars_in(tmp_path, [valve()], told.append)

    # then
    assert found == tmp_path
    assert told == []


def test_a_tampered_jar_in_the_cache_is_refused_by_name(tmp_path: Path) -> None:
    # given
    (tmp_path / "valve-1.0.jar").write_bytes(GOOD + b"!")

    # when
    with pytest.raises(JarRefused, match=r"org\.example:valve:1\.0 is not what jars\.sha256 names") as refused:
        jars_in(tmp_path, [valve()], print)

    # then
    assert refused.value.coordinate == COORDINATE


def test_maven_brings_a_missing_jar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    put_maven_on_the_path(tmp_path, maven_that_brings(GOOD), monkeypatch)
    told: list[str] = []
    cache = tmp_path / "cache" / "kafka"

    # when
    jars_in(cache, [valve()], told.append)

    # then
    assert (cache / "valve-1.0.jar").read_bytes() == GOOD
    assert told == [
        "Apache Kafka 4.4.0: fetching 1 jars with Maven",
        f"Apache Kafka 4.4.0: 1 jars fetched and checked, kept in {cache}",
    ]


def test_a_fetched_jar_with_another_sum_is_refused_and_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    put_maven_on_the_path(tmp_path, maven_that_brings(b"another jar"), monkeypatch)
    cache = tmp_path / "cache" / "kafka"

    # when
    with pytest.raises(JarRefused) as refused:
        jars_in(cache, [valve()], print)

    # then
    assert refused.value.coordinate == COORDINATE
    assert list(cache.iterdir()) == []
    assert sorted(path.name for path in cache.parent.iterdir()) == [".kafka.lock", "kafka"]


def test_jgo_takes_over_when_maven_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a Maven without a network, and a jgo that finds the jar
    put_maven_on_the_path(tmp_path, 'echo "[ERROR] no network"; exit 1', monkeypatch)
    found = tmp_path / "found.jar"
    found.write_bytes(GOOD)
    monkeypatch.setattr(jars, "_resolve_with_jgo", lambda jar, scratch: found)
    told: list[str] = []
    cache = tmp_path / "cache" / "kafka"

    # when
    jars_in(cache, [valve()], told.append)

    # then
    assert (cache / "valve-1.0.jar").read_bytes() == GOOD
    assert told == [
        "Apache Kafka 4.4.0: fetching 1 jars with Maven",
        "Maven could not fetch them (exit code 1: [ERROR] no network)",
        "Apache Kafka 4.4.0: fetching 1 jars with jgo",
        f"Apache Kafka 4.4.0: 1 jars fetched and checked, kept in {cache}",
    ]
