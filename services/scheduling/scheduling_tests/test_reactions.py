"""What scheduling does on the events of others: exactly that, once however often told, in whatever order."""

from datetime import timedelta

import pytest
from doorstep_chassis.domain import Event
from doorstep_contracts import scheduling as public
from doorstep_contracts.base import PublicEvent
from scheduling.domain.calendar.events import CalendarSlotFreed, CalendarSlotTaken
from scheduling.domain.calendar.state import Busy, CalendarWeek
from scheduling.domain.hold.events import (
    BookingUndone,
    RequestEnded,
    SlotBooked,
    SlotHeld,
    SlotRefused,
    SlotReleased,
)
from scheduling.domain.ids import ChainId
from scheduling.domain.slot import Slot, Week
from scheduling.domain.visit.events import VisitCancelled, VisitScheduled
from scheduling.domain.visit.state import Cancelled, Scheduled

from .world import (
    CLIENT,
    COLLEAGUE,
    CONFIRMED,
    FIRST,
    HOLD_1,
    HOLD_2,
    HOUR,
    NOW,
    ORGANISATION,
    OTHER_REQUEST,
    REQUEST,
    SECOND,
    SLOT,
    STRANGERS,
    TERMS,
    VISIT_1,
    WORKER,
    a_story,
    cancelled,
    confirmed,
    declined,
    expired,
    selected,
    slot,
    visit_of,
    week_of,
)
from .world import (
    public as in_public,
)

HELD = SlotHeld(selection_id=FIRST, worker_id=WORKER, hold_id=HOLD_1, slot=SLOT, overlap_accepted=False)
TAKEN = CalendarSlotTaken(hold_id=HOLD_1, slot=SLOT)
FREED = CalendarSlotFreed(hold_id=HOLD_1, start=SLOT.start)
BOOKED = SlotBooked(hold_id=HOLD_1, visit_id=VISIT_1)
SCHEDULED = VisitScheduled(
    visit_id=VISIT_1,
    chain_id=ChainId(REQUEST),
    request_id=REQUEST,
    hold_id=HOLD_1,
    worker_id=WORKER,
    client_id=CLIENT,
    slot=SLOT,
    service="menage",
    postal_code="75011",
    terms=TERMS,
    overlap_accepted=False,
)
CANCELLED = VisitCancelled(
    visit_id=VISIT_1,
    chain_id=ChainId(REQUEST),
    request_id=REQUEST,
    hold_id=HOLD_1,
    worker_id=WORKER,
    client_id=CLIENT,
    by="operator",
    reason_code="asked_by_client",
)
ENDED = RequestEnded(by="operator", reason_code="asked_by_client")
RELEASED = SlotReleased(worker_id=WORKER, hold_id=HOLD_1, slot=SLOT, reason="request_ended")
UNDONE = BookingUndone(
    worker_id=WORKER,
    hold_id=HOLD_1,
    visit_id=VISIT_1,
    slot=SLOT,
    by="operator",
    reason_code="asked_by_client",
)
EMPTY = CalendarWeek((), timedelta(hours=2))
"""A week in which a slot of two hours has been."""

