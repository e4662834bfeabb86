"""The doorstep command by itself: usage, exit codes, and what needs no service."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from doorstep_contracts.registry import Topic, load_topics
from doorstep_local.places import free_port
from doorstep_local.pytest_plugin import KafkaMaker
from operations.clock import span
from operations.main import app
from operations.people import LoginTaken, add_people
from operations.stack_file import ServiceAddress, StackFile, StackUnknown
from pydantic import SecretStr
from typer import BadParameter
from typer.testing import CliRunner, Result

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    def invoke(*words: str) -> Result:
        return CliRunner().invoke(app, words)

    return invoke


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StackFile:
    """A stack of which nothing runs."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    database = SecretStr(f"postgresql://somebody:secret@127.0.0.1:{free_port()}/none")
    made = StackFile(
        bootstrap=f"127.0.0.1:{free_port()}",
        services={"request-intake": ServiceAddress(url=nowhere, database_url=database)},
        issuer=nowhere,
        people_file=tmp_path / "people.json",
        clock_file=tmp_path / "clock",
    )
    made.write(tmp_path / "stack.json")
    monkeypatch.setenv("DOORSTEP_STACK", str(tmp_path / "stack.json"))
    return made


COMMANDS: list[Sequence[str]] = [
    ("lag",),
    ("streams", "show", str(uuid4())),
    ("dead-letters", "list"),
    ("dead-letters", "redrive", "request-intake/1"),
    ("views", "status"),
    ("views", "rebuild", "request-intake/requests"),
    ("organisations", "add", "x", "--operator", "y"),
    ("topics", "diff"),
]


@pytest.mark.parametrize("words", COMMANDS)
def test_without_a_stack_it_says_where_one_is_looked_for(
    run: Run, words: Sequence[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOORSTEP_STACK", str(tmp_path / "none.json"))
    result = run(*words)
    assert (result.exit_code, "none.json is not there" in result.output) == (3, True)


@pytest.mark.parametrize("words", COMMANDS)
def test_what_is_away_ends_with_3_and_without_secrets(run: Run, stack: StackFile, words: Sequence[str]) -> None:
    result = run(*words)
    assert result.exit_code == 3
    assert "secret" not in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("streams", "show", "no-id"),
        ("dead-letters", "redrive"),
        ("dead-letters", "redrive", "request-intake/1", "--all"),
        ("dead-letters", "redrive", "nobody/1"),
        ("dead-letters", "redrive", "request-intake/x"),
        ("dead-letters", "list", "--state", "lost"),
        ("dead-letters", "list", "--service", "nobody"),
        ("views", "rebuild", "nobody/none"),
        ("organisations", "add", " x", "--operator", "y"),
        ("clock", "advance", "-3h"),
    ],
)
def test_wrong_usage_ends_with_2(run: Run, stack: StackFile, words: Sequence[str]) -> None:
    assert run(*words).exit_code == 2


def test_the_stack_file_is_its_owners_alone_and_reads_back(stack: StackFile, tmp_path: Path) -> None:
    assert (tmp_path / "stack.json").stat().st_mode & 0o777 == 0o600
    assert StackFile.read() == stack
    assert "secret" not in repr(stack)


def test_a_broken_stack_file_is_not_quoted(stack: StackFile, tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text('{"secret": ')
    with pytest.raises(StackUnknown, match=r"cannot be read: ValidationError$"):
        StackFile.read()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("49h", timedelta(hours=49)),
        ("1d12h", timedelta(days=1, hours=12)),
        ("90m", timedelta(minutes=90)),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
    ],
)
def test_a_span(text: str, expected: timedelta) -> None:
    assert span(text) == expected


@pytest.mark.parametrize("text", ["", "h", "49", "1h1d", "-1h", "1.5h", "٤٩h", "9" * 20 + "d"])
def test_what_is_no_span(text: str) -> None:
    with pytest.raises(BadParameter):
        span(text)


def test_the_clock_moves_forward_and_shows_where_it_is(run: Run, stack: StackFile) -> None:
    def shift(*words: str) -> Any:
        result = run("clock", *words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.output)["shift_seconds"]

    assert shift("show") == 0
    assert shift("advance", "49h", "--dry-run") == 49 * 3600
    assert shift("show") == 0
    assert [shift("advance", "49h"), shift("advance", "1h"), shift("show")] == [49 * 3600, 50 * 3600, 50 * 3600]


