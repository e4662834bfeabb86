"""The API's description as the tests use it, and an organisation in which there is something of everything it speaks of."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from doorstep_local.door import Person
from gateway.description import examples

from .scene import Scene

FILE = Path(__file__).parents[2] / "docs" / "api" / "openapi.json"
Json = dict[str, Any]


def description() -> Json:
    """As it is committed."""
    found: Json = json.loads(FILE.read_text("utf-8"))
    return found


def exact(described: Json) -> Json:
    """The same, where an answer may hold nothing that it does not name."""
    for schema in described["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return described


def operations(described: Json) -> Iterator[tuple[str, str, Json]]:
    """Path, method and operation of each."""
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def resolved(described: Json, node: Json) -> Json:
    """The node, or the component that it refers to."""
    if "$ref" not in node:
        return node
    found: Json = described
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


def codes(described: Json, operation: Json, status: int) -> list[str]:
    """The codes that an operation may refuse with under a status."""
    answer = operation["responses"].get(str(status), {})
    return list(resolved(described, answer).get("x-doorstep-codes", []))


@dataclass(frozen=True)
class World:
    """One organisation, somebody of each role, and what stands in the place of each id of the examples."""

    scene: Scene
    people: Mapping[str, Person]
    requests: Mapping[str, str]
    ids: Mapping[str, str]

    @classmethod
    def of(cls, scene: Scene) -> "World":
        """A draft, a call that is open, a doubt, a request that waits for its client and one that is confirmed."""
        jeanne, paul = scene.contact(), scene.contact("Paul", "Girard")
        client = str(scene.known(jeanne))
        scene.known(paul, card=False)
        set_to = scene.operator.send("PUT", "/policy", json={"broadcast": True}, headers={"If-Match": "*"})
        assert set_to.status == 200, set_to
        draft = scene.draft(scene.contact("Lucie", "Bernard"), start=scene.monday(8))
        confirmed = scene.draft(jeanne, start=scene.monday(9))
        scene.launch(confirmed)
        scene.until_state(confirmed, "confirmed")
        called = scene.draft(jeanne, start=scene.monday(13), performer="other")
        scene.launch(called)
        scene.until(lambda: called in scene.called(scene.driss), True)
        waiting = scene.draft(paul, start=scene.monday(16))
        scene.launch(waiting)
        doubt = scene.draft({**jeanne, "first_name": "Robert", "last_name": "Autre"}, start=scene.monday(18))
        scene.launch(doubt, wait=None)
        scene.until(lambda: [each["request_id"] for each in scene.operator.get("/reviews").body["reviews"]], [doubt])
        scene.until(lambda: len(scene.visits(confirmed)), 1)
        visit = scene.operator.get("/visits", request_id=confirmed).body["visits"][0]["visit_id"]
        asked = scene.shown(waiting)["client"]["client_id"]
        return cls(
            scene,
            {
                "worker": scene.camille.at,
                "operator": scene.operator,
                "client": scene.client(waiting, asked),
                "service": scene.service,
            },
            {"draft": draft, "confirmed": confirmed, "called": called, "waiting": waiting, "doubt": doubt},
            {
                examples.ORGANISATION: str(scene.organisation_id),
                examples.REQUEST: waiting,
                examples.CLIENT: client,
                examples.WORKER: str(scene.camille.worker_id),
                examples.COLLEAGUE: str(scene.driss.worker_id),
                examples.VISIT: visit,
            },
        )

    def with_ids(self, value: Any) -> Any:
        """An example with ids of this world."""
        if isinstance(value, dict):
            return {name: self.with_ids(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.with_ids(each) for each in value]
        return self.ids.get(value, value) if isinstance(value, str) else value