REACTIONS: list[tuple[str, tuple[PublicEvent, ...], PublicEvent, list[Event]]] = [
    ("a free slot is held", (), selected(), [HELD, TAKEN]),
    (
        "a busy slot is refused",
        (selected(SECOND, request_id=OTHER_REQUEST, at=slot("2026-06-01T09:00")),),
        selected(),
        [SlotRefused(selection_id=FIRST, worker_id=WORKER, reason="overlap", conflict=slot("2026-06-01T09:00"))],
    ),
    (
        "an accepted overlap is held",
        (selected(SECOND, request_id=OTHER_REQUEST, at=slot("2026-06-01T09:00")),),
        selected(accept_overlap=True),
        [HELD.model_copy(update={"overlap_accepted": True}), TAKEN],
    ),
    (
        "a slot in the past is refused",
        (),
        selected(at=slot("2026-05-20T07:00")),
        [SlotRefused(selection_id=FIRST, worker_id=WORKER, reason="slot_in_past")],
    ),
    (
        "another worker's selection frees the first one's slot",
        (selected(),),
        selected(SECOND, worker_id=COLLEAGUE),
        [
            SlotReleased(worker_id=WORKER, hold_id=HOLD_1, slot=SLOT, reason="unassigned"),
            FREED,
            SlotHeld(selection_id=SECOND, worker_id=COLLEAGUE, hold_id=HOLD_2, slot=SLOT, overlap_accepted=False),
            CalendarSlotTaken(hold_id=HOLD_2, slot=SLOT),
        ],
    ),
    (
        "another worker's selection cancels the first one's visit",
        (selected(), confirmed()),
        selected(SECOND, worker_id=COLLEAGUE),
        [
            UNDONE.model_copy(update={"reason_code": "another_worker_selected"}),
            CANCELLED.model_copy(update={"reason_code": "another_worker_selected"}),
            FREED,
            SlotHeld(selection_id=SECOND, worker_id=COLLEAGUE, hold_id=HOLD_2, slot=SLOT, overlap_accepted=False),
            CalendarSlotTaken(hold_id=HOLD_2, slot=SLOT),
        ],
    ),
    ("a confirmed slot is a visit", (selected(),), confirmed(), [CONFIRMED, BOOKED, SCHEDULED]),
    ("a cancelled request releases its slot", (selected(),), cancelled(), [ENDED, RELEASED, FREED]),
    (
        "a declined request releases its slot",
        (selected(),),
        declined(),
        [RequestEnded(by="client", reason_code=None), RELEASED, FREED],
    ),
    (
        "an expired request releases its slot",
        (selected(),),
        expired(),
        [RequestEnded(by="deadline", reason_code="slot_start"), RELEASED, FREED],
    ),
    (
        "a cancelled request cancels its visit",
        (selected(), confirmed()),
        cancelled(),
        [ENDED, UNDONE, CANCELLED, FREED],
    ),
    (
        "a declined request cancels its visit",
        (selected(), confirmed()),
        declined(),
        [
            RequestEnded(by="client", reason_code=None),
            UNDONE.model_copy(update={"by": "client", "reason_code": None}),
            CANCELLED.model_copy(update={"by": "client", "reason_code": None}),
            FREED,
        ],
    ),
    # Late arrivals: the other topic was slower.
    (
        "a worker selected after the end is refused",
        (cancelled(),),
        selected(),
        [SlotRefused(selection_id=FIRST, worker_id=WORKER, reason="request_ended")],
    ),
    ("a confirmation after the end is nothing", (cancelled(),), confirmed(), []),
    (
        "a worker selected after the confirmation is booked",
        (confirmed(),),
        selected(),
        [HELD, TAKEN, BOOKED, SCHEDULED],
    ),
    ("a confirmation of a hold given up is no visit", (selected(), cancelled()), confirmed(), []),
    ("an end after the end is nothing", (selected(), expired()), cancelled(), []),
]


@pytest.mark.parametrize(
    ("given", "when", "then"), [pytest.param(*case, id=name.replace(" ", "-")) for name, *case in REACTIONS]
)
async def test_a_reaction_has_its_effect_once(
    given: tuple[PublicEvent, ...], when: PublicEvent, then: list[Event]
) -> None:
    story = a_story()
    await story.receive(*given)
    record = story.record(when)
    assert await story.deliver(record) == then
    assert await story.deliver(record) == [], "the same record again"
    assert await story.receive(when) == [], "the same fact under a new sequence"
    assert await story.receive(*given) == [], "all that came before it, again"
    assert await story.parked() == []


async def test_a_slot_over_two_weeks_is_written_to_both() -> None:
    story = a_story()
    over = slot("2026-06-07T23:00")
    taken = CalendarSlotTaken(hold_id=HOLD_1, slot=over)
    freed = CalendarSlotFreed(hold_id=HOLD_1, start=over.start)
    held = HELD.model_copy(update={"slot": over})
    released = RELEASED.model_copy(update={"slot": over})
    assert await story.receive(selected(at=over)) == [held, taken, taken]
    weeks = [await week_of(story, Week(week)) for week in ("2026-W23", "2026-W24")]
    assert weeks == [CalendarWeek((Busy(hold_id=HOLD_1, slot=over),), 2 * HOUR)] * 2
    assert await story.receive(cancelled()) == [ENDED, released, freed, freed]
    assert [await week_of(story, Week(week)) for week in ("2026-W23", "2026-W24")] == [EMPTY, EMPTY]


