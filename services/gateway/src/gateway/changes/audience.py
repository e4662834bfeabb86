"""What a person is told of a change: operators all of their organisation, others what concerns them."""

from dataclasses import dataclass
from uuid import UUID

from doorstep_chassis.auth import Principal

from gateway.changes.events import Changed, Kind


@dataclass(frozen=True, slots=True)
class Hint:
    """Look at this again."""

    kind: Kind
    request_id: UUID | None


def hint_for(who: Principal, changed: Changed) -> Hint | None:
    """What one of the change's own organisation is told; None when it is none of their business."""
    if who.role == "operator":
        return Hint(changed.kind, changed.request_id)
    if who.role == "client":
        theirs = who.person_id == changed.client and who.request_id in (None, changed.request_id)
        return Hint(changed.kind, changed.request_id) if theirs else None
    if who.role != "worker":
        return None
    if who.person_id in changed.workers:
        return Hint(changed.kind, changed.request_id)
    if changed.everyone:
        return Hint(changed.kind, None)
    return Hint("calls", None) if changed.calls else None
