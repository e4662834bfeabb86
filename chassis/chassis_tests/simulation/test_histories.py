"""The delivery rules on the real code: seeded histories with crashes, zombies, duplicates, rebalances and poison."""

import os
import time
from collections import Counter

import pytest

from .history import History

SEED = int(os.environ.get("DOORSTEP_SEED", "20260302"))

EXPECTED = {
    # Faults
    *(f"Crash at {place}" for place in ("load", "snapshot", "commit", "committed", "send", "acknowledged", "letters")),
    *(f"StoreUnavailable at {place}" for place in ("load", "snapshot", "commit", "committed", "store position")),
    *(f"BrokerAway at {place}" for place in ("send", "acknowledged")),
    # Others were faster
    *("PositionConflict", "StreamConflict", "RelayDeposed", "WrongGeneration", "behind the start of the topic"),
    # Why a record was set aside, or had to wait
    *("behind_parked_record", "copy_of_parked_record", "simulation_not_heard", "failed_KeyError", "unknown_version"),
    *("invalid_json", "missing_header", "unknown_specversion", "Transient"),
    # What an operator met, and what became of the letters
    *("NotOldest", "StillRefused", "AlreadyClosed", "applied", "duplicate", "discarded"),
}
"""What some of a few hundred histories meet: a simulation that no longer does has gone blind."""


def shortest(seed: int) -> History:
    """The same history, ended as early as it still breaks."""
    for steps in range(10_000):
        history = History(seed, steps=steps)
        history.problem = history.run()
        if history.problem is not None:
            return history
    raise AssertionError("it did break")


def play(first: int, number: int) -> tuple[str, Counter[str]]:
    """Play histories one after the other; the first that breaks an invariant is told with its seed and trace."""
    began, steps = time.perf_counter(), 0
    met: Counter[str] = Counter()
    for seed in range(first, first + number):
        history = History(seed)
        if history.run() is not None:
            history = shortest(seed)
            trace = "\n  ".join(history.trace)
            pytest.fail(f"DOORSTEP_SEED={seed}: {history.problem}\n{history.plan}\n  {trace}", pytrace=False)
        steps += len(history.trace)
        met.update(history.met)
    seconds = time.perf_counter() - began
    return f"{number} histories from DOORSTEP_SEED={first}: {steps} steps in {seconds:.0f} s, none broken", met


def test_histories(capsys: pytest.CaptureFixture[str]) -> None:
    """Every note's effect once, per subject in order, never lost, never blocked, whatever happens."""
    told, met = play(SEED, 300)
    with capsys.disabled():
        print(f"\nsimulation: {told}")
    assert EXPECTED - met.keys() == set()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_thousand_histories(capsys: pytest.CaptureFixture[str]) -> None:
    """The same, for longer."""
    told, _ = play(SEED, 10_000)
    with capsys.disabled():
        print(f"\nsimulation: {told}")
