"""The three cases of DOMAIN.md's table, each variant through the public door to the calendar or to its end."""

from functools import partial

from .scene import CARD, HOME, JARDINAGE, Scene

INTAKE, CLIENTS, ASSIGNMENTS, VISITS, KEYS = (
    "intake.requests.v1",
    "directory.clients.v1",
    "dispatch.assignments.v1",
    "scheduling.visits.v1",
    "intake.keys.v1",
)
CONFIRMED = ["RequestDrafted", "RequestLaunched", "RequestConfirmed"]


def test_case_1_a_known_client_with_a_valid_card_is_confirmed_at_once(scene: Scene) -> None:
    scene.known(scene.contact())
    request = scene.draft(scene.contact())

    reached = scene.launch(request)

    assert (reached["state"], reached["case"], reached["client_gate"]["open"], reached["worker_gate"]["open"]) == (
        "confirmed",
        1,
        True,
        True,
    )
    scene.until(lambda: scene.visits(request), [(str(scene.camille.worker_id), "scheduled")])
    scene.until(lambda: scene.calendar(scene.camille), [("visit", request)])
    assert scene.chain(request) == {
        KEYS: ["DataKeyIssued"],
        INTAKE: CONFIRMED,
        CLIENTS: ["ClientResolved", "ClientValidated"],
        ASSIGNMENTS: ["WorkerSelected", "WorkerAssigned"],
        VISITS: ["SlotHeld", "VisitScheduled"],
    }


def test_case_1_without_a_card_where_none_is_required(scene: Scene) -> None:
    scene.known(scene.contact(), card=False)
    request = scene.draft(scene.contact(), offer_id=JARDINAGE)
    reached = scene.launch(request)
    assert (reached["state"], reached["case"]) == ("confirmed", 1)


def test_case_1_left_to_the_client_waits_for_them_alone(scene: Scene) -> None:
    client_id = scene.known(scene.contact())
    request = scene.draft(scene.contact())

    reached = scene.launch(request, "client")
    assert (reached["state"], reached["case"]) == ("launched", 1)
    scene.until(lambda: scene.gates(request), (["validation"], []))

    assert scene.validate(request, client_id).body["state"] == "validated"
    assert scene.until_state(request, "confirmed")["case"] == 1


def test_case_2_the_slot_is_held_while_the_client_completes_a_payment_method(scene: Scene) -> None:
    client_id = scene.known(scene.contact(), card=False)
    request = scene.draft(scene.contact())

    reached = scene.launch(request)  # the worker asks not to involve the client
    assert (reached["state"], reached["case"], reached["worker_gate"]["open"]) == ("launched", 2, True)
    assert "payment_method" in reached["client_gate"]["missing"]
    scene.until(lambda: scene.calendar(scene.camille), [("hold", request)])

    refused = scene.validate(request, client_id)
    assert (refused.status, refused.code) == (422, "payment_method_missing")
    assert scene.validate(request, client_id, payment_method=CARD).body["state"] == "validated"

    assert scene.until_state(request, "confirmed")["case"] == 2
    scene.until(lambda: scene.calendar(scene.camille), [("visit", request)])
    assert scene.chain(request)[CLIENTS] == ["ClientResolved", "ClientValidationRequested", "ClientValidated"]


