"""What a client is asked about: the request as the board and the directory have it, in words that a client knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from doorstep_chassis.errors import Unavailable
from doorstep_chassis.store.postgres import PostgresStore

from gateway.links import Link
from gateway.portals.amounts import minutes_between, total_cents
from gateway.portals.calls import Calls
from gateway.portals.catalogues import Catalogues
from gateway.portals.texts import Language
from gateway.views.board import ORGANISATIONS, REQUESTS

Standing = Literal["asked", "shut", "validated", "confirmed", "declined", "unanswered", "cancelled", "expired", "ended"]
"""Where the request stands for its client. `shut`: the organisation must act. `unanswered`: the time has run out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """Service, place, time and price; `details` is what the directory shows this client, their own data in it."""

    organisation: str
    service: str
    postal_code: str
    place: str
    start: datetime
    end: datetime
    zone: str
    rate_cents: int
    currency: str
    standing: Standing
    deadline: datetime | None
    details: Mapping[str, Any]

    @property
    def minutes(self) -> int:
        """How long it takes."""
        return minutes_between(self.start, self.end)

    @property
    def total_cents(self) -> int:
        """The rate for that long, to the cent."""
        return total_cents(self.rate_cents, self.minutes)

    @property
    def zone_is_elsewhere(self) -> bool:
        """Whether the hour needs its place, for who is in mainland France."""
        return (
            self.start.astimezone(ZoneInfo(self.zone)).utcoffset()
            != self.start.astimezone(ZoneInfo("Europe/Paris")).utcoffset()
        )

    @property
    def missing(self) -> list[str]:
        """What the client gate lacks."""
        return list(self.details.get("missing", ()))


async def matter_of(
    store: PostgresStore, calls: Calls, catalogues: Catalogues, link: Link, language: Language, now: datetime
) -> Matter:
    """The matter of a link.

    Errors: Refused as the directory refuses; ServiceUnavailable; Unavailable while the board is behind.
    """
    details = await calls.get("client-directory", f"/requests/{link.request_id}/validation")
    at = (REQUESTS, (link.organisation_id, link.request_id)), (ORGANISATIONS, (link.organisation_id,))
    rows = await store.load_rows(at)
    row, organisation = rows.get(at[0]), rows.get(at[1])
    if row is None or row["starts_at"] is None or organisation is None or organisation["slug"] is None:
        raise Unavailable
    offered = await catalogues.at(calls, link.organisation_id, row["postal_code"])  # empty where an old zone is gone
    offer = offered.of_service(row["service"])
    deadline = None if details.get("deadline") is None else datetime.fromisoformat(details["deadline"])
    return Matter(
        organisation=_name(organisation["slug"]),
        service=offered.service(row["service"], language),
        postal_code=row["postal_code"],
        place=" ".join((row["postal_code"], *offered.content.get("localities", ())[:1])),
        start=row["starts_at"],
        end=row["ends_at"],
        zone=row["zone"],
        rate_cents=row["rate_cents"],
        currency="EUR" if offer is None else offer["currency"],
        standing=_standing(details["state"], row, deadline, now),
        deadline=deadline,
        details=details,
    )


def _standing(state: Any, row: Mapping[str, Any], deadline: datetime | None, now: datetime) -> Standing:
    """The directory's word, made exact by the board: why it ended, and whether a confirmed visit was cancelled."""
    if state == "asked" and (row["starts_at"] <= now or (deadline is not None and deadline < now)):
        return "unanswered"
    if state in ("confirmed", "ended") and "cancelled" in (row["state"], row["visit_state"]):
        return "cancelled"
    if state == "ended" and row["state"] == "declined":
        return "declined"
    if state == "ended" and row["state"] == "expired":
        return "unanswered" if row["end_rule"] == "client_deadline" else "expired"
    known: Standing = state
    return known


def _name(slug: str) -> str:
    """An organisation as it is called, from its short name: `aide-du-rhone` is Aide du rhone."""
    return slug.replace("-", " ").replace("_", " ").strip().capitalize()
