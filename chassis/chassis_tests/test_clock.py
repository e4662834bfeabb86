"""One clock, which development can shift and tests can hold still."""

import asyncio
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from doorstep_chassis.clock import (
    POLL_SECONDS,
    ClockFileBroken,
    FixedClock,
    ShiftedClock,
    SystemClock,
    advance_shift,
    read_shift,
    sleep_until,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def monotonic(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds = [1000.0]
    monkeypatch.setattr("doorstep_chassis.clock.monotonic", lambda: seconds[0])
    return seconds


def test_the_system_clock_tells_utc() -> None:
    before = datetime.now(UTC)
    told = SystemClock().now()
    assert before <= told <= datetime.now(UTC)
    assert told.tzinfo is UTC


class TestFixedClock:
    def test_it_stands_still_until_it_is_advanced(self) -> None:
        clock = FixedClock(NOON)
        assert [clock.now(), clock.now()] == [NOON, NOON]
        assert clock.advance(timedelta(hours=48)) == NOON + timedelta(hours=48)
        assert clock.now() == NOON + timedelta(hours=48)

    def test_it_tells_utc_whatever_zone_it_was_set_in(self) -> None:
        assert FixedClock(NOON.astimezone(timezone(timedelta(hours=4)))).now().isoformat() == NOON.isoformat()

    def test_it_refuses_a_naive_instant(self) -> None:
        with pytest.raises(ValueError, match="aware"):
            FixedClock(datetime(2026, 3, 1))  # noqa: DTZ001


class TestShiftedClock:
    def test_without_a_file_it_is_not_shifted(self, tmp_path: Path) -> None:
        assert ShiftedClock(tmp_path / "clock", FixedClock(NOON)).now() == NOON

    def test_every_clock_of_the_file_moves(self, tmp_path: Path, monotonic: list[float]) -> None:
        file = tmp_path / "clock"
        one, other = ShiftedClock(file, FixedClock(NOON)), ShiftedClock(file, FixedClock(NOON))
        assert [one.now(), other.now()] == [NOON, NOON]
        advance_shift(file, timedelta(hours=49))
        monotonic[0] += 0.1
        assert [one.now(), other.now()] == [NOON + timedelta(hours=49)] * 2

    def test_advances_add_up(self, tmp_path: Path) -> None:
        file = tmp_path / "clock"
        assert advance_shift(file, timedelta(hours=1)) == timedelta(hours=1)
        assert advance_shift(file, timedelta(milliseconds=1500)) == timedelta(hours=1, milliseconds=1500)
        assert read_shift(file) == timedelta(hours=1, milliseconds=1500)
        assert [entry.name for entry in tmp_path.iterdir()] == ["clock"]

    def test_it_never_moves_back(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="forward"):
            advance_shift(tmp_path / "clock", timedelta(seconds=-1))
        assert not (tmp_path / "clock").exists()

    def test_it_looks_at_the_file_at_most_ten_times_a_second(self, tmp_path: Path, monotonic: list[float]) -> None:
        file = tmp_path / "clock"
        clock = ShiftedClock(file, FixedClock(NOON))
        clock.now()
        advance_shift(file, timedelta(hours=1))
        monotonic[0] += 0.09
        assert clock.now() == NOON
        monotonic[0] += 0.02
        assert clock.now() == NOON + timedelta(hours=1)

    def test_it_reads_the_file_again_only_when_it_changed(self, tmp_path: Path, monotonic: list[float]) -> None:
        file = tmp_path / "clock"
        advance_shift(file, timedelta(hours=1))
        clock = ShiftedClock(file, FixedClock(NOON))
        clock.now()
        stat = file.stat()
        file.write_text("9999.0\n")  # the same length, under the old time stamp: unseen
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        monotonic[0] += 1
        assert clock.now() == NOON + timedelta(hours=1)

    def test_a_removed_file_ends_the_shift(self, tmp_path: Path, monotonic: list[float]) -> None:
        file = tmp_path / "clock"
        advance_shift(file, timedelta(hours=1))
        clock = ShiftedClock(file, FixedClock(NOON))
        assert clock.now() == NOON + timedelta(hours=1)
        file.unlink()
        monotonic[0] += 1
        assert clock.now() == NOON

    @pytest.mark.parametrize("text", ["", "tomorrow", "1e300", "nan"])
    def test_a_broken_file_is_named(self, tmp_path: Path, text: str) -> None:
        file = tmp_path / "clock"
        file.write_text(text)
        with pytest.raises(ClockFileBroken, match="must hold a number of seconds"):
            ShiftedClock(file).now()


class TestSleepUntil:
    async def test_an_instant_that_has_come_is_not_waited_for(self) -> None:
        assert await sleep_until(FixedClock(NOON), NOON, wake=asyncio.Event()) is True

    async def test_an_instant_that_has_come_goes_before_a_wake(self) -> None:
        wake = asyncio.Event()
        wake.set()
        assert await sleep_until(FixedClock(NOON), NOON, wake=wake) is True

    async def test_a_wake_ends_the_wait_and_stays_set(self) -> None:
        wake = asyncio.Event()
        waiting = asyncio.create_task(sleep_until(FixedClock(NOON), NOON + timedelta(days=1), wake=wake))
        await asyncio.sleep(0)
        assert not waiting.done()
        wake.set()
        assert await waiting is False
        assert wake.is_set()

    async def test_a_clock_that_is_moved_ends_the_wait_within_a_quarter_second(self) -> None:
        clock = FixedClock(NOON)
        waiting = asyncio.create_task(sleep_until(clock, NOON + timedelta(days=1), wake=asyncio.Event()))
        await asyncio.sleep(0)
        clock.advance(timedelta(days=1))
        async with asyncio.timeout(2):
            assert await waiting is True

    async def test_the_system_clock_is_waited_for(self) -> None:
        clock = SystemClock()
        instant = clock.now() + timedelta(milliseconds=20)
        assert await sleep_until(clock, instant, wake=asyncio.Event()) is True
        assert clock.now() >= instant

    async def test_a_long_wait_on_the_system_clock_does_not_poll(self) -> None:
        looks: list[datetime] = []

        class Watched(SystemClock):
            def now(self) -> datetime:
                looks.append(super().now())
                return looks[-1]

        waiting = asyncio.create_task(
            sleep_until(Watched(), datetime.now(UTC) + timedelta(hours=1), wake=asyncio.Event())
        )
        await asyncio.sleep(2 * POLL_SECONDS)
        waiting.cancel()
        assert len(looks) == 1
