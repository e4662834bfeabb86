"""Slots that overlap, touch, and are asked for twice."""

from uuid import uuid4

from .scene import Scene, utc
from .test_cases import ASSIGNMENTS, VISITS


def test_a_slot_that_is_taken_is_refused_and_nobody_is_called(scene: Scene) -> None:
    scene.policy(broadcast=True)
    scene.known(scene.contact())
    scene.launch(scene.draft(scene.contact(), start=scene.monday(9)))
    start, end = utc(scene.monday(10)), utc(scene.monday(12))
    free = scene.camille.at.get("/availability", start=start, end=end).body
    assert (free["free"], free["reason"]) == (False, "overlap")

    request = scene.draft(scene.contact(), start=scene.monday(10))
    reached = scene.launch(request)

    assert (reached["state"], reached["worker_gate"]["missing"]) == ("launched", ["slot_refused"])
    assert scene.visits(request) == []
    assert scene.chain(request)[ASSIGNMENTS] == ["WorkerSelected", "WorkerGateShut"]
    assert scene.chain(request)[VISITS] == ["SlotRefused"]


def test_slots_that_touch_do_not_overlap(scene: Scene) -> None:
    scene.known(scene.contact())
    first = scene.launch(scene.draft(scene.contact(), start=scene.monday(9)))
    second = scene.launch(scene.draft(scene.contact(), start=scene.monday(11)))
    assert (first["state"], second["state"]) == ("confirmed", "confirmed")


def test_an_overlap_that_the_worker_accepts_is_held(scene: Scene) -> None:
    scene.known(scene.contact())
    scene.launch(scene.draft(scene.contact(), start=scene.monday(9)))
    reached = scene.launch(scene.draft(scene.contact(), start=scene.monday(10), accept_overlap=True))
    assert reached["state"] == "confirmed"


def test_the_same_draft_submitted_twice_is_one_request(scene: Scene) -> None:
    key = str(uuid4())
    body = scene.wish({"typed": scene.contact()}, scene.monday(9))

    first, second = (scene.camille.at.post("/requests", body, key=key) for _ in range(2))
    other = scene.camille.at.post("/requests", {**body, "performer": "other"}, key=key)

    assert (first.status, second.status, first.body) == (201, 201, second.body)
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    scene.until(
        lambda: [each["request_id"] for each in scene.camille.at.get("/requests").body["requests"]],
        [first.body["request_id"]],
    )


def test_a_launch_submitted_twice_holds_one_slot(scene: Scene) -> None:
    scene.known(scene.contact())
    request = scene.draft(scene.contact())
    assert scene.launch(request)["state"] == "confirmed"
    assert scene.launch(request)["state"] == "confirmed"
    assert scene.chain(request)[VISITS] == ["SlotHeld", "VisitScheduled"]
