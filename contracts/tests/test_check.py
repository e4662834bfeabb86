"""The check of the contracts: ours pass it, and each thing that can be wrong is told with what to do."""

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, ClassVar
from uuid import UUID

import pytest
from doorstep_contracts import schemas
from doorstep_contracts.__main__ import main
from doorstep_contracts.base import PublicEvent, Sealed
from doorstep_contracts.check import GENERATE, Contracts, check_consumers, problems
from doorstep_contracts.registry import Topic, load_topics, parse_topics
from pydantic import Field

THING = "doorstep.test.ThingHappened"
TOPIC = """
- name: test.things.v1
  description: Things.
  owner: things
  key: thing_id
  partitions: 24
  producers: [things]
  consumers: []
  retention_ms: -1
  personal_data: none
  events: [{type: doorstep.test.ThingHappened, version: 1, since: 0.1.0}]
"""


class ThingHappened(PublicEvent):
    """A thing happened."""

    TYPE: ClassVar[str] = THING
    KEY: ClassVar[str] = "thing_id"

    thing_id: UUID
    size: int


SAMPLE = ThingHappened(organisation_id=UUID(int=1), thing_id=UUID(int=2), size=3)


@pytest.fixture
def released(tmp_path: Path) -> Contracts:
    """Given contracts with one event, generated and released."""
    topics = parse_topics(TOPIC)
    contracts = Contracts(classes=(ThingHappened,), topics=topics, samples={SAMPLE.ce_type: SAMPLE}, root=tmp_path)
    assert main(["generate"], contracts) == 0
    assert main(["release"], contracts) == 0
    return contracts


def one(topic: str) -> dict[str, Topic]:
    return dict(parse_topics(topic))


def with_class(contracts: Contracts, cls: type[PublicEvent], *samples: PublicEvent) -> Contracts:
    """The contracts with this class in place of the one of its type and version, or beside it; files made anew."""
    classes = (*(old for old in contracts.classes if old.ce_type != cls.ce_type), cls)
    changed = replace(contracts, classes=classes, samples=dict(contracts.samples) | {s.ce_type: s for s in samples})
    main(["generate"], changed)
    return changed


def told(contracts: Contracts) -> list[str]:
    return list(problems(contracts))


def test_our_contracts_are_in_order() -> None:
    assert told(Contracts.ours()) == []


def test_our_contracts_are_all_released() -> None:
    names = {f"schemas/{cls.ce_type}.json" for cls in Contracts.ours().classes}
    assert names <= schemas.read(schemas.ROOT / schemas.RELEASED).keys()


def test_released_contracts_are_in_order(released: Contracts) -> None:
    assert told(released) == []


class TestClasses:
    def test_two_classes_of_one_type(self, released: Contracts) -> None:
        class Copy(ThingHappened):
            TYPE: ClassVar[str] = THING

        assert told(replace(released, classes=(ThingHappened, Copy)))[0] == (
            f"{THING}.v1: 2 classes share it; give one of them another TYPE, or the next VERSION"
        )

    def test_a_type_that_is_ill_formed(self, released: Contracts) -> None:
        class Ill(ThingHappened):
            TYPE: ClassVar[str] = "ThingHappened"

        sample = Ill(organisation_id=UUID(int=1), thing_id=UUID(int=2), size=3)
        assert "ThingHappened.v1: TYPE must read doorstep.<domain>.<PastTenseFact>" in told(
            with_class(released, Ill, sample)
        )

    def test_a_key_that_is_no_field(self, released: Contracts) -> None:
        class Keyless(ThingHappened):
            TYPE: ClassVar[str] = THING
            KEY: ClassVar[str] = "other_id"

        assert told(with_class(released, Keyless)) == [
            f"{THING}.v1: KEY names other_id, which is no field of it; name the field that is its subject",
            f"test.things.v1: its key is thing_id, but {THING}.v1 has the KEY other_id; make them the same",
            f"{THING}.v1: breaks with what was released: the key was thing_id and is other_id now, which loses the "
            "order of what is already in the topic. Undo it, or leave this class as it was and add version 2 beside it",
        ]

    def test_a_class_without_a_sample(self, released: Contracts) -> None:
        bare = replace(released, samples={})
        main(["generate"], bare)
        assert told(bare) == [f"{THING}.v1: has no sample; add one to samples.py"]

    def test_versions_with_a_gap(self, released: Contracts) -> None:
        class Third(ThingHappened):
            TYPE: ClassVar[str] = THING
            VERSION: ClassVar[int] = 3

        third = Third(organisation_id=UUID(int=1), thing_id=UUID(int=2), size=3)
        topic = TOPIC.replace("0.1.0}", f"0.1.0}}, {{type: {THING}, version: 3, since: 0.2.0}}")
        assert told(replace(with_class(released, Third, third), topics=one(topic))) == [
            f"{THING}: has the versions 1, 3; versions run 1, 2, 3 without a gap, and the old ones stay as long as "
            "their records do"
        ]

    def test_the_next_version_stands_beside_the_last(self, released: Contracts) -> None:
        class Second(PublicEvent):
            TYPE: ClassVar[str] = THING
            VERSION: ClassVar[int] = 2
            KEY: ClassVar[str] = "thing_id"

            thing_id: UUID
            colour: str

        second = Second(organisation_id=UUID(int=1), thing_id=UUID(int=2), colour="red")
        topic = TOPIC.replace("0.1.0}", f"0.1.0}}, {{type: {THING}, version: 2, since: 0.2.0}}")
        assert told(replace(with_class(released, Second, second), topics=one(topic))) == []


