"""Values that several answers hold."""

from typing import Any, Literal

from pydantic import Field

StateName = Literal["draft", "launching", "launched", "confirmed", "cancelled", "declined", "expired"]
Case = Literal[1, 2, 3]
Performer = Literal["self", "other"]
ContactField = Literal["first_name", "last_name", "email", "phone"]
ClientLack = Literal[
    "validation", "address", "payment_method", "contact", "review", "address_outside_zone", "verification"
]
WorkerLack = Literal["operator", "applications", "selection", "slot_refused", "slot", "verification"]
Award = Literal["operator_picks", "first_come", "best_ranked"]


def sometimes(description: str) -> Any:
    """A member that is there for some people, or in some states, only."""
    return Field(default_factory=lambda: None, description=description)
