"""Bad input: each a problem with a code of its own, nothing of it repeated, and nothing written."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from doorstep_contracts.samples import CLIENT, ORGANISATION

from .door import ADDRESS, DRAFT, LAUNCH, OPERATOR, SERVICE_ITSELF, TYPED, Door

TYPED_WITH: Mapping[str, tuple[Mapping[str, Any], str, str]] = {
    "control character": ({"first_name": "Zo\x00é"}, "text_holds_control_character", "first_name"),
    "lone surrogate": ({"last_name": "\ud800"}, "text_holds_control_character", "last_name"),
    "too long": ({"last_name": "x" * 101}, "text_too_long", "last_name"),
    "card number": ({"last_name": "4111 1111 1111 1111"}, "text_holds_card_number", "last_name"),
    "iban": ({"first_name": "FR76 3000 6000 0112 3456 7890 189"}, "text_holds_iban", "first_name"),
    "e-mail": ({"email": "zoe.example.fr"}, "email_invalid", "email"),
    "phone": ({"phone": "06 12 34 56"}, "phone_invalid", "phone"),
    "missing field": ({"phone": None}, "contact_field_missing", "phone"),
    "blank field": ({"first_name": "  "}, "contact_field_missing", "first_name"),
}

BAD_DRAFTS: Mapping[str, tuple[Mapping[str, Any], int, str, str | None]] = {
    "postal code of four digits": ({"postal_code": "9740"}, 422, "postal_code_malformed", "postal_code"),
    "postal code in other digits": ({"postal_code": "٩٧٤٠٠"}, 422, "postal_code_malformed", "postal_code"),
    "unknown postal code": ({"postal_code": "97499"}, 422, "postal_code_unknown", "postal_code"),
    "postal code not covered": ({"postal_code": "98000"}, 422, "postal_code_not_covered", "postal_code"),
    "service not offered there": ({"offer_id": "corse:menage"}, 422, "service_not_offered", "offer_id"),
    "no such offer": ({"offer_id": "nothing"}, 422, "service_not_offered", "offer_id"),
    "duration off the steps": ({"duration_minutes": 61}, 422, "duration_not_offered", "duration_minutes"),
    "duration over the maximum": ({"duration_minutes": 1_000}, 422, "duration_not_offered", "duration_minutes"),
    "slot in the past": ({"start": "2026-05-20T11:59"}, 422, "slot_in_past", "start"),
    "slot now": ({"start": "2026-05-20T12:00"}, 422, "slot_in_past", "start"),
    "no date": ({"start": "demain"}, 422, "start_malformed", "start"),
    "no such day": ({"start": "2026-02-30T09:00"}, 422, "start_malformed", "start"),
    "local time that does not exist": (
        {"postal_code": "69003", "offer_id": "lyon:menage", "start": "2027-03-28T02:30"},
        422,
        "local_time_nonexistent",
        "start",
    ),
    "local time that is there twice": (
        {"postal_code": "69003", "offer_id": "lyon:menage", "start": "2026-10-25T02:30"},
        422,
        "local_time_ambiguous",
        "start",
    ),
    "offset of another place": ({"start": "2026-06-01T09:00+02:00"}, 422, "offset_contradicts_zone", "start"),
    "no performer": ({"performer": "somebody"}, 422, "invalid_body", None),
    "duration as text": ({"duration_minutes": "120"}, 422, "invalid_body", None),
    "overlap as text": ({"accept_overlap": "yes"}, 422, "invalid_body", None),
    "unknown member": ({"rate_cents": 1}, 422, "invalid_body", None),
    "client picked and typed": ({"client": {"picked": str(CLIENT), "typed": TYPED}}, 422, "invalid_body", None),
    "client neither picked nor typed": ({"client": {}}, 422, "invalid_body", None),
    "client by no id": ({"client": {"picked": "zoe"}}, 422, "invalid_body", None),
    **{name: ({"client": {"typed": {**TYPED, **typed}}}, 422, code, field) for name, (typed, code, field) in TYPED_WITH.items()},
}  # fmt: skip

BAD_LAUNCHES: Mapping[str, tuple[Mapping[str, Any], str, str | None]] = {
    "confirms an address never shown": (
        {"address_confirmed": True, "address": None},
        "address_never_shown",
        "address_confirmed",
    ),
    "no such validation": ({"validation": "nobody"}, "invalid_body", None),
    "address without a line": ({"address": {**ADDRESS, "line1": " "}}, "address_incomplete", "address.line1"),
    "address of an unknown code": (
        {"address": {**ADDRESS, "postal_code": "97499"}},
        "postal_code_unknown",
        "address.postal_code",
    ),
    "address without a code": (
        {"address": {**ADDRESS, "postal_code": ""}},
        "postal_code_malformed",
        "address.postal_code",
    ),
    "address with a card number": (
        {"address": {**ADDRESS, "line2": "4111 1111 1111 1111"}},
        "text_holds_card_number",
        "address.line2",
    ),
    "address with an unknown member": ({"address": {**ADDRESS, "digicode": "1234"}}, "invalid_body", None),
}  # fmt: skip


def refusal(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


def repeated(response: httpx.Response, *sent: str) -> list[str]:
    """What of somebody's data comes back."""
    return [text for text in (*TYPED.values(), *sent) if text in response.text]


