"""« What changed for me » on the running stack: each hears what concerns them, and resumes where they were."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from doorstep_local.door import Person

from .scene import Scene

Hint = tuple[str, str | None]
"""The kind, and the request."""


EVERY_KIND = {"calendar", "client", "request", "worker"}


class Hearing:
    """The events that one person hears, in order."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.iter_lines()
        self.last_id = ""

    def block(self) -> dict[str, str]:
        """The fields of the next block."""
        fields: dict[str, str] = {}
        for line in self._lines:
            if not line and fields:
                self.last_id = fields.get("id", self.last_id)
                return fields
            name, _, value = line.partition(":")
            if name:
                fields[name] = value.removeprefix(" ")
        raise EOFError

    def next(self) -> Hint:
        """The next hint about a request. A reset would be a failure: it is no hint."""
        while True:
            block = self.block()
            if "data" in block:
                data = json.loads(block["data"])
                if data["request_id"] is not None:
                    return data["kind"], data["request_id"]

    def until(self, last: Hint) -> list[Hint]:
        """Everything up to this one, which comes once."""
        told = [self.next()]
        while told[-1] != last:
            told.append(self.next())
        return told


@contextmanager
def hearing(scene: Scene, who: Person, last_id: str | None = None) -> Iterator[Hearing]:
    headers = {"Authorization": f"Bearer {who.token}"} | ({} if last_id is None else {"Last-Event-ID": last_id})
    with (
        httpx.Client(base_url=scene.doorstep.url, timeout=20, trust_env=False) as http,
        http.stream("GET", "/v1/events", headers=headers) as answer,
    ):
        assert answer.status_code == 200
        heard = Hearing(answer)
        heard.block()  # where it begins
        yield heard


def of(request: str, told: list[Hint]) -> list[str]:
    """How often each kind was told of a request, in alphabetical order."""
    return sorted(kind for kind, about in told if about == request)


def test_a_launch_is_heard_by_whom_it_concerns_and_by_nobody_else(scene: Scene) -> None:
    scene.known(scene.contact())
    scene.quiet()  # the gateway gathers: what came before is to be no news
    with (
        hearing(scene, scene.operator) as operator,
        hearing(scene, scene.camille.at) as creator,
        hearing(scene, scene.driss.at) as colleague,
    ):
        request = scene.draft(scene.contact())
        scene.launch(request)
        scene.until(lambda: scene.visits(request), [(str(scene.camille.worker_id), "scheduled")])

        scene.quiet()
        theirs = scene.draft(scene.contact("Paul", "Petit"), who=scene.driss.at)
        assert colleague.next() == ("request", theirs)
        last = scene.draft(scene.contact("Lucie", "Faure"))
        # Topics meet in any order: before its draft is heard of, nobody but operators is known to care for a request.
        assert {"request"} <= set(of(request, creator.until(("request", last)))) <= EVERY_KIND
        told = operator.until(("request", last))
        assert set(of(request, told)) == EVERY_KIND
        assert ("request", theirs) in told


def test_a_stream_goes_on_over_a_restart_of_the_gateway_without_gap_or_double(scene: Scene) -> None:
    gateway = scene.doorstep.stack.service("gateway")
    spec = next(each for each in scene.doorstep.specs() if each.name == "gateway")
    with hearing(scene, scene.camille.at) as before:
        first = scene.draft(scene.contact())
        assert before.next() == ("request", first)
        second = scene.draft(scene.contact("Paul", "Petit"))
        gateway.stop()
    gateway.start()
    scene.doorstep.stack.wait_ready(spec)
    scene.quiet()  # two requests have no order between them

    with hearing(scene, scene.camille.at, before.last_id) as after:
        third = scene.draft(scene.contact("Anne", "Durand"))
        assert after.until(("request", third)) == [("request", second), ("request", third)]

    with hearing(scene, scene.camille.at, before.last_id) as again:
        assert again.until(("request", third)) == [("request", second), ("request", third)]
