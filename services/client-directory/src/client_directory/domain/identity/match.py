"""Does a typed identity belong to a client on file? Certain, none, or a doubt that only an operator settles (rule 7)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from client_directory.domain.identity.names import Name, compatible, same_first_name

Found = Literal["equal", "conflicting", "absent"]


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed: the name, and the hashes of the identifiers given."""

    name: Name
    email: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A client who owns one of the typed identifiers; the name is None once it cannot be read any more."""

    client_id: UUID
    name: Name | None
    email: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class Certain:
    """This client, and nobody else."""

    client_id: UUID


@dataclass(frozen=True, slots=True)
class Doubt:
    """It may be one of these, or somebody new."""

    reasons: tuple[str, ...]
    candidates: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Nobody:
    """No client on file owns what was typed."""


Match = Certain | Doubt | Nobody


def match(typed: Typed, candidates: Sequence[Candidate], doubts: Iterable[str] = ()) -> Match:
    """Certain only if exactly one candidate fits and the identifiers do not point at different clients.

    `doubts` are those of reading what was typed: with one of them nothing is certain, and nobody is new.
    """
    reasons = list(doubts)
    if not candidates and not reasons:
        return Nobody()
    misfits = {each.client_id: _misfit(typed, each) for each in candidates}
    fitting = [client_id for client_id, misfit in misfits.items() if misfit is None]
    if _point_apart(typed, candidates):
        reasons.append("different_clients")
    elif len(fitting) > 1:
        reasons.append("several_fit")
    elif not fitting:
        reasons += sorted({misfit for misfit in misfits.values() if misfit is not None})
    if reasons:
        return Doubt(tuple(reasons), tuple(misfits))
    return Certain(fitting[0])


def _misfit(typed: Typed, candidate: Candidate) -> str | None:
    """Why the candidate does not fit; None when they do."""
    found = (_compare(typed.email, candidate.email), _compare(typed.phone, candidate.phone))
    if "conflicting" in found:
        return "identifier_conflict"
    if typed.name.empty or candidate.name is None or candidate.name.empty:
        return "name_missing"
    if compatible(typed.name, candidate.name):
        return None
    if found == ("equal", "equal") and same_first_name(typed.name, candidate.name):
        return None
    return "name_differs"


def _compare(typed: str | None, on_file: str | None) -> Found:
    if typed is None or on_file is None:
        return "absent"
    return "equal" if typed == on_file else "conflicting"


def _point_apart(typed: Typed, candidates: Sequence[Candidate]) -> bool:
    """The e-mail has owners, the phone has owners, and none of them owns both."""
    by_email = {each.client_id for each in candidates if _compare(typed.email, each.email) == "equal"}
    by_phone = {each.client_id for each in candidates if _compare(typed.phone, each.phone) == "equal"}
    return bool(by_email) and bool(by_phone) and not by_email & by_phone