def test_a_system_that_tells_the_true_time_has_no_clock_to_move(run: Run, stack: StackFile, tmp_path: Path) -> None:
    stack.model_copy(update={"clock_file": None}).write(tmp_path / "stack.json")
    assert run("clock", "advance", "1h").exit_code == 1


def test_a_dry_run_names_the_organisation_that_would_be(run: Run) -> None:
    added = [
        json.loads(run("organisations", "add", slug, "--operator", "odile", "--dry-run", "--json").output)
        for slug in ("lilas", "lilas", "roses")
    ]
    assert added[0] == added[1]
    assert added[0]["organisation_id"] != added[2]["organisation_id"]
    assert (added[0]["time_zone"], added[0]["operator"]["login"]) == ("Europe/Paris", "odile")


def test_people_are_added_once_and_a_login_is_never_taken_over(tmp_path: Path) -> None:
    file = tmp_path / "people.json"
    somebody: dict[str, UUID | str] = {"sub": UUID(int=1), "org": UUID(int=9), "role": "operator"}
    for _ in range(2):
        add_people(file, {"odile": somebody})
    with pytest.raises(LoginTaken):
        add_people(file, {"odile": {**somebody, "sub": UUID(int=2)}})
    assert json.loads(file.read_text()) == [
        {"person": "odile", "sub": str(UUID(int=1)), "org": str(UUID(int=9)), "role": "operator"}
    ]


def test_more_may_be_said_of_a_person_later(tmp_path: Path) -> None:
    file = tmp_path / "people.json"
    somebody: dict[str, UUID | str] = {"sub": UUID(int=1), "role": "operator"}
    add_people(file, {"odile": somebody})
    add_people(file, {"odile": {**somebody, "name": "Odile Marchand", "email": "odile@exemple.test"}})
    add_people(file, {"odile": somebody})
    assert json.loads(file.read_text()) == [
        {
            "person": "odile",
            "sub": str(UUID(int=1)),
            "role": "operator",
            "name": "Odile Marchand",
            "email": "odile@exemple.test",
        }
    ]


class Declared:
    """Lets the command read other declarations than those of the contracts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, name: str, **changes: Any) -> None:
        topics: dict[str, Topic] = dict(load_topics())
        topics[name] = topics[name].model_copy(update=changes)
        self._monkeypatch.setattr("operations.topics.load_topics", lambda: topics)


def test_topics_are_made_and_mended_as_declared(
    run: Run, stack: StackFile, make_kafka: KafkaMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.model_copy(update={"bootstrap": make_kafka().bootstrap}).write(tmp_path / "stack.json")
    declare = Declared(monkeypatch)

    def rows(*words: str) -> tuple[int, list[Any]]:
        result = run("topics", *words, "--json")
        return result.exit_code, json.loads(result.output)

    code, missing = rows("diff")
    assert (code, [row["topic"] for row in missing]) == (1, list(load_topics()))
    code, planned = rows("apply", "--dry-run")
    assert (code, {(row["remedy"], row["done"]) for row in planned}) == (0, {("create", False)})
    code, made = rows("apply")
    assert (code, {(row["difference"], row["done"]) for row in made}) == (0, {("missing", True)})
    assert (rows("diff"), rows("apply")) == ((0, []), (0, []))

    # A setting that differs is set again.
    declare("intake.requests.v1", retention_ms=86_400_000)
    code, (row,) = rows("diff")
    assert (code, row["difference"], row["declared"], row["found"]) == (1, "retention.ms", "86400000", "-1")
    assert rows("apply")[0] == 0
    assert rows("diff") == (0, [])

    # Another number of partitions is told and left alone: keys would change places.
    declare("intake.requests.v1", retention_ms=86_400_000, partitions=48)
    code, (row,) = rows("apply")
    assert (code, row["difference"], row["declared"], row["found"], row["remedy"], row["done"]) == (
        1,
        "partitions",
        "48",
        "24",
        "none",
        False,
    )
