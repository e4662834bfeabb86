"""How long a slot is, and what that comes to."""

from datetime import datetime


def minutes_between(start: datetime, end: datetime) -> int:
    """The length of a slot in minutes."""
    return int((end - start).total_seconds() // 60)


def total_cents(rate_cents: int, minutes: int) -> int:
    """What so many minutes come to at a rate an hour, rounded to the cent, half up."""
    return (rate_cents * minutes + 30) // 60