@pytest.mark.parametrize(("changed", "status", "code", "field"), BAD_DRAFTS.values(), ids=BAD_DRAFTS.keys())
async def test_a_draft_that_cannot_be(
    door: Door, changed: Mapping[str, Any], status: int, code: str, field: str | None
) -> None:
    before = await door.store.head()
    headers = {"Idempotency-Key": "1", "Content-Type": "application/json", **door.bearer()}
    body = json.dumps({**DRAFT, **changed}).encode()  # ASCII: lone surrogates escaped
    response = await door.http.post("/requests", content=body, headers=headers)
    assert (*refusal(response), response.json().get("field")) == (status, code, field)
    typed = changed.get("client", {}).get("typed", {}) if code != "invalid_body" else {}
    assert repeated(response, *[value for value in typed.values() if value and value.strip()]) == []
    assert await door.store.head() == before


@pytest.mark.parametrize(("changed", "code", "field"), BAD_LAUNCHES.values(), ids=BAD_LAUNCHES.keys())
async def test_a_launch_that_cannot_be(door: Door, changed: Mapping[str, Any], code: str, field: str | None) -> None:
    request_id = await door.draft()
    before = await door.store.head()
    response = await door.post(f"/requests/{request_id}/launch", {**LAUNCH, **changed})
    assert (*refusal(response), response.json().get("field")) == (422, code, field)
    assert repeated(response, "12 rue des Lilas", "4111 1111 1111 1111") == []
    assert await door.store.head() == before


async def test_a_contact_that_nobody_can_reach(door: Door) -> None:
    settings = {"workers_may_create": True, "required_contact_fields": [], "draft_lifetime_hours": 168}
    await door.put("/settings", settings, role="operator", sub=OPERATOR)
    response = await door.post("/requests", {**DRAFT, "client": {"typed": {"first_name": "Zoé"}}})
    assert refusal(response) == (422, "contact_unreachable")


@pytest.mark.parametrize(
    ("postal_code", "code", "suggested"),
    [
        ("97499", "postal_code_unknown", ["97490", "97439", "97429", "97419", "97480"]),
        ("92000", "postal_code_not_covered", ["92100"]),
        ("98000", "postal_code_not_covered", []),
    ],
)
async def test_near_codes_are_suggested(door: Door, postal_code: str, code: str, suggested: list[str]) -> None:
    for response in (
        await door.get("/catalogue", query={"postal_code": postal_code}),
        await door.post("/requests", {**DRAFT, "postal_code": postal_code}),
    ):
        assert refusal(response) == (422, code)
        assert [each["postal_code"] for each in response.json()["suggestions"]] == suggested


