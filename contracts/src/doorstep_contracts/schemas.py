"""The JSON Schemas and examples beside the event models: generated, committed, released.

`schemas/` and `examples/` mirror the models and the samples. `released/` holds both as they were last released, which
every later model must stay compatible with.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from doorstep_contracts.base import PublicEvent
from doorstep_contracts.registry import encode

ROOT = Path(__file__).parent
SCHEMAS, EXAMPLES, RELEASED = "schemas", "examples", "released"

Schema = Mapping[str, Any]


def schema_of(cls: type[PublicEvent]) -> Schema:
    """The JSON Schema (draft 2020-12) of an event class, with the field that is its key."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": cls.dataschema,
        "x-doorstep-key": cls.KEY,
        **cls.model_json_schema(),
    }


def generate(classes: Iterable[type[PublicEvent]], samples: Mapping[str, PublicEvent]) -> dict[str, str]:
    """The text of every schema and example, by its path under the root."""
    texts = {f"{SCHEMAS}/{cls.ce_type}.json": _text(schema_of(cls)) for cls in classes}
    for ce_type, event in samples.items():
        texts[f"{EXAMPLES}/{ce_type}.json"] = _text(json.loads(encode(event)))
    return texts


def read(root: Path) -> dict[str, str]:
    """The text of every committed schema and example, by its path under the root."""
    return {
        path.relative_to(root).as_posix(): path.read_text("utf-8")
        for folder in (SCHEMAS, EXAMPLES)
        for path in sorted((root / folder).glob("*.json"))
    }


def write(root: Path, texts: Mapping[str, str]) -> None:
    """Makes the schemas and examples under the root these and no others."""
    for stale in read(root).keys() - texts.keys():
        (root / stale).unlink()
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")


def _text(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
