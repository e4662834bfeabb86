"""The jars of Apache Kafka: fetched once into a cache, each checked against the committed list at every use."""

import fcntl
import hashlib
import importlib.resources
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jgo.maven import MavenContext, PythonResolver

from doorstep_local.places import cache, make_directory

KAFKA_VERSION = "4.4.0"

_COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_MAVEN_SECONDS = 300
_ATTEMPTS = 3

Report = Callable[[str], None]


class JarRefused(Exception):
    """A jar does not have the SHA-256 sum that the committed list gives for its coordinate."""

    code = "jar_refused"

    def __init__(self, jar: "Jar", path: Path, actual: str) -> None:
        super().__init__(
            f"{jar.coordinate} is not what jars.sha256 names: expected {jar.sha256}, {path} has {actual}. "
            "If you did not change it, remove the file and start again."
        )
        self.coordinate = jar.coordinate


class JarsUnavailable(Exception):
    """Neither Maven nor jgo could fetch the jars."""

    code = "jars_unavailable"


@dataclass(frozen=True)
class Jar:
    """One pinned Maven coordinate, `group:artifact:version`, and its SHA-256 sum."""

    coordinate: str
    sha256: str

    @property
    def file_name(self) -> str:
        """The name that Maven gives it."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"

    def check(self, directory: Path) -> None:
        """Raises `JarRefused` unless the file in this directory has the committed sum."""
        path = directory / self.file_name
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
        if actual != self.sha256:
            raise JarRefused(self, path, actual)


def committed_jars() -> tuple[Jar, ...]:
    """The list `jars.sha256`: every jar on Kafka's class path, none resolved at run time."""
    text = importlib.resources.files("doorstep_local").joinpath("jars.sha256").read_text("utf-8")
    rows = (line.split() for line in text.splitlines())
    return tuple(Jar(coordinate, sha256) for sha256, coordinate in rows)


def kafka_jars(report: Report = print) -> Path:
    """The directory with exactly the committed jars, fetched when the cache does not have them; raises `JarRefused`."""
    return jars_in(cache() / f"kafka-{KAFKA_VERSION}", committed_jars(), report)


def jars_in(directory: Path, jars: Sequence[Jar], report: Report) -> Path:
    """Fetches what is missing in the directory, checks every jar, and returns it; two runs at once do not meet."""
    make_directory(directory.parent)
    with directory.with_name(f".{directory.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [jar for jar in jars if not (directory / jar.file_name).exists()]
        if missing:
            _fetch(missing, make_directory(directory), report)
        for jar in jars:
            jar.check(directory)
    return directory


def _fetch(jars: Sequence[Jar], directory: Path, report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=directory.parent) as scratch:
        fetched = _fetch_with_maven(jars, Path(scratch), report) or _fetch_with_jgo(jars, Path(scratch), report)
        for jar in jars:
            jar.check(fetched)
        for jar in jars:
            (fetched / jar.file_name).rename(directory / jar.file_name)
    report(f"Apache Kafka {KAFKA_VERSION}: {len(jars)} jars fetched and checked, kept in {directory}")


def _fetch_with_maven(jars: Sequence[Jar], scratch: Path, report: Report) -> Path | None:
    maven = shutil.which("mvn")
    if maven is None:
        return None
    report(f"Apache Kafka {KAFKA_VERSION}: fetching {len(jars)} jars with Maven")
    target = scratch / "maven"
    (scratch / "pom.xml").write_text(_pom(jars), encoding="utf-8")
    command = [maven, "-q", "-B", _COPY_DEPENDENCIES, f"-DoutputDirectory={target}", "-DincludeScope=runtime"]
    command.append(f"-Dmaven.repo.local={scratch / 'repository'}")  # the checkout alone, not the home directory
    try:
        subprocess.run(
            command, cwd=scratch, stdin=subprocess.DEVNULL, capture_output=True, timeout=_MAVEN_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as failure:
        report(f"Maven could not fetch them ({_reason(failure)})")
        return None
    return target


def _reason(failure: Exception) -> str:
    """One line of why: Maven prints its errors on standard output."""
    if isinstance(failure, subprocess.CalledProcessError):
        lines = [line for line in failure.stdout.decode(errors="replace").splitlines() if "ERROR" in line]
        return f"exit code {failure.returncode}: {lines[0][:200]}" if lines else f"exit code {failure.returncode}"
    return type(failure).__name__


def _pom(jars: Sequence[Jar]) -> str:
    dependencies = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>"
        "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>\n"
        for group, artifact, version in (jar.coordinate.split(":") for jar in jars)
    )
    return (
        "<project><modelVersion>4.0.0</modelVersion>"
        "<groupId>doorstep</groupId><artifactId>local-broker</artifactId><version>1</version>\n"
        f"<dependencies>\n{dependencies}</dependencies></project>\n"
    )


def _fetch_with_jgo(jars: Sequence[Jar], scratch: Path, report: Report) -> Path:
    report(f"Apache Kafka {KAFKA_VERSION}: fetching {len(jars)} jars with jgo")
    target = make_directory(scratch / "jgo")
    for jar in jars:
        shutil.copyfile(_resolve_with_jgo(jar, scratch), target / jar.file_name)
    return target


def _resolve_with_jgo(jar: Jar, scratch: Path) -> Path:
    group, artifact, version = jar.coordinate.split(":")
    for attempt in range(1, _ATTEMPTS + 1):
        # An empty repository each time: jgo would take the torso of a broken download for the jar.
        context = MavenContext(
            resolver=PythonResolver(), repo_cache=scratch / f"repository-{attempt}", local_repos=[], timeout=60
        )
        try:
            return context.project(group, artifact).at_version(version).artifact().resolve()
        except (OSError, RuntimeError) as failure:  # requests' errors are OSErrors
            last = failure
    raise JarsUnavailable(f"{jar.coordinate} could not be fetched: {type(last).__name__}") from last
