"""Every refusal has one stable code, claimed once a service."""

from datetime import UTC, datetime

import pytest
from doorstep_chassis.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, Unavailable, error_catalogue


class SlotTaken(Conflict):
    code = "test_slot_taken"


def test_a_refusal_has_a_code_a_status_and_a_title_from_the_code() -> None:
    assert (SlotTaken.code, SlotTaken.status, SlotTaken.title) == ("test_slot_taken", 409, "Test slot taken")


def test_a_refusal_says_what_it_is_told_and_nothing_else() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    error = SlotTaken("the slot is held", field="slot", instant=now, rule="13", details={"visits": 2})
    assert str(error) == "the slot is held"
    assert (error.field, error.instant, error.rule, dict(error.details)) == ("slot", now, "13", {"visits": 2})
    assert str(SlotTaken()) == "Test slot taken"


def test_the_kinds_of_refusal_have_their_statuses() -> None:
    assert [kind.status for kind in (NotFound, Forbidden, Invalid, Conflict, Unavailable)] == [404, 403, 422, 409, 503]


def test_a_code_belongs_to_one_class() -> None:
    with pytest.raises(TypeError, match=r"'test_slot_taken' of .*Other belongs to .*SlotTaken"):

        class Other(Conflict):
            code = "test_slot_taken"


def test_another_service_may_refuse_by_the_same_code_but_not_by_one_of_the_chassis() -> None:
    elsewhere = type("SlotTaken", (Conflict,), {"code": "test_slot_taken", "__module__": "another_service.errors"})
    assert {SlotTaken, elsewhere} <= set(error_catalogue())
    with pytest.raises(TypeError, match=r"'not_found' of Missing belongs to doorstep_chassis\.errors\.NotFound"):
        type("Missing", (NotFound,), {"code": "not_found", "__module__": "another_service.errors"})


@pytest.mark.parametrize("code", ["SlotTaken", "slot-taken", "_slot", "slot_", "2_slots", ""])
def test_a_code_is_snake_case(code: str) -> None:
    with pytest.raises(TypeError, match="snake_case"):
        type("Wrong", (Conflict,), {"code": code})


def test_a_code_is_not_inherited() -> None:
    with pytest.raises(TypeError, match="Nameless needs a snake_case code of its own"):

        class Nameless(Conflict):
            pass


def test_the_catalogue_lists_every_refusal_once_by_code() -> None:
    catalogue = error_catalogue()
    keys = [(kind.code, kind.__module__.partition(".")[0]) for kind in catalogue]
    assert keys == sorted(set(keys))
    assert SlotTaken in catalogue
    assert DomainError not in catalogue
