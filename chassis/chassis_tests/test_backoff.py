"""The pause between two tries."""

from doorstep_chassis.backoff import pause_after


def test_the_pause_grows_and_stays_short_however_often_it_failed() -> None:
    assert [pause_after(tries) for tries in (1, 2, 3, 100, 100_000)] == [0.2, 0.4, 0.8, 5.0, 5.0]