class TestTopics:
    def test_an_event_in_no_topic(self, released: Contracts) -> None:
        topic = TOPIC.replace(f"[{{type: {THING}, version: 1, since: 0.1.0}}]", "[]")
        assert told(replace(released, topics=one(topic))) == [
            f"{THING}.v1: is in 0 topics; list it under exactly one topic of topics.yaml"
        ]

    def test_an_event_in_two_topics(self, released: Contracts) -> None:
        assert told(replace(released, topics=one(TOPIC + TOPIC.replace("things.v1", "copies.v1")))) == [
            f"{THING}.v1: is in 2 topics; list it under exactly one topic of topics.yaml"
        ]

    def test_an_event_without_a_class(self, released: Contracts) -> None:
        topic = TOPIC.replace("0.1.0}", "0.1.0}, {type: doorstep.test.ThingLost, version: 1, since: 0.1.0}")
        assert told(replace(released, topics=one(topic))) == [
            "test.things.v1: lists doorstep.test.ThingLost.v1, which no class declares; write the class or drop the "
            "line"
        ]

    def test_an_owner_that_does_not_produce(self, released: Contracts) -> None:
        assert told(replace(released, topics=one(TOPIC.replace("owner: things", "owner: others")))) == [
            "test.things.v1: its owner others is not among its producers; add it to producers"
        ]

    @pytest.mark.parametrize(
        ("line", "doubled", "who"),
        [
            ("producers: [things]", "producers: [things, things]", "producer things"),
            ("consumers: []", "consumers: [a.reactions, a.reactions]", "consumer a.reactions"),
        ],
    )
    def test_somebody_named_twice(self, released: Contracts, line: str, doubled: str, who: str) -> None:
        assert told(replace(released, topics=one(TOPIC.replace(line, doubled)))) == [
            f"test.things.v1: names the {who} 2 times; once is enough"
        ]

    def test_another_key_than_its_events(self, released: Contracts) -> None:
        assert told(replace(released, topics=one(TOPIC.replace("key: thing_id", "key: size")))) == [
            f"test.things.v1: its key is size, but {THING}.v1 has the KEY thing_id; make them the same"
        ]

    def test_two_types_in_a_compacted_topic(self, released: Contracts) -> None:
        class ThingMoved(ThingHappened):
            TYPE: ClassVar[str] = "doorstep.test.ThingMoved"

        moved = ThingMoved(organisation_id=UUID(int=1), thing_id=UUID(int=2), size=3)
        topic = TOPIC.replace("0.1.0}", "0.1.0}, {type: doorstep.test.ThingMoved, version: 1, since: 0.1.0}")
        topic = topic.replace("retention_ms: -1", "compaction: {max_lag_ms: 1, delete_retention_ms: 1}")
        assert told(replace(with_class(released, ThingMoved, moved), topics=one(topic))) == [
            "test.things.v1: is compacted and carries several event types under one key, so one would drop the other; "
            "split it, or give it retention_ms instead"
        ]

    def test_sealed_fields_not_declared(self, released: Contracts) -> None:
        class WithNote(ThingHappened):
            TYPE: ClassVar[str] = THING

            note: Sealed | None = None

        assert told(with_class(released, WithNote, WithNote(**SAMPLE.model_dump()))) == [
            f"test.things.v1: says personal_data none, but {THING}.v1 has a sealed field; say sealed"
        ]

    def test_sealed_fields_declared_in_vain(self, released: Contracts) -> None:
        assert told(replace(released, topics=one(TOPIC.replace("data: none", "data: sealed")))) == [
            "test.things.v1: says personal_data sealed, but no event of it has a sealed field; say none"
        ]


