"""Settings come from the environment, name the variable that is wrong, and never show a secret."""

import base64
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import pytest
from doorstep_chassis.clock import ShiftedClock, SystemClock, advance_shift
from doorstep_chassis.settings import ProcessSettings, ServiceSettings, load_settings
from pydantic import Field

KEK = bytes(range(32))
HMAC_KEY = bytes(range(40))
SECRET = "s3cret-of-the-database"

COMPLETE = {
    "DOORSTEP_ENVIRONMENT": "development",
    "DOORSTEP_SERVICE": "request-intake",
    "DOORSTEP_DATABASE_URL": f"postgresql://doorstep:{SECRET}@127.0.0.1/intake",
    "DOORSTEP_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092, [::1]:9093",
    "DOORSTEP_ISSUER": "http://127.0.0.1:8000",
    "DOORSTEP_AUDIENCE": "doorstep",
    "DOORSTEP_DOOR_ISSUER": "http://127.0.0.1:8001",
    "DOORSTEP_DOOR_JWKS": "http://127.0.0.1:8001/.well-known/jwks.json",
    "DOORSTEP_KEK": base64.b64encode(KEK).decode(),
    "DOORSTEP_KEK_ID": "kek-1",
    "DOORSTEP_HMAC_KEY": base64.b64encode(HMAC_KEY).decode(),
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in list(os.environ):
        if name.startswith("DOORSTEP_"):
            monkeypatch.delenv(name)
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def refusal(cls: type[ProcessSettings] = ServiceSettings) -> list[str]:
    with pytest.raises(SystemExit) as ended:
        load_settings(cls)
    first, *problems = str(ended.value).splitlines()
    assert first == "these settings are missing or wrong:"
    return problems


def test_a_complete_environment_gives_typed_settings(environment: pytest.MonkeyPatch) -> None:
    settings = load_settings(ServiceSettings)
    assert settings.environment == "development"
    assert settings.service == "request-intake"
    assert settings.database_url.get_secret_value() == COMPLETE["DOORSTEP_DATABASE_URL"]
    assert settings.kafka_bootstrap_servers == ("127.0.0.1:9092", "[::1]:9093")
    assert (settings.http_host, settings.http_port) == ("127.0.0.1", 0)
    assert (settings.kek_bytes(), settings.kek_id, settings.hmac_key_bytes()) == (KEK, "kek-1", HMAC_KEY)
    assert (settings.jwks, settings.door_jwks) == (None, COMPLETE["DOORSTEP_DOOR_JWKS"])
    assert (settings.clock_file, settings.otlp_endpoint, settings.log_level) == (None, None, "INFO")
    assert (settings.consumer_max_batch, settings.consumer_poison_share) == (2_000, 0.2)
    assert (settings.consumer_poison_window, settings.relay_batch) == (200, 500)


def test_an_empty_environment_names_every_variable_that_is_required(environment: pytest.MonkeyPatch) -> None:
    for name in COMPLETE:
        environment.delenv(name)
    assert refusal() == [f"  {name}: is required" for name in sorted(COMPLETE, key=_declared)]


def _declared(variable: str) -> int:
    return list(ServiceSettings.model_fields).index(variable.removeprefix("DOORSTEP_").lower())


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("DOORSTEP_ENVIRONMENT", "staging-canary", "Input should be 'development' or 'production'"),
        ("DOORSTEP_DATABASE_URL", "mysql://canary", "must be a postgresql:// URL"),
        ("DOORSTEP_KAFKA_BOOTSTRAP_SERVERS", "canary", "must be host:port, several separated by commas"),
        ("DOORSTEP_KAFKA_BOOTSTRAP_SERVERS", "a:1,,b:2", "must be host:port, several separated by commas"),
        (
            "DOORSTEP_DOOR_ISSUER",
            "http://127.0.0.1:8000",
            "must differ from the issuer of people's tokens",
        ),
        ("DOORSTEP_HTTP_PORT", "canary", "Input should be a valid integer, unable to parse string as an integer"),
        ("DOORSTEP_HTTP_PORT", "70000", "Input should be less than or equal to 65535"),
        ("DOORSTEP_KEK", "canary!", "must be base64"),
        ("DOORSTEP_KEK", base64.b64encode(bytes(16)).decode(), "must be exactly 32 bytes in base64"),
        ("DOORSTEP_KEK", base64.b64encode(bytes(33)).decode(), "must be exactly 32 bytes in base64"),
        ("DOORSTEP_HMAC_KEY", base64.b64encode(bytes(31)).decode(), "must be at least 32 bytes in base64"),
        ("DOORSTEP_HMAC_KEY", "", "is required"),
        ("DOORSTEP_CONSUMER_POISON_SHARE", "0", "Input should be greater than 0"),
    ],
)
def test_a_wrong_variable_is_named_and_its_value_is_not(
    environment: pytest.MonkeyPatch, variable: str, value: str, reason: str
) -> None:
    environment.setenv(variable, value)
    problems = refusal()
    assert problems == [f"  {variable}: {reason}"]
    assert "canary" not in problems[0]


def test_a_list_that_is_no_json_is_named_without_its_value(environment: pytest.MonkeyPatch) -> None:
    class ListSettings(ProcessSettings):
        zones: Annotated[tuple[int, ...], Field(min_length=1)]

    environment.setenv("DOORSTEP_ZONES", "canary")
    (problem,) = refusal(ListSettings)
    assert "zones" in problem
    assert "canary" not in problem


def test_secrets_never_show(environment: pytest.MonkeyPatch) -> None:
    settings = load_settings(ServiceSettings)
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        for secret in (SECRET, COMPLETE["DOORSTEP_KEK"], COMPLETE["DOORSTEP_HMAC_KEY"]):
            assert secret not in shown


class TestClock:
    def test_production_tells_the_true_time(self, environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
        environment.setenv("DOORSTEP_ENVIRONMENT", "production")
        assert isinstance(load_settings(ServiceSettings).clock(), SystemClock)
        environment.setenv("DOORSTEP_CLOCK_FILE", str(tmp_path / "clock"))
        assert refusal() == ["  DOORSTEP_CLOCK_FILE: is for development only"]

    def test_development_may_shift_it(self, environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
        environment.setenv("DOORSTEP_CLOCK_FILE", str(tmp_path / "clock"))
        advance_shift(tmp_path / "clock", timedelta(days=2))
        clock = load_settings(ServiceSettings).clock()
        assert isinstance(clock, ShiftedClock)
        assert timedelta(days=2) - timedelta(minutes=1) < clock.now() - datetime.now(UTC) <= timedelta(days=2)
