"""Requests, calls and calendar entries as the worker's pages show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.portals.amounts import minutes_between, total_cents
from gateway.portals.catalogues import Offered
from gateway.portals.texts import Texts
from gateway.portals.worker_words import CALL_REASONS, CALL_STATES, STATES, client_lacks, when, worker_lacks

ENDED = frozenset({"cancelled", "declined", "expired"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGate:
    """One of the two gates: open, or what it lacks in words."""

    open: bool
    lacks: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRequest:
    """A request on a card; no gates before its launch nor after its end."""

    id: str
    state: str
    badge: str
    label: str
    service: str
    place: str
    slot: str
    by_myself: bool
    client: ShownGate | None
    worker: ShownGate | None

    @classmethod
    def of(cls, row: Mapping[str, Any], offered: Offered, texts: Texts) -> "ShownRequest":
        """From intake's card."""
        label, badge = STATES[row["state"]]
        live = row["state"] not in ENDED
        client, worker = (row["client_gate"], row["worker_gate"]) if live else (None, None)
        return cls(
            id=row["request_id"],
            state=row["state"],
            badge=badge,
            label=texts.say(label),
            service=offered.service(row["service"], texts.language),
            place=offered.place(row["postal_code"]),
            slot=slot_of(row["slot"], texts),
            by_myself=row["performer"] == "self",
            client=None
            if client is None
            else ShownGate(open=client["open"], lacks=client_lacks(texts, client["missing"])),
            worker=None
            if worker is None
            else ShownGate(open=worker["open"], lacks=worker_lacks(texts, worker["missing"])),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCall:
    """A call as one worker sees it, and where their application stands."""

    id: str
    state: str
    badge: str
    label: str
    service: str
    place: str
    slot: str
    rate: str
    total: str
    deadline: datetime
    left: str
    until: str
    reasons: Sequence[str]

    @classmethod
    def of(cls, row: Mapping[str, Any], offered: Offered, texts: Texts, now: datetime) -> "ShownCall":
        """From dispatch's call."""
        label, badge = CALL_STATES.get(row["state"], CALL_STATES["ended"])
        start, end, deadline = when(row["start"]), when(row["end"]), when(row["deadline"])
        minutes = minutes_between(start, end)
        return cls(
            id=row["request_id"],
            state=row["state"],
            badge=badge,
            label=texts.say(label),
            service=offered.service(row["service"], texts.language),
            place=offered.place(row["postal_code"]),
            slot=texts.slot(start, end, row["zone"]),
            rate=texts.money(row["rate_cents"], row["currency"]),
            total=texts.money(total_cents(row["rate_cents"], minutes), row["currency"]),
            deadline=deadline,
            left=texts.left(deadline, now),
            until=texts.moment(deadline, row["zone"]),
            reasons=[texts.say(CALL_REASONS[reason]) for reason in row["reasons"] if reason in CALL_REASONS],
        )


def slot_of(slot: Mapping[str, Any], texts: Texts) -> str:
    """A slot of an answer in the zone it belongs to."""
    return texts.slot(when(slot["start"]), when(slot["end"]), slot["zone"])
