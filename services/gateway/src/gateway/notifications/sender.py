"""The one process that sends: what is due, to the address on file at that moment, and remembers what became of it.

A crash between the server's yes and our note of it sends the mail again under the same Message-ID: one for a mailbox.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from doorstep_chassis import failpoints
from doorstep_chassis.backoff import pause_after
from doorstep_chassis.clock import sleep_until
from doorstep_chassis.errors import Unavailable
from doorstep_chassis.store.model import StoreUnavailable
from doorstep_chassis.work import Work

from gateway.commands import queue
from gateway.domain.correspondence.notices import Notice, still_meant
from gateway.domain.correspondence.state import CORRESPONDENCE
from gateway.domain.notification.decide import (
    FIRST_PAUSE,
    MOMENT,
    decide_drop,
    decide_found,
    decide_postpone,
    decide_sent,
)
from gateway.domain.notification.events import Audience, NotificationEvent
from gateway.domain.notification.state import NOTIFICATION, NotificationState, Queued
from gateway.notifications.composing import Composer, Dropped, NotYet
from gateway.notifications.facts import waiting_in
from gateway.notifications.letters import AddressRefused
from gateway.notifications.postbox import MailAway, Postbox, Postboxes, Refused
from gateway.views.outbox import Due, waiting

log = structlog.get_logger()

_EACH: Mapping[Audience, Audience] = {"called": "worker", "operators": "operator"}
"""Who each of them is, where it is for several."""

Decision = Callable[[NotificationState, datetime], Sequence[NotificationEvent]]
Away = (MailAway, Unavailable, StoreUnavailable)
"""Somebody whom every mail needs is not there: all of it waits, and nothing is written."""


class MailSender:
    """Sends for as long as this instance leads. `wake` is set when the outbox has moved."""

    def __init__(self, composer: Composer, postboxes: Postboxes, wake: asyncio.Event) -> None:
        context = composer.context
        self._store, self._units, self._clock = context.store, context.units, context.clock
        self._composer = composer
        self._postboxes = postboxes
        self._wake = wake
        self._handled: set[Due] = set()

    async def run(self) -> None:
        """For ever: send what is due, then wait for more."""
        tries = 0
        while True:
            self._wake.clear()
            try:
                following = await self.send_due()
            except Away as problem:
                tries += 1
                log.warning("mail.waiting", error_type=type(problem).__name__, attempts=tries)
                await asyncio.sleep(pause_after(tries))
                continue
            tries = 0
            if following is None:
                await self._wake.wait()
            else:
                await sleep_until(self._clock, following.at, wake=self._wake)

    async def send_due(self) -> Due | None:
        """Everything due, once; answers what is due next. Errors: MailAway, Unavailable, StoreUnavailable."""
        now = self._clock.now()
        rows = await waiting(self._store, now)
        due = [row for row in rows if row.at <= now]
        self._handled &= set(due)
        async with self._postboxes.opened() as postbox:
            for row in due:
                if row not in self._handled:
                    await self._handle(row, postbox)
                    self._handled.add(row)
        return next((row for row in rows if row.at > now), None)

    async def _handle(self, row: Due, postbox: Postbox) -> None:
        """One notification, as it stands in its own stream: a view that was built again sends nothing twice."""
        state, meant = await self._units.run("read_notification", lambda work: _read(work, row))
        if not isinstance(state, Queued):
            return
        if not meant:
            decision = _drop("no_longer_so")
        elif state.until is not None and state.until < self._clock.now():
            decision = _drop("too_late")
        elif state.audience in _EACH:
            await self._find_recipients(row, state)
            return
        else:
            decision = await self._sent(row, state, postbox)
        await self._units.run("note_notification", lambda work: _note(work, row, decision))

    async def _sent(self, row: Due, state: Queued, postbox: Postbox) -> Decision:
        """Make the mail and hand it over; what became of it."""
        try:
            mail = await self._composer.mail(row.organisation_id, row.notification_id, state)
            await postbox.post(mail)
        except Away:
            raise
        except Dropped as dropped:
            return _drop(dropped.reason)
        except AddressRefused:
            return _drop("address_refused")
        except Refused as refused:
            return _drop(f"smtp_{refused.code}") if refused.for_good else _postpone(f"smtp_{refused.code}")
        except NotYet:
            return _postpone("not_on_board", first=MOMENT)  # a list lags by milliseconds
        except Exception as problem:
            # One that cannot be made holds up no other. The text of the problem might quote somebody: its type is enough.
            log.error("mail.not_made", kind=state.kind, error_type=type(problem).__name__)
            return _postpone("not_made")
        failpoints.hit("mail.sent")
        return lambda each, now: decide_sent(each)

    async def _find_recipients(self, row: Due, state: Queued) -> None:
        """Each of the audience gets a notification of their own, in the same transaction as the note that they have."""
        kind, one = state.kind, _EACH[state.audience]
        recipients = await self._recipients(row.organisation_id, state)

        def decide(work: Work) -> None:
            ref = NOTIFICATION.at(row.organisation_id, row.notification_id)
            events = decide_found(work.state(ref), len(recipients))
            for each in recipients if events else ():
                notice = Notice(kind, one, each, state.until)
                queue(work, row.organisation_id, str(row.notification_id), notice, request_id=state.request_id)
            work.append(ref, *events)

        await self._units.run("find_recipients", decide)

    async def _recipients(self, organisation_id: UUID, state: Queued) -> list[UUID]:
        if state.audience == "called":
            return await self._composer.services.called(organisation_id, state.recipient_id)
        waits = await waiting_in(self._store, organisation_id, self._clock.now())
        return await self._composer.people.operators(organisation_id) if waits.requests else []


def _read(work: Work, row: Due) -> tuple[NotificationState, bool]:
    """The notification, and whether what it says is still so."""
    state = work.state(NOTIFICATION.at(row.organisation_id, row.notification_id))
    if not isinstance(state, Queued) or state.request_id is None:
        return state, True
    about = work.state(CORRESPONDENCE.at(row.organisation_id, state.request_id))
    return state, still_meant(about, state.kind, state.recipient_id)


def _note(work: Work, row: Due, decision: Decision) -> None:
    ref = NOTIFICATION.at(row.organisation_id, row.notification_id)
    work.append(ref, *decision(work.state(ref), work.now))


def _drop(reason: str) -> Decision:
    return lambda state, now: decide_drop(state, reason)


def _postpone(code: str, *, first: timedelta = FIRST_PAUSE) -> Decision:
    return lambda state, now: decide_postpone(state, code, now=now, first=first)
