"""Many at the same moment, through the public door: one slot goes to one request, one person becomes one client."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from .scene import Scene

LAUNCHES = 200
DRAFTS = 50
AT_ONCE = 20
"""Requests under way at any moment."""


@pytest.mark.timeout(240)
def test_two_hundred_launches_race_for_one_slot_and_one_holds_it(scene: Scene) -> None:
    scene.known(scene.contact())
    with ThreadPoolExecutor(AT_ONCE) as many:
        requests = list(many.map(lambda _: scene.draft(scene.contact()), range(LAUNCHES)))
        list(many.map(lambda request: scene.launch(request, wait=None), requests))

    def ends() -> Counter[tuple[str, tuple[str, ...]]]:
        shown = [scene.shown(request) for request in requests]
        return Counter((each["state"], tuple(each["worker_gate"]["missing"])) for each in shown)

    scene.until(ends, Counter({("confirmed", ()): 1, ("launched", ("slot_refused",)): LAUNCHES - 1}), seconds=120)
    scene.until(lambda: [kind for kind, _ in scene.calendar(scene.camille)], ["visit"])


@pytest.mark.timeout(120)
def test_fifty_drafts_race_with_one_new_person_and_one_client_is_made(scene: Scene) -> None:
    with ThreadPoolExecutor(AT_ONCE) as many:
        requests = list(many.map(lambda _: scene.draft(scene.contact()), range(DRAFTS)))
        list(many.map(lambda request: scene.launch(request, "client", wait=None), requests))
    scene.until(lambda: {scene.shown(request)["state"] for request in requests}, {"launched"}, seconds=60)
    assert _clients(scene) == 1


def _clients(scene: Scene) -> int:
    """The client files of this organisation, counted in the directory's own log."""
    url = scene.doorstep.stack.postgres.url(scene.doorstep.database("client-directory"))
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM stored_events WHERE topic LIKE 'directory.client-created/%%'"
            " AND convert_from(state, 'UTF8')::jsonb -> 'meta' ->> 'organisation_id' = %s",
            (str(scene.organisation_id),),
        ).fetchone()
    assert row is not None
    return int(row[0])