class TestWhoAsks:
    @pytest.mark.parametrize("role", ["operator", "client", "service"])
    async def test_only_a_worker_drafts(self, door: Door, role: str) -> None:
        assert refusal(await door.post("/requests", DRAFT, role=role)) == (403, "wrong_role")

    @pytest.mark.parametrize("role", ["operator", "client"])
    async def test_only_a_worker_launches(self, door: Door, role: str) -> None:
        request_id = await door.draft()
        response = await door.post(f"/requests/{request_id}/launch", LAUNCH, role=role)
        assert refusal(response) == (403, "wrong_role")

    async def test_a_client_neither_cancels_nor_lists(self, door: Door) -> None:
        request_id = await door.draft()
        assert refusal(await door.post(f"/requests/{request_id}/cancel", {}, role="client")) == (403, "wrong_role")
        assert refusal(await door.get("/requests", role="client")) == (403, "wrong_role")

    async def test_only_an_operator_changes_settings(self, door: Door) -> None:
        settings = {"workers_may_create": True, "required_contact_fields": [], "draft_lifetime_hours": 168}
        assert refusal(await door.put("/settings", settings)) == (403, "wrong_role")

    @pytest.mark.parametrize("role", ["worker", "operator", "client"])
    async def test_only_a_service_adds_an_organisation(self, door: Door, role: str) -> None:
        body = {"organisation_id": str(UUID(int=5)), "slug": "x", "time_zone": "Europe/Paris"}
        assert refusal(await door.post("/organisations", body, role=role)) == (403, "wrong_role")

    async def test_nobody_asks_without_a_token(self, door: Door) -> None:
        for path in ("/requests", f"/requests/{CLIENT}", "/settings", "/catalogue?postal_code=97400"):
            assert refusal(await door.http.get(path)) == (401, "token_missing")

    async def test_a_worker_who_is_not_permitted_learns_only_that(self, closed_door: Door) -> None:
        door = closed_door
        assert refusal(await door.post("/requests", DRAFT)) == (404, "organisation_unknown")
        await door.add_organisation(workers_may_create=False)
        before = await door.store.head()
        bad = {**DRAFT, "postal_code": "00000", "client": {"typed": {"phone": "4111 1111 1111 1111"}}}
        assert refusal(await door.post("/requests", bad)) == (403, "workers_may_not_create")
        assert await door.store.head() == before