class TestReleased:
    def test_a_field_is_gone(self, released: Contracts) -> None:
        class Sizeless(PublicEvent):
            TYPE: ClassVar[str] = THING
            KEY: ClassVar[str] = "thing_id"

            thing_id: UUID

        sample = Sizeless(organisation_id=UUID(int=1), thing_id=UUID(int=2))
        assert told(with_class(released, Sizeless, sample)) == [
            f"{THING}.v1: breaks with what was released: size: the field is gone, and consumers may read it. "
            "Undo it, or leave this class as it was and add version 2 beside it"
        ]

    def test_a_released_record_is_refused(self, released: Contracts) -> None:
        class Large(ThingHappened):
            TYPE: ClassVar[str] = THING

            size: Annotated[int, Field(ge=10)]

        large = Large(organisation_id=UUID(int=1), thing_id=UUID(int=2), size=10)
        assert told(with_class(released, Large, large)) == [
            f"{THING}.v1: {problem}. Undo it, or leave this class as it was and add version 2 beside it"
            for problem in (
                "breaks with what was released: size: takes only values from 10 now",
                "cannot read its released example any more: its model refuses size",
                "cannot read its released example any more: its schema refuses size",
            )
        ]

    def test_a_type_is_renamed(self, released: Contracts) -> None:
        class ThingOccurred(ThingHappened):
            TYPE: ClassVar[str] = "doorstep.test.ThingOccurred"

        sample = ThingOccurred(organisation_id=UUID(int=1), thing_id=UUID(int=2), size=3)
        renamed = replace(
            released,
            classes=(ThingOccurred,),
            samples={sample.ce_type: sample},
            topics=one(TOPIC.replace(THING, ThingOccurred.TYPE)),
        )
        main(["generate"], renamed)
        assert told(renamed) == [
            f"{THING}.v1: was released, but no class has this TYPE and VERSION now; a released type is never renamed "
            "or removed: bring the class back, and publish a new type beside it"
        ]

    def test_growth_passes_and_is_the_next_release(self, released: Contracts) -> None:
        class Grown(ThingHappened):
            TYPE: ClassVar[str] = THING

            colour: str | None = None

        class Shrunk(ThingHappened):
            TYPE: ClassVar[str] = THING

        # given a class that grew and was released
        grown = with_class(released, Grown, Grown(**SAMPLE.model_dump(), colour="red"))
        assert main(["release"], grown) == 0
        # when it shrinks to what it was before
        shrunk = with_class(grown, Shrunk, SAMPLE)
        # then it breaks with the last release, not with the first
        assert told(shrunk) == [
            f"{THING}.v1: breaks with what was released: colour: the field is gone, and consumers may read it. "
            "Undo it, or leave this class as it was and add version 2 beside it"
        ]

    def test_a_break_is_not_released(self, released: Contracts, capsys: pytest.CaptureFixture[str]) -> None:
        class Broken(ThingHappened):
            TYPE: ClassVar[str] = THING

            added: int

        before = schemas.read(released.root / schemas.RELEASED)
        broken = with_class(released, Broken, Broken(**SAMPLE.model_dump(), added=1))
        assert main(["release"], broken) == 1
        assert schemas.read(released.root / schemas.RELEASED) == before
        assert "added: a new field must be optional" in capsys.readouterr().err


