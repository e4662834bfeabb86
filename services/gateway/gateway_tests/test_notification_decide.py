"""One notification from its cause to its end, and when a morning's digest is due."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from doorstep_chassis.domain import Event
from doorstep_chassis.testing import Story
from gateway.commands import digest_due
from gateway.domain.digest.decide import decide_due, decide_plan, next_morning
from gateway.domain.digest.events import DigestPlanned
from gateway.domain.digest.state import DAILY, DIGEST, Planned, Unplanned
from gateway.domain.notification.decide import (
    MOMENT,
    decide_drop,
    decide_found,
    decide_postpone,
    decide_queue,
    decide_sent,
)
from gateway.domain.notification.events import (
    NotificationDropped,
    NotificationEvent,
    NotificationPostponed,
    NotificationQueued,
    NotificationSent,
    RecipientsFound,
)
from gateway.domain.notification.state import NOTIFICATION, Absent, NotificationState
from gateway.reactions import REACTIONS

from .mail_world import CLIENT, JOINED, NOW, ORGANISATION, REQUEST

QUEUED = NotificationQueued(kind="client_asked", audience="client", recipient_id=CLIENT, request_id=REQUEST)
POSTPONED = NotificationPostponed(code="smtp_451", again_at=NOW)
ENDS: list[NotificationEvent] = [NotificationSent(), NotificationDropped(reason="no_address"), RecipientsFound(count=2)]


def given(*events: NotificationEvent) -> NotificationState:
    return NOTIFICATION.fold(events)


def queue(state: NotificationState) -> tuple[NotificationQueued, ...]:
    return decide_queue(
        state, kind="client_asked", audience="client", recipient_id=CLIENT, request_id=REQUEST, until=None
    )


class TestQueued:
    def test_it_begins_once(self) -> None:
        assert queue(Absent()) == (QUEUED,)
        assert queue(given(QUEUED)) == ()

    def test_it_is_sent_dropped_or_handed_to_each(self) -> None:
        state = given(QUEUED)
        assert decide_sent(state) == (NotificationSent(),)
        assert decide_drop(state, "no_address") == (NotificationDropped(reason="no_address"),)
        assert decide_found(state, 2) == (RecipientsFound(count=2),)

    @pytest.mark.parametrize(("attempts", "seconds"), [(0, 30), (1, 60), (2, 120), (6, 1920), (7, 3600), (50, 3600)])
    def test_each_pause_is_longer_up_to_an_hour(self, attempts: int, seconds: int) -> None:
        state = given(QUEUED, *[POSTPONED] * attempts)
        again = NotificationPostponed(code="smtp_451", again_at=NOW + timedelta(seconds=seconds))
        assert decide_postpone(state, "smtp_451", now=NOW) == (again,)

    def test_what_a_list_has_not_heard_of_yet_waits_for_a_moment_only(self) -> None:
        again = NotificationPostponed(code="not_on_board", again_at=NOW + timedelta(milliseconds=200))
        assert decide_postpone(given(QUEUED), "not_on_board", now=NOW, first=MOMENT) == (again,)


class TestDone:
    @pytest.mark.parametrize("end", ENDS, ids=lambda event: type(event).__name__)
    def test_nothing_follows(self, end: NotificationEvent) -> None:
        state = given(QUEUED, end)
        assert queue(state) == ()
        assert decide_sent(state) == ()
        assert decide_drop(state, "no_address") == ()
        assert decide_postpone(state, "smtp_451", now=NOW) == ()
        assert decide_found(state, 2) == ()


PARIS = "Europe/Paris"


@pytest.mark.parametrize(
    ("now", "zone", "then"),
    [
        (datetime(2026, 5, 20, 4, 59, tzinfo=UTC), PARIS, datetime(2026, 5, 20, 5, tzinfo=UTC)),
        (datetime(2026, 5, 20, 5, 0, tzinfo=UTC), PARIS, datetime(2026, 5, 21, 5, tzinfo=UTC)),
        (datetime(2026, 10, 24, 12, tzinfo=UTC), PARIS, datetime(2026, 10, 25, 6, tzinfo=UTC)),
        (datetime(2026, 5, 20, 8, tzinfo=UTC), "Indian/Reunion", datetime(2026, 5, 21, 3, tzinfo=UTC)),
    ],
    ids=["today", "at seven", "over a clock change", "overseas"],
)
def test_the_next_morning(now: datetime, zone: str, then: datetime) -> None:
    assert next_morning(now, zone) == then


def test_a_digest_is_planned_once_a_zone() -> None:
    planned = DigestPlanned(zone=PARIS, due=datetime(2026, 5, 21, 5, tzinfo=UTC))
    assert decide_plan(Unplanned(), PARIS, now=NOW) == (planned,)
    assert decide_plan(Planned(PARIS, planned.due), PARIS, now=NOW) == ()


def test_after_an_outage_there_is_one_digest() -> None:
    due = datetime(2026, 5, 21, 5, tzinfo=UTC)
    state = Planned(PARIS, due)
    assert decide_due(state, now=due - timedelta(seconds=1)) == ()
    assert decide_due(state, now=due + timedelta(days=4)) == (DigestPlanned(zone=PARIS, due=due + timedelta(days=5)),)
    assert decide_due(Unplanned(), now=due) == ()


def _times(events: list[Event]) -> list[tuple[str, UUID]]:
    return [(each.kind, each.recipient_id) for each in events if isinstance(each, NotificationQueued)]


async def test_the_timer_queues_one_digest_for_all_operators() -> None:
    story = Story("gateway", NOW, reactions=REACTIONS)
    record = story.record(JOINED)
    assert await story.deliver(record) == [
        DigestPlanned(zone="Indian/Reunion", due=datetime(2026, 5, 21, 3, tzinfo=UTC))
    ]
    assert await story.deliver(record) == []
    assert await story.receive(JOINED) == []

    story.clock.advance(timedelta(days=3))
    before = await story.store.head()
    await story.run(lambda work: digest_due(work, ORGANISATION, DAILY))
    await story.run(lambda work: digest_due(work, ORGANISATION, DAILY))

    assert _times(await story.added(before)) == [("operator_digest", ORGANISATION)]
    state = await story.run(lambda work: work.state(DIGEST.at(ORGANISATION, DAILY)))
    assert state == Planned("Indian/Reunion", datetime(2026, 5, 24, 3, tzinfo=UTC))
