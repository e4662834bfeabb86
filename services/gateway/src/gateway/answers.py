"""What the gateway itself answers; all else is the services' own, and only described (`description/`)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Gate(BaseModel):
    """One of the two gates, and what it still lacks."""

    model_config = ConfigDict(extra="allow")

    open: bool
    missing: list[str]


class Reached(BaseModel):
    """The state that a request has been brought to."""

    request_id: UUID
    state: str
    case: Literal[1, 2, 3] | None = None
    client_gate: Gate | None = None
    worker_gate: Gate | None = None


class BoardCard(BaseModel):
    """A request on the operators' board. A gate that is None has not been decided yet."""

    request_id: UUID
    state: str
    case: Literal[1, 2, 3] | None
    created_at: datetime
    created_by: UUID
    performer: str
    postal_code: str
    service: str
    offer_id: str
    rate_cents: int
    start: datetime
    end: datetime
    zone: str
    client_id: UUID | None
    client_known: bool | None
    client_gate: Gate | None
    answer_due: datetime | None
    worker_id: UUID | None
    worker_gate: Gate | None
    broadcast: str | None
    applications: int | None
    visit_id: UUID | None
    visit_state: str | None


class Board(BaseModel):
    """A page of the board; `next_cursor` gives the next one."""

    requests: list[BoardCard]
    next_cursor: str | None


def board_card(row: Mapping[str, Any]) -> BoardCard:
    """A row of the board as it is shown."""
    return BoardCard(
        start=row["starts_at"],
        end=row["ends_at"],
        case=_case(row),
        client_gate=_gate(row["client_gate"], row["client_lacks"]),
        worker_gate=_gate(row["worker_gate"], row["worker_lacks"]),
        answer_due=row["client_deadline"],
        **{name: row[name] for name in BoardCard.model_fields if name in row and not name.endswith("_gate")},
    )


def _gate(gate: str | None, lacks: list[str] | None) -> Gate | None:
    return None if gate is None else Gate(open=gate == "open", missing=lacks or [])


def _case(row: Mapping[str, Any]) -> Literal[1, 2, 3] | None:
    """1, 2 or 3 once it is launched, as DOMAIN.md's table has it."""
    if not row["launched"]:
        return None
    if row["performer"] == "other" or not row["client_known"]:
        return 3
    return 2 if row["payment_lacked"] else 1
