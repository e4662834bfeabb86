"""The routes of intake: what is written and answered, whose it is, and what nobody learns."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from doorstep_chassis.privacy import open_sealed
from doorstep_contracts import directory, dispatch
from doorstep_contracts.base import PublicEvent, Slot
from doorstep_contracts.samples import CLIENT, COLLEAGUE, HOLD, ORGANISATION, WORKER
from request_intake.contact import ADDRESS_CONTEXT, CONTACT_CONTEXT
from request_intake.domain.request.events import (
    DataKeyIssued,
    LaunchRequested,
    RequestCancelled,
    RequestDrafted,
    RequestLaunched,
)
from request_intake.timers import ON_DUE

from .door import ADDRESS, DRAFT, LAUNCH, NOW, OPERATOR, TYPED, Door

PICKED = {"client": {"picked": str(CLIENT)}}
CONFIRM_ADDRESS = {"validation": "worker", "address_confirmed": True, "address": None}
STRANGER = UUID(int=70)
OTHER_ORGANISATION = UUID(int=71)
VALID_UNTIL = NOW + timedelta(days=90)
OPEN = {"open": True, "missing": []}
UNDER_VERIFICATION = {"open": False, "missing": ["verification"]}


def resolved(request_id: UUID, *, known: bool = True) -> PublicEvent:
    return directory.ClientResolved(organisation_id=ORGANISATION, request_id=request_id, client_id=CLIENT, known=known)


def in_review(request_id: UUID) -> PublicEvent:
    return directory.ClientReviewOpened(organisation_id=ORGANISATION, request_id=request_id, reasons=("email_equal",))


def validated(request_id: UUID) -> PublicEvent:
    return directory.ClientValidated(
        organisation_id=ORGANISATION,
        request_id=request_id,
        client_id=CLIENT,
        valid_until=VALID_UNTIL,
        validated_by="client",
    )


def asked(request_id: UUID, *missing: directory.ClientGateLack) -> PublicEvent:
    return directory.ClientValidationRequested(
        organisation_id=ORGANISATION,
        request_id=request_id,
        client_id=CLIENT,
        missing=missing,
        deadline=NOW + timedelta(hours=72),
    )


def assigned(request_id: UUID) -> PublicEvent:
    return dispatch.WorkerAssigned(
        organisation_id=ORGANISATION, request_id=request_id, worker_id=COLLEAGUE, hold_id=HOLD
    )


def refusal(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


async def tag(door: Door, request_id: UUID, **who: Any) -> str:
    return (await door.get(f"/requests/{request_id}", **who)).headers["etag"]


async def shown(door: Door, request_id: UUID, **who: Any) -> dict[str, Any]:
    response = await door.get(f"/requests/{request_id}", **who)
    assert response.status_code == 200
    body: dict[str, Any] = response.json()
    return body


class TestOrganisations:
    async def test_a_service_adds_one_once(self, door: Door) -> None:
        response = await door.add_organisation()
        assert (response.status_code, response.json()) == (201, {"organisation_id": str(ORGANISATION)})
        assert [type(event).__name__ for event in await door.written()] == [
            "OrganisationAdded",
            "RequestSettingsChanged",
        ]

    async def test_its_settings_are_read_by_everybody_and_changed_by_an_operator(self, door: Door) -> None:
        changed = {"workers_may_create": False, "required_contact_fields": ["phone"], "draft_lifetime_hours": 24}
        response = await door.put("/settings", changed, role="operator", sub=OPERATOR)
        assert (response.status_code, response.json()) == (200, {"version": 2, **changed})
        read = await door.get("/settings")
        assert (read.json(), read.headers["etag"]) == ({"version": 2, **changed}, response.headers["etag"])
        again = await door.put("/settings", changed, role="operator", sub=OPERATOR)
        assert again.headers["etag"] == response.headers["etag"]

    async def test_of_two_who_read_the_same_settings_one_changes_them(self, door: Door) -> None:
        tag = (await door.get("/settings")).headers["etag"]
        changed = {"workers_may_create": True, "required_contact_fields": [], "draft_lifetime_hours": 1}
        answers = await asyncio.gather(
            *[
                door.put(
                    "/settings", {**changed, "draft_lifetime_hours": hours}, role="operator", sub=OPERATOR, if_match=tag
                )
                for hours in (1, 2, 3)
            ]
        )
        assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
        made = next(answer for answer in answers if answer.status_code == 200)
        assert (await door.get("/settings")).json() == made.json()

    async def test_a_draft_lives_as_long_as_the_settings_say(self, door: Door) -> None:
        changed = {"workers_may_create": True, "required_contact_fields": ["phone"], "draft_lifetime_hours": 24}
        await door.put("/settings", changed, role="operator", sub=OPERATOR)
        request_id = await door.draft(client={"typed": {"phone": "06 12 34 56 78"}})
        assert (await shown(door, request_id))["expires_at"] == "2026-05-21T08:00:00Z"


class TestCatalogue:
    async def test_a_postal_code_tells_zone_and_offers(self, door: Door) -> None:
        response = await door.get("/catalogue", query={"postal_code": "97400"})
        body = response.json()
        assert response.status_code == 200
        assert (body["postal_code"], body["localities"], body["catalogue_version"]) == ("97400", ["Saint-Denis"], 1)
        assert body["zone"] == {"id": "reunion", "label": "La Réunion", "time_zone": "Indian/Reunion"}
        assert [offer["offer_id"] for offer in body["offers"]] == [
            "reunion:menage",
            "reunion:bricolage",
            "reunion:jardinage",
            "reunion:garde",
        ]
        assert body["offers"][0] == {
            "offer_id": "reunion:menage",
            "service": "menage",
            "label_fr": "Ménage",
            "label_en": "Cleaning",
            "rate_cents": 2_450,
            "currency": "EUR",
            "duration_minutes": {"default": 120, "min": 60, "max": 480, "step": 30},
            "payment_method_required": True,
        }


class TestDrafting:
    async def test_a_typed_client_is_sealed_before_anything_is_written(self, door: Door) -> None:
        response = await door.post("/requests", DRAFT)
        request_id = UUID(response.json()["request_id"])
        assert response.status_code == 201
        assert response.headers["etag"] == await tag(door, request_id)
        assert response.json() == {"request_id": str(request_id), "state": "draft"}
        key, drafted = (await door.written())[2:]
        assert key == DataKeyIssued(subject_id=request_id)
        assert isinstance(drafted, RequestDrafted)
        assert drafted.slot == Slot.model_validate_json(
            '{"start":"2026-06-01T05:00:00Z","end":"2026-06-01T07:00:00Z","zone":"Indian/Reunion"}'
        )
        assert (drafted.offer.rate_cents, drafted.offer.catalogue_version) == (2_450, 1)
        assert drafted.expires_at == NOW + timedelta(days=7)
        assert drafted.contact is not None
        plain = door.context.keys.unwrap(await door.wrapped_key(request_id))
        assert json.loads(open_sealed(plain, drafted.contact, context=CONTACT_CONTEXT)) == TYPED

    async def test_nothing_personal_is_stored_in_the_open(self, door: Door) -> None:
        request_id = await door.draft()
        await door.post(f"/requests/{request_id}/launch", LAUNCH)
        await door.project()
        async with door.store.connection() as connection:
            cursor = await connection.execute("SELECT convert_from(state, 'UTF8') FROM stored_events")
            stored = "".join(row[0] for row in await cursor.fetchall())
            cursor = await connection.execute("SELECT to_jsonb(r)::text FROM requests_v1 r")
            stored += "".join(row[0] for row in await cursor.fetchall())
        assert [text for text in ("Zoé", "Martin", "example.fr", "12 34 56", "Lilas") if text in stored] == []

    async def test_a_picked_client_needs_no_key(self, door: Door) -> None:
        request_id = await door.draft(**PICKED)
        (drafted,) = (await door.written())[2:]
        assert isinstance(drafted, RequestDrafted)
        assert (drafted.picked_client_id, drafted.contact) == (CLIENT, None)
        assert (await shown(door, request_id))["picked_client_id"] == str(CLIENT)

    async def test_a_duration_left_open_is_the_service_s_own(self, door: Door) -> None:
        request_id = await door.draft(duration_minutes=None, offer_id="reunion:garde")
        assert (await shown(door, request_id))["slot"] == {
            "start": "2026-06-01T05:00:00Z",
            "end": "2026-06-01T08:00:00Z",
            "zone": "Indian/Reunion",
            "local_start": "2026-06-01T09:00:00+04:00",
        }

    async def test_sent_twice_under_one_key_it_is_one_draft(self, door: Door) -> None:
        first, second = [await door.post("/requests", DRAFT, key="twice") for _ in range(2)]
        assert (second.status_code, second.json(), second.headers["etag"]) == (
            first.status_code,
            first.json(),
            first.headers["etag"],
        )
        assert len(await door.written()) == 4

    async def test_sent_at_once_under_one_key_it_is_one_draft(self, door: Door) -> None:
        responses = await asyncio.gather(*[door.post("/requests", DRAFT, key="race") for _ in range(20)])
        made = [response for response in responses if response.status_code == 201]
        others = [refusal(response) for response in responses if response.status_code != 201]
        assert others == [(409, "idempotency_key_in_flight")] * (20 - len(made))
        assert len({response.json()["request_id"] for response in made}) == 1
        assert (await door.post("/requests", DRAFT, key="race")).json() == made[0].json()
        assert len(await door.written()) == 4

    async def test_a_key_belongs_to_one_body_and_one_person(self, door: Door) -> None:
        first = await door.post("/requests", DRAFT, key="mine")
        assert refusal(await door.post("/requests", {**DRAFT, **PICKED}, key="mine")) == (
            422,
            "idempotency_key_reused",
        )
        other = await door.post("/requests", DRAFT, key="mine", sub=STRANGER)
        assert other.json()["request_id"] != first.json()["request_id"]


class TestLaunching:
    async def test_with_its_client_open_it_waits_and_goes_live_once_they_are_certain(self, door: Door) -> None:
        request_id = await door.draft()
        response = await door.post(f"/requests/{request_id}/launch", LAUNCH)
        assert (response.status_code, response.json(), response.headers["etag"]) == (
            200,
            {"request_id": str(request_id), "state": "launching"},
            await tag(door, request_id),
        )
        await door.hear(resolved(request_id))
        assert (await shown(door, request_id))["state"] == "launched"

    async def test_with_its_client_certain_it_is_live_at_once(self, door: Door) -> None:
        request_id = await door.draft()
        await door.hear(resolved(request_id))
        response = await door.post(f"/requests/{request_id}/launch", LAUNCH)
        assert (response.json()["state"], response.headers["etag"]) == ("launched", await tag(door, request_id))
        requested, launched = (await door.written())[-2:]
        assert isinstance(requested, LaunchRequested)
        assert isinstance(launched, RequestLaunched)
        assert (launched.known, launched.launched_at) == (True, NOW)
        assert launched.address is not None
        plain = door.context.keys.unwrap(await door.wrapped_key(request_id))
        assert json.loads(open_sealed(plain, launched.address, context=ADDRESS_CONTEXT)) == {**ADDRESS, "line2": None}

    async def test_another_address_for_a_picked_client_is_sealed_under_a_key_of_its_own(self, door: Door) -> None:
        request_id = await door.draft(**PICKED)
        response = await door.post(f"/requests/{request_id}/launch", LAUNCH)
        assert response.status_code == 200
        key, requested = (await door.written())[-2:]
        assert key == DataKeyIssued(subject_id=request_id)
        assert isinstance(requested, LaunchRequested)
        assert requested.address is not None
        plain = door.context.keys.unwrap(await door.wrapped_key(request_id))
        assert json.loads(open_sealed(plain, requested.address, context=ADDRESS_CONTEXT))["locality"] == "Saint-Denis"

    async def test_the_address_of_a_picked_client_is_confirmed(self, door: Door) -> None:
        request_id = await door.draft(**PICKED)
        await door.post(f"/requests/{request_id}/launch", CONFIRM_ADDRESS)
        assert (await door.written())[-1] == LaunchRequested(validation="worker", address_confirmed=True)

    async def test_once_its_client_s_data_is_erased_nothing_more_is_typed(self, door: Door) -> None:
        request_id = await door.draft()
        async with door.store.connection() as connection:
            await connection.execute("DELETE FROM data_keys")
        before = await door.written()
        response = await door.post(f"/requests/{request_id}/launch", LAUNCH)
        assert refusal(response) == (410, "personal_data_erased")
        assert await door.written() == before

    async def test_launched_again_nothing_more_happens(self, door: Door) -> None:
        request_id = await door.launched()
        before = await door.written()
        again = await door.post(f"/requests/{request_id}/launch", LAUNCH)
        assert (again.status_code, again.json()["state"]) == (200, "launching")
        assert await door.written() == before

    async def test_a_race_of_launches_is_one_launch(self, door: Door) -> None:
        request_id = await door.draft()
        await door.hear(resolved(request_id))
        path = f"/requests/{request_id}/launch"
        responses = await asyncio.gather(*[door.post(path, LAUNCH) for _ in range(50)])
        assert [response.status_code for response in responses] == [200] * 50
        assert {response.json()["state"] for response in responses} == {"launched"}
        launches = [event for event in await door.written() if isinstance(event, RequestLaunched)]
        assert len(launches) == 1

    async def test_the_permission_is_asked_again(self, door: Door) -> None:
        request_id = await door.draft()
        off = {"workers_may_create": False, "required_contact_fields": ["email"], "draft_lifetime_hours": 168}
        await door.put("/settings", off, role="operator", sub=OPERATOR)
        before = await door.written()
        assert refusal(await door.post(f"/requests/{request_id}/launch", LAUNCH)) == (403, "workers_may_not_create")
        assert await door.written() == before


class TestGates:
    async def test_both_open_it_is_confirmed(self, door: Door) -> None:
        request_id = await door.launched()
        await door.hear(resolved(request_id), assigned(request_id))
        waiting = await shown(door, request_id)
        assert (waiting["case"], waiting["client_gate"], waiting["worker_gate"]) == (
            1,
            {"open": False, "missing": ["validation"]},
            OPEN,
        )
        await door.hear(validated(request_id))
        confirmed = await shown(door, request_id)
        assert (confirmed["state"], confirmed["client_gate"], confirmed["worker_gate"], confirmed["expires_at"]) == (
            "confirmed",
            OPEN,
            {**OPEN, "worker_id": str(COLLEAGUE)},
            None,
        )

    async def test_case_2_says_that_a_payment_method_is_missing(self, door: Door) -> None:
        request_id = await door.launched(**PICKED)
        await door.hear(resolved(request_id), asked(request_id, "validation", "payment_method"))
        body = await shown(door, request_id)
        assert (body["case"], body["client_gate"]) == (
            2,
            {"open": False, "missing": ["validation", "payment_method"], "answer_due": "2026-05-23T08:00:00Z"},
        )

    async def test_case_3_says_that_it_waits_for_applications(self, door: Door) -> None:
        request_id = await door.launched(performer="other")
        await door.hear(
            resolved(request_id, known=False),
            dispatch.WorkerGateShut(organisation_id=ORGANISATION, request_id=request_id, missing=("applications",)),
        )
        body = await shown(door, request_id)
        assert (body["case"], body["worker_gate"]) == (3, {"open": False, "missing": ["applications"]})

    async def test_a_gate_that_has_lapsed_says_so_before_anybody_acts(self, door: Door) -> None:
        request_id = await door.launched(**PICKED)
        soon = validated(request_id).model_copy(update={"valid_until": NOW + timedelta(hours=1)})
        await door.hear(resolved(request_id), soon)
        assert (await shown(door, request_id))["client_gate"] == OPEN
        door.clock.advance(timedelta(hours=1))
        assert (await shown(door, request_id))["client_gate"] == {"open": False, "missing": ["payment_method"]}

    async def test_an_operator_sees_who_and_until_when(self, door: Door) -> None:
        request_id = await door.launched()
        await door.hear(resolved(request_id), validated(request_id), assigned(request_id))
        body = await shown(door, request_id, role="operator", sub=OPERATOR)
        assert (body["client"], body["client_gate"]) == (
            {"client_id": str(CLIENT), "known": True},
            {**OPEN, "valid_until": "2026-08-18T08:00:00Z", "validated_by": "client"},
        )


class TestNoDisclosure:
    """From typed details a worker must not learn whether that person was known, nor see anything on file."""

    async def test_a_draft_looks_the_same_whoever_the_client_is(self, door: Door) -> None:
        seen = []
        for facts in ([], [resolved], [in_review], [in_review, resolved]):
            request_id = await door.draft()
            before = await tag(door, request_id)
            await door.hear(*[fact(request_id) for fact in facts])
            response = await door.get(f"/requests/{request_id}")
            assert response.headers["etag"] == before
            seen.append(response.text.replace(str(request_id), ""))
        assert seen == [seen[0]] * 4

    async def test_a_launching_request_looks_the_same_doubt_or_not(self, door: Door) -> None:
        seen = []
        for facts in ([], [in_review]):
            request_id = await door.launched()
            before = await tag(door, request_id)
            await door.hear(*[fact(request_id) for fact in facts])
            response = await door.get(f"/requests/{request_id}")
            assert response.headers["etag"] == before
            assert (response.json()["case"], response.json()["client_gate"], response.json()["worker_gate"]) == (
                None,
                UNDER_VERIFICATION,
                UNDER_VERIFICATION,
            )
            seen.append(response.text.replace(str(request_id), ""))
        assert seen == [seen[0]] * 2

    async def test_the_list_tells_no_more(self, door: Door) -> None:
        drafts = [await door.draft() for _ in range(4)]
        waiting = [await door.launched() for _ in range(2)]
        await door.hear(resolved(drafts[1]), in_review(drafts[2]), in_review(drafts[3]), in_review(waiting[1]))
        await door.project()
        listed = (await door.get("/requests")).text
        for request_id in (*drafts, *waiting):
            listed = listed.replace(str(request_id), "")
        cards = [json.dumps(card) for card in json.loads(listed)["requests"]]
        assert len(set(cards)) == 2

    @pytest.mark.parametrize(
        ("performer", "known", "missing", "told"),
        [
            ("other", True, ["validation", "address"], ["validation"]),
            ("other", False, ["validation", "address", "payment_method"], ["validation"]),
            ("other", True, ["contact"], ["validation"]),
            ("other", True, ["payment_method"], ["validation"]),
            ("self", False, ["payment_method"], ["validation"]),
            ("self", True, ["validation", "address"], ["validation"]),
            ("self", True, ["payment_method"], ["payment_method"]),
            ("self", True, ["validation", "address", "payment_method"], ["validation", "payment_method"]),
        ],
    )
    async def test_once_launched_what_is_missing_follows_from_the_case_alone(
        self, door: Door, performer: str, known: bool, missing: list[directory.ClientGateLack], told: list[str]
    ) -> None:
        request_id = await door.launched(performer=performer)
        await door.hear(resolved(request_id, known=known), asked(request_id, *missing))
        body = await shown(door, request_id)
        assert body["client_gate"] == {"open": False, "missing": told}
        assert "client" not in body
        await door.project()
        assert (await door.get("/requests")).json()["requests"][0]["client_gate"] == {"open": False, "missing": told}
        to_operator = await shown(door, request_id, role="operator", sub=OPERATOR)
        assert to_operator["client_gate"]["missing"] == missing

    async def test_an_operator_sees_the_doubt(self, door: Door) -> None:
        request_id = await door.launched()
        await door.hear(in_review(request_id))
        body = await shown(door, request_id, role="operator", sub=OPERATOR)
        assert (body["client_gate"], body["client"], body["review_reasons"]) == (
            {"open": False, "missing": ["review"]},
            None,
            ["email_equal"],
        )


class TestCancelling:
    async def test_its_creator_cancels_a_draft(self, door: Door) -> None:
        request_id = await door.draft()
        read = await tag(door, request_id)
        response = await door.post(f"/requests/{request_id}/cancel", {"reason_code": "typed_twice"}, if_match=read)
        assert (response.status_code, response.json(), response.headers["etag"]) == (
            200,
            {"request_id": str(request_id), "state": "cancelled"},
            await tag(door, request_id),
        )
        assert (await shown(door, request_id))["end"] == {"by": "worker", "reason_code": "typed_twice"}

    async def test_an_operator_cancels_a_confirmed_request_its_creator_does_not(self, door: Door) -> None:
        request_id = await door.launched()
        await door.hear(resolved(request_id), validated(request_id), assigned(request_id))
        path = f"/requests/{request_id}/cancel"
        assert refusal(await door.post(path, {})) == (409, "request_confirmed")
        assert (await door.post(path, {}, role="operator", sub=OPERATOR)).json()["state"] == "cancelled"
        assert (await door.written())[-1] == RequestCancelled(by="operator")


class TestExpiring:
    async def test_a_request_that_has_expired_says_by_which_rule(self, door: Door) -> None:
        request_id = await door.draft()
        door.clock.advance(timedelta(days=7, microseconds=1))
        await door.context.units.run(
            "timer", lambda work: ON_DUE["draft_lifetime"](work, ORGANISATION, str(request_id))
        )
        body = await shown(door, request_id)
        assert (body["state"], body["end"], body["expires_at"]) == (
            "expired",
            {"rule": "draft_lifetime", "deadline": "2026-05-27T08:00:00Z"},
            None,
        )


class TestReading:
    async def test_a_request_in_full(self, door: Door) -> None:
        request_id = await door.draft()
        response = await door.get(f"/requests/{request_id}")
        assert response.json() == {
            "request_id": str(request_id),
            "state": "draft",
            "case": None,
            "created_by": str(WORKER),
            "performer": "self",
            "postal_code": "97400",
            "offer_id": "reunion:menage",
            "service": "menage",
            "slot": {
                "start": "2026-06-01T05:00:00Z",
                "end": "2026-06-01T07:00:00Z",
                "zone": "Indian/Reunion",
                "local_start": "2026-06-01T09:00:00+04:00",
            },
            "client_gate": None,
            "worker_gate": None,
            "offer": {
                "offer_id": "reunion:menage",
                "service": "menage",
                "zone": "reunion",
                "rate_cents": 2_450,
                "currency": "EUR",
                "catalogue_version": 1,
                "payment_method_required": True,
            },
            "accept_overlap": False,
            "validation": None,
            "expires_at": "2026-05-27T08:00:00Z",
            "end": None,
            "picked_client_id": None,
        }

    async def test_its_client_reads_it_by_the_token_that_names_it(self, door: Door) -> None:
        request_id = await door.launched()
        await door.hear(resolved(request_id), asked(request_id, "validation", "address"))
        body = await shown(door, request_id, role="client", sub=CLIENT, request=request_id)
        assert body["client_gate"] == {
            "open": False,
            "missing": ["validation", "address"],
            "answer_due": "2026-05-23T08:00:00Z",
        }
        assert "picked_client_id" not in body

    async def test_for_everybody_else_it_is_not_there(self, door: Door) -> None:
        request_id, other = await door.launched(), await door.launched()
        await door.hear(resolved(request_id), resolved(other))
        path = f"/requests/{request_id}"
        for who in (
            {"sub": STRANGER},
            {"org": OTHER_ORGANISATION},
            {"role": "operator", "sub": OPERATOR, "org": OTHER_ORGANISATION},
            {"role": "client", "sub": CLIENT},
            {"role": "client", "sub": CLIENT, "request": other},
            {"role": "client", "sub": STRANGER, "request": request_id},
            {"role": "client", "sub": CLIENT, "request": request_id, "org": OTHER_ORGANISATION},
            {"role": "service", "sub": STRANGER},
        ):
            assert refusal(await door.get(path, **who)) == (404, "request_not_found"), who
        for act, body in (("launch", LAUNCH), ("cancel", {})):
            assert refusal(await door.post(f"{path}/{act}", body, sub=STRANGER)) == (404, "request_not_found")
        assert refusal(await door.get(f"/requests/{UUID(int=1)}")) == (404, "request_not_found")

    async def test_a_gate_that_lapses_has_another_tag_though_nothing_was_written(self, door: Door) -> None:
        request_id = await door.launched()
        await door.hear(resolved(request_id), validated(request_id))
        before = await tag(door, request_id)
        door.clock.advance(timedelta(days=91))
        assert (await shown(door, request_id))["client_gate"]["open"] is False
        assert await tag(door, request_id) != before

    async def test_who_sees_something_else_has_another_tag(self, door: Door) -> None:
        request_id = await door.launched()
        assert await tag(door, request_id) != await tag(door, request_id, role="operator", sub=OPERATOR)


class TestListing:
    async def test_pages_go_from_new_to_old_without_gap_or_repetition(self, door: Door) -> None:
        drafted = []
        for number in range(7):
            drafted.append((door.clock.now(), str(await door.draft())))
            door.clock.advance(timedelta(seconds=number % 2))  # some at the same instant
        await door.project()
        found: list[str] = []
        query = {"limit": "3"}
        while True:
            page = (await door.get("/requests", query=query)).json()
            assert len(page["requests"]) <= 3
            found += [request["request_id"] for request in page["requests"]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert found == [request_id for _, request_id in sorted(drafted, reverse=True)]
        everything = (await door.get("/requests")).json()
        assert [request["request_id"] for request in everything["requests"]] == found

    async def test_a_cursor_is_good_for_its_own_list_alone(self, door: Door) -> None:
        for _ in range(3):
            await door.draft()
        await door.project()
        cursor = (await door.get("/requests", query={"limit": "1"})).json()["next_cursor"]
        assert (await door.get("/requests", query={"limit": "2", "cursor": cursor})).status_code == 200
        operator = {"role": "operator", "sub": OPERATOR}
        for query, who in (
            ({"state": "draft"}, {}),
            ({}, {"sub": STRANGER}),
            ({}, operator),
            ({}, {"org": OTHER_ORGANISATION}),
        ):
            answer = await door.get("/requests", query={**query, "cursor": cursor}, **who)
            assert refusal(answer) == (422, "cursor_invalid"), (query, who)

    async def test_rows_that_come_and_go_between_pages_skip_none(self, door: Door) -> None:
        drafts = sorted([await door.draft() for _ in range(4)], reverse=True)  # all at one instant
        await door.project()
        query = {"limit": "2", "state": "draft"}
        first = (await door.get("/requests", query=query)).json()
        door.clock.advance(timedelta(seconds=1))
        await door.draft()
        await door.post(f"/requests/{drafts[1]}/cancel", {})
        await door.project()
        second = (await door.get("/requests", query={**query, "cursor": first["next_cursor"]})).json()
        found = [each["request_id"] for each in [*first["requests"], *second["requests"]]]
        assert (found, second["next_cursor"]) == ([str(each) for each in drafts], None)

    async def test_a_worker_sees_their_own_an_operator_all_of_the_organisation(self, door: Door) -> None:
        await door.add_organisation(org=OTHER_ORGANISATION)
        mine = await door.draft()
        theirs = UUID((await door.post("/requests", DRAFT, sub=STRANGER)).json()["request_id"])
        await door.post("/requests", DRAFT, org=OTHER_ORGANISATION)
        await door.project()
        own = (await door.get("/requests")).json()
        assert [request["request_id"] for request in own["requests"]] == [str(mine)]
        every = (await door.get("/requests", role="operator", sub=OPERATOR)).json()
        assert {request["request_id"] for request in every["requests"]} == {str(mine), str(theirs)}

    async def test_by_state(self, door: Door) -> None:
        draft, launching, cancelled = await door.draft(), await door.launched(), await door.draft()
        await door.post(f"/requests/{cancelled}/cancel", {})
        await door.project()
        for states, expected in (
            (["draft"], {draft}),
            (["draft", "cancelled"], {draft, cancelled}),
            (["launching"], {launching}),
            (["confirmed"], set[UUID]()),
        ):
            body = (await door.get("/requests", query={"state": states})).json()
            assert {UUID(request["request_id"]) for request in body["requests"]} == expected
