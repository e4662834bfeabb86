"""Facts about one worker of the register. Stream: dispatch.worker, keyed by the worker."""

from collections.abc import Iterable
from typing import ClassVar

from doorstep_chassis.domain import Event
from doorstep_contracts.base import Code, PostalCode, PostalPrefix
from pydantic import BaseModel, ConfigDict

from dispatch.domain.ids import WorkerId


class Profile(BaseModel):
    """What a worker does, and where: the order in which it is told does not matter."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    active: bool
    services: tuple[Code, ...]
    postal_codes: tuple[PostalCode, ...]
    postal_prefixes: tuple[PostalPrefix, ...]

    @classmethod
    def of(
        cls, *, active: bool, services: Iterable[str], postal_codes: Iterable[str], postal_prefixes: Iterable[str]
    ) -> "Profile":
        """The same profile for the same facts, however they were listed."""
        return cls(
            active=active,
            services=tuple(sorted(set(services))),
            postal_codes=tuple(sorted(set(postal_codes))),
            postal_prefixes=tuple(sorted(set(postal_prefixes))),
        )

    def serves(self, postal_code: str) -> bool:
        """Whether the worker goes there: a code of theirs, or one under a prefix of theirs."""
        return postal_code in self.postal_codes or postal_code.startswith(self.postal_prefixes)


class WorkerRegistered(Event):
    """A worker came into the register."""

    TOPIC: ClassVar[str] = "dispatch.worker-registered"

    worker_id: WorkerId
    profile: Profile


class WorkerChanged(Event):
    """The register has a worker otherwise from now on."""

    TOPIC: ClassVar[str] = "dispatch.worker-changed"

    worker_id: WorkerId
    profile: Profile


WorkerEvent = WorkerRegistered | WorkerChanged
