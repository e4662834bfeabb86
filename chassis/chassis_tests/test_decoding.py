"""What is made of bytes that do not say what they should."""

import pytest
from doorstep_chassis.consumer.decoding import LONGEST_SOURCE, EventDecoder
from doorstep_chassis.consumer.records import Decoded, Message, Record, Unreadable

from . import example
from .test_redrive import record

decode = EventDecoder(example.CLASSES, frozenset())


def from_source(source: str) -> Decoded:
    said: Record = record("k", 1, 1)
    headers = [(name, source.encode() if name == "ce_source" else value) for name, value in said.headers]
    return decode(said._replace(headers=tuple(headers)))


@pytest.mark.parametrize("letter", ["x", "é", "😀"])
def test_a_source_longer_than_a_position_can_be_kept_for_is_unreadable(letter: str) -> None:
    """T is kept under its name: accepted, it could not be stored, and the partition would stand still for ever."""
    longest = letter * LONGEST_SOURCE
    understood = from_source(longest)
    assert isinstance(understood, Message)
    assert understood.source == longest
    assert from_source(longest + letter) == Unreadable("source_too_long")
