"""What a service tells Prometheus."""

from collections.abc import Callable, Sequence

import pytest
from doorstep_chassis import metrics
from doorstep_chassis.relay import Outgoing, Relay
from doorstep_chassis.store.memory import MemoryStore
from doorstep_chassis.store.model import Unit
from prometheus_client import REGISTRY

from .example import PUBLICATION
from .stores import event


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"doorstep_{name}", labels) or 0.0


def test_the_distance_of_a_consumer_is_in_sequence_numbers_and_seconds() -> None:
    metrics.behind("t.reactions", "t.visits.v1", lag=7, age_seconds=1.5)
    metrics.behind("t.reactions", "t.clients.v1", lag=0, age_seconds=0)
    assert value("consumer_lag", consumer="t.reactions", topic="t.visits.v1") == 7
    assert value("log_age_seconds", consumer="t.reactions", topic="t.visits.v1") == 1.5
    assert value("consumer_lag", consumer="t.reactions", topic="t.clients.v1") == 0


def test_a_commit_is_measured_by_units_events_and_time() -> None:
    names = ("commit_units_sum", "commit_events_sum", "commit_seconds_sum", "commit_units_count")
    before = [value(name) for name in names]
    metrics.committed(units=3, events=8, seconds=0.25)
    after = [value(name) for name in names]
    assert [now - then for now, then in zip(after, before, strict=True)] == [3, 8, 0.25, 1]


def test_a_relay_tells_where_it_stands() -> None:
    metrics.relayed("/doorstep/t/main", position=40, head=42)
    log = "/doorstep/t/main"
    assert (value("relay_position", log=log), value("relay_head", log=log)) == (40, 42)


class Acknowledging:
    """A broker that takes everything."""

    async def send(self, records: Sequence[Outgoing]) -> None:
        """Acknowledged."""


async def test_a_relay_counts_what_a_topic_has_acknowledged() -> None:
    store = MemoryStore()
    await store.commit(Unit(events=[event("a", 1), event("b", 1)]))
    relay = Relay("/doorstep/t/main", store, Acknowledging(), PUBLICATION, topics=lambda cls: "t.sent.v1")
    before = value("published_total", topic="t.sent.v1")
    await relay.publish(await store.log_after(0, 10))
    assert value("published_total", topic="t.sent.v1") - before == 2


@pytest.mark.parametrize(
    ("tell", "name", "labels", "by"),
    [
        (lambda: metrics.parked("t", "seal_broken"), "parked_total", {"consumer": "t", "reason": "seal_broken"}, 1),
        (lambda: metrics.unknown_type("t"), "unknown_type_total", {"consumer": "t"}, 1),
        (lambda: metrics.published("t.visits.v1", 5), "published_total", {"topic": "t.visits.v1"}, 5),
        (lambda: metrics.conflicted("t", retried=True), "unit_conflicts_total", {"unit": "t"}, 1),
        (lambda: metrics.conflicted("t", retried=True), "unit_retries_total", {"unit": "t"}, 1),
        (lambda: metrics.conflicted("t", retried=False), "unit_retries_total", {"unit": "t"}, 0),
        (
            lambda: metrics.served("GET", "/t", 204, 0.01),
            "http_request_seconds_count",
            {"method": "GET", "route": "/t", "status": "204"},
            1,
        ),
    ],
)
def test_what_happens_is_counted(tell: Callable[[], None], name: str, labels: dict[str, str], by: int) -> None:
    before = value(name, **labels)
    tell()
    assert value(name, **labels) - before == by


def test_the_exposition_is_prometheus_text() -> None:
    metrics.published("t.shown.v1", 1)
    text, media_type = metrics.exposition()
    assert b'doorstep_published_total{topic="t.shown.v1"} 1.0\n' in text
    assert b"_created" not in text
    assert media_type.startswith("text/plain")
