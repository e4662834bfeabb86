"""Settings are typed, come from the environment, fail at start by naming the variable, and hold no default secret."""

import base64
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from doorstep_chassis.clock import Clock, ShiftedClock, SystemClock

PREFIX = "DOORSTEP_"
_HTTP_URL = r"^https?://[^\s]+$"


class ProcessSettings(BaseSettings):
    """What every process needs to know about its surroundings; each field is read from `DOORSTEP_<FIELD>`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    environment: Literal["development", "production"]
    service: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]

    http_host: str = "127.0.0.1"
    http_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """0 lets the system choose a free port."""

    issuer: Annotated[str, Field(pattern=_HTTP_URL)]
    audience: Annotated[str, Field(min_length=1)]

    clock_file: Path | None = None
    """The file that shifts the clock of a development stack; refused in production."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otlp_endpoint: Annotated[str, Field(pattern=_HTTP_URL)] | None = None

    @field_validator("clock_file")
    @classmethod
    def _production_tells_the_true_time(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and info.data.get("environment") != "development":
            raise ValueError("is for development only")
        return value

    def clock(self) -> Clock:
        """The one clock of this process."""
        return SystemClock() if self.clock_file is None else ShiftedClock(self.clock_file)


class ServiceSettings(ProcessSettings):
    """What a service with a store, a broker and personal data needs besides."""

    database_url: SecretStr
    kafka_bootstrap_servers: Annotated[tuple[str, ...], NoDecode, Field(min_length=1)]

    jwks: Annotated[str, Field(min_length=1)] | None = None
    """The address of the issuer's key set, or a file that holds one; when not set, the issuer's description says."""

    door_issuer: Annotated[str, Field(pattern=_HTTP_URL)]
    """The public address of the gateway, by which the tokens that it signs itself are named; not the people's issuer."""
    door_jwks: Annotated[str, Field(min_length=1)]
    """The address of the gateway's key set, or a file that holds one."""

    kek: SecretStr
    """The key-encryption key of personal data: 32 bytes in base64."""
    kek_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")]
    hmac_key: SecretStr
    """The key under which identifiers are hashed for matching: at least 32 bytes in base64."""

    instance: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")] | None = None
    """The name of this process among those of its service: it keeps its partitions over a restart. Unique, or not set."""

    consumer_max_batch: Annotated[int, Field(ge=1, le=100_000)] = 2_000
    """Records of one read at most, and so of one transaction."""
    consumer_session_timeout_ms: Annotated[int, Field(ge=6_000, le=1_800_000)] = 30_000
    """After this long without a sign of life a consumer's partitions go to others; the bounds are the broker's."""
    consumer_poison_share: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Share of parked records in the window from which a consumer stops."""
    consumer_poison_window: Annotated[int, Field(ge=1)] = 200
    """Records over which that share is taken."""
    view_linger: Annotated[float, Field(ge=0, le=5)] = 0.1
    """Seconds that a view of the own log waits for more before it takes what has come: lists lag by that."""
    topic_view_linger: Annotated[float, Field(ge=0, le=5)] = 0.2
    """The same for a view over topics, where the broker waits."""
    ready_lag: Annotated[int, Field(ge=0)] = 10_000
    """Records behind from which the service no longer counts as ready."""
    relay_batch: Annotated[int, Field(ge=1, le=100_000)] = 500
    """Events that the relay reads and sends in one go."""

    @field_validator("door_issuer")
    @classmethod
    def _door_is_an_issuer_of_its_own(cls, value: str, info: ValidationInfo) -> str:
        if value == info.data.get("issuer"):
            raise ValueError("must differ from the issuer of people's tokens")
        return value

    @field_validator("database_url")
    @classmethod
    def _database_is_postgresql(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("must be a postgresql:// URL")
        return value

    @field_validator("kafka_bootstrap_servers", mode="before")
    @classmethod
    def _servers_are_listed(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        servers = tuple(server.strip() for server in value.split(","))
        for server in servers:
            host, _, port = server.rpartition(":")
            if not host or not port.isascii() or not port.isdigit():
                raise ValueError("must be host:port, several separated by commas")
        return servers

    @field_validator("kek", "hmac_key")
    @classmethod
    def _keys_are_long(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        try:
            size = len(_decoded(value))
        except ValueError:
            raise ValueError("must be base64") from None
        if info.field_name == "kek" and size != 32:
            raise ValueError("must be exactly 32 bytes in base64")
        if size < 32:
            raise ValueError("must be at least 32 bytes in base64")
        return value

    def kek_bytes(self) -> bytes:
        return _decoded(self.kek)

    def hmac_key_bytes(self) -> bytes:
        return _decoded(self.hmac_key)


SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def load_settings(cls: type[SettingsT]) -> SettingsT:
    """Read the environment, or end the process with a text that names each wrong variable and no value."""
    try:
        return cls()
    except ValidationError as error:
        problems = [
            f"  {_variable(cls, problem['loc'])}: {_reason(problem['type'], problem['msg'])}"
            for problem in error.errors(include_input=False, include_context=False, include_url=False)
        ]
    except SettingsError as error:
        problems = [f"  {error}"]  # names the field; the value stands only in its cause, which is dropped
    raise SystemExit("\n".join(["these settings are missing or wrong:", *problems])) from None


def _decoded(secret: SecretStr) -> bytes:
    return base64.b64decode(secret.get_secret_value(), validate=True)


def _variable(cls: type[BaseSettings], loc: tuple[int | str, ...]) -> str:
    prefix = cls.model_config.get("env_prefix", "")
    return f"{prefix}{loc[0]}".upper() if loc else "the settings together"


def _reason(kind: str, message: str) -> str:
    if kind == "missing":
        return "is required"
    return message.removeprefix("Value error, ")
