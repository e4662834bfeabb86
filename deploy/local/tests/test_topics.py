"""Topics on real Kafka: what the broker refuses is raised, what differs is left alone."""

import pytest
from doorstep_local.kafka import Kafka
from doorstep_local.topics import TopicDeclaration, TopicDiffers, TopicRefused, apply


async def test_missing_topics_are_made_once(kafka: Kafka, topic_prefix: str) -> None:
    # given
    declared = [
        TopicDeclaration(f"{topic_prefix}visits", 24, {"cleanup.policy": "compact", "max.compaction.lag.ms": "60000"}),
        TopicDeclaration(f"{topic_prefix}requests", 24),
    ]

    # when
    first = await apply(kafka.bootstrap, declared)
    second = await apply(kafka.bootstrap, declared)

    # then
    assert sorted(first) == [f"{topic_prefix}requests", f"{topic_prefix}visits"]
    assert second == ()


@pytest.mark.parametrize(
    ("name", "configs", "error_code"),
    [("visits", {"retention.ms": "soon"}, 40), ("visits and more", {}, 17)],
    ids=["invalid setting", "invalid name"],
)
async def test_a_refused_topic_is_raised_with_kafkas_error(
    name: str, configs: dict[str, str], error_code: int, kafka: Kafka, topic_prefix: str
) -> None:
    good, bad = TopicDeclaration(f"{topic_prefix}good", 1), TopicDeclaration(f"{topic_prefix}{name}", 1, configs)

    with pytest.raises(TopicRefused) as refused:
        await apply(kafka.bootstrap, [good, bad])

    assert (refused.value.name, refused.value.error_code) == (bad.name, error_code)


async def test_a_topic_with_another_number_of_partitions_is_left_alone(kafka: Kafka, topic_prefix: str) -> None:
    name = f"{topic_prefix}visits"
    await apply(kafka.bootstrap, [TopicDeclaration(name, 2)])

    with pytest.raises(TopicDiffers, match=f"topic {name} has 2 partitions, its declaration says 3"):
        await apply(kafka.bootstrap, [TopicDeclaration(name, 3)])


async def test_nothing_declared_needs_no_broker() -> None:
    assert await apply("127.0.0.1:1", []) == ()
