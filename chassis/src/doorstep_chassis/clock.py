"""One clock: every service reads time through this port and passes it into decisions."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Protocol

POLL_SECONDS = 0.25
"""How long a wait for an instant may overlook that a shiftable clock was moved."""

REREAD_SECONDS = 0.1
"""How often at most a shifted clock looks at its file."""

REALIGN_SECONDS = 60.0
"""How long a wait on the system clock trusts that the machine's time was not set."""


class Clock(Protocol):
    """Tells the present instant, always aware and in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock for tests that stands still until it is advanced."""

    def __init__(self, instant: datetime) -> None:
        if instant.tzinfo is None:
            raise ValueError("a clock needs an aware instant")
        self._instant = instant.astimezone(UTC)

    def now(self) -> datetime:
        return self._instant

    def advance(self, by: timedelta) -> datetime:
        """Move forward by elapsed time; answers the new instant."""
        self._instant += by
        return self._instant


class ClockFileBroken(ValueError):
    """The file that shifts the clock does not hold a number of seconds."""


class ShiftedClock:
    """The machine's time plus the seconds that a shared file names: moves a whole development stack at once.

    A file that does not exist means no shift.
    """

    def __init__(self, file: Path, base: Clock | None = None) -> None:
        self._file = file
        self._base = base or SystemClock()
        self._looked_at = float("-inf")
        self._seen: tuple[int, int, int] | None = None
        self._offset = timedelta()

    def now(self) -> datetime:
        if monotonic() - self._looked_at >= REREAD_SECONDS:
            self._look()
        return self._base.now() + self._offset

    def _look(self) -> None:
        try:
            stat = self._file.stat()
        except FileNotFoundError:
            self._seen, self._offset = None, timedelta()
        else:
            seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if seen != self._seen:
                self._offset = read_shift(self._file)
                self._seen = seen
        self._looked_at = monotonic()


def read_shift(file: Path) -> timedelta:
    """How far the file shifts the clock; nothing when it does not exist."""
    try:
        text = file.read_text(encoding="ascii")
    except FileNotFoundError:
        return timedelta()
    try:
        return timedelta(seconds=float(text))
    except (ValueError, OverflowError) as error:
        raise ClockFileBroken(f"{file} must hold a number of seconds") from error


def advance_shift(file: Path, by: timedelta) -> timedelta:
    """Move every clock that reads this file forward, never back; answers the whole shift."""
    if by < timedelta():
        raise ValueError("a clock only moves forward")
    shift = read_shift(file) + by
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.write_text(f"{shift.total_seconds()}\n", encoding="ascii")
    draft.replace(file)  # readers see the old shift or the new one, never half a number
    return shift


async def sleep_until(clock: Clock, instant: datetime, *, wake: asyncio.Event) -> bool:
    """Wait until the clock has reached the instant; True then, False when `wake` was set first (it stays set)."""
    longest = REALIGN_SECONDS if isinstance(clock, SystemClock) else POLL_SECONDS
    while (left := (instant - clock.now()).total_seconds()) > 0:
        if wake.is_set():
            return False
        try:
            async with asyncio.timeout(min(left, longest)):
                await wake.wait()
        except TimeoutError:
            continue
    return True
