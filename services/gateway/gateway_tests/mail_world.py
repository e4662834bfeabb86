"""The gateway's mail on real PostgreSQL: public events come in, mails go out, the services answer as a test wants."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import httpx
from doorstep_chassis.auth import Principal
from doorstep_chassis.clock import FixedClock
from doorstep_chassis.consumer.decoding import EventDecoder
from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.consumer.log_feed import LOG, log_decoder, log_record
from doorstep_chassis.consumer.records import Record
from doorstep_chassis.domain import Event
from doorstep_chassis.privacy import KeyRing
from doorstep_chassis.service import Context
from doorstep_chassis.store.model import Partition
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.recorder import create_tables
from doorstep_chassis.testing import Story
from doorstep_chassis.units import Units
from doorstep_chassis.views import View, create_view_tables
from doorstep_contracts import directory, dispatch, intake, samples
from doorstep_contracts.base import PublicEvent
from gateway.notifications.composing import Composer
from gateway.notifications.letters import Sender
from gateway.notifications.postbox import Postbox, Postboxes
from gateway.notifications.sender import MailSender
from gateway.notifications.services import Services
from gateway.notifications.stopping import StopLinks
from gateway.people import People
from gateway.portals.catalogues import Catalogues
from gateway.reactions import REACTIONS
from gateway.settings import GatewaySettings
from gateway.upstream import Upstream
from gateway.views.board import BOARD
from gateway.views.outbox import outbox
from gateway.views.people import PEOPLE_VIEW

NOW = datetime(2026, 5, 20, 8, tzinfo=UTC)
DEADLINE = NOW + timedelta(hours=72)
ORGANISATION, REQUEST, CLIENT = samples.ORGANISATION, samples.REQUEST, samples.CLIENT
WORKER, COLLEAGUE = samples.WORKER, samples.COLLEAGUE
CREATOR = UUID("00000000-0000-4000-8000-0000000000c1")
THIRD = UUID("00000000-0000-4000-8000-0000000000c3")
OPERATOR = UUID("00000000-0000-4000-8000-0000000000f1")
BASE_URL = "https://portal.example"
LINK = f"{BASE_URL}/portal/secret"

SAMPLE = {type(event): event for event in samples.SAMPLES.values()}


def said(cls: type[PublicEvent], **changes: Any) -> PublicEvent:
    """A public event about the request of the samples."""
    return SAMPLE[cls].model_copy(update=changes)


JOINED = said(intake.OrganisationAdded)
DRAFTED = said(intake.RequestDrafted, created_by=CREATOR)
LAUNCHED = said(intake.RequestLaunched, created_by=CREATOR)
ASKED = said(directory.ClientValidationRequested, deadline=DEADLINE)
VALIDATED = said(directory.ClientValidated)
CONFIRMED = said(intake.RequestConfirmed)
CANCELLED = said(intake.RequestCancelled, by="operator")
DECLINED = said(intake.RequestDeclined)
EXPIRED = said(intake.RequestExpired, rule="slot_start")
OPENED = said(dispatch.BroadcastOpened, deadline=NOW + timedelta(hours=24))
ASSIGNED = said(dispatch.WorkerAssigned, worker_id=WORKER)
AWARDED = said(dispatch.BroadcastClosed, reason="assigned")


def applied(worker_id: UUID) -> PublicEvent:
    """A worker would do it."""
    return said(dispatch.ApplicationReceived, worker_id=worker_id)


class Pile:
    """A postbox that keeps what it is given, and refuses as a test wants."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refusals: list[Exception] = []

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Postbox]:
        yield self

    async def post(self, mail: EmailMessage) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.mails.append(mail)

    def taken(self) -> list[tuple[str, str]]:
        """To whom and what, in order; forgotten then."""
        taken = [(str(mail["To"]), str(mail["Subject"])) for mail in self.mails]
        self.mails.clear()
        return taken


class FakeTokens:
    def service(self) -> str:
        return "own-token"


class FakeLinks:
    def __init__(self) -> None:
        self.issued: list[tuple[UUID, UUID, UUID, datetime | None]] = []

    async def issue(
        self, organisation_id: UUID, client_id: UUID, request_id: UUID, *, expires_at: datetime | None
    ) -> str:
        self.issued.append((organisation_id, client_id, request_id, expires_at))
        return LINK


CONTACT = {"client_id": str(CLIENT), "first_name": "Marie", "last_name": "Hoarau", "email": "marie@mail.example"}
CATALOGUE = {"offers": [{"service": "menage", "label_fr": "Ménage", "label_en": "Cleaning"}]}


