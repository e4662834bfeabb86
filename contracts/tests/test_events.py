"""Public events: what every one of them takes, refuses and keeps."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from doorstep_contracts import directory, dispatch, intake, scheduling
from doorstep_contracts.base import OfferTerms, PublicEvent, Slot
from doorstep_contracts.registry import EVENT_CLASSES, decoder, encode, event_class
from doorstep_contracts.samples import OFFER, REQUEST, SAMPLES, SEALED, SLOT
from pydantic import TypeAdapter, ValidationError

EVENTS = pytest.mark.parametrize("event", SAMPLES.values(), ids=SAMPLES.keys())


def decoded(event: PublicEvent, **changes: Any) -> PublicEvent:
    decode = decoder(event.ce_type)
    assert decode is not None
    return decode(json.dumps(json.loads(encode(event)) | changes).encode())


def refused_fields(event: PublicEvent, **changes: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        decoded(event, **changes)
    return sorted({".".join(map(str, detail["loc"])) for detail in caught.value.errors()})


@EVENTS
def test_an_event_is_read_back_as_written(event: PublicEvent) -> None:
    assert decoded(event) == event


@EVENTS
def test_an_event_cannot_be_changed(event: PublicEvent) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        event.organisation_id = UUID(int=0)


@EVENTS
def test_a_field_from_the_future_is_left_alone(event: PublicEvent) -> None:
    assert decoded(event, added_later={"by": ["somebody"]}) == event


@EVENTS
def test_a_record_without_its_organisation_is_refused(event: PublicEvent) -> None:
    assert "organisation_id" in refused_fields(event, organisation_id=None)


@EVENTS
def test_the_subject_of_an_event_is_its_key(event: PublicEvent) -> None:
    assert event.subject == json.loads(encode(event))[event.KEY]


@EVENTS
def test_a_refusal_never_repeats_what_was_sent(event: PublicEvent) -> None:
    with pytest.raises(ValidationError) as caught:
        decoded(event, **dict.fromkeys(json.loads(encode(event)), "marie@example.org"))
    assert "marie" not in str(caught.value)


def test_a_type_names_one_class() -> None:
    assert event_class("doorstep.intake.DataKeyIssued.v1") is intake.DataKeyIssued
    assert event_class("doorstep.directory.DataKeyIssued.v1") is directory.DataKeyIssued
    assert event_class("doorstep.scheduling.SlotHeld.v1") is scheduling.SlotHeld


@pytest.mark.parametrize("ce_type", ["doorstep.intake.RequestDrafted.v2", "doorstep.intake.RequestDrafted", ""])
def test_an_unknown_type_has_no_class_and_no_decoder(ce_type: str) -> None:
    assert event_class(ce_type) is None
    assert decoder(ce_type) is None


def test_a_fresh_process_knows_every_type() -> None:
    program = "from doorstep_contracts.registry import EVENT_CLASSES; print(*EVENT_CLASSES)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split() == list(EVENT_CLASSES)


def test_the_type_names_and_keys_never_change() -> None:
    assert {ce_type: cls.KEY for ce_type, cls in EVENT_CLASSES.items()} == {
        "doorstep.intake.RequestDrafted.v1": "request_id",
        "doorstep.intake.RequestLaunched.v1": "request_id",
        "doorstep.intake.RequestConfirmed.v1": "request_id",
        "doorstep.intake.RequestCancelled.v1": "request_id",
        "doorstep.intake.RequestDeclined.v1": "request_id",
        "doorstep.intake.RequestExpired.v1": "request_id",
        "doorstep.intake.OrganisationAdded.v1": "organisation_id",
        "doorstep.intake.RequestSettingsChanged.v1": "organisation_id",
        "doorstep.intake.DataKeyIssued.v1": "subject_id",
        "doorstep.directory.ClientResolved.v1": "request_id",
        "doorstep.directory.ClientReviewOpened.v1": "request_id",
        "doorstep.directory.ClientValidated.v1": "request_id",
        "doorstep.directory.ClientValidationRequested.v1": "request_id",
        "doorstep.directory.ClientGateShut.v1": "request_id",
        "doorstep.directory.ClientDeclined.v1": "request_id",
        "doorstep.directory.ClientAnswerExpired.v1": "request_id",
        "doorstep.directory.DataKeyIssued.v1": "subject_id",
        "doorstep.dispatch.BroadcastOpened.v1": "request_id",
        "doorstep.dispatch.ApplicationReceived.v1": "request_id",
        "doorstep.dispatch.BroadcastClosed.v1": "request_id",
        "doorstep.dispatch.WorkerSelected.v1": "request_id",
        "doorstep.dispatch.WorkerAssigned.v1": "request_id",
        "doorstep.dispatch.WorkerGateShut.v1": "request_id",
        "doorstep.dispatch.WorkerRegistered.v1": "worker_id",
        "doorstep.scheduling.SlotHeld.v1": "chain_id",
        "doorstep.scheduling.SlotRefused.v1": "chain_id",
        "doorstep.scheduling.SlotReleased.v1": "chain_id",
        "doorstep.scheduling.VisitScheduled.v1": "chain_id",
        "doorstep.scheduling.VisitCancelled.v1": "chain_id",
    }


def test_the_schema_of_an_event_is_named_after_its_type() -> None:
    assert intake.RequestDrafted.dataschema == "urn:doorstep:schema:doorstep.intake.RequestDrafted.v1"


def test_an_instant_is_kept_in_utc() -> None:
    # given an instant as written in Réunion
    local = datetime(2026, 6, 1, 9, tzinfo=timezone(timedelta(hours=4)))
    # when it becomes part of an event
    expired = intake.RequestExpired(organisation_id=UUID(int=1), request_id=REQUEST, rule="slot_start", deadline=local)
    # then it is the same instant in UTC, in the record too
    assert expired.deadline.tzinfo is UTC
    assert json.loads(encode(expired))["deadline"] == "2026-06-01T05:00:00Z"


@pytest.mark.parametrize("value", ["2026-06-01T05:00:00", "2026-06-01", "tomorrow", 1_780_000_000])
def test_an_instant_without_a_zone_is_refused(value: object) -> None:
    assert refused_fields(SAMPLES["doorstep.intake.RequestExpired.v1"], deadline=value) == ["deadline"]


@pytest.mark.parametrize("length", [timedelta(0), timedelta(seconds=-1)])
def test_a_slot_that_does_not_end_after_it_starts_is_refused(length: timedelta) -> None:
    with pytest.raises(ValidationError, match="a slot must end after it starts"):
        Slot(start=SLOT.start, end=SLOT.start + length, zone=SLOT.zone)


@pytest.mark.parametrize("zone", ["", "Europe/", "/Paris", "Europe Paris", "a\x00b", "a" * 65])
def test_a_zone_is_named_the_iana_way(zone: str) -> None:
    with pytest.raises(ValidationError, match="zone"):
        Slot(start=SLOT.start, end=SLOT.end, zone=zone)


@pytest.mark.parametrize(
    "change",
    [{"rate_cents": -1}, {"rate_cents": 26.5}, {"rate_cents": "2450"}, {"currency": "euro"}, {"catalogue_version": 0}],
    ids=str,
)
def test_terms_that_are_no_quote_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(change))):
        OfferTerms.model_validate(OFFER.model_dump() | change)


@pytest.mark.parametrize(
    "contact", ["Marie Dupont", "s1.key", "s1..YWJj", "s2.key.YWJj", "s1.key.a b", "s1.key.YWJj\x00"]
)
def test_personal_data_that_is_not_sealed_is_refused(contact: str) -> None:
    assert refused_fields(SAMPLES["doorstep.intake.RequestDrafted.v1"], contact=contact) == ["contact"]


def test_sealed_personal_data_passes() -> None:
    drafted = decoded(SAMPLES["doorstep.intake.RequestDrafted.v1"], contact=SEALED)
    assert isinstance(drafted, intake.RequestDrafted)
    assert drafted.contact == SEALED


@pytest.mark.parametrize("code", ["7500", "750010", "2A004", "٧٥٠٠١", "75 01"])
def test_a_postal_code_has_five_digits(code: str) -> None:
    assert refused_fields(SAMPLES["doorstep.intake.RequestDrafted.v1"], postal_code=code) == ["postal_code"]


def test_a_gate_lacks_only_what_a_gate_can_lack() -> None:
    shut = SAMPLES["doorstep.dispatch.WorkerGateShut.v1"]
    assert refused_fields(shut, missing=["operator", "luck"]) == ["missing.1"]
    assert TypeAdapter(dispatch.WorkerGateLack).validate_python("slot_refused") == "slot_refused"


def test_what_a_field_may_be_left_out_is_none() -> None:
    declined = directory.ClientDeclined(organisation_id=UUID(int=1), request_id=REQUEST, client_id=UUID(int=2))
    assert json.loads(encode(declined)) == {
        "organisation_id": str(UUID(int=1)),
        "request_id": str(REQUEST),
        "client_id": str(UUID(int=2)),
        "reason": None,
    }
