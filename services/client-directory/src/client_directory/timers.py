"""The client's deadline: set by the asking, taken away by whatever else happens to the gate."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from doorstep_chassis.store.model import Meta
from doorstep_chassis.timers import OnDue, Schedule, Timer
from doorstep_chassis.work import Work

from client_directory.commands import end_unanswered
from client_directory.domain.validation.events import (
    ClientAnswerExpired,
    ClientAsked,
    ClientDeclined,
    ClientGateShut,
    ClientValidated,
    RequestConfirmationSeen,
    RequestEndSeen,
)

CLIENT_ANSWER = "client_answer"


def _asked(event: ClientAsked, meta: Meta) -> tuple[Timer, ...]:
    return (Timer(CLIENT_ANSWER, event.deadline),)


def _settled(event: Any, meta: Meta) -> tuple[Timer, ...]:
    return (Timer(CLIENT_ANSWER, None),)


SCHEDULE: Schedule = {
    ClientAsked: _asked,
    ClientGateShut: _settled,
    ClientValidated: _settled,
    ClientDeclined: _settled,
    ClientAnswerExpired: _settled,
    RequestConfirmationSeen: _settled,
    RequestEndSeen: _settled,
}


def _end(work: Work, organisation_id: UUID, key: str) -> None:
    end_unanswered(work, organisation_id, UUID(key))


ON_DUE: Mapping[str, OnDue] = {CLIENT_ANSWER: _end}
