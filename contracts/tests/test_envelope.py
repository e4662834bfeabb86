"""The envelope of a record: read back as written, readable by others, refused with a named reason."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from doorstep_contracts.envelope import Envelope, EnvelopeError, parse, to_headers
from doorstep_contracts.intake import RequestCancelled
from doorstep_contracts.registry import decoder, encode

REQUEST = "6f1d2c3b-0000-4000-8000-000000000001"
ENVELOPE = Envelope(
    id="6f1d2c3b-0000-4000-8000-00000000000a",
    source="/doorstep/request-intake/log",
    type="doorstep.intake.RequestCancelled.v1",
    time=datetime(2026, 3, 29, 1, 30, 0, 250, tzinfo=UTC),
    subject=REQUEST,
    dataschema="urn:doorstep:schema:doorstep.intake.RequestCancelled.v1",
    sequence=42,
    correlation_id="6f1d2c3b-0000-4000-8000-00000000000b",
    causation_id="6f1d2c3b-0000-4000-8000-00000000000c",
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
)
EVENT = RequestCancelled(organisation_id=UUID(int=1), request_id=UUID(REQUEST), by="operator")


def refusal(headers: list[tuple[str, bytes | None]], key: bytes | None = ENVELOPE.key) -> tuple[str, str]:
    with pytest.raises(EnvelopeError) as caught:
        parse(headers, key)
    return caught.value.code, caught.value.reason


def replaced(name: str, value: bytes | None) -> list[tuple[str, bytes | None]]:
    return [(header, value if header == name else old) for header, old in to_headers(ENVELOPE)]


def test_the_headers_of_an_envelope() -> None:
    assert to_headers(ENVELOPE) == [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"6f1d2c3b-0000-4000-8000-00000000000a"),
        ("ce_source", b"/doorstep/request-intake/log"),
        ("ce_type", b"doorstep.intake.RequestCancelled.v1"),
        ("ce_time", b"2026-03-29T01:30:00.000250Z"),
        ("ce_subject", REQUEST.encode()),
        ("ce_dataschema", b"urn:doorstep:schema:doorstep.intake.RequestCancelled.v1"),
        ("ce_sequence", b"0000000000000000042"),
        ("ce_correlationid", b"6f1d2c3b-0000-4000-8000-00000000000b"),
        ("ce_causationid", b"6f1d2c3b-0000-4000-8000-00000000000c"),
        ("content-type", b"application/json"),
        ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ]


def test_what_is_written_is_read_back() -> None:
    assert parse(to_headers(ENVELOPE), ENVELOPE.key) == ENVELOPE


def test_the_trace_may_be_absent() -> None:
    untraced = [header for header in to_headers(ENVELOPE) if header[0] != "traceparent"]
    assert parse(untraced, ENVELOPE.key).traceparent is None


def test_a_time_elsewhere_is_written_in_utc() -> None:
    elsewhere = Envelope(
        id="1", source="s", type="t", time=datetime(2026, 1, 1, 4, tzinfo=timezone(timedelta(hours=4))), subject="k",
        dataschema="d", sequence=1, correlation_id="c", causation_id="c",
    )  # fmt: skip
    assert dict(to_headers(elsewhere))["ce_time"] == b"2026-01-01T00:00:00.000000Z"


def test_a_time_without_a_zone_is_not_written() -> None:
    naive = Envelope(
        id="1", source="s", type="t", time=datetime(2026, 1, 1), subject="k",  # noqa: DTZ001
        dataschema="d", sequence=1, correlation_id="c", causation_id="c",
    )  # fmt: skip
    with pytest.raises(ValueError, match="needs a time zone"):
        to_headers(naive)


def test_headers_of_others_are_left_alone() -> None:
    foreign = [*to_headers(ENVELOPE), ("x-proxy", None), ("x-proxy", b"\xff")]
    assert parse(foreign, ENVELOPE.key) == ENVELOPE


def test_another_cloudevents_library_reads_our_records() -> None:
    message = KafkaMessage(headers=dict(to_headers(ENVELOPE)), key=ENVELOPE.key, value=encode(EVENT))
    event = from_binary_event(message)
    assert event.get_attributes() == {
        "specversion": "1.0",
        "id": ENVELOPE.id,
        "source": ENVELOPE.source,
        "type": ENVELOPE.type,
        "time": ENVELOPE.time,
        "subject": REQUEST,
        "dataschema": ENVELOPE.dataschema,
        "sequence": "0000000000000000042",
        "correlationid": ENVELOPE.correlation_id,
        "causationid": ENVELOPE.causation_id,
        "datacontenttype": "application/json",
        "partitionkey": REQUEST,
    }
    assert event.get_data() == {
        "organisation_id": str(UUID(int=1)),
        "request_id": REQUEST,
        "by": "operator",
        "reason_code": None,
    }


def test_an_event_is_read_back_as_written() -> None:
    decode = decoder(ENVELOPE.type)
    assert decode is not None
    assert decode(encode(EVENT)) == EVENT


@pytest.mark.parametrize("name", [name for name, _ in to_headers(ENVELOPE) if name != "traceparent"])
def test_a_missing_header_is_refused_by_name(name: str) -> None:
    headers: list[tuple[str, bytes | None]] = [header for header in to_headers(ENVELOPE) if header[0] != name]
    assert refusal(headers) == ("missing_header", f"there is no header {name}")


@pytest.mark.parametrize("name", [name for name, _ in to_headers(ENVELOPE)])
def test_a_null_header_is_refused_by_name(name: str) -> None:
    assert refusal(replaced(name, None)) == ("null_header", f"the header {name} is null")


@pytest.mark.parametrize("name", [name for name, _ in to_headers(ENVELOPE)])
def test_a_header_that_is_not_utf8_is_refused_by_name(name: str) -> None:
    assert refusal(replaced(name, b"\xff\xfe")) == ("header_not_utf8", f"the header {name} is not UTF-8")


@pytest.mark.parametrize("name", [name for name, _ in to_headers(ENVELOPE)])
@pytest.mark.parametrize("value", [b"", b"a\x00b", b"line\n"])
def test_an_empty_or_unprintable_header_is_refused_by_name(name: str, value: bytes) -> None:
    reason = f"the header {name} is empty or holds control characters"
    assert refusal(replaced(name, value)) == ("header_not_printable", reason)


@pytest.mark.parametrize("name", [name for name, _ in to_headers(ENVELOPE)])
def test_a_header_that_stands_twice_is_refused_by_name(name: str) -> None:
    doubled: list[tuple[str, bytes | None]] = [*to_headers(ENVELOPE), (name, b"again")]
    assert refusal(doubled) == ("duplicate_header", f"the header {name} stands twice")


@pytest.mark.parametrize(
    "value", [b"one", b"-1", b"+1", b"1.0", b"1e3", b" 1", b"1_0", "١".encode(), b"9" * 19, b"0" * 20]
)
def test_a_sequence_that_is_no_number_of_63_bits_is_refused(value: bytes) -> None:
    reason = "the header ce_sequence is not a whole number of 63 bits"
    assert refusal(replaced("ce_sequence", value)) == ("sequence_not_a_number", reason)


@pytest.mark.parametrize(("value", "sequence"), [(b"7", 7), (b"0", 0), (b"9223372036854775807", 2**63 - 1)])
def test_a_sequence_is_read_with_or_without_leading_zeros(value: bytes, sequence: int) -> None:
    assert parse(replaced("ce_sequence", value), ENVELOPE.key).sequence == sequence


@pytest.mark.parametrize(
    "value",
    [b"yesterday", b"2026-01-01", b"2026-01-01T00:00:00", b"2026-01-01T00:00:00+01:00", b"2026-13-01T00:00:00Z"],
)
def test_a_time_that_is_not_utc_in_rfc_3339_is_refused(value: bytes) -> None:
    reason = "the header ce_time is not an RFC 3339 time in UTC"
    assert refusal(replaced("ce_time", value)) == ("time_not_rfc3339", reason)


def test_another_version_of_cloudevents_is_refused() -> None:
    reason = "the header ce_specversion is not 1.0"
    assert refusal(replaced("ce_specversion", b"0.3")) == ("unknown_specversion", reason)


def test_another_content_type_is_refused() -> None:
    reason = "the header content-type is not application/json"
    assert refusal(replaced("content-type", b"application/avro")) == ("unknown_content_type", reason)


def test_a_content_type_may_have_parameters() -> None:
    assert parse(replaced("content-type", b"application/json; charset=utf-8"), ENVELOPE.key) == ENVELOPE


def test_a_record_without_a_key_is_refused() -> None:
    assert refusal([*to_headers(ENVELOPE)], None) == ("missing_key", "the record has no key")


def test_a_key_other_than_the_subject_is_refused() -> None:
    reason = "the key of the record differs from the header ce_subject"
    assert refusal([*to_headers(ENVELOPE)], b"\xff") == ("key_is_not_subject", reason)


def test_a_refusal_never_repeats_what_stands_in_a_header() -> None:
    code, reason = refusal(replaced("ce_sequence", b"marie@example.org"))
    assert "marie" not in f"{code} {reason}"