@pytest.mark.parametrize("busy", [slot("2026-06-07T22:30", 1), slot("2026-06-08T00:30", 1)])
async def test_a_slot_over_two_weeks_is_refused_by_either(busy: Slot) -> None:
    story = a_story()
    await story.receive(selected(SECOND, request_id=OTHER_REQUEST, at=busy))
    assert await story.receive(selected(at=slot("2026-06-07T23:00"))) == [
        SlotRefused(selection_id=FIRST, worker_id=WORKER, reason="overlap", conflict=busy)
    ]


async def test_two_workers_and_two_organisations_have_calendars_of_their_own() -> None:
    story = a_story()
    await story.receive(selected())
    for event in (
        selected(SECOND, request_id=OTHER_REQUEST, worker_id=COLLEAGUE),
        selected(SECOND, organisation_id=STRANGERS),
    ):
        added = await story.receive(event)
        assert [type(each) for each in added] == [SlotHeld, CalendarSlotTaken]


async def test_a_slot_that_is_too_long_waits_for_an_operator() -> None:
    story = a_story()
    assert await story.receive(selected(at=slot(hours=7 * 24 + 1))) == []
    assert await story.parked() == ["slot_too_long"]


async def test_a_cancellation_heard_after_the_visit_began_counts_from_when_it_was_made() -> None:
    story = a_story()
    await story.receive(selected(), confirmed())
    in_time = story.record(cancelled())
    story.clock.advance(SLOT.start + HOUR - NOW)
    assert await story.deliver(in_time) == [ENDED, UNDONE, CANCELLED, FREED]
    assert await visit_of(story) == Cancelled(SCHEDULED, "operator", "asked_by_client")


async def test_a_visit_that_has_begun_stays_when_its_request_is_cancelled() -> None:
    story = a_story()
    await story.receive(selected(), confirmed())
    story.clock.advance(SLOT.start - NOW)
    assert await story.receive(cancelled()) == [ENDED]
    assert await visit_of(story) == Scheduled(SCHEDULED)
    assert await week_of(story) == CalendarWeek((Busy(hold_id=HOLD_1, slot=SLOT),), 2 * HOUR)


async def test_what_is_held_refused_released_and_visited_is_said_in_public() -> None:
    story = a_story()
    await story.receive(
        selected(),
        selected(SECOND, request_id=OTHER_REQUEST),
        confirmed(),
        cancelled(),
        cancelled(OTHER_REQUEST),
    )
    await story.receive(selected(SECOND, request_id=OTHER_REQUEST))
    assert await story.published() == [
        public.SlotHeld(
            organisation_id=ORGANISATION,
            chain_id=REQUEST,
            request_id=REQUEST,
            worker_id=WORKER,
            selection_id=FIRST,
            hold_id=HOLD_1,
            slot=in_public(SLOT),
            overlap_accepted=False,
        ),
        public.SlotRefused(
            organisation_id=ORGANISATION,
            chain_id=OTHER_REQUEST,
            request_id=OTHER_REQUEST,
            worker_id=WORKER,
            selection_id=SECOND,
            reason="overlap",
            conflict=in_public(SLOT),
        ),
        public.VisitScheduled(
            organisation_id=ORGANISATION,
            chain_id=REQUEST,
            request_id=REQUEST,
            visit_id=VISIT_1,
            worker_id=WORKER,
            client_id=CLIENT,
            slot=in_public(SLOT),
            service="menage",
            postal_code="75011",
            rate_cents=2_450,
            currency="EUR",
            offer_id="paris:menage",
            catalogue_version=3,
        ),
        public.VisitCancelled(
            organisation_id=ORGANISATION,
            chain_id=REQUEST,
            request_id=REQUEST,
            visit_id=VISIT_1,
            worker_id=WORKER,
            client_id=CLIENT,
            by="operator",
            reason_code="asked_by_client",
        ),
    ]


async def test_a_released_slot_is_said_in_public() -> None:
    story = a_story()
    await story.receive(selected())
    held = await story.store.head()
    await story.receive(cancelled())
    assert await story.published(held) == [
        public.SlotReleased(
            organisation_id=ORGANISATION,
            chain_id=REQUEST,
            request_id=REQUEST,
            worker_id=WORKER,
            hold_id=HOLD_1,
            reason="request_ended",
        )
    ]
