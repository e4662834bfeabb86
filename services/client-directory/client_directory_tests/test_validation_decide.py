"""The client gate: given its state and the facts of an instant, when it is decided or answered, then it opens or asks."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from client_directory.domain.client.address import Address
from client_directory.domain.resolution.errors import RequestEnded
from client_directory.domain.validation.decide import (
    Facts,
    asked_of,
    decide_confirmed,
    decide_decline,
    decide_end,
    decide_gate,
    decide_launch_seen,
    decide_unanswered,
    decide_validate,
    satisfied,
)
from client_directory.domain.validation.errors import (
    AddressMissing,
    AnswerTooLate,
    PaymentMethodMissing,
    RequestConfirmed,
    RequestDeclined,
    ValidationNotFound,
)
from client_directory.domain.validation.events import (
    ClientAnswerExpired,
    ClientAsked,
    ClientDeclined,
    ClientGateShut,
    ClientValidated,
    LaunchSeen,
    RequestConfirmationSeen,
    RequestEndSeen,
)
from client_directory.domain.validation.state import (
    VALIDATION,
    Asked,
    Confirmed,
    Declined,
    Ended,
    Launched,
    Open,
    Shut,
    Unanswered,
    Unlaunched,
    ValidationState,
)

from .world import AWAY, HOME, IN_72_H, NOW, ON_FILE, START

LAUNCH = LaunchSeen(
    postal_code="69003",
    slot_start=START,
    zone="Europe/Paris",
    payment_method_required=True,
    validation="worker",
    address_confirmed=True,
    address=None,
    address_key_id=None,
)
LATER = START + timedelta(days=300)
HERE, THERE = Address(**HOME), Address(**AWAY)
NEXT_DOOR = HERE.model_copy(update={"line1": "14 rue de la Paix"})
COMPLETE = Facts(
    client_id=ON_FILE, known=True, reachable=True, picked=True, on_file=HERE, typed=None, payment_until=LATER
)

ASKED_EVENT = ClientAsked(client_id=ON_FILE, missing=("validation",), deadline=IN_72_H)
SHUT_EVENT = ClientGateShut(client_id=ON_FILE, missing=("validation", "contact"))
OPEN_EVENT = ClientValidated(client_id=ON_FILE, valid_until=START, validated_by="client")

UNLAUNCHED, LAUNCHED = Unlaunched(), VALIDATION.fold([LAUNCH])
ASKED, SHUT = VALIDATION.fold([LAUNCH, ASKED_EVENT]), VALIDATION.fold([LAUNCH, SHUT_EVENT])
OPEN = VALIDATION.fold([LAUNCH, ASKED_EVENT, OPEN_EVENT])
DECLINED = VALIDATION.fold([LAUNCH, ASKED_EVENT, ClientDeclined(client_id=ON_FILE, reason=None)])
UNANSWERED = VALIDATION.fold([LAUNCH, ASKED_EVENT, ClientAnswerExpired(client_id=ON_FILE, deadline=IN_72_H)])
CONFIRMED = VALIDATION.fold([LAUNCH, OPEN_EVENT, RequestConfirmationSeen(client_id=ON_FILE)])
ENDED = VALIDATION.fold([LAUNCH, ASKED_EVENT, RequestEndSeen()])
STATES: list[ValidationState] = [UNLAUNCHED, LAUNCHED, ASKED, SHUT, OPEN, DECLINED, UNANSWERED, CONFIRMED, ENDED]


def test_what_each_event_makes_of_the_gate() -> None:
    assert [
        Unlaunched(),
        Launched(LAUNCH),
        Asked(LAUNCH, ON_FILE, ("validation",), IN_72_H),
        Shut(LAUNCH, ON_FILE, ("validation", "contact")),
        Open(LAUNCH, ON_FILE, START, "client"),
        Declined(ON_FILE),
        Unanswered(ON_FILE, IN_72_H),
        Confirmed(ON_FILE),
        Ended(ON_FILE),
    ] == STATES
    assert VALIDATION.fold([RequestEndSeen()]) == Ended(None)
    assert VALIDATION.fold([RequestEndSeen(), OPEN_EVENT]) == Ended(None)


def test_a_launch_counts_once() -> None:
    seen = [decide_launch_seen(state, LAUNCH) for state in STATES]
    assert seen == [(LAUNCH,), (), (), (), (), (), (), (), ()]


class TestLaunched:
    def gate(self, now: Any = NOW, launch: dict[str, Any] | None = None, **facts: Any) -> tuple[Any, ...]:
        state = Launched(LAUNCH.model_copy(update=launch or {}))
        return decide_gate(state, replace(COMPLETE, **facts), now=now)

    def asks(self, *missing: Any, deadline: Any = IN_72_H) -> tuple[Any, ...]:
        return (ClientAsked(client_id=ON_FILE, missing=("validation", *missing), deadline=deadline),)

    def shut(self, *missing: Any) -> tuple[Any, ...]:
        return (ClientGateShut(client_id=ON_FILE, missing=("validation", *missing)),)

    def opens(self, until: Any = START) -> tuple[Any, ...]:
        return (ClientValidated(client_id=ON_FILE, valid_until=until, validated_by="worker"),)

    def test_the_worker_validates_for_a_known_client_with_all_that_is_needed(self) -> None:
        assert self.gate() == self.opens()

    def test_it_holds_no_longer_than_the_payment_method(self) -> None:
        ends = NOW + timedelta(days=2)
        assert self.gate(payment_until=ends) == self.opens(until=ends)
        assert self.gate(payment_until=ends, launch={"payment_method_required": False}) == self.opens()

    def test_the_payment_method_must_be_valid_at_this_instant(self) -> None:
        assert self.gate(payment_until=NOW) == self.asks("payment_method")
        assert self.gate(payment_until=None) == self.asks("payment_method")

    def test_a_new_client_is_always_asked(self) -> None:
        assert self.gate(known=False) == self.asks()

    def test_the_worker_may_leave_it_to_the_client(self) -> None:
        assert self.gate(launch={"validation": "client"}) == self.asks()

    def test_who_picked_must_have_confirmed_the_address(self) -> None:
        assert self.gate(launch={"address_confirmed": False}) == self.asks()

    def test_nothing_on_file_can_be_confirmed(self) -> None:
        assert self.gate(on_file=None) == self.asks("address")

    def test_who_typed_the_details_must_have_typed_the_address_on_file(self) -> None:
        assert self.gate(picked=False, typed=HERE) == self.opens()
        assert self.gate(picked=False, typed=NEXT_DOOR) == self.asks("address")
        assert self.gate(picked=False, typed=None) == self.asks()
        assert self.gate(picked=False, typed=HERE, on_file=None) == self.asks("address")

    def test_an_address_outside_the_zone_is_for_an_operator(self) -> None:
        assert self.gate(on_file=THERE) == self.shut("address_outside_zone")
        assert self.gate(picked=False, typed=THERE) == self.shut("address_outside_zone")
        assert self.gate(typed=THERE, payment_until=None) == self.shut("payment_method", "address_outside_zone")

    def test_who_typed_the_details_does_not_learn_where_the_client_lives(self) -> None:
        assert self.gate(picked=False, on_file=THERE) == self.asks("address")
        assert self.gate(picked=False, on_file=THERE, typed=HERE) == self.asks("address")

    def test_who_has_no_email_cannot_be_asked(self) -> None:
        assert self.gate(reachable=False) == self.opens()
        assert self.gate(reachable=False, known=False) == self.shut("contact")

    def test_no_deadline_is_later_than_the_slot(self) -> None:
        soon = NOW + timedelta(hours=3)
        assert self.gate(known=False, launch={"slot_start": soon}) == self.asks(deadline=soon)

    def test_a_slot_that_has_begun_opens_nothing_and_asks_nobody(self) -> None:
        assert self.gate(now=START) == self.shut()
        assert self.gate(now=START, known=False) == self.shut()
        assert self.gate(now=START - timedelta(microseconds=1)) == self.opens()


def test_the_gate_is_decided_once() -> None:
    decided = [decide_gate(state, COMPLETE, now=NOW) for state in STATES if state != LAUNCHED]
    assert decided == [(), (), (), (), (), (), (), ()]


ANSWERED = replace(COMPLETE, picked=False)


class TestAnswered:
    @pytest.mark.parametrize("state", [ASKED, SHUT])
    def test_the_client_or_an_operator_validates(self, state: ValidationState) -> None:
        assert decide_validate(state, ANSWERED, "client", address_given=False, now=NOW) == (OPEN_EVENT,)
        by_operator = OPEN_EVENT.model_copy(update={"validated_by": "operator"})
        assert decide_validate(state, ANSWERED, "operator", address_given=False, now=NOW) == (by_operator,)

    def test_an_address_in_the_zone_is_needed(self) -> None:
        for on_file in (None, THERE):
            with pytest.raises(AddressMissing):
                decide_validate(ASKED, replace(ANSWERED, on_file=on_file), "client", address_given=False, now=NOW)

    def test_an_address_given_outside_the_zone_is_for_an_operator(self) -> None:
        moved = replace(ANSWERED, on_file=THERE)
        outside = ClientGateShut(client_id=ON_FILE, missing=("validation", "address_outside_zone"))
        assert decide_validate(ASKED, moved, "client", address_given=True, now=NOW) == (outside,)
        shut = VALIDATION.fold([LAUNCH, ASKED_EVENT, outside])
        assert decide_validate(shut, moved, "client", address_given=True, now=NOW) == ()
        assert decide_validate(shut, ANSWERED, "client", address_given=True, now=NOW) == (OPEN_EVENT,)

    def test_a_valid_payment_method_is_needed(self) -> None:
        for until in (None, NOW):
            with pytest.raises(PaymentMethodMissing):
                decide_validate(ASKED, replace(ANSWERED, payment_until=until), "client", address_given=True, now=NOW)

    def test_the_deadline_is_inclusive_and_the_clients_alone(self) -> None:
        late = IN_72_H + timedelta(microseconds=1)
        assert decide_validate(ASKED, ANSWERED, "client", address_given=False, now=IN_72_H) == (OPEN_EVENT,)
        with pytest.raises(AnswerTooLate) as refusal:
            decide_validate(ASKED, ANSWERED, "client", address_given=False, now=late)
        assert refusal.value.instant == IN_72_H
        assert len(decide_validate(ASKED, ANSWERED, "operator", address_given=False, now=late)) == 1

    def test_a_slot_that_has_begun_ends_it(self) -> None:
        with pytest.raises(RequestEnded) as refusal:
            decide_validate(ASKED, ANSWERED, "operator", address_given=False, now=START)
        assert refusal.value.instant == START

    @pytest.mark.parametrize("state", [OPEN, CONFIRMED])
    def test_what_is_validated_is_satisfied(self, state: ValidationState) -> None:
        assert satisfied(state, now=NOW)
        assert decide_validate(state, ANSWERED, "client", address_given=False, now=NOW) == ()

    def test_a_gate_that_holds_no_longer_can_be_opened_again(self) -> None:
        lapsed = VALIDATION.fold([LAUNCH, OPEN_EVENT.model_copy(update={"valid_until": NOW})])
        assert not satisfied(lapsed, now=NOW)
        assert decide_validate(lapsed, ANSWERED, "client", address_given=False, now=NOW) == (OPEN_EVENT,)

    @pytest.mark.parametrize("state", [ASKED, SHUT, OPEN])
    def test_the_client_declines_also_after_validating(self, state: ValidationState) -> None:
        no = ClientDeclined(client_id=ON_FILE, reason="s1.00.AAAA")
        assert decide_decline(state, "s1.00.AAAA", "client", now=NOW) == (no,)

    def test_declined_twice_is_satisfied(self) -> None:
        assert decide_decline(DECLINED, None, "client", now=NOW) == ()

    @pytest.mark.parametrize(
        ("state", "refusal"),
        [
            (UNLAUNCHED, ValidationNotFound),
            (LAUNCHED, ValidationNotFound),
            (CONFIRMED, RequestConfirmed),
            (ENDED, RequestEnded),
        ],
    )
    def test_what_cannot_be_declined(self, state: ValidationState, refusal: type[Exception]) -> None:
        with pytest.raises(refusal):
            decide_decline(state, None, "client", now=NOW)

    @pytest.mark.parametrize(
        ("state", "refusal"),
        [
            (UNLAUNCHED, ValidationNotFound),
            (LAUNCHED, ValidationNotFound),
            (DECLINED, RequestDeclined),
            (UNANSWERED, AnswerTooLate),
            (ENDED, RequestEnded),
        ],
    )
    def test_what_cannot_be_validated(self, state: ValidationState, refusal: type[Exception]) -> None:
        with pytest.raises(refusal):
            decide_validate(state, ANSWERED, "operator", address_given=False, now=NOW)


class TestTheClientsDeadline:
    def test_it_is_inclusive(self) -> None:
        assert decide_unanswered(ASKED, now=IN_72_H) == ()

    def test_after_it_the_request_ends(self) -> None:
        over = decide_unanswered(ASKED, now=IN_72_H + timedelta(microseconds=1))
        assert over == (ClientAnswerExpired(client_id=ON_FILE, deadline=IN_72_H),)

    def test_the_start_of_the_slot_ends_a_request_by_itself(self) -> None:
        late = VALIDATION.fold([LAUNCH, ASKED_EVENT.model_copy(update={"deadline": START})])
        assert decide_unanswered(late, now=START + timedelta(hours=1)) == ()

    def test_it_binds_only_who_is_asked(self) -> None:
        over = [decide_unanswered(state, now=LATER) for state in STATES if state != ASKED]
        assert over == [()] * 8


def test_whom_the_gate_asks() -> None:
    assert [asked_of(state) for state in STATES[2:]] == [ON_FILE] * 7
    for state in (UNLAUNCHED, LAUNCHED, Ended(None)):
        with pytest.raises(ValidationNotFound):
            asked_of(state)


def test_a_confirmation_counts_once_and_not_after_the_end() -> None:
    noted = [len(decide_confirmed(state, ON_FILE)) for state in STATES]
    assert noted == [1, 1, 1, 1, 1, 1, 1, 0, 0]


def test_a_request_ends_once() -> None:
    assert [len(decide_end(state)) for state in STATES] == [1, 1, 1, 1, 1, 1, 1, 1, 0]