class TestFiles:
    SCHEMA = f"schemas/{THING}.v1.json"
    EXAMPLE = f"examples/{THING}.v1.json"

    def test_a_missing_schema(self, released: Contracts) -> None:
        (released.root / self.SCHEMA).unlink()
        assert told(released) == [f"{self.SCHEMA}: is missing; {GENERATE}"]

    def test_a_schema_of_nothing(self, released: Contracts) -> None:
        shutil.copy(released.root / self.SCHEMA, released.root / "schemas/doorstep.test.Other.v1.json")
        assert told(released) == [f"schemas/doorstep.test.Other.v1.json: belongs to no event class; {GENERATE}"]

    def test_a_schema_that_lags_behind_its_model(self, released: Contracts) -> None:
        schema = released.root / self.SCHEMA
        schema.write_text(schema.read_text("utf-8").replace("A thing happened.", "It did."), "utf-8")
        assert told(released) == [f"{self.SCHEMA}: differs from what the models make; {GENERATE}"]

    @pytest.mark.parametrize(
        ("before", "after", "reasons"),
        [
            ('"size": 3', '"size": "3"', ["its model refuses size", "its schema refuses size"]),
            ('"size": 3', '"sizes": 3', ["its model refuses size", "its schema refuses the whole"]),
            ("-0000-", "-", ["its model refuses organisation_id, thing_id", "its schema refuses organisation_id"]),
            ("{", "", ["its model refuses the whole", "it is not JSON"]),
        ],
    )
    def test_an_example_that_is_not_valid(
        self, released: Contracts, before: str, after: str, reasons: Iterable[str]
    ) -> None:
        example = released.root / self.EXAMPLE
        example.write_text(example.read_text("utf-8").replace(before, after), "utf-8")
        assert told(released) == [
            f"{self.EXAMPLE}: differs from what the models make; {GENERATE}",
            *(f"{self.EXAMPLE}: {reason}; mend the sample in samples.py, then {GENERATE}" for reason in reasons),
        ]

    def test_generate_removes_what_belongs_to_nothing(self, released: Contracts) -> None:
        (released.root / "examples/doorstep.test.Other.v1.json").write_text("{}", "utf-8")
        assert main(["generate"], released) == 0
        assert sorted(schemas.read(released.root)) == [self.EXAMPLE, self.SCHEMA]


class TestConsumers:
    TOPICS = one(TOPIC.replace("consumers: []", "consumers: [a.reactions, b.view.board]"))
    ALL: ClassVar = {"a.reactions": {"test.things.v1"}, "b.view.board": {"test.things.v1"}}

    def test_all_that_are_named_subscribe(self) -> None:
        assert check_consumers(self.ALL, self.TOPICS) == ()

    def test_one_that_is_named_does_not_subscribe(self) -> None:
        assert check_consumers({"a.reactions": {"test.things.v1"}, "b.view.board": set()}, self.TOPICS) == (
            "b.view.board: topics.yaml says that it reads test.things.v1, but it does not subscribe; subscribe it, or "
            "remove it from the topic's consumers",
        )

    def test_one_that_subscribes_is_not_named(self) -> None:
        assert check_consumers(self.ALL | {"c.reactions": {"test.things.v1"}}, self.TOPICS) == (
            "c.reactions: subscribes to test.things.v1, but topics.yaml does not say so; add it to the topic's "
            "consumers",
        )

    def test_one_that_subscribes_to_no_topic(self) -> None:
        assert check_consumers(self.ALL | {"a.reactions": {"test.things.v1", "test.thing.v1"}}, self.TOPICS) == (
            "a.reactions: subscribes to test.thing.v1, which is no topic of topics.yaml; mend the name or add the "
            "topic",
        )

    def test_without_topics_it_is_about_ours(self) -> None:
        named = sum(len(topic.consumers) for topic in load_topics().values())
        assert len(check_consumers({})) == named


class TestCommand:
    def test_all_in_order(self, released: Contracts, capsys: pytest.CaptureFixture[str]) -> None:
        capsys.readouterr()
        assert main(["check"], released) == 0
        assert capsys.readouterr() == ("1 event types in 1 topics: all in order\n", "")

    def test_something_wrong(self, released: Contracts, capsys: pytest.CaptureFixture[str]) -> None:
        (released.root / TestFiles.SCHEMA).unlink()
        capsys.readouterr()
        assert main(["check"], released) == 1
        assert capsys.readouterr() == (
            "",
            f"{TestFiles.SCHEMA}: is missing; {GENERATE}\n1 problems with the contracts\n",
        )
