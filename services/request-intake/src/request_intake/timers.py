"""Which deadlines a request has, and what happens when one has passed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from doorstep_chassis.store.model import Meta
from doorstep_chassis.timers import OnDue, Schedule, Timer
from doorstep_chassis.work import Work

from request_intake.commands import expire_request
from request_intake.domain.request.events import (
    LaunchRequested,
    RequestCancelled,
    RequestConfirmed,
    RequestDeclined,
    RequestDrafted,
    RequestExpired,
)

DRAFT_LIFETIME = "draft_lifetime"
SLOT_START = "slot_start"


def _drafted(event: RequestDrafted, meta: Meta) -> tuple[Timer, ...]:
    start: datetime = event.slot.start
    timers = (Timer(SLOT_START, start),)
    return (Timer(DRAFT_LIFETIME, event.expires_at), *timers) if event.expires_at < start else timers


def _launch_requested(event: LaunchRequested, meta: Meta) -> tuple[Timer, ...]:
    return (Timer(DRAFT_LIFETIME, None),)


def _settled(event: Any, meta: Meta) -> tuple[Timer, ...]:
    return Timer(DRAFT_LIFETIME, None), Timer(SLOT_START, None)


SCHEDULE: Schedule = {
    RequestDrafted: _drafted,
    LaunchRequested: _launch_requested,
    RequestConfirmed: _settled,
    RequestCancelled: _settled,
    RequestDeclined: _settled,
    RequestExpired: _settled,
}


def _expire(work: Work, organisation_id: UUID, key: str) -> None:
    expire_request(work, organisation_id, UUID(key))


ON_DUE: Mapping[str, OnDue] = {DRAFT_LIFETIME: _expire, SLOT_START: _expire}
