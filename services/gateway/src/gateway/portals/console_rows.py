"""A row of the board as it is shown: everything in words, and what an operator must see first."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from gateway.portals.calls import Calls
from gateway.portals.catalogues import Catalogues, Offered
from gateway.portals.console_words import DUE, LACKS, STATES, WAITS_FOR_OPERATOR, Tone, listed, moment, said
from gateway.portals.people import worker_label
from gateway.portals.texts import Texts
from gateway.upstream import ServiceUnavailable

SOON, VERY_SOON = timedelta(hours=24), timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Known:
    """What rows only refer to: names of clients and workers, the catalogue of each postal code, and the own time zone."""

    clients: Mapping[UUID, str]
    workers: Mapping[UUID, str]
    offered: Mapping[str, Offered]
    home: str


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate in words. `mine`: only an operator can bring what it lacks; `open` is None before anybody has decided."""

    open: bool | None
    text: str
    mine: bool = False

    @property
    def tone(self) -> Tone:
        """Open, not decided, waiting for an operator, or for somebody else."""
        return "off" if self.open is None else "good" if self.open else "bad" if self.mine else "wait"


@dataclass(frozen=True, slots=True)
class Due:
    """The next deadline of a request: what is due, when, and how long until then."""

    what: str
    moment: str
    left: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Line:
    """A request on the board."""

    request_id: UUID
    short_id: str
    state: str
    state_tone: Tone
    live: bool
    day: str
    hours: str
    away: str
    service: str
    place: str
    client: str | None
    new_client: bool
    worker: str | None
    creator: str
    client_gate: Gate
    worker_gate: Gate
    due: Due | None

    @property
    def mine(self) -> bool:
        """Whether it waits for an operator."""
        return self.live and (self.client_gate.mine or self.worker_gate.mine)


def line_of(row: Mapping[str, Any], texts: Texts, now: datetime, known: Known) -> Line:
    """A row of the board's list; a slot in another time zone than the organisation's own says so."""
    starts_at, ends_at, zone = row["starts_at"], row["ends_at"], row["zone"]
    state, tone = STATES[row["state"]]
    offered = known.offered[row["postal_code"]]
    return Line(
        request_id=row["request_id"],
        short_id=str(row["request_id"])[:8],
        state=texts.say(state),
        state_tone=tone,
        live=row["state"] in ("draft", "launched"),
        day=texts.weekday(starts_at, zone),
        hours=f"{texts.hour(starts_at, zone)} – {texts.hour(ends_at, zone)}",
        away="" if zone == known.home else zone_text(zone),
        service=offered.service(row["service"], texts.language),
        place=offered.place(row["postal_code"]),
        client=known.clients.get(row["client_id"]),
        new_client=row["client_known"] is False,
        worker=None if row["worker_id"] is None else worker_label(texts, row["worker_id"], known.workers),
        creator=worker_label(texts, row["created_by"], known.workers),
        client_gate=client_gate(row, texts),
        worker_gate=worker_gate(row, texts, known.workers),
        due=due_of(row, texts, now),
    )


def client_gate(row: Mapping[str, Any], texts: Texts) -> Gate:
    """Whether the client's side is settled."""
    return _gate(row["client_gate"], row["client_lacks"], texts, texts.say("Validated"))


def worker_gate(row: Mapping[str, Any], texts: Texts, workers: Mapping[UUID, str]) -> Gate:
    """Whether a worker is assigned, and who; where one must be chosen, among how many."""
    label = "" if row["worker_id"] is None else worker_label(texts, row["worker_id"], workers)
    gate = _gate(row["worker_gate"], row["worker_lacks"], texts, label)
    if row["worker_lacks"] == ["selection"] and row["applications"]:
        count = row["applications"]
        return Gate(
            False,
            texts.say_many("choose from %(count)s application", "choose from %(count)s applications", count),
            True,
        )
    return gate


def _gate(gate: str | None, lacks: Sequence[str] | None, texts: Texts, opened: str) -> Gate:
    if gate is None:
        return Gate(None, texts.say("not yet"))
    if gate == "open":
        return Gate(True, opened)
    missing = lacks or ()
    return Gate(False, listed(texts, LACKS, missing), any(lack in WAITS_FOR_OPERATOR for lack in missing))


def due_of(row: Mapping[str, Any], texts: Texts, now: datetime) -> Due | None:
    """The first deadline that still counts; None for what is confirmed or over."""
    if row["state"] not in ("draft", "launched"):
        return None
    due: datetime = row["due"]
    left = due - now
    tone: Tone = "bad" if left < VERY_SOON else "wait" if left < SOON else "off"
    return Due(
        what=said(texts, DUE, _kind(row)),
        moment=moment(texts, due, row["zone"]),
        left=texts.say("overdue") if due <= now else texts.left(due, now),
        tone=tone,
    )


def _kind(row: Mapping[str, Any]) -> str:
    names = ("expires_at",) if row["state"] == "draft" else ("client_deadline", "broadcast_deadline")
    return next((name for name in names if row[name] == row["due"]), "starts_at")


def zone_text(zone: str) -> str:
    """A time zone by the place it is named after: Reunion."""
    return zone.rpartition("/")[2].replace("_", " ")


async def offered_at(
    catalogues: Catalogues, calls: Calls, organisation_id: UUID, postal_codes: Iterable[str]
) -> Mapping[str, Offered]:
    """What each postal code's catalogue says, for names; nothing while intake is away."""

    async def read(postal_code: str) -> Offered:
        try:
            return await catalogues.at(calls, organisation_id, postal_code)
        except ServiceUnavailable:
            return Offered({})

    wanted = sorted(set(postal_codes))
    return dict(zip(wanted, await asyncio.gather(*(read(code) for code in wanted)), strict=True))
