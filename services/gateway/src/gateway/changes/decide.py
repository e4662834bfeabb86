"""Who hears of what. A hint only makes somebody look again, so it may not tell more than what they then see."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from gateway.changes.events import Changed, Kind, People
from gateway.changes.state import Told

Concerned = Literal["creator", "worker", "applicants", "client"]


@dataclass(frozen=True, slots=True)
class Heard:
    """What a topic said: its name, and the id that is derived from the content."""

    source: str
    fact: UUID


def decide_request_change(
    state: Told,
    heard: Heard,
    kind: Kind,
    request_id: UUID,
    concerned: Collection[Concerned],
    *,
    workers: tuple[UUID, ...] = (),
    calls: bool = False,
    **learned: Any,
) -> tuple[Changed, ...]:
    """A change of a request concerns those whom it names, as known once what it brings is learned; and `workers`."""
    if state.said.get(heard.source) == heard.fact:
        return ()
    people = state.people.model_copy(update=learned)
    return (_changed(heard, kind, request_id, concerned, people, people, workers=workers, calls=calls),)


def decide_worker_gate_shut(
    state: Told, heard: Heard, request_id: UUID, missing: tuple[str, ...]
) -> tuple[Changed, ...]:
    """Whoever was assigned no longer is. The creator hears of it only if the gate lacks something else than before.

    A choice that failed leaves the gate as it was; a hint would betray to a creator who applied that there was one.
    """
    if state.said.get(heard.source) == heard.fact:
        return ()
    concerned: tuple[Concerned, ...] = ("worker",) if state.people.lacks == missing else ("creator", "worker")
    after = state.people.model_copy(update={"worker": None, "lacks": missing})
    return (_changed(heard, "worker", request_id, concerned, state.people, after),)


def decide_application(state: Told, heard: Heard, request_id: UUID, worker_id: UUID) -> tuple[Changed, ...]:
    """An application is between the applicant and the operators."""
    applicants = tuple(dict.fromkeys((*state.people.applicants, worker_id)))
    return decide_request_change(state, heard, "worker", request_id, [], workers=(worker_id,), applicants=applicants)


def decide_change(
    state: Told, heard: Heard, kind: Kind, *, workers: tuple[UUID, ...] = (), everyone: bool = False
) -> tuple[Changed, ...]:
    """A change that is about no request."""
    if state.said.get(heard.source) == heard.fact:
        return ()
    return (Changed(kind=kind, workers=workers, everyone=everyone, source=heard.source, fact=heard.fact),)


def _changed(
    heard: Heard,
    kind: Kind,
    request_id: UUID,
    concerned: Collection[Concerned],
    people: People,
    after: People,
    *,
    workers: tuple[UUID, ...] = (),
    calls: bool = False,
) -> Changed:
    named = {
        "creator": (people.creator,),
        "worker": (people.worker,),
        "applicants": people.applicants,
    }
    hearing = [each for name, ids in named.items() if name in concerned for each in ids if each is not None]
    return Changed(
        kind=kind,
        request_id=request_id,
        workers=tuple(dict.fromkeys((*hearing, *workers))),
        client=people.client if "client" in concerned else None,
        calls=calls,
        people=after,
        source=heard.source,
        fact=heard.fact,
    )
