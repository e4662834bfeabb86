"""What the gateway decides by itself, as use cases: load, decide, append."""

from datetime import timedelta
from uuid import UUID

from doorstep_chassis.work import Work

from gateway.domain.correspondence.notices import Notice
from gateway.domain.correspondence.state import CORRESPONDENCE, Current
from gateway.domain.digest.decide import decide_due, decide_plan
from gateway.domain.digest.state import DAILY, DIGEST
from gateway.domain.notification.decide import decide_queue
from gateway.domain.notification.state import NOTIFICATION, notification_id

DIGEST_IS_NEWS_FOR = timedelta(hours=12)
"""A digest that could not be sent by the evening is not sent at all: the next one says more."""


def queue(work: Work, organisation_id: UUID, cause: str, notice: Notice, *, request_id: UUID | None) -> None:
    """Somebody is to be told; the same cause queues the same notification, and so once."""
    ref = NOTIFICATION.at(organisation_id, notification_id(cause, notice.kind, notice.recipient_id))
    work.append(
        ref,
        *decide_queue(
            work.state(ref),
            kind=notice.kind,
            audience=notice.audience,
            recipient_id=notice.recipient_id,
            request_id=request_id,
            until=notice.until,
        ),
    )


def ask_again(work: Work, organisation_id: UUID, client_id: UUID, request_id: UUID, cause: str) -> None:
    """Write to the client once more, with a new link, as long as it is they who are asked."""
    state = work.state(CORRESPONDENCE.at(organisation_id, request_id))
    if isinstance(state, Current) and state.asked_until is not None and state.client_told == client_id:
        notice = Notice("client_asked", "client", client_id, state.asked_until)
        queue(work, organisation_id, cause, notice, request_id=request_id)


def plan_digest(work: Work, organisation_id: UUID, zone: str) -> None:
    """The organisation's operators are told each morning what waits."""
    ref = DIGEST.at(organisation_id, DAILY)
    work.append(ref, *decide_plan(work.state(ref), zone, now=work.now))


def digest_due(work: Work, organisation_id: UUID, key: str) -> None:
    """It is seven: queue one digest, however many mornings were missed, and plan the next."""
    ref = DIGEST.at(organisation_id, key)
    for planned in decide_due(work.state(ref), now=work.now):
        work.append(ref, planned)
        cause = f"digest|{organisation_id}|{planned.due.isoformat()}"
        notice = Notice("operator_digest", "operators", organisation_id, work.now + DIGEST_IS_NEWS_FOR)
        queue(work, organisation_id, cause, notice, request_id=None)
