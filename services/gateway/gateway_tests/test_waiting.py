"""How long somebody would wait."""

import pytest
from gateway.waiting import wished_seconds


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, None),
        ("", None),
        ("respond-async", None),
        ("wait=2", 2),
        ("wait=0", 0),
        ("respond-async, wait=3", 3),
        ('Wait = "4"', 4),
        ("wait=60", 10),
        ("wait=999999999", 10),
        ("wait=-1", None),
        ("wait=x", None),
        ("wait=1.5", None),
        ("await=2", None),
        ("wait=٢", None),
    ],
)
def test_wished_seconds(prefer: str | None, seconds: float | None) -> None:
    assert wished_seconds(prefer) == seconds
