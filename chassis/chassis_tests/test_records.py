"""What a record says of itself before anybody has understood it."""

import pytest
from doorstep_chassis.consumer.records import Record
from doorstep_chassis.store.model import Partition


@pytest.mark.parametrize(
    ("key", "blocks"),
    [
        (None, None),
        (b"", ""),
        (b"a1b2", "a1b2"),
        ("é".encode(), "é"),
        (b"\xff", "\\xff"),
        # A log's key is the 16 bytes of a stream's id, and PostgreSQL keeps no text with a zero in it.
        (b"\x00\x01", "\\x00\x01"),
    ],
)
def test_an_unreadable_record_blocks_its_key_in_words_that_can_be_stored(key: bytes | None, blocks: str | None) -> None:
    assert Record(Partition("notes.v1", 0), 1, 0, key, (), b"noise").block_key == blocks