class TestHowTheyAsk:
    async def test_a_post_needs_an_idempotency_key(self, door: Door) -> None:
        response = await door.http.post("/requests", json=DRAFT, headers=door.bearer())
        assert refusal(response) == (400, "idempotency_key_missing")

    async def test_a_body_is_json(self, door: Door) -> None:
        headers = {"Idempotency-Key": "1", "Content-Type": "application/json", **door.bearer()}
        response = await door.http.post("/requests", content=b"{", headers=headers)
        assert refusal(response) == (400, "malformed_json")

    @pytest.mark.parametrize("path", ["/requests/zoe", "/requests/1"])
    async def test_an_id_is_an_id(self, door: Door, path: str) -> None:
        assert refusal(await door.get(path)) == (422, "invalid_parameter")

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ({"cursor": "x"}, "cursor_invalid"),
            ({"cursor": "Zm9v"}, "cursor_invalid"),
            ({"cursor": "MjAyNi0wNS0yMFQwODowMDowMHwwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMQ"}, "cursor_invalid"),
            ({"cursor": "é"}, "cursor_invalid"),
            ({"limit": "0"}, "invalid_parameter"),
            ({"limit": "101"}, "invalid_parameter"),
            ({"state": "lost"}, "invalid_parameter"),
        ],
    )
    async def test_a_page_that_there_is_not(self, door: Door, query: dict[str, str], code: str) -> None:
        assert refusal(await door.get("/requests", query=query)) == (422, code)

    @pytest.mark.parametrize(
        ("if_match", "status", "code"), [('"7"', 412, "precondition_failed"), ("1", 400, "if_match_invalid")]
    )
    async def test_a_version_that_is_not_the_present_one(
        self, door: Door, if_match: str, status: int, code: str
    ) -> None:
        request_id = await door.draft()
        before = await door.store.head()
        for response in (
            await door.post(f"/requests/{request_id}/launch", LAUNCH, if_match=if_match),
            await door.post(f"/requests/{request_id}/cancel", {}, if_match=if_match),
        ):
            assert refusal(response) == (status, code)
        settings = {"workers_may_create": True, "required_contact_fields": [], "draft_lifetime_hours": 168}
        response = await door.put("/settings", settings, role="operator", sub=OPERATOR, if_match=if_match)
        assert refusal(response) == (status, code)
        assert await door.store.head() == before

    async def test_settings_are_not_changed_unseen(self, door: Door) -> None:
        settings = {"workers_may_create": True, "required_contact_fields": [], "draft_lifetime_hours": 168}
        headers = door.bearer(role="operator", sub=OPERATOR)
        before = await door.store.head()
        assert refusal(await door.http.put("/settings", json=settings, headers=headers)) == (
            428,
            "precondition_required",
        )
        assert await door.store.head() == before

    @pytest.mark.parametrize(
        "changed",
        [
            {"draft_lifetime_hours": 0},
            {"draft_lifetime_hours": 8_761},
            {"draft_lifetime_hours": "24"},
            {"required_contact_fields": ["address"]},
            {"workers_may_create": None},
        ],
    )
    async def test_settings_that_cannot_be(self, door: Door, changed: dict[str, Any]) -> None:
        settings = {"workers_may_create": True, "required_contact_fields": [], "draft_lifetime_hours": 168}
        response = await door.put("/settings", {**settings, **changed}, role="operator", sub=OPERATOR)
        assert refusal(response) == (422, "invalid_body")

    @pytest.mark.parametrize(
        ("changed", "status", "code"),
        [
            ({"time_zone": "Europe/Lutetia"}, 422, "time_zone_unknown"),
            ({"slug": "other"}, 409, "organisation_exists"),
            ({"slug": "a b"}, 422, "invalid_body"),
            ({"organisation_id": "demo"}, 422, "invalid_body"),
        ],
    )
    async def test_an_organisation_that_cannot_be(
        self, door: Door, changed: dict[str, str], status: int, code: str
    ) -> None:
        body = {"organisation_id": str(ORGANISATION), "slug": "demo", "time_zone": "Indian/Reunion", **changed}
        response = await door.post("/organisations", body, role="service", sub=SERVICE_ITSELF)
        assert refusal(response) == (status, code)

    @pytest.mark.parametrize("reason", ["", "Zoé", "0612345678", "a b", "x" * 41, "_x"])
    async def test_a_reason_is_a_code_of_words(self, door: Door, reason: str) -> None:
        request_id = await door.draft()
        response = await door.post(f"/requests/{request_id}/cancel", {"reason_code": reason})
        assert refusal(response) == (422, "invalid_body")


class TestTooLate:
    async def test_a_draft_that_has_run_out_is_neither_launched_nor_cancelled(self, door: Door) -> None:
        request_id = await door.draft()
        door.clock.advance(timedelta(days=7, microseconds=1))
        for act, body in (("launch", LAUNCH), ("cancel", {})):
            response = await door.post(f"/requests/{request_id}/{act}", body)
            assert refusal(response) == (409, "deadline_passed")
            assert (response.json()["rule"], response.json()["instant"]) == ("draft_lifetime", "2026-05-27T08:00:00Z")

    async def test_a_cancelled_request_is_not_launched(self, door: Door) -> None:
        request_id = await door.draft()
        await door.post(f"/requests/{request_id}/cancel", {})
        assert refusal(await door.post(f"/requests/{request_id}/launch", LAUNCH)) == (409, "request_ended")
