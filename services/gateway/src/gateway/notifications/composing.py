"""Who gets a notification, and the mail that they get: address, language and facts as they are at the time of sending."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Any, Protocol
from uuid import UUID

from doorstep_chassis.service import Context

from gateway.domain.notification.state import Queued
from gateway.notifications.facts import request_facts, waiting_in
from gateway.notifications.kinds import KINDS, Kind
from gateway.notifications.letters import Sender, letter
from gateway.notifications.services import Contact, Services
from gateway.notifications.stopping import StopLinks
from gateway.people import People
from gateway.portals.texts import Language

VALIDATION = "validation"


class Dropped(Exception):
    """It is not to be sent; `reason` is a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotYet(Exception):
    """The board has not heard of the request yet."""


class Links(Protocol):
    """Makes the link by which a client comes in."""

    async def issue(
        self, organisation_id: UUID, client_id: UUID, request_id: UUID, *, expires_at: datetime | None
    ) -> str: ...


@dataclass(frozen=True, slots=True)
class Composer:
    """Makes mails. `base_url` is where the portals are reached."""

    context: Context
    services: Services
    people: People
    links: Links
    stop_links: StopLinks
    sender: Sender
    base_url: str

    async def mail(self, organisation_id: UUID, notification_id: UUID, state: Queued) -> EmailMessage:
        """The mail of one notification.

        Errors: Dropped, NotYet, AddressRefused, ServiceUnavailable, AnsweredOtherwise.
        """
        kind, now = KINDS[state.kind], self.context.clock.now()
        contact = await self._contact(organisation_id, state, kind)
        values = await self._values(organisation_id, state, contact.language, now)
        leads = await self._leads(organisation_id, state, kind)
        stop = self.stop_links.path(organisation_id, state.recipient_id) if kind.switchable else None
        return letter(
            notification_id,
            self.sender,
            contact,
            kind.template,
            {**values, "kind": state.kind, "url": leads},
            now=now,
            stop_url=None if stop is None else self.base_url + stop,
        )

    async def _contact(self, organisation_id: UUID, state: Queued, kind: Kind) -> Contact:
        """Mail goes only to what is on file: a client's in the directory, a worker's or operator's as they signed in."""
        if state.audience == "client":
            contact = await self.services.client(organisation_id, state.recipient_id)
        else:
            person = await self.people.person(organisation_id, state.recipient_id)
            if kind.switchable and not person.call_mails:
                raise Dropped("switched_off")
            contact = Contact(person.name, person.email, person.language)
        if contact is None or not contact.email:
            raise Dropped("no_address")
        return contact

    async def _values(
        self, organisation_id: UUID, state: Queued, language: Language, now: datetime
    ) -> Mapping[str, Any]:
        if state.request_id is None:
            waiting = await waiting_in(self.context.store, organisation_id, now)
            if not waiting.requests:
                raise Dropped("nothing_waits")
            return {"waiting": waiting, "now": now}
        facts = await request_facts(self.context.store, organisation_id, state.request_id)
        if facts is None:
            raise NotYet
        if state.until is None and facts.slot.end < now:
            raise Dropped("too_late")
        service = await self.services.service_label(facts.postal_code, facts.service, language)
        return {"service": service, "request": facts, "until": state.until}

    async def _leads(self, organisation_id: UUID, state: Queued, kind: Kind) -> str | None:
        if kind.leads != VALIDATION:
            return None if kind.leads is None else self.base_url + kind.leads
        assert state.request_id is not None
        return await self.links.issue(organisation_id, state.recipient_id, state.request_id, expires_at=state.until)
