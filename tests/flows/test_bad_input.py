"""Every bad input is a problem with a code of its own, and nothing is written."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from doorstep_chassis.issuer import LocalIssuer
from doorstep_local.door import Answer, Door, Person
from doorstep_local.services import Doorstep

from .scene import HOME, Scene

Act = Callable[[Scene], Answer]


def drafting(**changes: Any) -> Act:
    """A draft that is as it should be but for these members."""

    def act(scene: Scene) -> Answer:
        return scene.camille.at.post(
            "/requests", {**scene.wish({"typed": scene.contact()}, scene.monday(9)), **changes}
        )

    return act


def typing(**changes: Any) -> Act:
    """A draft whose typed client is as they should be but for these members."""

    def act(scene: Scene) -> Answer:
        return scene.camille.at.post(
            "/requests", scene.wish({"typed": {**scene.contact(), **changes}}, scene.monday(9))
        )

    return act


def starting(start: str, *, reunion: bool = False) -> Act:
    if reunion:
        return drafting(start=start, postal_code="97400", offer_id="reunion:menage")
    return drafting(start=start)


def next_march() -> int:
    """The next year whose clock changes all lie ahead."""
    return datetime.now().year + 1  # noqa: DTZ005


YEAR = next_march()


def last_sunday(month: int) -> str:
    day = max(day for day in range(25, 32) if datetime(YEAR, month, day).weekday() == 6)  # noqa: DTZ001
    return f"{YEAR}-{month:02d}-{day}"


DRAFTS = [
    ("postal_code_unknown", 422, drafting(postal_code="69000")),
    ("postal_code_malformed", 422, drafting(postal_code="6900")),
    ("postal_code_not_covered", 422, drafting(postal_code="33000")),
    ("service_not_offered", 422, drafting(offer_id="corse:menage")),
    ("service_not_offered", 422, drafting(offer_id="lyon:voyance")),
    ("duration_not_offered", 422, drafting(duration_minutes=61)),
    ("slot_in_past", 422, starting("2025-01-06T09:00")),
    ("start_malformed", 422, starting("demain")),
    ("local_time_nonexistent", 422, starting(f"{last_sunday(3)}T02:30")),
    ("local_time_ambiguous", 422, starting(f"{last_sunday(10)}T02:30")),
    ("offset_contradicts_zone", 422, starting(f"{YEAR}-06-07T09:00+01:00")),
    ("offset_contradicts_zone", 422, starting(f"{YEAR}-06-07T09:00+02:00", reunion=True)),
    ("contact_field_missing", 422, typing(phone=None)),
    ("email_invalid", 422, typing(email="jeanne")),
    ("phone_invalid", 422, typing(phone="06 12")),
    ("text_holds_card_number", 422, typing(last_name="4111 1111 1111 1111")),
    ("text_holds_iban", 422, typing(last_name="FR76 3000 6000 0112 3456 7890 189")),
    ("invalid_body", 422, drafting(surprise=1)),
    ("invalid_body", 422, drafting(performer="nobody")),
    ("invalid_body", 422, drafting(client={})),
]


@pytest.mark.parametrize(("code", "status", "act"), DRAFTS)
def test_a_draft_that_breaks_a_rule_is_refused_and_nothing_is_written(
    scene: Scene, code: str, status: int, act: Act
) -> None:
    before = scene.written()
    answer = act(scene)
    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert scene.written() == before


def test_an_unknown_postal_code_suggests_near_ones(scene: Scene) -> None:
    suggested = drafting(postal_code="69000")(scene).body["suggestions"]
    assert suggested[0] == {"postal_code": "69001", "locality": "Lyon"}


def test_an_hour_that_comes_twice_is_taken_with_its_offset(scene: Scene) -> None:
    for offset in ("+01:00", "+02:00"):
        assert starting(f"{last_sunday(10)}T02:30{offset}")(scene).status == 201


def test_a_refusal_does_not_repeat_what_was_typed(scene: Scene) -> None:
    for act in (typing(email="jeanne-la-secrete"), typing(phone="06 99 secret"), drafting(start="secret")):
        answer = act(scene)
        assert answer.status == 422
        assert "secret" not in str(answer.body)


def test_what_is_no_json_is_malformed(scene: Scene) -> None:
    before = scene.written()
    answer = scene.camille.at.send(
        "POST",
        "/requests",
        content=b'{"performer": ',
        headers={"Idempotency-Key": "k", "Content-Type": "application/json"},
    )
    assert (answer.status, answer.code, scene.written()) == (400, "malformed_json", before)


def test_a_post_without_a_key_is_refused(scene: Scene) -> None:
    before = scene.written()
    body = scene.wish({"typed": scene.contact()}, scene.monday(9))
    answer = scene.camille.at.send("POST", "/requests", json=body)
    assert (answer.status, answer.code, scene.written()) == (400, "idempotency_key_missing", before)


def test_a_refusal_is_tried_anew_under_the_same_key(scene: Scene) -> None:
    key = str(uuid4())
    body = scene.wish({"typed": scene.contact()}, scene.monday(9))
    refused = scene.camille.at.post("/requests", {**body, "postal_code": "69000"}, key=key)
    accepted = scene.camille.at.post("/requests", body, key=key)
    assert (refused.status, accepted.status) == (422, 201)


def test_workers_create_only_where_the_organisation_lets_them(doorstep: Doorstep, door: Door) -> None:
    scene = Scene.of(doorstep, door, workers_may_create=False)
    before = scene.written()
    answer = scene.camille.at.post("/requests", scene.wish({"typed": scene.contact()}, scene.monday(9)))
    assert (answer.status, answer.code, scene.written()) == (403, "workers_may_not_create", before)


def test_the_permission_is_checked_again_at_the_launch(scene: Scene) -> None:
    request = scene.draft(scene.contact())
    settings = scene.operator.get("/settings").body
    wanted = {name: settings[name] for name in ("required_contact_fields", "draft_lifetime_hours")}
    assert scene.operator.put("/settings", {**wanted, "workers_may_create": False}).status == 200
    before = scene.quiet()
    answer = scene.camille.at.post(f"/requests/{request}/launch", {"validation": "client"})
    assert (answer.status, answer.code, scene.written()) == (403, "workers_may_not_create", before)


WRONG_ROLES: list[tuple[str, str, str, Any]] = [
    ("operator", "POST", "/requests", "draft"),
    ("operator", "POST", "/requests/{id}/launch", {"validation": "client"}),
    ("operator", "GET", "/calls", None),
    ("operator", "POST", "/requests/{id}/applications", None),
    ("worker", "PUT", "/settings", {"workers_may_create": True, "required_contact_fields": [], "draft_lifetime_hours": 1}),
    ("worker", "POST", "/organisations", {"organisation_id": str(uuid4()), "slug": "x", "time_zone": "Europe/Paris"}),
    ("operator", "POST", "/organisations", {"organisation_id": str(uuid4()), "slug": "x", "time_zone": "Europe/Paris"}),
    ("worker", "POST", "/clients", {"first_name": "A", "last_name": "B", "email": "a@exemple.test"}),
    ("worker", "GET", "/reviews", None),
    ("worker", "POST", "/reviews/{id}/decision", {"new": True}),
    ("worker", "GET", "/requests/{id}/validation", None),
    ("worker", "POST", "/requests/{id}/validation", {"action": "validate"}),
    ("worker", "POST", "/workers", {"worker_id": str(uuid4()), "services": []}),
    ("worker", "PUT", "/policy", {"broadcast": True}),
    ("worker", "POST", "/requests/{id}/selection", {"worker_id": str(uuid4())}),
    ("worker", "GET", "/requests/{id}/broadcast", None),
    ("worker", "GET", "/board", None),
]  # fmt: skip


@pytest.mark.parametrize(("role", "method", "path", "body"), WRONG_ROLES)
def test_the_wrong_role_is_refused_and_nothing_is_written(
    scene: Scene, role: str, method: str, path: str, body: Any
) -> None:
    who = {"operator": scene.operator, "worker": scene.camille.at}[role]
    sent = scene.wish({"typed": scene.contact()}, scene.monday(9)) if body == "draft" else body
    before = scene.written()
    answer = act(who, method, path.replace("{id}", str(uuid4())), sent)
    assert (answer.status, answer.code, scene.written()) == (403, "wrong_role", before)


def act(who: Person, method: str, path: str, body: Any) -> Answer:
    match method:
        case "GET":
            return who.get(path)
        case "PUT":
            return who.put(path, body)
        case _:
            return who.post(path, body)


def test_a_client_reaches_nothing_but_their_own_request(scene: Scene) -> None:
    client_id = scene.known(scene.contact(), card=False)
    request, other = scene.draft(scene.contact()), scene.draft(scene.contact(), start=scene.monday(14))
    for each in (request, other):
        scene.launch(each)
    client = scene.client(request, client_id)
    before = scene.quiet()

    assert client.get(f"/requests/{request}/validation").status == 200
    foreign = client.get(f"/requests/{other}/validation")
    answer = client.post(f"/requests/{other}/validation", {"action": "decline"})
    impostor = scene.client(request, uuid4()).post(f"/requests/{request}/validation", {"action": "decline"})

    assert [(each.status, each.code) for each in (foreign, answer, impostor)] == [(404, "validation_not_found")] * 3
    assert [act(client, "POST", "/requests", scene.wish({"typed": scene.contact()}, "x")).code] == ["wrong_role"]
    assert scene.written() == before


UNKNOWN: list[tuple[str, str, str, Any]] = [
    ("worker", "GET", "/requests/{id}", None),
    ("operator", "GET", "/requests/{id}", None),
    ("worker", "POST", "/requests/{id}/launch", {"validation": "client"}),
    ("worker", "POST", "/requests/{id}/cancel", {}),
    ("operator", "POST", "/requests/{id}/cancel", {}),
    ("operator", "GET", "/clients/{id}", None),
    ("worker", "GET", "/clients/{id}", None),
    ("operator", "POST", "/clients/{id}/payment-methods", "card"),
    ("operator", "POST", "/reviews/{id}/decision", {"new": True}),
    ("operator", "GET", "/requests/{id}/validation", None),
    ("operator", "POST", "/requests/{id}/validation", {"action": "validate"}),
    ("worker", "POST", "/requests/{id}/applications", None),
    ("operator", "GET", "/requests/{id}/broadcast", None),
    ("operator", "POST", "/requests/{id}/selection", {"worker_id": str(uuid4())}),
    ("operator", "GET", "/visits/{id}", None),
]
CARD_BODY = {"kind": "card", "token": "tok", "last4": "4242", "expiry_month": "2032-12"}


@pytest.mark.parametrize(("role", "method", "path", "body"), UNKNOWN)
def test_an_unknown_id_is_not_found_and_nothing_is_written(
    scene: Scene, role: str, method: str, path: str, body: Any
) -> None:
    who = {"operator": scene.operator, "worker": scene.camille.at}[role]
    before = scene.written()
    answer = act(who, method, path.replace("{id}", str(uuid4())), CARD_BODY if body == "card" else body)
    assert answer.status == 404
    assert answer.code in {
        "not_found",
        "request_not_found",
        "client_not_found",
        "validation_not_found",
        "review_not_found",
    }
    assert scene.written() == before


def test_what_is_another_organisations_is_as_if_it_were_not(doorstep: Doorstep, door: Door, scene: Scene) -> None:
    client_id = scene.known(scene.contact())
    request = scene.draft(scene.contact())
    scene.launch(request)
    stranger = Scene.of(doorstep, door)
    scene.until(lambda: len(scene.visits(request)), 1)
    (visit,) = scene.operator.get("/visits", request_id=request).body["visits"]
    tried: list[tuple[Person, str, str, Any]] = [
        (stranger.operator, "GET", f"/requests/{request}", None),
        (stranger.camille.at, "GET", f"/requests/{request}", None),
        (stranger.operator, "POST", f"/requests/{request}/cancel", {}),
        (stranger.camille.at, "POST", f"/requests/{request}/launch", {"validation": "client"}),
        (stranger.operator, "GET", f"/clients/{client_id}", None),
        (stranger.operator, "GET", f"/requests/{request}/validation", None),
        (stranger.operator, "GET", f"/requests/{request}/broadcast", None),
        (stranger.operator, "POST", f"/requests/{request}/selection", {"worker_id": str(stranger.driss.worker_id)}),
        (stranger.operator, "GET", f"/visits/{visit['visit_id']}", None),
    ]
    before = scene.quiet()

    assert [act(*each).status for each in tried] == [404] * len(tried)
    assert stranger.operator.get("/visits", request_id=request).body["visits"] == []
    assert stranger.operator.get("/board").body["requests"] == []
    assert scene.written() == before


def test_a_colleagues_request_is_as_if_it_were_not(scene: Scene) -> None:
    request = scene.draft(scene.contact())
    for method, path, body in (
        ("GET", f"/requests/{request}", None),
        ("POST", f"/requests/{request}/launch", {"validation": "client"}),
        ("POST", f"/requests/{request}/cancel", {}),
    ):
        answer = act(scene.driss.at, method, path, body)
        assert (answer.status, answer.code) == (404, "request_not_found")


def test_a_token_of_somebody_elses_making_opens_nothing(scene: Scene, doorstep: Doorstep, door: Door) -> None:
    forged = LocalIssuer(doorstep.issuer).token(sub=uuid4(), role="operator", org=scene.organisation_id)
    answers = [door.bearer(token).get("/board") for token in (forged, scene.operator.token[:-4], "x")]
    assert [(each.status, each.code) for each in answers] == [(401, "token_invalid")] * 3


def test_an_address_of_an_unknown_place_is_refused_at_the_launch(scene: Scene) -> None:
    request = scene.draft(scene.contact())
    before = scene.quiet()
    answer = scene.camille.at.post(
        f"/requests/{request}/launch", {"validation": "worker", "address": {**HOME, "postal_code": "69000"}}
    )
    assert (answer.status, answer.code, scene.written()) == (422, "postal_code_unknown", before)
