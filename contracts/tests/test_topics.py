"""topics.yaml: who owns a topic, what it carries, how long it keeps it."""

import pytest
from doorstep_contracts import intake, scheduling
from doorstep_contracts.registry import load_topics, parse_topics, topic_of
from pydantic import ValidationError

TOPIC = """
- name: test.things.v1
  description: Things.
  owner: things
  key: thing_id
  partitions: 24
  producers: [things]
  consumers: [other.reactions]
  personal_data: none
  events: [{type: doorstep.test.ThingHappened, version: 1, since: 0.1.0}]
"""


def test_the_topics_their_owners_and_their_keys() -> None:
    assert [(topic.name, topic.owner, topic.key, topic.partitions) for topic in load_topics().values()] == [
        ("intake.requests.v1", "request-intake", "request_id", 24),
        ("intake.keys.v1", "request-intake", "subject_id", 24),
        ("intake.organisations.v1", "request-intake", "organisation_id", 24),
        ("directory.clients.v1", "client-directory", "request_id", 24),
        ("directory.keys.v1", "client-directory", "subject_id", 24),
        ("dispatch.assignments.v1", "dispatch", "request_id", 24),
        ("dispatch.workers.v1", "dispatch", "worker_id", 24),
        ("scheduling.visits.v1", "scheduling", "chain_id", 24),
    ]


def test_who_reads_what() -> None:
    consumers = sorted({consumer for topic in load_topics().values() for consumer in topic.consumers})
    assert {
        consumer: [name for name, topic in load_topics().items() if consumer in topic.consumers]
        for consumer in consumers
    } == {
        "client-directory.reactions": ["intake.requests.v1", "intake.keys.v1", "intake.organisations.v1"],
        "client-directory.view.served": ["scheduling.visits.v1"],
        "dispatch.reactions": ["intake.requests.v1", "scheduling.visits.v1"],
        "gateway.reactions": [
            "intake.requests.v1",
            "intake.organisations.v1",
            "directory.clients.v1",
            "dispatch.assignments.v1",
            "dispatch.workers.v1",
            "scheduling.visits.v1",
        ],
        "gateway.view.board": [
            "intake.requests.v1",
            "intake.organisations.v1",
            "directory.clients.v1",
            "dispatch.assignments.v1",
            "dispatch.workers.v1",
            "scheduling.visits.v1",
        ],
        "gateway.view.history": [
            "intake.requests.v1",
            "directory.clients.v1",
            "dispatch.assignments.v1",
            "scheduling.visits.v1",
        ],
        "request-intake.reactions": ["directory.clients.v1", "dispatch.assignments.v1"],
        "scheduling.reactions": ["intake.requests.v1", "dispatch.assignments.v1"],
    }


def test_an_event_is_in_one_topic() -> None:
    assert topic_of(intake.DataKeyIssued).name == "intake.keys.v1"
    assert topic_of(scheduling.VisitScheduled).name == "scheduling.visits.v1"


def test_a_retention_in_the_words_of_kafka() -> None:
    assert load_topics()["intake.requests.v1"].config == {"cleanup.policy": "delete", "retention.ms": "-1"}


def test_a_compaction_in_the_words_of_kafka() -> None:
    assert load_topics()["directory.keys.v1"].config == {
        "cleanup.policy": "compact",
        "max.compaction.lag.ms": "86400000",
        "delete.retention.ms": "2592000000",
    }


def test_a_topic_as_the_file_describes_it() -> None:
    topic = parse_topics(TOPIC + "  retention_ms: 3600000\n")["test.things.v1"]
    assert [event.ce_type for event in topic.events] == ["doorstep.test.ThingHappened.v1"]
    assert topic.config == {"cleanup.policy": "delete", "retention.ms": "3600000"}


@pytest.mark.parametrize(
    "addition",
    ["", "  retention_ms: -1\n  compaction: {max_lag_ms: 1, delete_retention_ms: 1}\n"],
    ids=["neither", "both"],
)
def test_a_topic_keeps_its_records_in_one_way(addition: str) -> None:
    with pytest.raises(ValidationError, match="either retention_ms or compaction"):
        parse_topics(TOPIC + addition)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("test.things.v1", "Things"),
        ("partitions: 24", "partitions: 0"),
        ("other.reactions", "other"),
        ("personal_data: none", "personal_data: some"),
        ("owner: things", "owner: things\n  colour: red"),
        ("owner: things\n  ", ""),
    ],
)
def test_a_line_that_means_nothing_is_refused(before: str, after: str) -> None:
    with pytest.raises(ValidationError):
        parse_topics(TOPIC.replace(before, after) + "  retention_ms: -1\n")


def test_a_topic_named_twice_is_refused() -> None:
    topic = TOPIC + "  retention_ms: -1\n"
    with pytest.raises(ValueError, match="names a topic twice"):
        parse_topics(topic + topic)
