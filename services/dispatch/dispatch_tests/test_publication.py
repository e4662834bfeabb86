"""What dispatch says in public, in the words of the contracts, and what it keeps to itself."""

from dispatch.commands import apply, register_worker, set_policy
from dispatch.domain.award.events import (
    ApplicationReceived,
    BroadcastClosed,
    BroadcastOpened,
    WorkerAssigned,
    WorkerGateShut,
    WorkerSelected,
)
from dispatch.domain.ids import SelectionId
from dispatch.domain.worker.events import WorkerChanged, WorkerRegistered
from dispatch.publication import PUBLICATION
from dispatch.reactions import REACTIONS
from doorstep_chassis.domain import derived_id
from doorstep_chassis.testing import Story
from doorstep_chassis.work import Work
from doorstep_contracts import dispatch as public

from .world import (
    ANNE,
    CLEANER,
    CREATOR,
    DEADLINE,
    HOLD,
    NOW,
    OFFER,
    ORGANISATION,
    OTHER,
    REQUEST,
    RETIRED,
    SELF_KNOWN,
    SLOT,
    cancelled,
    held,
    launched,
)


def test_what_is_public() -> None:
    assert set(PUBLICATION) == {
        WorkerRegistered,
        WorkerChanged,
        BroadcastOpened,
        ApplicationReceived,
        BroadcastClosed,
        WorkerSelected,
        WorkerAssigned,
        WorkerGateShut,
    }


async def test_the_register() -> None:
    story = Story("dispatch", NOW, publication=PUBLICATION)
    await story.run(lambda work: register_worker(work, ORGANISATION, ANNE, CLEANER))
    await story.run(lambda work: register_worker(work, ORGANISATION, ANNE, RETIRED))
    assert await story.published() == [
        public.WorkerRegistered(
            organisation_id=ORGANISATION,
            worker_id=ANNE,
            active=active,
            services=("menage",),
            postal_codes=(),
            postal_prefixes=("69",),
        )
        for active in (True, False)
    ]


async def test_a_broadcast_from_its_opening_to_the_end_of_the_request() -> None:
    story = Story("dispatch", NOW, reactions=REACTIONS, publication=PUBLICATION)

    def prepare(work: Work) -> None:
        register_worker(work, ORGANISATION, ANNE, CLEANER)
        register_worker(work, ORGANISATION, CREATOR, CLEANER)
        set_policy(work, ORGANISATION, broadcast=True, award="operator_picks", application_deadline_hours=24)

    await story.run(prepare)
    before = await story.store.head()
    await story.receive(launched(OTHER))
    await story.run(lambda work: apply(work, ORGANISATION, REQUEST, ANNE))
    await story.receive(cancelled())
    ids = {"organisation_id": ORGANISATION, "request_id": REQUEST}
    assert await story.published(before) == [
        public.BroadcastOpened(
            **ids,
            eligible=1,
            slot=SLOT,
            service="menage",
            postal_code="69003",
            offer=OFFER,
            policy_version=1,
            deadline=DEADLINE,
        ),
        public.WorkerGateShut(**ids, missing=("applications",)),
        public.ApplicationReceived(**ids, worker_id=ANNE, applied_at=NOW),
        public.WorkerGateShut(**ids, missing=("selection",)),
        public.BroadcastClosed(**ids, reason="request_ended"),
    ]


async def test_an_award_to_oneself() -> None:
    story = Story("dispatch", NOW, reactions=REACTIONS, publication=PUBLICATION)
    await story.run(lambda work: register_worker(work, ORGANISATION, CREATOR, CLEANER))
    before = await story.store.head()
    await story.receive(launched(SELF_KNOWN))
    chosen = SelectionId(derived_id("dispatch.reactions", derived_id("/doorstep/intake/test", 1), "selection", 1))
    await story.receive(held(CREATOR, chosen))
    ids = {"organisation_id": ORGANISATION, "request_id": REQUEST}
    assert await story.published(before) == [
        public.WorkerSelected(
            **ids, worker_id=CREATOR, selection_id=chosen, slot=SLOT, accept_overlap=False, by="self"
        ),
        public.WorkerAssigned(**ids, worker_id=CREATOR, hold_id=HOLD),
    ]
