"""What goes on: with a service that was away, and with a client who was served before."""

from datetime import datetime, timedelta

import pytest
from doorstep_chassis.clock import advance_shift, read_shift
from doorstep_local.services import Doorstep

from .scene import HOME, PARIS, Scene


@pytest.fixture
def without_scheduling(doorstep: Doorstep) -> "Absence":
    return Absence(doorstep, "scheduling")


class Absence:
    """A service that is stopped for a while."""

    def __init__(self, doorstep: Doorstep, name: str) -> None:
        self._doorstep = doorstep
        self._spec = next(spec for spec in doorstep.specs() if spec.name == name)
        self._process = doorstep.stack.service(name)

    def __enter__(self) -> None:
        self._process.stop()

    def __exit__(self, *error: object) -> None:
        self._process.start()
        self._doorstep.stack.wait_ready(self._spec)


def test_a_service_that_is_away_is_named_and_the_request_goes_on_once_it_is_back(
    scene: Scene, without_scheduling: Absence
) -> None:
    scene.known(scene.contact())
    request = scene.draft(scene.contact())

    with without_scheduling:
        launched = scene.launch(request, wait=1)
        away = scene.camille.at.get("/visits", request_id=request)

    assert (launched["state"], launched["worker_gate"]["missing"]) == ("launched", ["slot"])
    assert (away.status, away.code, away.body["service"]) == (503, "service_unavailable", "scheduling")
    scene.until_state(request, "confirmed")
    scene.until(lambda: scene.visits(request), [(str(scene.camille.worker_id), "scheduled")])


def test_a_worker_finds_whom_they_have_served_and_confirms_the_address_they_are_shown(scene: Scene) -> None:
    client_id = str(scene.known(scene.contact()))
    clock = scene.doorstep.clock_file
    start = (datetime.now(PARIS) + read_shift(clock)).replace(second=0, microsecond=0) + timedelta(minutes=3)
    assert scene.launch(scene.draft(scene.contact(), start=start))["state"] == "confirmed"
    assert scene.camille.at.get("/clients", postal_code="69003").body["clients"] == []
    assert scene.camille.at.get(f"/clients/{client_id}").code == "client_not_found"

    advance_shift(clock, timedelta(minutes=3 + 120 + 1))

    scene.until(
        lambda: [each["client_id"] for each in scene.camille.at.get("/clients", postal_code="69003").body["clients"]],
        [client_id],
    )
    assert scene.driss.at.get("/clients", postal_code="69003").body["clients"] == []
    assert scene.camille.at.get(f"/clients/{client_id}").body["address"] == HOME

    drafted = scene.camille.at.post("/requests", scene.wish({"picked": client_id}, scene.monday(9)))
    request = drafted.body["request_id"]
    confirmed = {"validation": "worker", "address_confirmed": True}
    reached = scene.camille.at.post(f"/requests/{request}/launch", confirmed, wait=10).body
    assert (reached["state"], reached["case"]) == ("confirmed", 1)
