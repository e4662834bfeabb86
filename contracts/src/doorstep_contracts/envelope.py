"""The envelope of every record: CloudEvents 1.0 in the binary binding for Kafka, plus our sequence and our ids."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)
_MAX_SEQUENCE = 2**63 - 1
_REQUIRED = (
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_time",
    "ce_subject",
    "ce_dataschema",
    "ce_sequence",
    "ce_correlationid",
    "ce_causationid",
    "content-type",
)
_READ = frozenset({*_REQUIRED, "traceparent"})


class EnvelopeError(Exception):
    """A record whose headers cannot be read; `code` and `reason` never repeat what stands in them."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a record says about itself.

    `sequence` is the position in the log that `source` names, so that (source, sequence) names the record; `subject`
    is its key; `causation_id` is the id of the event or command it follows from, `correlation_id` that of the first.
    """

    id: str
    source: str
    type: str
    time: datetime
    subject: str
    dataschema: str
    sequence: int
    correlation_id: str
    causation_id: str
    traceparent: str | None = None

    @property
    def key(self) -> bytes:
        """The key of the record."""
        return self.subject.encode()


def to_headers(envelope: Envelope) -> list[tuple[str, bytes]]:
    """The Kafka headers of an envelope; a time without a zone is a ValueError."""
    if envelope.time.utcoffset() is None:
        raise ValueError("the time of an envelope needs a time zone")
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", envelope.id.encode()),
        ("ce_source", envelope.source.encode()),
        ("ce_type", envelope.type.encode()),
        ("ce_time", envelope.time.astimezone(UTC).isoformat(timespec="microseconds")[:-6].encode() + b"Z"),
        ("ce_subject", envelope.subject.encode()),
        ("ce_dataschema", envelope.dataschema.encode()),
        # The sequence extension of CloudEvents wants strings that sort: hence the leading zeros.
        ("ce_sequence", b"%019d" % envelope.sequence),
        ("ce_correlationid", envelope.correlation_id.encode()),
        ("ce_causationid", envelope.causation_id.encode()),
        ("content-type", b"application/json"),
    ]
    if envelope.traceparent is not None:
        headers.append(("traceparent", envelope.traceparent.encode()))
    return headers


def parse(headers: Iterable[tuple[str, bytes | None]], key: bytes | None) -> Envelope:
    """Reads the envelope of a record whose key is its subject; headers of others are left alone.

    Raises EnvelopeError with one of the codes `null_header`, `header_not_utf8`, `header_not_printable`,
    `duplicate_header`, `missing_header`, `unknown_specversion`, `unknown_content_type`, `sequence_not_a_number`,
    `time_not_rfc3339`, `missing_key`, `key_is_not_subject`.
    """
    texts = _texts(headers)
    for name in _REQUIRED:
        if name not in texts:
            raise EnvelopeError("missing_header", f"there is no header {name}")
    if texts["ce_specversion"] != "1.0":
        raise EnvelopeError("unknown_specversion", "the header ce_specversion is not 1.0")
    if texts["content-type"].partition(";")[0] != "application/json":
        raise EnvelopeError("unknown_content_type", "the header content-type is not application/json")
    if key is None:
        raise EnvelopeError("missing_key", "the record has no key")
    subject = texts["ce_subject"]
    if key != subject.encode():
        raise EnvelopeError("key_is_not_subject", "the key of the record differs from the header ce_subject")
    return Envelope(
        texts["ce_id"],
        texts["ce_source"],
        texts["ce_type"],
        _time(texts["ce_time"]),
        subject,
        texts["ce_dataschema"],
        _sequence(texts["ce_sequence"]),
        texts["ce_correlationid"],
        texts["ce_causationid"],
        texts.get("traceparent"),
    )


def _texts(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, value in headers:
        if name not in _READ:
            continue
        if name in texts:
            raise EnvelopeError("duplicate_header", f"the header {name} stands twice")
        if value is None:
            raise EnvelopeError("null_header", f"the header {name} is null")
        try:
            text = value.decode()
        except UnicodeDecodeError:
            raise EnvelopeError("header_not_utf8", f"the header {name} is not UTF-8") from None
        # CloudEvents forbids control characters, and PostgreSQL cannot store all of them.
        if not text or not text.isprintable():
            raise EnvelopeError("header_not_printable", f"the header {name} is empty or holds control characters")
        texts[name] = text
    return texts


def _sequence(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 19) or (sequence := int(text)) > _MAX_SEQUENCE:
        raise EnvelopeError("sequence_not_a_number", "the header ce_sequence is not a whole number of 63 bits")
    return sequence


def _time(text: str) -> datetime:
    if _TIME.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    raise EnvelopeError("time_not_rfc3339", "the header ce_time is not an RFC 3339 time in UTC")