@dataclass
class Answers:
    """What the services answer, by path; a path that is not named is a 404."""

    bodies: dict[str, Any] = field(
        default_factory=lambda: {
            f"/clients/{CLIENT}/contact": CONTACT,
            f"/requests/{REQUEST}/called": {"worker_ids": [str(WORKER), str(COLLEAGUE)]},
            "/catalogue": CATALOGUE,
        }
    )
    asked: list[httpx.Request] = field(default_factory=list)
    down: bool = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if self.down:
            raise httpx.ConnectError("away")
        body = self.bodies.get(request.url.path)
        return httpx.Response(404) if body is None else httpx.Response(200, json=body)


class Office:
    """One organisation's mail. `hear` is public events arriving; `send` is one round of the sender."""

    def __init__(self, store: PostgresStore, postboxes: Postboxes | None = None) -> None:
        self.store = store
        self.clock = FixedClock(NOW)
        self.pile = Pile()
        self.links = FakeLinks()
        self.answers = Answers()
        self.context = Context(
            settings=GatewaySettings.model_construct(),
            store=store,
            units=Units(store, self.clock, "gateway"),
            clock=self.clock,
            keys=KeyRing(bytes(32), "test"),
            hmac_key=bytes(32),
        )
        self.people = People(self.context)
        self.stop_links = StopLinks(self.context.hmac_key)
        self.outbox = outbox(lambda: None)
        self._postboxes = postboxes or self.pile
        self.sender = self.new_sender()
        self._writer = Story("gateway", NOW)
        self._offsets: dict[Partition, int] = {}
        self._reactions = Engine("gateway.reactions", store, REACTIONS, EventDecoder(), self.clock.now)
        self._board = Engine(BOARD.consumer("gateway"), store, BOARD.handlers, EventDecoder(), self.clock.now)

    def new_sender(self) -> MailSender:
        """A sender that remembers nothing, as after a restart."""
        urls: dict[Any, str] = {
            name: f"http://{name}.test" for name in ("request-intake", "client-directory", "dispatch")
        }
        composer = Composer(
            context=self.context,
            services=Services(
                Upstream(urls, timeout=1, transport=httpx.MockTransport(self.answers)),
                FakeTokens(),
                Catalogues(self.clock),
            ),
            people=self.people,
            links=self.links,
            stop_links=self.stop_links,
            sender=Sender("bonjour@doorstep.example"),
            base_url=BASE_URL,
        )
        self.sender = MailSender(composer, self._postboxes, asyncio.Event())
        return self.sender

    def record(self, event: PublicEvent) -> Record:
        """The event as the next record of its topic; `deliver` it twice to play a redelivery."""
        return self._writer.record(event)

    async def hear(self, *events: PublicEvent) -> None:
        """Public events arrive, at the board and at the reactions."""
        await self.deliver(*(self.record(event) for event in events))

    async def deliver(self, *records: Record) -> None:
        """These very records arrive, each at a fresh offset."""
        for record in records:
            offset = self._offsets[record.partition] = self._offsets.get(record.partition, -1) + 1
            placed = Record(record.partition, 1, offset, record.key, record.headers, record.value)
            for engine in (self._board, self._reactions):
                if not engine.has(record.partition):
                    await engine.assign(record.partition, 1)
                await engine.handle({record.partition: [placed]})

    async def follow(self, *views: View) -> None:
        """The views of the own log take what has come."""
        for view in views or (self.outbox, PEOPLE_VIEW):
            engine = Engine(
                view.consumer("gateway"),
                self.store,
                view.handlers,
                log_decoder("/doorstep/gateway/main"),
                self.clock.now,
            )
            position = await engine.assign(LOG, 1)
            entries = await self.store.log_after(max(0, position - 1), 10_000)
            if entries:
                await engine.handle({LOG: [log_record(entry) for entry in entries]})

    async def send(self) -> list[tuple[str, str]]:
        """The sender looks until nothing more is due; what went out."""
        before = -1
        while before != (before := await self.store.head()):
            await self.follow()
            await self.sender.send_due()
        return self.pile.taken()

    async def log(self, since: int = 0) -> Sequence[Event]:
        """What the gateway's log says."""
        return [entry.event for entry in await self.store.log_after(since, 10_000)]

    async def signed_in(self, person_id: UUID, name: str, **more: Any) -> None:
        """A worker, or whoever else is named, has signed in once."""
        role = more.get("role", "worker")
        email = more.get("email", f"{name.lower()}@mail.example")
        await self.people.seen(Principal(person_id, ORGANISATION, role), name, email, more.get("language", "fr"))


@asynccontextmanager
async def opened_office(database: str, postboxes: Postboxes | None = None) -> AsyncIterator[Office]:
    """An office on a fresh database."""
    await asyncio.to_thread(create_tables, database)
    store = PostgresStore(database)
    await store.open()
    office = Office(store, postboxes)
    for view in (BOARD, office.outbox, PEOPLE_VIEW):
        await create_view_tables(store, view)
    yield office
    await store.close()
