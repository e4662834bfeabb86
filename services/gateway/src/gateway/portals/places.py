"""What a postal code and a service are called, asked of the catalogue and remembered for a while."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from doorstep_chassis.clock import Clock

from gateway.portals.calls import Calls, Refused
from gateway.portals.texts import Language
from gateway.upstream import ServiceUnavailable

REMEMBERED_FOR = timedelta(minutes=10)
MOST_REMEMBERED = 5_000


@dataclass(frozen=True, slots=True)
class Place:
    """A postal code with its localities, and the services that are offered there by the names they have."""

    postal_code: str
    localities: tuple[str, ...] = ()
    services: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """69003 Lyon; of several localities the first, with an ellipsis."""
        if not self.localities:
            return self.postal_code
        return f"{self.postal_code} {self.localities[0]}" + ("…" if len(self.localities) > 1 else "")

    def service(self, service: str, language: Language) -> str:
        """The service's name, or its id where the catalogue no longer has it here."""
        names = self.services.get(service)
        return service.capitalize() if names is None else names[language]


class Places:
    """The places that pages have shown, for all people of an organisation."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[tuple[UUID, str], tuple[datetime, Place]] = {}

    async def of(self, calls: Calls, organisation_id: UUID, postal_codes: Iterable[str]) -> Mapping[str, Place]:
        """Each postal code's place; while the catalogue is away, by its number alone."""
        wanted, fresh = set(postal_codes), self._clock.now() - REMEMBERED_FOR
        missing = [
            code for code in sorted(wanted) if (at := self._known.get((organisation_id, code))) is None or at[0] < fresh
        ]
        found = await asyncio.gather(*(_asked(calls, code) for code in missing))
        if len(self._known) > MOST_REMEMBERED:
            self._known.clear()
        answered = dict(zip(missing, found, strict=True))
        for code, place in answered.items():
            if place is not None:
                self._known[organisation_id, code] = (self._clock.now(), place)
        return {code: self._place(organisation_id, code) for code in wanted}

    def _place(self, organisation_id: UUID, code: str) -> Place:
        known = self._known.get((organisation_id, code))
        return Place(code) if known is None else known[1]


async def _asked(calls: Calls, postal_code: str) -> Place | None:
    try:
        found: Mapping[str, Any] = await calls.get("request-intake", "/catalogue", postal_code=postal_code)
    except (Refused, ServiceUnavailable):
        return None
    return Place(
        postal_code,
        tuple(found["localities"]),
        {offer["service"]: {"fr": offer["label_fr"], "en": offer["label_en"]} for offer in found["offers"]},
    )
