"""The rules of a request, grouped by the state it is in."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from doorstep_chassis.errors import DomainError
from doorstep_contracts.samples import CLIENT, COLLEAGUE, HOLD, OFFER, SEALED, SLOT, WORKER
from request_intake.domain.organisation.errors import WorkersMayNotCreate
from request_intake.domain.organisation.state import RequestSettings
from request_intake.domain.request import errors
from request_intake.domain.request.decide import (
    DraftRequest,
    Events,
    LaunchRequest,
    decide_application_received,
    decide_broadcast_ended,
    decide_broadcast_opened,
    decide_cancel,
    decide_client_declined,
    decide_client_gate_shut,
    decide_client_resolved,
    decide_client_validated,
    decide_draft,
    decide_expiry,
    decide_launch,
    decide_review_opened,
    decide_worker_assigned,
    decide_worker_gate_shut,
)
from request_intake.domain.request.events import (
    ClientGateOpened,
    ClientGateShut,
    LaunchRequested,
    RequestCancelled,
    RequestDeclined,
    RequestDrafted,
    RequestEvent,
    RequestExpired,
    WorkerGateShut,
)
from request_intake.domain.request.state import (
    REQUEST,
    Absent,
    Cancelled,
    Case,
    Declined,
    Draft,
    Existing,
    Expired,
    Launched,
    Launching,
    RequestState,
    case_of,
)

from .samples import (
    CANCELLED,
    CLIENT_GATE_OPENED,
    CONFIRMED,
    DECLINED,
    DRAFTED,
    DRAFTED_AT,
    EXPIRED,
    KEY_ISSUED,
    LAUNCH_REQUESTED,
    LAUNCHED,
    LAUNCHED_AT,
    RESOLVED,
    REVIEW_OPENED,
    WORKER_GATE_OPENED,
)

NOW = LAUNCHED_AT
TICK = timedelta(microseconds=1)
VALID_UNTIL = CLIENT_GATE_OPENED.valid_until
PERMITTED = RequestSettings(version=1, workers_may_create=True)
TYPED = DraftRequest(
    created_by=WORKER,
    performer="other",
    postal_code="97400",
    offer=OFFER,
    slot=SLOT,
    accept_overlap=False,
    contact=SEALED,
    contact_fields=frozenset({"first_name", "last_name", "email", "phone"}),
)
PICKED = replace(TYPED, picked_client_id=CLIENT, contact=None, contact_fields=frozenset())
LAUNCH = LaunchRequest(validation="worker", address_confirmed=False, address=SEALED)
PICKED_DRAFTED = DRAFTED.model_copy(update={"contact": None, "picked_client_id": CLIENT})


def given(*events: RequestEvent) -> RequestState:
    return REQUEST.fold(events)


ABSENT = given()
DRAFT = given(KEY_ISSUED, DRAFTED)
LAUNCHING = given(DRAFTED, LAUNCH_REQUESTED)
LIVE = given(DRAFTED, LAUNCH_REQUESTED, RESOLVED, LAUNCHED)
CONFIRMED_STATE = given(
    DRAFTED, RESOLVED, LAUNCH_REQUESTED, LAUNCHED, CLIENT_GATE_OPENED, WORKER_GATE_OPENED, CONFIRMED
)
ENDED = [
    given(DRAFTED, CANCELLED),
    given(DRAFTED, LAUNCH_REQUESTED, RESOLVED, LAUNCHED, DECLINED),
    given(DRAFTED, EXPIRED),
]
SETTLED = [CONFIRMED_STATE, *ENDED]


def facts_of_others(state: RequestState, now: datetime) -> list[Events]:
    """Every fact of the directory and of dispatch that may move a gate."""
    return [
        decide_client_validated(state, valid_until=VALID_UNTIL, validated_by="client", now=now),
        decide_client_gate_shut(state, missing=("contact",), now=now),
        decide_client_declined(state, reason=None, now=now),
        decide_worker_assigned(state, worker_id=COLLEAGUE, hold_id=HOLD, now=now),
        decide_worker_gate_shut(state, missing=("operator",), now=now),
        decide_broadcast_opened(state, now=now),
        decide_application_received(state, now=now),
        decide_broadcast_ended(state, now=now),
    ]


def refusal(decide: object) -> DomainError:
    with pytest.raises(DomainError) as caught:
        decide()  # type: ignore[operator]
    return caught.value


class TestAbsent:
    def test_a_typed_client_is_drafted(self) -> None:
        assert decide_draft(ABSENT, TYPED, PERMITTED, now=DRAFTED_AT) == (DRAFTED,)

    def test_a_picked_client_needs_no_contact(self) -> None:
        assert decide_draft(ABSENT, PICKED, PERMITTED, now=DRAFTED_AT) == (PICKED_DRAFTED,)

    def test_no_deadline_is_later_than_the_start_of_the_slot(self) -> None:
        (event,) = decide_draft(
            ABSENT, TYPED, replace(PERMITTED, draft_lifetime_hours=8_760), now=SLOT.start - timedelta(hours=1)
        )
        assert isinstance(event, RequestDrafted)
        assert event.expires_at == SLOT.start

    def test_workers_may_not_create_where_the_organisation_does_not_let_them(self) -> None:
        with pytest.raises(WorkersMayNotCreate):
            decide_draft(ABSENT, TYPED, RequestSettings(), now=DRAFTED_AT)

    @pytest.mark.parametrize(("before_start", "allowed"), [(TICK, True), (timedelta(0), False), (-TICK, False)])
    def test_a_slot_lies_in_the_future(self, before_start: timedelta, allowed: bool) -> None:
        now = SLOT.start - before_start
        if allowed:
            assert len(decide_draft(ABSENT, TYPED, PERMITTED, now=now)) == 1
        else:
            caught = refusal(lambda: decide_draft(ABSENT, TYPED, PERMITTED, now=now))
            assert (type(caught), caught.field, caught.instant) == (errors.SlotInPast, "start", SLOT.start)

    @pytest.mark.parametrize("field", ["first_name", "last_name", "email", "phone"])
    def test_every_required_field_is_needed(self, field: str) -> None:
        draft = replace(TYPED, contact_fields=TYPED.contact_fields - {field})
        caught = refusal(lambda: decide_draft(ABSENT, draft, PERMITTED, now=DRAFTED_AT))
        assert (type(caught), caught.field) == (errors.ContactFieldMissing, field)

    def test_an_e_mail_or_a_phone_is_needed_whatever_is_required(self) -> None:
        draft = replace(TYPED, contact_fields=frozenset({"first_name"}))
        settings = replace(PERMITTED, required_contact_fields=("first_name",))
        assert type(refusal(lambda: decide_draft(ABSENT, draft, settings, now=NOW))) is errors.ContactUnreachable
        reachable = replace(TYPED, contact_fields=frozenset({"first_name", "phone"}))
        assert len(decide_draft(ABSENT, reachable, settings, now=NOW)) == 1

    def test_everything_else_finds_no_request(self) -> None:
        acts = [
            lambda: decide_launch(ABSENT, LAUNCH, PERMITTED, now=NOW),
            lambda: decide_client_resolved(ABSENT, client_id=CLIENT, known=True, now=NOW),
            lambda: decide_review_opened(ABSENT, reasons=("email",), now=NOW),
            lambda: decide_client_gate_shut(ABSENT, missing=("contact",), now=NOW),
            lambda: decide_cancel(ABSENT, by="operator", reason_code=None, now=NOW),
        ]
        assert [type(refusal(act)) for act in acts] == [errors.RequestNotFound] * 5
        assert decide_expiry(ABSENT, now=NOW) == ()


class TestDraft:
    def test_drafted_again_it_stays_as_it_is(self) -> None:
        assert decide_draft(DRAFT, PICKED, PERMITTED, now=NOW) == ()

    def test_launched_before_the_client_is_resolved_it_waits(self) -> None:
        assert decide_launch(DRAFT, LAUNCH, PERMITTED, now=NOW) == (LAUNCH_REQUESTED,)
        assert decide_launch(given(DRAFTED, REVIEW_OPENED), LAUNCH, PERMITTED, now=NOW) == (LAUNCH_REQUESTED,)

    def test_launched_with_its_client_resolved_it_is_live_at_once(self) -> None:
        assert decide_launch(given(DRAFTED, RESOLVED), LAUNCH, PERMITTED, now=NOW) == (LAUNCH_REQUESTED, LAUNCHED)

    def test_the_permission_is_asked_again_at_launch(self) -> None:
        with pytest.raises(WorkersMayNotCreate):
            decide_launch(DRAFT, LAUNCH, RequestSettings(), now=NOW)

    def test_an_address_that_was_neither_shown_nor_typed_cannot_be_confirmed(self) -> None:
        confirming = LaunchRequest(validation="worker", address_confirmed=True)
        caught = refusal(lambda: decide_launch(DRAFT, confirming, PERMITTED, now=NOW))
        assert (type(caught), caught.field) == (errors.AddressNeverShown, "address_confirmed")

    @pytest.mark.parametrize(
        ("drafted", "address"), [(PICKED_DRAFTED, None), (PICKED_DRAFTED, SEALED), (DRAFTED, SEALED)]
    )
    def test_an_address_that_was_shown_or_typed_is_confirmed(
        self, drafted: RequestDrafted, address: str | None
    ) -> None:
        confirming = LaunchRequest(validation="worker", address_confirmed=True, address=address)
        assert decide_launch(given(drafted), confirming, PERMITTED, now=NOW) == (
            LaunchRequested(validation="worker", address_confirmed=True, address=address),
        )

    def test_the_client_is_resolved(self) -> None:
        assert decide_client_resolved(DRAFT, client_id=CLIENT, known=True, now=NOW) == (RESOLVED,)

    def test_resolved_twice_the_same_it_stays(self) -> None:
        assert decide_client_resolved(given(DRAFTED, RESOLVED), client_id=CLIENT, known=True, now=NOW) == ()

    def test_a_client_who_has_become_known_meanwhile_is_known(self) -> None:
        state = given(DRAFTED, RESOLVED.model_copy(update={"known": False}))
        assert decide_client_resolved(state, client_id=CLIENT, known=True, now=NOW) == (RESOLVED,)

    def test_a_doubt_waits_for_an_operator(self) -> None:
        assert decide_review_opened(DRAFT, reasons=REVIEW_OPENED.reasons, now=NOW) == (REVIEW_OPENED,)

    @pytest.mark.parametrize("settled", [REVIEW_OPENED, RESOLVED])
    def test_a_doubt_that_was_told_or_settled_is_no_news(self, settled: RequestEvent) -> None:
        assert decide_review_opened(given(DRAFTED, settled), reasons=("other",), now=NOW) == ()

    def test_the_last_instant_of_its_lifetime_counts(self) -> None:
        at_the_end = DRAFTED.expires_at
        assert decide_expiry(DRAFT, now=at_the_end) == ()
        assert decide_launch(DRAFT, LAUNCH, PERMITTED, now=at_the_end) == (LAUNCH_REQUESTED,)

    def test_after_its_lifetime_it_expires_whether_or_not_a_timer_has_run(self) -> None:
        expired = RequestExpired(rule="draft_lifetime", deadline=DRAFTED.expires_at)
        late = DRAFTED.expires_at + TICK
        assert decide_expiry(DRAFT, now=late) == (expired,)
        assert decide_client_resolved(DRAFT, client_id=CLIENT, known=True, now=late) == (expired,)
        assert decide_review_opened(DRAFT, reasons=("email",), now=late) == (expired,)

    def test_after_its_lifetime_no_act_succeeds(self) -> None:
        late = DRAFTED.expires_at + TICK
        for act in (
            lambda: decide_launch(DRAFT, LAUNCH, PERMITTED, now=late),
            lambda: decide_cancel(DRAFT, by="worker", reason_code=None, now=late),
        ):
            caught = refusal(act)
            assert type(caught) is errors.DeadlinePassed
            assert (caught.rule, caught.instant) == ("draft_lifetime", DRAFTED.expires_at)

    def test_a_draft_that_lives_until_the_start_of_its_slot_expires_by_that_rule(self) -> None:
        state = given(DRAFTED.model_copy(update={"expires_at": SLOT.start}))
        assert decide_expiry(state, now=SLOT.start + TICK) == (RequestExpired(rule="slot_start", deadline=SLOT.start),)

    def test_answers_to_a_launch_that_is_not_there_are_refused(self) -> None:
        for state in (DRAFT, LAUNCHING):
            with pytest.raises(errors.NotLaunched):
                decide_worker_assigned(state, worker_id=COLLEAGUE, hold_id=HOLD, now=NOW)

    def test_its_creator_cancels_it(self) -> None:
        assert decide_cancel(DRAFT, by="worker", reason_code="typed_twice", now=NOW) == (
            RequestCancelled(by="worker", reason_code="typed_twice"),
        )


class TestLaunching:
    def test_launched_again_it_stays_as_it_is(self) -> None:
        assert decide_launch(LAUNCHING, LAUNCH, RequestSettings(), now=NOW) == ()

    def test_resolved_it_is_live(self) -> None:
        assert decide_client_resolved(LAUNCHING, client_id=CLIENT, known=True, now=NOW) == (RESOLVED, LAUNCHED)

    def test_a_doubt_keeps_it_waiting_until_an_operator_settles_it(self) -> None:
        assert decide_review_opened(LAUNCHING, reasons=REVIEW_OPENED.reasons, now=NOW) == (REVIEW_OPENED,)
        in_review = given(DRAFTED, LAUNCH_REQUESTED, REVIEW_OPENED)
        assert decide_client_resolved(in_review, client_id=CLIENT, known=True, now=NOW) == (RESOLVED, LAUNCHED)

    def test_it_outlives_the_draft_and_expires_at_the_start_of_its_slot(self) -> None:
        assert decide_expiry(LAUNCHING, now=DRAFTED.expires_at + TICK) == ()
        assert decide_expiry(LAUNCHING, now=SLOT.start) == ()
        assert decide_expiry(LAUNCHING, now=SLOT.start + TICK) == (EXPIRED,)
        assert decide_client_resolved(LAUNCHING, client_id=CLIENT, known=True, now=SLOT.start + TICK) == (EXPIRED,)

    def test_its_creator_and_an_operator_cancel_it(self) -> None:
        for by in ("worker", "operator"):
            assert decide_cancel(LAUNCHING, by=by, reason_code=None, now=NOW) == (RequestCancelled(by=by),)


class TestLaunched:
    def test_what_is_settled_about_its_client_stays(self) -> None:
        assert decide_client_resolved(LIVE, client_id=UUID(int=9), known=False, now=NOW) == ()
        assert decide_review_opened(LIVE, reasons=("email",), now=NOW) == ()
        assert decide_launch(LIVE, LAUNCH, RequestSettings(), now=NOW) == ()

    @pytest.mark.parametrize("client_first", [True, False])
    def test_both_gates_open_in_any_order_confirm_it(self, client_first: bool) -> None:
        confirmed = CONFIRMED.model_copy(update={"confirmed_at": NOW})
        if client_first:
            state = given(DRAFTED, RESOLVED, LAUNCH_REQUESTED, LAUNCHED, CLIENT_GATE_OPENED)
            events = decide_worker_assigned(state, worker_id=COLLEAGUE, hold_id=HOLD, now=NOW)
            assert events == (WORKER_GATE_OPENED, confirmed)
        else:
            state = given(DRAFTED, RESOLVED, LAUNCH_REQUESTED, LAUNCHED, WORKER_GATE_OPENED)
            events = decide_client_validated(state, valid_until=VALID_UNTIL, validated_by="client", now=NOW)
            assert events == (CLIENT_GATE_OPENED, confirmed)

    def test_one_gate_alone_confirms_nothing(self) -> None:
        assert decide_worker_assigned(LIVE, worker_id=COLLEAGUE, hold_id=HOLD, now=NOW) == (WORKER_GATE_OPENED,)
        assert decide_client_validated(LIVE, valid_until=VALID_UNTIL, validated_by="client", now=NOW) == (
            CLIENT_GATE_OPENED,
        )

    def test_a_gate_that_shuts_again_confirms_nothing(self) -> None:
        shut = ClientGateShut(missing=("payment_method",))
        state = given(DRAFTED, RESOLVED, LAUNCH_REQUESTED, LAUNCHED, CLIENT_GATE_OPENED, shut)
        assert decide_worker_assigned(state, worker_id=COLLEAGUE, hold_id=HOLD, now=NOW) == (WORKER_GATE_OPENED,)

    def test_a_client_gate_that_lapsed_before_the_award_shuts(self) -> None:
        opened = ClientGateOpened(valid_until=NOW, validated_by="client")
        state = given(DRAFTED, RESOLVED, LAUNCH_REQUESTED, LAUNCHED, opened)
        shut = ClientGateShut(missing=("payment_method",))
        assert decide_worker_assigned(state, worker_id=COLLEAGUE, hold_id=HOLD, now=NOW) == (WORKER_GATE_OPENED, shut)
        held = decide_worker_assigned(state, worker_id=COLLEAGUE, hold_id=HOLD, now=NOW - TICK)
        assert held == (WORKER_GATE_OPENED, CONFIRMED.model_copy(update={"confirmed_at": NOW - TICK}))

    def test_what_holds_until_a_past_instant_opens_nothing(self) -> None:
        shut = ClientGateShut(missing=("payment_method",))
        assert decide_client_validated(LIVE, valid_until=NOW, validated_by="client", now=NOW) == (shut,)
        state = given(DRAFTED, RESOLVED, LAUNCH_REQUESTED, LAUNCHED, shut)
        assert decide_client_validated(state, valid_until=NOW, validated_by="client", now=NOW) == ()

    def test_the_client_gate_says_what_it_lacks_and_until_when_an_answer_is_due(self) -> None:
        due = NOW + timedelta(hours=72)
        shut = ClientGateShut(missing=("validation", "address"), answer_due=due)
        events = decide_client_gate_shut(LIVE, missing=("validation", "address"), answer_due=due, now=NOW)
        assert events == (shut,)
        state = given(DRAFTED, RESOLVED, LAUNCH_REQUESTED, LAUNCHED, shut)
        assert decide_client_gate_shut(state, missing=("validation", "address"), answer_due=due, now=NOW) == ()

    def test_the_worker_gate_shuts_again(self) -> None:
        state = given(DRAFTED, RESOLVED, LAUNCH_REQUESTED, LAUNCHED, WORKER_GATE_OPENED)
        shut = WorkerGateShut(missing=("slot_refused",))
        assert decide_worker_gate_shut(state, missing=("slot_refused",), now=NOW) == (shut,)

    def test_the_worker_gate_follows_a_broadcast(self) -> None:
        applications = WorkerGateShut(missing=("applications",))
        selection = WorkerGateShut(missing=("selection",))
        operator = WorkerGateShut(missing=("operator",))
        base = (DRAFTED, RESOLVED, LAUNCH_REQUESTED, LAUNCHED)
        assert decide_broadcast_opened(given(*base), now=NOW) == (applications,)
        assert decide_application_received(given(*base, applications), now=NOW) == (selection,)
        assert decide_application_received(given(*base, selection), now=NOW) == ()
        assert decide_broadcast_ended(given(*base, applications), now=NOW) == (operator,)
        assert decide_broadcast_ended(given(*base, selection), now=NOW) == ()

    def test_a_creator_who_applied_first_is_not_forgotten_when_the_broadcast_opens(self) -> None:
        state = given(DRAFTED, RESOLVED, LAUNCH_REQUESTED, LAUNCHED, WorkerGateShut(missing=("selection",)))
        assert decide_broadcast_opened(state, now=NOW) == ()

    def test_what_a_broadcast_says_late_shuts_no_open_gate(self) -> None:
        state = given(DRAFTED, RESOLVED, LAUNCH_REQUESTED, LAUNCHED, WORKER_GATE_OPENED)
        assert decide_broadcast_opened(state, now=NOW) == ()
        assert decide_application_received(state, now=NOW) == ()
        assert decide_broadcast_ended(state, now=NOW) == ()

    def test_its_client_declines_also_after_an_award(self) -> None:
        state = given(DRAFTED, RESOLVED, LAUNCH_REQUESTED, LAUNCHED, WORKER_GATE_OPENED)
        assert decide_client_declined(state, reason=SEALED, now=NOW) == (RequestDeclined(reason=SEALED),)

    def test_nothing_moves_it_after_the_start_of_its_slot_it_expires(self) -> None:
        ready = given(DRAFTED, RESOLVED, LAUNCH_REQUESTED, LAUNCHED, CLIENT_GATE_OPENED)
        late = SLOT.start + TICK
        assert facts_of_others(LIVE, late) == [(EXPIRED,)] * 8
        assert decide_worker_assigned(ready, worker_id=COLLEAGUE, hold_id=HOLD, now=late) == (EXPIRED,)
        assert decide_worker_assigned(ready, worker_id=COLLEAGUE, hold_id=HOLD, now=SLOT.start) == (
            WORKER_GATE_OPENED,
            CONFIRMED.model_copy(update={"confirmed_at": SLOT.start}),
        )
        assert decide_expiry(ready, now=late) == (EXPIRED,)

    def test_its_creator_cancels_it_until_the_start_of_its_slot(self) -> None:
        assert decide_cancel(LIVE, by="worker", reason_code=None, now=SLOT.start) == (RequestCancelled(by="worker"),)
        caught = refusal(lambda: decide_cancel(LIVE, by="worker", reason_code=None, now=SLOT.start + TICK))
        assert (type(caught), caught.rule) == (errors.DeadlinePassed, "slot_start")


class TestConfirmed:
    def test_its_creator_cannot_cancel_it(self) -> None:
        with pytest.raises(errors.ConfirmedAlready):
            decide_cancel(CONFIRMED_STATE, by="worker", reason_code=None, now=NOW)

    def test_an_operator_cancels_it_until_the_visit_starts(self) -> None:
        assert decide_cancel(CONFIRMED_STATE, by="operator", reason_code=None, now=SLOT.start - TICK) == (
            RequestCancelled(by="operator"),
        )
        caught = refusal(lambda: decide_cancel(CONFIRMED_STATE, by="operator", reason_code=None, now=SLOT.start))
        assert (type(caught), caught.instant) == (errors.VisitStarted, SLOT.start)

    def test_it_does_not_expire(self) -> None:
        assert decide_expiry(CONFIRMED_STATE, now=SLOT.start + timedelta(days=1)) == ()

    def test_launched_again_it_stays_as_it_is(self) -> None:
        assert decide_launch(CONFIRMED_STATE, LAUNCH, PERMITTED, now=NOW) == ()


class TestSettled:
    @pytest.mark.parametrize("state", SETTLED)
    def test_what_comes_late_changes_nothing(self, state: RequestState) -> None:
        for now in (NOW, SLOT.start + TICK):
            assert facts_of_others(state, now) == [()] * 8
            assert decide_client_resolved(state, client_id=CLIENT, known=True, now=now) == ()
            assert decide_review_opened(state, reasons=("email",), now=now) == ()
            assert decide_expiry(state, now=now) == ()


class TestEnded:
    @pytest.mark.parametrize("state", ENDED)
    def test_it_is_not_launched_again(self, state: RequestState) -> None:
        with pytest.raises(errors.RequestEnded):
            decide_launch(state, LAUNCH, PERMITTED, now=NOW)

    def test_cancelled_twice_it_stays_cancelled(self) -> None:
        assert decide_cancel(ENDED[0], by="worker", reason_code=None, now=NOW) == ()

    @pytest.mark.parametrize("state", ENDED[1:])
    def test_declined_or_expired_it_is_not_cancelled(self, state: RequestState) -> None:
        with pytest.raises(errors.RequestEnded):
            decide_cancel(state, by="operator", reason_code=None, now=NOW)


class TestStates:
    @pytest.mark.parametrize(
        ("events", "status"),
        [
            ((), Absent),
            ((KEY_ISSUED,), Absent),
            ((KEY_ISSUED, DRAFTED), Draft),
            ((DRAFTED, REVIEW_OPENED), Draft),
            ((DRAFTED, REVIEW_OPENED, RESOLVED), Draft),
            ((DRAFTED, LAUNCH_REQUESTED, REVIEW_OPENED), Launching),
            ((DRAFTED, LAUNCH_REQUESTED, REVIEW_OPENED, RESOLVED, LAUNCHED), Launched),
            ((DRAFTED, RESOLVED, LAUNCH_REQUESTED, LAUNCHED, CLIENT_GATE_OPENED), Launched),
            ((DRAFTED, CANCELLED), Cancelled),
            ((DRAFTED, EXPIRED), Expired),
            ((DRAFTED, RESOLVED, LAUNCH_REQUESTED, LAUNCHED, DECLINED), Declined),
        ],
    )
    def test_what_has_happened_makes_its_status(self, events: tuple[RequestEvent, ...], status: type) -> None:
        assert type(given(*events)) is status

    def test_an_event_that_does_not_fit_loads_and_changes_nothing_else(self) -> None:
        for event in (LAUNCHED, CONFIRMED, DECLINED, WORKER_GATE_OPENED, CLIENT_GATE_OPENED):
            assert given(DRAFTED, event) == Draft(drafted=DRAFTED)
        assert given(CANCELLED, LAUNCHED) == Absent()


class TestCase:
    @pytest.mark.parametrize(
        ("performer", "known", "missing", "case"),
        [
            ("self", True, ("validation",), 1),
            ("self", True, ("validation", "payment_method"), 2),
            ("self", False, ("validation", "payment_method"), 3),
            ("other", True, (), 3),
            ("other", False, ("payment_method",), 3),
        ],
    )
    def test_the_table_of_cases(self, performer: str, known: bool, missing: tuple[str, ...], case: Case) -> None:
        launched = LAUNCHED.model_copy(update={"performer": performer, "known": known})
        shut = ClientGateShut.model_validate({"missing": missing})
        state = given(DRAFTED, RESOLVED, LAUNCH_REQUESTED, launched, shut)
        assert case_of(existing(state)) == case

    def test_before_launch_there_is_none(self) -> None:
        ended_draft = given(DRAFTED, RESOLVED, CANCELLED)
        assert [case_of(existing(state)) for state in (DRAFT, LAUNCHING, ended_draft)] == [None] * 3

    def test_a_request_that_waited_for_a_payment_method_stays_case_2(self) -> None:
        launched = LAUNCHED.model_copy(update={"performer": "self"})
        shut = ClientGateShut(missing=("payment_method",))
        base = (DRAFTED, RESOLVED, LAUNCH_REQUESTED, launched, shut, CLIENT_GATE_OPENED)
        assert case_of(existing(given(*base))) == 2
        assert case_of(existing(given(*base, WORKER_GATE_OPENED, CONFIRMED, CANCELLED))) == 2


def existing(state: RequestState) -> Existing:
    assert not isinstance(state, Absent)
    return state