def test_case_3_with_a_broadcast_colleagues_apply_and_the_operator_picks(scene: Scene) -> None:
    scene.policy(broadcast=True)
    request = scene.draft(scene.contact("Lucie", "Bernard"), performer="other")

    reached = scene.launch(request, "client")
    assert (reached["state"], reached["case"], reached["worker_gate"]["missing"]) == ("launched", 3, ["applications"])

    for colleague in (scene.driss, scene.eva):
        scene.until(partial(scene.called, colleague), [request])
        assert colleague.at.post(f"/requests/{request}/applications").status == 201
    assert scene.called(scene.camille) == []
    scene.until(lambda: scene.gates(request)[1], ["selection"])

    assert scene.select(request, scene.eva).status == 202
    scene.until(lambda: scene.gates(request)[1], [])
    client_id = scene.shown(request)["client"]["client_id"]
    assert scene.validate(request, client_id, address=HOME, payment_method=CARD).body["state"] == "validated"

    assert scene.until_state(request, "confirmed")["case"] == 3
    scene.until(lambda: scene.visits(request), [(str(scene.eva.worker_id), "scheduled")])
    assert scene.chain(request) == {
        KEYS: ["DataKeyIssued"],
        INTAKE: CONFIRMED,
        CLIENTS: ["ClientResolved", "ClientValidationRequested", "ClientValidated"],
        ASSIGNMENTS: [
            "BroadcastOpened",
            "WorkerGateShut",
            "ApplicationReceived",
            "WorkerGateShut",
            "ApplicationReceived",
            "WorkerSelected",
            "WorkerAssigned",
            "BroadcastClosed",
        ],
        VISITS: ["SlotHeld", "VisitScheduled"],
    }


def test_case_3_first_come_is_awarded_without_an_operator(scene: Scene) -> None:
    scene.policy(broadcast=True, award="first_come")
    scene.known(scene.contact())
    request = scene.draft(scene.contact(), performer="other")
    scene.launch(request)
    scene.until(partial(scene.called, scene.driss), [request])

    assert scene.driss.at.post(f"/requests/{request}/applications").status == 201

    scene.until_state(request, "confirmed")
    scene.until(lambda: scene.visits(request), [(str(scene.driss.worker_id), "scheduled")])


def test_case_3_without_a_broadcast_the_operator_assigns(scene: Scene) -> None:
    scene.known(scene.contact())
    request = scene.draft(scene.contact(), performer="other")

    reached = scene.launch(request)
    assert (reached["state"], reached["case"]) == ("launched", 3)
    assert (reached["client_gate"]["open"], reached["worker_gate"]["missing"]) == (True, ["operator"])

    assert scene.select(request, scene.driss).status == 202
    scene.until_state(request, "confirmed")
    scene.until(lambda: scene.visits(request), [(str(scene.driss.worker_id), "scheduled")])
    assert scene.chain(request)[ASSIGNMENTS] == ["WorkerGateShut", "WorkerSelected", "WorkerAssigned"]


def test_case_3_self_with_a_new_client_makes_the_creator_the_first_applicant(scene: Scene) -> None:
    request = scene.draft(scene.contact("Lucie", "Bernard"))

    reached = scene.launch(request, "client")
    assert (reached["state"], reached["case"]) == ("launched", 3)
    applications = scene.operator.get(f"/requests/{request}/broadcast").body["applications"]
    assert [each["worker_id"] for each in applications] == [str(scene.camille.worker_id)]

    assert scene.select(request, scene.camille).status == 202
    client_id = scene.shown(request)["client"]["client_id"]
    assert scene.validate(request, client_id, address=HOME, payment_method=CARD).status == 200
    scene.until_state(request, "confirmed")
    scene.until(lambda: scene.visits(request), [(str(scene.camille.worker_id), "scheduled")])


def test_who_validated_once_is_known_the_next_time(scene: Scene) -> None:
    request = scene.draft(scene.contact("Lucie", "Bernard"), performer="other")
    scene.launch(request, "client")
    client_id = scene.shown(request)["client"]["client_id"]
    scene.validate(request, client_id, address=HOME, payment_method=CARD)

    again = scene.draft(scene.contact("Lucie", "Bernard"), start=scene.monday(14))
    reached = scene.launch(again)

    assert (reached["state"], reached["case"]) == ("confirmed", 1)
    assert scene.shown(again)["client"]["client_id"] == client_id


def test_typing_a_new_client_twice_makes_neither_another_client_nor_a_known_one(scene: Scene) -> None:
    first = scene.draft(scene.contact("Lucie", "Bernard"), start=scene.monday(9))
    second = scene.draft(scene.contact("Lucie", "Bernard"), start=scene.monday(14))
    scene.until(lambda: None in (scene.shown(first)["client"], scene.shown(second)["client"]), False)
    assert scene.shown(first)["client"] == {**scene.shown(second)["client"], "known": False}
