"""Until when a payment method is valid: pure functions of time (DOMAIN.md rule 9, payment validity)."""

import calendar
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

SEPA_LAPSES_AFTER_MONTHS = 36


class CardTerms(BaseModel):
    """A card is good to the end of its month."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: Literal["card"] = "card"
    expiry_month: Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
    """Year and month, `2027-04`."""


class SepaTerms(BaseModel):
    """A mandate runs from its signature, or from the due date of the last collection presented under it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: Literal["sepa"] = "sepa"
    signed_on: date
    last_collection_due: date | None = None
    one_off: bool = False


Terms = Annotated[CardTerms | SepaTerms, Field(discriminator="kind")]


def valid_until(terms: CardTerms | SepaTerms, *, request_zone: str, organisation_zone: str) -> datetime | None:
    """The instant at which the method is no longer valid; None when it is used up whatever the time.

    A card ends with its month in the zone of the request, a mandate with its day in the zone of the organisation.
    """
    if isinstance(terms, CardTerms):
        year, month = map(int, terms.expiry_month.split("-"))
        return _midnight_after(_last_day(year, month), request_zone)
    if terms.one_off and terms.last_collection_due is not None:
        return None
    begins = terms.last_collection_due or terms.signed_on
    return _midnight_after(_months_later(begins, SEPA_LAPSES_AFTER_MONTHS), organisation_zone)


def _months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day where it has none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = _last_day(year, month + 1)
    return last.replace(day=min(day.day, last.day))


def _last_day(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def _midnight_after(day: date, zone: str) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(zone))
