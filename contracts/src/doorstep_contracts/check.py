"""The rules that hold topics, models, schemas, examples and subscriptions together; each problem says what to do."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError as SchemaViolation
from pydantic import ValidationError

from doorstep_contracts import schemas
from doorstep_contracts.base import SEALED_PATTERN, PublicEvent
from doorstep_contracts.compatibility import breaks
from doorstep_contracts.registry import Topic, declared_classes, load_topics
from doorstep_contracts.samples import SAMPLES

GENERATE = "run `python -m doorstep_contracts generate` and commit what it writes"
_TYPE = re.compile(r"doorstep\.[a-z]+\.[A-Z][A-Za-z]+")

_formats = FormatChecker(("uuid",))


@_formats.checks("date-time", raises=ValueError)
def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).utcoffset() is not None


@dataclass(frozen=True, kw_only=True)
class Contracts:
    """All that is checked: the classes, the topics, the samples, and the folder of their files."""

    classes: tuple[type[PublicEvent], ...]
    topics: Mapping[str, Topic]
    samples: Mapping[str, PublicEvent]
    root: Path

    @classmethod
    def ours(cls) -> "Contracts":
        """The contracts as this package holds them."""
        return cls(classes=tuple(declared_classes()), topics=load_topics(), samples=SAMPLES, root=schemas.ROOT)


def problems(contracts: Contracts) -> tuple[str, ...]:
    """Everything that is wrong, in an order in which it can be mended."""
    return (
        *check_classes(contracts),
        *check_topics(contracts),
        *check_released(contracts),
        *check_files(contracts),
        *check_examples(contracts),
    )


def check_classes(contracts: Contracts) -> Iterator[str]:
    """Every type name is well formed and belongs to one class, its versions run 1..n, its key is one of its fields."""
    for ce_type, times in Counter(cls.ce_type for cls in contracts.classes).items():
        if times > 1:
            yield f"{ce_type}: {times} classes share it; give one of them another TYPE, or the next VERSION"
    for cls in contracts.classes:
        if not _TYPE.fullmatch(cls.TYPE):
            yield f"{cls.ce_type}: TYPE must read doorstep.<domain>.<PastTenseFact>"
        if cls.KEY not in cls.model_fields:
            yield f"{cls.ce_type}: KEY names {cls.KEY}, which is no field of it; name the field that is its subject"
        if cls.ce_type not in contracts.samples:
            yield f"{cls.ce_type}: has no sample; add one to samples.py"
    for type_ in sorted({cls.TYPE for cls in contracts.classes}):
        versions = sorted({cls.VERSION for cls in contracts.classes if type_ == cls.TYPE})
        if versions != list(range(1, len(versions) + 1)):
            yield (
                f"{type_}: has the versions {', '.join(map(str, versions))}; versions run 1, 2, 3 without a gap, and "
                "the old ones stay as long as their records do"
            )


def check_topics(contracts: Contracts) -> Iterator[str]:
    """Every class is in one topic, and every topic fits its classes."""
    places = Counter(event.ce_type for topic in contracts.topics.values() for event in topic.events)
    by_type = {cls.ce_type: cls for cls in contracts.classes}
    for ce_type in by_type:
        if places[ce_type] != 1:
            yield f"{ce_type}: is in {places[ce_type]} topics; list it under exactly one topic of topics.yaml"
    for topic in contracts.topics.values():
        classes = [by_type[event.ce_type] for event in topic.events if event.ce_type in by_type]
        for event in topic.events:
            if event.ce_type not in by_type:
                yield f"{topic.name}: lists {event.ce_type}, which no class declares; write the class or drop the line"
        yield from _check_topic(topic, classes)


def _check_topic(topic: Topic, classes: list[type[PublicEvent]]) -> Iterator[str]:
    if topic.owner not in topic.producers:
        yield f"{topic.name}: its owner {topic.owner} is not among its producers; add it to producers"
    for role, names in (("producer", topic.producers), ("consumer", topic.consumers)):
        for name, times in Counter(names).items():
            if times > 1:
                yield f"{topic.name}: names the {role} {name} {times} times; once is enough"
    for cls in classes:
        if topic.key != cls.KEY:
            yield f"{topic.name}: its key is {topic.key}, but {cls.ce_type} has the KEY {cls.KEY}; make them the same"
    if topic.compaction is not None and len({cls.TYPE for cls in classes}) > 1:
        yield (
            f"{topic.name}: is compacted and carries several event types under one key, so one would drop the other; "
            "split it, or give it retention_ms instead"
        )
    sealed = [cls.ce_type for cls in classes if SEALED_PATTERN in _patterns(cls)]
    if sealed and topic.personal_data == "none":
        yield f"{topic.name}: says personal_data none, but {sealed[0]} has a sealed field; say sealed"
    if topic.personal_data == "sealed" and not sealed:
        yield f"{topic.name}: says personal_data sealed, but no event of it has a sealed field; say none"


def _patterns(node: object) -> set[str]:
    match node:
        case type():
            return _patterns(schemas.schema_of(node))
        case dict():
            own = {node["pattern"]} if isinstance(node.get("pattern"), str) else set()
            return own.union(*map(_patterns, node.values()))
        case list():
            return set().union(*map(_patterns, node))
        case _:
            return set()


def check_released(contracts: Contracts) -> Iterator[str]:
    """What was released still stands: no type is gone, no schema breaks with its released one, old records are read."""
    by_type = {cls.ce_type: cls for cls in contracts.classes}
    for name, text in schemas.read(contracts.root / schemas.RELEASED).items():
        folder, _, file = name.partition("/")
        ce_type = file.removesuffix(".json")
        cls = by_type.get(ce_type)
        if cls is None:
            if folder == schemas.SCHEMAS:
                yield (
                    f"{ce_type}: was released, but no class has this TYPE and VERSION now; a released type is never "
                    "renamed or removed: bring the class back, and publish a new type beside it"
                )
        else:
            remedy = f"Undo it, or leave this class as it was and add version {cls.VERSION + 1} beside it"
            if folder == schemas.SCHEMAS:
                for reason in breaks(json.loads(text), schemas.schema_of(cls)):
                    yield f"{ce_type}: breaks with what was released: {reason}. {remedy}"
            else:
                for reason in _refusals(cls, text):
                    yield f"{ce_type}: cannot read its released example any more: {reason}. {remedy}"


def check_files(contracts: Contracts) -> Iterator[str]:
    """The committed schemas and examples are what the models and samples make."""
    generated = schemas.generate(contracts.classes, contracts.samples)
    committed = schemas.read(contracts.root)
    for name in sorted(generated.keys() | committed.keys()):
        if name not in committed:
            yield f"{name}: is missing; {GENERATE}"
        elif name not in generated:
            yield f"{name}: belongs to no event class; {GENERATE}"
        elif generated[name] != committed[name]:
            yield f"{name}: differs from what the models make; {GENERATE}"


def check_examples(contracts: Contracts) -> Iterator[str]:
    """Every committed example is valid by its model and by its schema."""
    committed = schemas.read(contracts.root)
    for cls in contracts.classes:
        name = f"{schemas.EXAMPLES}/{cls.ce_type}.json"
        if name in committed:
            for reason in _refusals(cls, committed[name]):
                yield f"{name}: {reason}; mend the sample in samples.py, then {GENERATE}"


def _refusals(cls: type[PublicEvent], text: str) -> Iterator[str]:
    try:
        cls.model_validate_json(text)
    except ValidationError as error:
        places = sorted({".".join(map(str, detail["loc"])) or "the whole" for detail in error.errors()})
        yield f"its model refuses {', '.join(places)}"
    try:
        Draft202012Validator(schemas.schema_of(cls), format_checker=_formats).validate(json.loads(text))
    except json.JSONDecodeError:
        yield "it is not JSON"
    except SchemaViolation as violation:
        yield f"its schema refuses {'.'.join(map(str, violation.absolute_path)) or 'the whole'}"


def check_consumers(subscribed: Mapping[str, Set[str]], topics: Mapping[str, Topic] | None = None) -> tuple[str, ...]:
    """Every consumer that topics.yaml names subscribes, and every one that subscribes is named.

    `subscribed` gives the topics that each consumer really reads, by its name (`<service>.reactions`,
    `<service>.view.<name>`).
    """
    topics = load_topics() if topics is None else topics
    named = {(consumer, topic.name) for topic in topics.values() for consumer in topic.consumers}
    read = {(consumer, topic) for consumer, names in subscribed.items() for topic in names}
    return (
        *(
            f"{consumer}: topics.yaml says that it reads {topic}, but it does not subscribe; subscribe it, or remove "
            "it from the topic's consumers"
            for consumer, topic in sorted(named - read)
        ),
        *(
            f"{consumer}: subscribes to {topic}, but topics.yaml does not say so; add it to the topic's consumers"
            if topic in topics
            else f"{consumer}: subscribes to {topic}, which is no topic of topics.yaml; mend the name or add the topic"
            for consumer, topic in sorted(read - named)
        ),
    )
