"""What is offered where, as intake's catalogue says it: for names of services and places on every page."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from doorstep_chassis.clock import Clock

from gateway.portals.calls import Calls, Refused
from gateway.portals.texts import Language

KEPT = timedelta(minutes=1)
MOST = 1_000


@dataclass(frozen=True, slots=True)
class Offered:
    """The catalogue at a postal code, as its JSON has it; empty where it says nothing."""

    content: Mapping[str, Any]

    def offer(self, offer_id: str) -> Mapping[str, Any] | None:
        """An offer by its id, if it is one of this place."""
        return next((each for each in self.content.get("offers", ()) if each["offer_id"] == offer_id), None)

    def service(self, service: str, language: Language) -> str:
        """A service's name; its code where the catalogue does not know it any more."""
        found = self.of_service(service)
        return service if found is None else str(found[f"label_{language}"])

    def of_service(self, service: str) -> Mapping[str, Any] | None:
        """What is offered of a service here, if it is."""
        return next((each for each in self.content.get("offers", ()) if each["service"] == service), None)

    def place(self, postal_code: str) -> str:
        """A postal code with its place, where it has only one."""
        localities = self.content.get("localities", ())
        return f"{postal_code} {localities[0]}" if len(localities) == 1 else postal_code


class Catalogues:
    """The catalogue of each organisation, a minute long: names change seldom."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[tuple[UUID, str], tuple[datetime, Offered]] = {}

    async def at(self, calls: Calls, organisation_id: UUID, postal_code: str) -> Offered:
        """What is offered at a postal code, for names; empty when the catalogue refuses it."""
        try:
            return await self.kept(
                organisation_id, postal_code, lambda: calls.get("request-intake", "/catalogue", postal_code=postal_code)
            )
        except Refused:
            return Offered({})

    async def kept(self, organisation_id: UUID, postal_code: str, read: Callable[[], Awaitable[Any]]) -> Offered:
        """What is offered at a postal code, read where it is not known. Errors: those of `read`."""
        now, place = self._clock.now(), (organisation_id, postal_code)
        kept = self._kept.get(place)
        if kept is not None and now - kept[0] < KEPT:
            return kept[1]
        found = Offered(await read())
        if len(self._kept) >= MOST:
            self._kept.clear()
        self._kept[place] = now, found
        return found

    async def all_at(self, calls: Calls, organisation_id: UUID, postal_codes: Iterable[str]) -> Mapping[str, Offered]:
        """The same for several postal codes at once."""
        codes = sorted(set(postal_codes))
        found = await asyncio.gather(*(self.at(calls, organisation_id, code) for code in codes))
        return dict(zip(codes, found, strict=True))
