"""Where the system is: addresses of its services, databases and broker, as the local stack writes them down."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

VARIABLE = "DOORSTEP_STACK"
DEFAULT = Path("var") / "stack.json"


class StackUnknown(Exception):
    """Nothing says where the system is."""


class ServiceAddress(BaseModel):
    """A service: where it answers and where it keeps its log."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str
    database_url: SecretStr


class StackFile(BaseModel):
    """The whole system. What only a development stack has is optional."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    bootstrap: str
    services: Mapping[str, ServiceAddress]
    issuer: str
    login: str = "doorstep"
    """The login by which the command gets a service's own token from the issuer; `DOORSTEP_TOKEN` goes before it."""
    people_file: Path | None = None
    clock_file: Path | None = None

    @classmethod
    def read(cls) -> "StackFile":
        """The file that `DOORSTEP_STACK` names, else `var/stack.json`. Errors: StackUnknown."""
        file = Path(os.environ.get(VARIABLE) or DEFAULT)
        try:
            return cls.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            raise StackUnknown(
                f"{file} is not there: start the local stack (make demo), or name a file with {VARIABLE}"
            ) from None
        except (OSError, ValidationError) as problem:
            raise StackUnknown(f"{file} cannot be read: {type(problem).__name__}") from None

    def write(self, file: Path) -> None:
        """Write it, readable by its owner alone: it holds the databases' passwords."""
        shape = self.model_dump(mode="json")
        for name, service in self.services.items():
            shape["services"][name]["database_url"] = service.database_url.get_secret_value()
        draft = file.with_name(f"{file.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(shape, indent=2) + "\n", encoding="utf-8")
        draft.replace(file)
