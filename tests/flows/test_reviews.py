"""A doubt about who the client is waits for an operator, visibly to them and to nobody else."""

from typing import Any

from .scene import CARD, HOME, Scene


def in_doubt(scene: Scene) -> tuple[str, str]:
    """A request whose typed e-mail is one client's and whose phone is another's; and the first client."""
    jeanne = scene.known(scene.contact("Jeanne", "Moulin"))
    scene.known(scene.contact("Paul", "Girard"))
    typed = {**scene.contact("Jeanne", "Moulin"), "phone": scene.contact("Paul", "Girard")["phone"]}
    request = scene.draft(typed)
    scene.until(lambda: [each["request_id"] for each in scene.operator.get("/reviews").body["reviews"]], [request])
    return request, str(jeanne)


def seen_by_creator(scene: Scene, request: str) -> Any:
    shown = scene.shown(request, scene.camille.at)
    return {name: shown[name] for name in ("state", "case", "client_gate", "worker_gate")}


def test_until_it_is_decided_nothing_is_held_and_the_creator_sees_what_they_always_see(scene: Scene) -> None:
    request, _ = in_doubt(scene)
    launched = scene.launch(request, wait=1)

    assert launched["state"] == "launching"
    assert seen_by_creator(scene, request) == {
        "state": "launching",
        "case": None,
        "client_gate": {"open": False, "missing": ["verification"]},
        "worker_gate": {"open": False, "missing": ["verification"]},
    }
    assert scene.shown(request)["client_gate"]["missing"] == ["review"]
    assert scene.calendar(scene.camille) == []


def test_linked_to_a_client_it_goes_on_as_theirs(scene: Scene) -> None:
    request, jeanne = in_doubt(scene)
    scene.launch(request, wait=None)

    decided = scene.operator.post(f"/reviews/{request}/decision", {"link": jeanne})

    assert (decided.status, decided.body["client_id"]) == (200, jeanne)
    assert scene.until_state(request, "confirmed")["case"] == 1
    scene.until(lambda: scene.operator.get("/reviews").body["reviews"], [])


def test_somebody_new_is_a_new_client_who_is_asked(scene: Scene) -> None:
    request, jeanne = in_doubt(scene)
    scene.launch(request, "client", wait=None)

    decided = scene.operator.post(f"/reviews/{request}/decision", {"new": True})
    client_id = decided.body["client_id"]

    assert (decided.status, client_id != jeanne) == (200, True)
    assert scene.until_state(request, "launched")["case"] == 3
    scene.until(lambda: scene.validate(request, client_id, address=HOME, payment_method=CARD).status, 200)
    assert scene.select(request, scene.camille).status == 202
    scene.until_state(request, "confirmed")
