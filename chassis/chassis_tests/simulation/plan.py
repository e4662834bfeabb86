"""What a history is made of: how many subjects and notes, which of them are trouble, and which faults may strike."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.consumer.redrive import Redriver
from doorstep_chassis.relay import Relay
from doorstep_chassis.store.memory import MemoryStore

from .stream import KINDS, PERMANENT

SOURCES = ("/doorstep/one/main", "/doorstep/two/main")


def from_the_database(stored: int, committed: int) -> int:
    """Reading resumes at the stored offset (rule 2); what Kafka has committed is for lag tools alone."""
    return stored


@dataclass(frozen=True)
class Parts:
    """The code under test; a broken rule replaces one of them."""

    store: type[MemoryStore] = MemoryStore
    engine: type[Engine] = Engine
    redriver: type[Redriver] = Redriver
    relay: type[Relay] = Relay
    resume: Callable[[int, int], int] = from_the_database


@dataclass(frozen=True)
class Plan:
    """The shape of one history, drawn from its seed."""

    partitions: int
    given: int
    """How many notes have been taken before the history begins."""
    sources: tuple[str, ...]
    subjects: tuple[str, ...]
    notes: tuple[tuple[str, str, str], ...]
    """Source, key and kind of each."""
    steps: int
    largest_read: int
    tally: bool
    other_bytes: bool
    """The new code's relay says the same in other bytes."""
    mends: bool
    """The new code's relay says properly what the old one garbled."""
    weights: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, rng: random.Random) -> "Plan":
        sources = SOURCES[: rng.choice((1, 1, 2))]
        subjects = ("s", "x", "y")[: rng.choice((1, 2, 3))]
        trouble = rng.sample(sorted(KINDS), rng.choice((1, 2, 3)))
        mends = rng.random() < 0.4
        notes = [
            (source, rng.choice(subjects), rng.choice(trouble) if rng.random() < 0.5 else "ok")
            for source in sources
            for _ in range(rng.randint(2, 5 if len(sources) == 1 else 3))
        ]
        may = {name: weight for name, weight in _RARE.items() if rng.random() < 0.5}
        return cls(
            partitions=rng.choice((1, 2)),
            given=rng.randint(0, len(notes)),
            sources=sources,
            subjects=subjects,
            notes=tuple(notes),
            steps=rng.choice((40, 80, 120, 200)),
            largest_read=rng.choice((1, 2, 3, 8)),
            tally=rng.random() < 0.3,
            other_bytes=mends or rng.random() < 0.4,
            mends=mends,
            weights=_USUAL | may,
        )

    def discardable(self, kind: str) -> bool:
        """What an operator may give up: nothing that the new code, or its relay, will put right."""
        return kind in PERMANENT and not (self.mends and kind == "bad")


_USUAL = {
    "fault": 5,
    "stop": 8,
    "ask": 8,
    "take the lock": 3,
    "publish": 12,
    "store the position": 5,
    "rebalance": 8,
    "read": 24,
    "operate": 14,
    "commit offsets": 2,
    "deploy": 2,
}
_RARE = {
    "toggle": 5,
    "forge": 3,
    "send again": 8,
    "go away or come back": 3,
    "trim": 1,
    "republish": 1,
}
