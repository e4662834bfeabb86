"""Where a request's slot stands: open, held, booked as a visit, or ended with the request."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import assert_never

from doorstep_chassis.domain import Stream

from scheduling.domain.hold.events import (
    BookingUndone,
    HoldEvent,
    RequestConfirmed,
    RequestEnded,
    SlotBooked,
    SlotHeld,
    SlotRefused,
    SlotReleased,
)
from scheduling.domain.ids import HoldId, SelectionId, VisitId


@dataclass(frozen=True, slots=True)
class Known:
    """What stays true of the request whatever becomes of its slot: topics are read in any order."""

    answered: frozenset[SelectionId] = frozenset()
    confirmed: Mapping[HoldId, RequestConfirmed] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Open:
    """No slot: no worker selected yet, or the slot was refused or released."""

    known: Known = Known()


@dataclass(frozen=True, slots=True)
class Held:
    """A worker's calendar holds a slot."""

    known: Known
    hold: SlotHeld


@dataclass(frozen=True, slots=True)
class Booked:
    """The slot has become a visit."""

    known: Known
    hold: SlotHeld
    visit_id: VisitId


@dataclass(frozen=True, slots=True)
class Ended:
    """The request has ended, perhaps before anything else of it was heard."""

    known: Known


HoldState = Open | Held | Booked | Ended


def evolve(state: HoldState, event: HoldEvent) -> HoldState:
    """What an event makes of the request's slot."""
    known = _learn(state.known, event)
    match event:
        case RequestConfirmed() | SlotRefused():
            return replace(state, known=known)
        case RequestEnded():
            return Ended(known)
        case SlotHeld():
            return Held(known, event)
        case SlotBooked(visit_id=visit_id):
            return Booked(known, state.hold, visit_id) if isinstance(state, Held) else state
        case SlotReleased() | BookingUndone():
            return state if isinstance(state, Ended) else Open(known)
        case _:
            assert_never(event)


def _learn(known: Known, event: HoldEvent) -> Known:
    match event:
        case RequestConfirmed(hold_id=hold_id):
            return replace(known, confirmed=MappingProxyType({**known.confirmed, hold_id: event}))
        case SlotHeld(selection_id=selection_id) | SlotRefused(selection_id=selection_id):
            return replace(known, answered=known.answered | {selection_id})
        case _:
            return known


HOLD: Stream[HoldState] = Stream("scheduling.hold", Open(), evolve)
"""Keyed by the request's id."""
