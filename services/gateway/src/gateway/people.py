"""Workers and operators as the gateway knows them: where mail reaches them, in which language, and which they want."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from doorstep_chassis.auth import Principal
from doorstep_chassis.domain import derived_id
from doorstep_chassis.privacy import DataKey, WrappedKey, open_sealed, seal
from doorstep_chassis.service import Context
from doorstep_chassis.store.model import WrappedKeyRow
from doorstep_chassis.work import Work
from pydantic import BaseModel, ConfigDict

from gateway.domain.person.decide import decide_seen, decide_switch
from gateway.domain.person.state import PERSON, Profile
from gateway.portals.texts import Language
from gateway.views.people import operators_of, people_by_id

DETAILS = "gateway.person"


class Details(BaseModel):
    """What is personal, as it is sealed."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str
    email: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """A worker or operator; name and e-mail are None for somebody who has never signed in, or is erased."""

    name: str | None = field(repr=False)
    email: str | None = field(repr=False)
    language: Language
    call_mails: bool


class People:
    """The people of every organisation, by (organisation, person)."""

    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._units = context.units
        self._keys = context.keys

    async def seen(self, who: Principal, name: str, email: str | None, language: Language) -> None:
        """They signed in, and their identity provider says this of them."""
        if who.role not in ("worker", "operator"):
            return
        role = who.role
        subject = subject_id(who.organisation_id, who.person_id)
        made, details = self._keys.issue(), Details(name=name, email=email)

        def decide(work: Work) -> None:
            ref = PERSON.at(who.organisation_id, who.person_id)
            known, row = work.state(ref).profile, work.key(subject)
            key = self._unwrapped(row)
            same = known is not None and self._opened(row, known.details) == details
            sealed = seal(key or made, subject, details.model_dump_json(), context=DETAILS)
            events = decide_seen(work.state(ref), Profile(role, sealed, language), same_details=same)
            if events and key is None:
                wrapped = self._keys.wrap(subject, made)
                work.put_key(WrappedKeyRow(subject, wrapped.wrapped, wrapped.kek_id))
            work.append(ref, *events)

        await self._units.run("person_seen", decide)

    async def switch_call_mails(self, organisation_id: UUID, person_id: UUID, *, on: bool) -> None:
        """They want mails about open calls, or want none."""

        def decide(work: Work) -> None:
            ref = PERSON.at(organisation_id, person_id)
            work.append(ref, *decide_switch(work.state(ref), on=on))

        await self._units.run("switch_call_mails", decide)

    async def person(self, organisation_id: UUID, person_id: UUID) -> Person:
        """What is known of somebody at this instant."""

        def read(work: Work) -> Person:
            state = work.state(PERSON.at(organisation_id, person_id))
            if state.profile is None:
                return Person(None, None, "fr", state.call_mails)
            details = self._opened(work.key(subject_id(organisation_id, person_id)), state.profile.details)
            name, email = (None, None) if details is None else (details.name, details.email)
            return Person(name, email, state.profile.language, state.call_mails)

        return await self._units.run("read_person", read)

    async def names(self, organisation_id: UUID, ids: Sequence[UUID]) -> dict[UUID, str]:
        """The names of these people, as far as they are known."""
        rows = await people_by_id(self._store, organisation_id, ids)
        keys = await self._store.load_keys([subject_id(organisation_id, row["person_id"]) for row in rows])
        found = {
            row["person_id"]: self._opened(keys.get(subject_id(organisation_id, row["person_id"])), row["details"])
            for row in rows
        }
        return {person_id: details.name for person_id, details in found.items() if details is not None}

    async def operators(self, organisation_id: UUID) -> list[UUID]:
        """The operators who have ever signed in."""
        return await operators_of(self._store, organisation_id)

    def _unwrapped(self, row: WrappedKeyRow | None) -> DataKey | None:
        if row is None or row.wrapped is None:
            return None
        return self._keys.unwrap(WrappedKey(row.subject_id, row.wrapped, row.kek_id))

    def _opened(self, row: WrappedKeyRow | None, sealed: str) -> Details | None:
        key = self._unwrapped(row)
        return None if key is None else Details.model_validate_json(open_sealed(key, sealed, context=DETAILS))


def subject_id(organisation_id: UUID, person_id: UUID) -> UUID:
    """Whose key seals a person's details: one for each organisation that they work for."""
    return derived_id("person", organisation_id, person_id)
