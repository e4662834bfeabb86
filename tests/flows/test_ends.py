"""How requests end, and that nothing they held stays behind."""

from datetime import timedelta

from doorstep_chassis.clock import advance_shift, read_shift

from .scene import PARIS, Scene, utc
from .test_cases import ASSIGNMENTS, INTAKE, VISITS


def test_a_worker_cancels_before_confirmation_and_the_slot_is_free(scene: Scene) -> None:
    scene.known(scene.contact(), card=False)
    request = scene.draft(scene.contact())
    scene.launch(request)
    scene.until(lambda: scene.calendar(scene.camille), [("hold", request)])

    cancelled = scene.camille.at.post(f"/requests/{request}/cancel", {"reason_code": "client_called"})

    assert (cancelled.status, cancelled.body["state"]) == (200, "cancelled")
    scene.until(lambda: scene.calendar(scene.camille), [])
    assert scene.chain(request)[VISITS] == ["SlotHeld", "SlotReleased"]
    assert scene.shown(request)["end"] == {"by": "worker", "reason_code": "client_called"}


def test_a_confirmed_request_is_an_operators_to_cancel_with_its_visit(scene: Scene) -> None:
    scene.known(scene.contact())
    request = scene.draft(scene.contact())
    scene.launch(request)
    scene.until(lambda: scene.visits(request), [(str(scene.camille.worker_id), "scheduled")])

    refused = scene.camille.at.post(f"/requests/{request}/cancel", {})
    cancelled = scene.operator.post(f"/requests/{request}/cancel", {})

    assert (refused.status, refused.code) == (409, "request_confirmed")
    assert (cancelled.status, cancelled.body["state"]) == (200, "cancelled")
    scene.until(lambda: scene.visits(request), [(str(scene.camille.worker_id), "cancelled")])
    scene.until(lambda: scene.calendar(scene.camille), [])


def test_a_client_declines_after_the_award_and_the_slot_is_free(scene: Scene) -> None:
    client_id = scene.known(scene.contact(), card=False)
    request = scene.draft(scene.contact())
    scene.launch(request)

    declined = scene.client(request, client_id).post(f"/requests/{request}/validation", {"action": "decline"})

    assert (declined.status, declined.body["state"]) == (200, "declined")
    scene.until_state(request, "declined")
    scene.until(lambda: scene.calendar(scene.camille), [])
    assert scene.chain(request)[INTAKE] == ["RequestDrafted", "RequestLaunched", "RequestDeclined"]


def test_a_cancelled_request_takes_its_open_call_away(scene: Scene) -> None:
    scene.policy(broadcast=True)
    scene.known(scene.contact())
    request = scene.draft(scene.contact(), performer="other")
    scene.launch(request)
    scene.until(lambda: [call["state"] for call in scene.driss.at.get("/calls").body["calls"]], ["open"])

    scene.operator.post(f"/requests/{request}/cancel", {})

    scene.until(lambda: scene.chain(request)[ASSIGNMENTS], ["BroadcastOpened", "WorkerGateShut", "BroadcastClosed"])
    late = scene.driss.at.post(f"/requests/{request}/applications")
    assert late.status in {404, 409}
    scene.until(lambda: "open" in [call["state"] for call in scene.driss.at.get("/calls").body["calls"]], False)


def test_a_draft_cancelled_at_once_leaves_nothing_whatever_arrives_late(scene: Scene) -> None:
    scene.known(scene.contact())
    request = scene.draft(scene.contact())
    scene.launch(request, wait=None)
    scene.operator.post(f"/requests/{request}/cancel", {})

    scene.until_state(request, "cancelled")
    scene.until(lambda: [kind for kind, _ in scene.calendar(scene.camille) if kind == "hold"], [])
    assert [status for _, status in scene.visits(request) if status == "scheduled"] == []


def test_an_unconfirmed_request_expires_at_the_start_of_its_slot(scene: Scene) -> None:
    scene.known(scene.contact(), card=False)
    shift = read_shift(scene.doorstep.clock_file)
    start = (scene.monday(0).now(PARIS) + shift).replace(second=0, microsecond=0) + timedelta(minutes=3)
    request = scene.draft(scene.contact(), start=start)
    assert scene.launch(request)["state"] == "launched"

    advance_shift(scene.doorstep.clock_file, timedelta(minutes=4))

    ended = scene.until_state(request, "expired")
    assert ended["end"] == {"rule": "slot_start", "deadline": utc(start)}
    scene.until(lambda: scene.chain(request)[VISITS], ["SlotHeld", "SlotReleased"])
