"""The HTTP door of the directory, on real PostgreSQL: who may do what, what they see, and that nothing else is written."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from client_directory.domain.client.state import CLIENT
from client_directory.domain.validation.state import VALIDATION
from doorstep_chassis.store.model import WrappedKeyRow

from .door import Door
from .world import (
    AWAY,
    CARD,
    ELSEWHERE,
    HOME,
    MARIE,
    NOW,
    OLD_CARD,
    ON_FILE,
    ORGANISATION,
    OTHER_WORKER,
    PAUL,
    REQUEST,
    SECOND,
    WORKER,
    an_id,
    cancelled,
    confirmed,
    drafted,
    hashed,
    key_issued,
    launched,
    visit_cancelled,
    visit_scheduled,
)

NEW = {**MARIE, "address": HOME, "payment_method": CARD}
SEPA = {"kind": "sepa", "reference": "MANDATE-7", "signed_on": "2025-07-10"}
IBAN = "FR7630006000011234567890189"


def problem(answer: httpx.Response) -> tuple[int, str, str | None]:
    shown = answer.json()
    return answer.status_code, shown["code"], shown.get("field")


async def on_file(door: Door, body: Any = NEW, **who: Any) -> UUID:
    answer = await door.ask("POST", "/clients", body, **who)
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["client_id"])


async def file(door: Door, client_id: UUID) -> Any:
    return (await door.ask("GET", f"/clients/{client_id}")).json()


BAD_INPUT: list[tuple[dict[str, Any], tuple[str, str | None]]] = [
    ({"email": "marie"}, ("email_invalid", "email")),
    ({"phone": "06 12"}, ("phone_invalid", "phone")),
    ({"phone": "06 12 34 56 78", "address": {**HOME, "postal_code": "98000"}}, ("phone_ambiguous", "phone")),
    ({"email": None, "phone": " "}, ("contact_missing", None)),
    ({"first_name": "Ma\x00rie"}, ("text_invalid", "first_name")),
    ({"last_name": "D" * 101}, ("text_too_long", "last_name")),
    ({"last_name": "4111 1111 1111 1111"}, ("card_number_refused", "last_name")),
    ({"address": {**HOME, "line2": IBAN}}, ("iban_refused", "address.line2")),
    ({"address": {**HOME, "locality": " "}}, ("address_incomplete", "address.locality")),
    ({"address": {**HOME, "postal_code": "6900"}}, ("invalid_body", None)),
    (
        {"payment_method": {**CARD, "token": "4111111111111111"}},
        ("card_number_refused", "payment_method.token"),
    ),
    ({"payment_method": {**SEPA, "reference": IBAN}}, ("iban_refused", "payment_method.reference")),
    ({"payment_method": {**CARD, "last4": "4111111111111111"}}, ("invalid_body", None)),
    ({"payment_method": {**CARD, "expiry_month": "2027-13"}}, ("invalid_body", None)),
    ({"payment_method": {**SEPA, "iban": IBAN}}, ("invalid_body", None)),
    ({"known": True}, ("invalid_body", None)),
]


class TestCreatingAClient:
    async def test_puts_a_known_client_on_file(self, door: Door) -> None:
        answer = await door.ask("POST", "/clients", NEW)

        client_id = answer.json()["client_id"]
        assert (answer.status_code, answer.json()) == (201, {"client_id": client_id, "known": True})
        shown = await file(door, UUID(client_id))
        method_id = shown["payment_methods"][0]["method_id"]
        assert shown == {
            "client_id": client_id,
            "known": True,
            **MARIE,
            "postal_code": "69003",
            "address": HOME,
            "payment_methods": [{"method_id": method_id, "kind": "card", "last4": "4242", "expiry_month": "2027-12"}],
        }

    async def test_twice_under_one_key_is_once(self, door: Door) -> None:
        first = await door.ask("POST", "/clients", NEW, key="once")
        head = await door.store.head()
        second = await door.ask("POST", "/clients", NEW, key="once")

        assert (second.status_code, second.json()) == (201, first.json())
        assert await door.store.head() == head
        other = await door.ask("POST", "/clients", {**NEW, "first_name": "Anne"}, key="once")
        assert problem(other) == (422, "idempotency_key_reused", "Idempotency-Key")

    async def test_needs_identifiers_that_nobody_has(self, door: Door) -> None:
        await on_file(door)
        head = await door.store.head()

        same_email = {**PAUL, "email": "MARIE@example.org"}
        same_phone = {**PAUL, "phone": "+33 6 12 34 56 78"}
        assert problem(await door.ask("POST", "/clients", same_email)) == (409, "identifier_taken", "email")
        assert problem(await door.ask("POST", "/clients", same_phone)) == (409, "identifier_taken", "phone")
        assert await door.store.head() == head
        await on_file(door, {**same_email, "share_identifiers": True})
        await on_file(door, same_email, org=ELSEWHERE)

    async def test_bad_input_is_named_and_nothing_is_written(self, door: Door) -> None:
        for change, (code, field) in BAD_INPUT:
            answer = await door.ask("POST", "/clients", {**NEW, **change})

            assert (change, *problem(answer)) == (change, 422, code, field)
            for personal in ("Marie", "marie", "4111", "30006000", "Paix"):
                assert personal not in answer.text
        assert await door.store.head() == 0

    async def test_is_an_operators_act(self, door: Door) -> None:
        for role in ("worker", "client", "service"):
            assert problem(await door.ask("POST", "/clients", NEW, role=role)) == (403, "wrong_role", None)
        assert await door.store.head() == 0


class TestContact:
    async def contact(self, door: Door, client_id: UUID, *, role: str = "service", org: UUID = ORGANISATION) -> Any:
        return await door.ask("GET", f"/clients/{client_id}/contact?organisation_id={org}", role=role)

    async def test_a_service_learns_where_mail_reaches_a_client(self, door: Door) -> None:
        client_id = await on_file(door)

        answer = await self.contact(door, client_id)

        assert answer.status_code == 200
        assert answer.json() == {
            "client_id": str(client_id),
            "first_name": MARIE["first_name"],
            "last_name": MARIE["last_name"],
            "email": MARIE["email"],
        }

    async def test_nobody_else_does(self, door: Door) -> None:
        client_id = await on_file(door)

        for role in ("worker", "client", "operator"):
            assert problem(await self.contact(door, client_id, role=role)) == (403, "wrong_role", None)
        assert (await self.contact(door, client_id, org=ELSEWHERE)).status_code == 404

    async def test_of_somebody_erased_nothing_is_left(self, door: Door) -> None:
        client_id = await on_file(door)
        await door.units.run("erase", lambda work: work.put_key(WrappedKeyRow(client_id, None, "test")))

        answer = await self.contact(door, client_id)

        assert answer.json() == {"client_id": str(client_id), "first_name": None, "last_name": None, "email": None}


class TestPaymentMethods:
    async def test_an_operator_adds_one(self, door: Door) -> None:
        client_id = await on_file(door, {**NEW, "payment_method": None})

        answer = await door.ask("POST", f"/clients/{client_id}/payment-methods", SEPA)

        method_id = answer.json()["method_id"]
        assert (answer.status_code, answer.json()) == (201, {"client_id": str(client_id), "method_id": method_id})
        assert (await file(door, client_id))["payment_methods"] == [
            {
                "method_id": method_id,
                "kind": "sepa",
                "reference": "MANDATE-7",
                "signed_on": "2025-07-10",
                "last_collection_due": None,
                "one_off": False,
            }
        ]

    async def test_only_to_a_client_of_their_organisation(self, door: Door) -> None:
        client_id = await on_file(door)
        head = await door.store.head()

        for path, org in ((client_id, ELSEWHERE), (an_id(99), ORGANISATION)):
            answer = await door.ask("POST", f"/clients/{path}/payment-methods", CARD, org=org)
            assert problem(answer) == (404, "client_not_found", None)
        assert await door.store.head() == head


class TestTheListOfClients:
    async def test_of_an_operator_has_all_of_their_organisation(self, door: Door) -> None:
        marie, paul = await on_file(door), await on_file(door, {**PAUL, "address": AWAY})
        await on_file(door, NEW, org=ELSEWHERE)
        cards = [
            {
                "client_id": str(marie),
                "first_name": "Marie",
                "last_name": "Dupont",
                "postal_code": "69003",
                "known": True,
            },
            {
                "client_id": str(paul),
                "first_name": "Paul",
                "last_name": "Dupont",
                "postal_code": "69002",
                "known": True,
            },
        ]

        whole = (await door.ask("GET", "/clients")).json()
        assert sorted(whole["clients"], key=cards.index) == cards
        assert whole["next_cursor"] is None
        near = await door.ask("GET", "/clients?postal_code=69002")
        assert near.json() == {"clients": cards[1:], "next_cursor": None}

    async def test_comes_in_pages(self, door: Door) -> None:
        for number in range(5):
            await on_file(door, {**MARIE, "phone": None, "email": f"marie{number}@example.org"})
        whole = (await door.ask("GET", "/clients")).json()["clients"]

        first = (await door.ask("GET", "/clients?limit=3")).json()
        second = (await door.ask("GET", f"/clients?limit=3&cursor={first['next_cursor']}")).json()
        assert first["clients"] + second["clients"] == whole
        assert (len(first["clients"]), second["next_cursor"]) == (3, None)
        assert problem(await door.ask("GET", "/clients?cursor=x")) == (422, "cursor_invalid", "cursor")

    async def test_of_a_worker_has_those_they_have_served(self, door: Door) -> None:
        marie = await on_file(door)
        paul, anne = (
            await on_file(door, {**PAUL, "address": AWAY}),
            await on_file(door, {**MARIE, "email": "a@b.fr", "phone": None}),
        )
        await door.hear(
            visit_scheduled(60, marie),
            visit_scheduled(61, paul),
            visit_scheduled(62, anne),
            visit_cancelled(62, anne),
            visit_scheduled(63, anne, ends=NOW + timedelta(microseconds=1)),
            visit_scheduled(64, anne, worker_id=OTHER_WORKER),
        )

        async def listed(path: str, worker: UUID = WORKER, **who: Any) -> list[str]:
            answer = await door.ask("GET", path, role="worker", sub=worker, **who)
            assert all(
                set(card) == {"client_id", "first_name", "last_name", "postal_code"}
                for card in answer.json()["clients"]
            )
            return sorted(card["client_id"] for card in answer.json()["clients"])

        assert await listed("/clients") == sorted([str(marie), str(paul)])
        assert await listed("/clients?postal_code=69003") == [str(marie)]
        assert await listed("/clients", OTHER_WORKER) == [str(anne)]
        assert await listed("/clients", an_id(99)) == []
        assert await listed("/clients", org=ELSEWHERE) == []
        door.clock.advance(timedelta(microseconds=1))
        assert await listed("/clients") == sorted([str(marie), str(paul), str(anne)])

    async def test_is_nobody_elses(self, door: Door) -> None:
        for role in ("client", "service"):
            assert problem(await door.ask("GET", "/clients", role=role)) == (403, "wrong_role", None)


class TestNames:
    async def test_of_an_operator_are_those_on_file_in_their_organisation(self, door: Door) -> None:
        marie, paul = await on_file(door), await on_file(door, {**PAUL, "address": AWAY})
        stranger = await on_file(door, NEW, org=ELSEWHERE)

        answer = await door.ask(
            "GET", f"/client-names?ids={marie}&ids={paul}&ids={stranger}&ids={an_id(99)}&ids={marie}"
        )

        named = {
            marie: {"client_id": str(marie), "first_name": "Marie", "last_name": "Dupont"},
            paul: {"client_id": str(paul), "first_name": "Paul", "last_name": "Dupont"},
        }
        assert (answer.status_code, answer.json()) == (200, {"names": [named[each] for each in sorted(named)]})

    async def test_of_a_worker_are_those_they_visit(self, door: Door) -> None:
        marie, paul = await on_file(door), await on_file(door, {**PAUL, "address": AWAY})
        await door.hear(
            visit_scheduled(60, marie, ends=NOW + timedelta(days=9)),
            visit_scheduled(61, paul),
            visit_cancelled(61, paul),
        )

        async def named(worker: UUID) -> list[str]:
            answer = await door.ask("GET", f"/client-names?ids={marie}&ids={paul}", role="worker", sub=worker)
            return [each["client_id"] for each in answer.json()["names"]]

        assert await named(WORKER) == [str(marie)]
        assert await named(OTHER_WORKER) == []

    async def test_that_are_erased_are_left_out(self, door: Door) -> None:
        marie = await on_file(door)
        async with door.store.connection() as connection:
            await connection.execute("DELETE FROM data_keys")
        assert (await door.ask("GET", f"/client-names?ids={marie}")).json() == {"names": []}

    async def test_are_asked_by_a_hundred_ids_at_most(self, door: Door) -> None:
        for count, status in ((0, 422), (100, 200), (101, 422)):
            query = "&".join(f"ids={an_id(number + 1)}" for number in range(count))
            assert (await door.ask("GET", f"/client-names?{query}")).status_code == status
        for role in ("client", "service"):
            assert problem(await door.ask("GET", f"/client-names?ids={an_id(1)}", role=role)) == (
                403,
                "wrong_role",
                None,
            )


class TestAClientsFile:
    async def test_shows_a_worker_who_has_served_them_name_and_address(self, door: Door) -> None:
        marie = await on_file(door)
        await door.hear(visit_scheduled(60, marie))

        answer = await door.ask("GET", f"/clients/{marie}", role="worker", sub=WORKER)

        assert (answer.status_code, answer.json()) == (
            200,
            {
                "client_id": str(marie),
                "first_name": "Marie",
                "last_name": "Dupont",
                "postal_code": "69003",
                "address": HOME,
            },
        )

    async def test_is_not_there_for_anybody_else(self, door: Door) -> None:
        marie = await on_file(door)
        await door.hear(visit_scheduled(60, marie))
        asked: list[dict[str, Any]] = [
            {"role": "worker", "sub": OTHER_WORKER},
            {"role": "worker", "sub": WORKER, "org": ELSEWHERE},
            {"role": "operator", "org": ELSEWHERE},
        ]

        for who in asked:
            assert problem(await door.ask("GET", f"/clients/{marie}", **who)) == (404, "client_not_found", None)
        assert problem(await door.ask("GET", f"/clients/{an_id(99)}")) == (404, "client_not_found", None)

    async def test_without_its_key_shows_nothing_personal(self, door: Door) -> None:
        marie = await on_file(door)
        async with door.store.connection() as connection:
            await connection.execute("DELETE FROM data_keys")

        assert (await door.ask("GET", "/clients")).json()["clients"] == [
            {"client_id": str(marie), "first_name": None, "last_name": None, "postal_code": "69003", "known": True}
        ]
        shown = await file(door, marie)
        assert (shown["first_name"], shown["email"], shown["address"]) == (None, None, None)


DOUBTFUL = {**MARIE, "phone": PAUL["phone"]}


class TestReviews:
    async def given_doubt(self, door: Door) -> UUID:
        marie = await on_file(door)
        await door.hear(key_issued(), drafted(DOUBTFUL))
        return marie

    async def test_are_shown_to_operators_with_what_was_typed(self, door: Door) -> None:
        marie = await self.given_doubt(door)

        answer = await door.ask("GET", "/reviews")

        assert answer.json() == {
            "reviews": [
                {
                    "request_id": str(REQUEST),
                    "reasons": ["identifier_conflict"],
                    "postal_code": "69003",
                    "opened_at": "2026-03-02T09:00:00Z",
                    "contact": DOUBTFUL,
                    "candidates": [{"client_id": str(marie), "known": True, "postal_code": "69003", **MARIE}],
                }
            ],
            "next_cursor": None,
        }
        assert (await door.ask("GET", "/reviews", org=ELSEWHERE)).json()["reviews"] == []
        assert (await door.ask("GET", "/reviews", role="worker")).json()["code"] == "wrong_role"

    async def test_an_operator_links(self, door: Door) -> None:
        marie = await self.given_doubt(door)

        for _ in range(2):
            answer = await door.ask("POST", f"/reviews/{REQUEST}/decision", {"link": str(marie)})
            assert (answer.status_code, answer.json()) == (
                200,
                {"request_id": str(REQUEST), "client_id": str(marie)},
            )
        assert (await door.ask("GET", "/reviews")).json()["reviews"] == []
        other = await on_file(door, {**PAUL, "phone": None})
        answer = await door.ask("POST", f"/reviews/{REQUEST}/decision", {"link": str(other)})
        assert problem(answer) == (409, "review_decided", None)

    async def test_an_operator_says_it_is_somebody_new_who_shares(self, door: Door) -> None:
        marie = await self.given_doubt(door)

        answer = await door.ask("POST", f"/reviews/{REQUEST}/decision", {"new": True}, key="once")

        new = answer.json()["client_id"]
        assert (answer.status_code, new == str(marie)) == (200, False)
        assert (await file(door, UUID(new))) | {"client_id": ""} == {
            "client_id": "",
            "known": False,
            **DOUBTFUL,
            "postal_code": "69003",
            "address": None,
            "payment_methods": [],
        }
        again = await door.ask("POST", f"/reviews/{REQUEST}/decision", {"new": True}, key="once")
        assert again.json() == answer.json()
        # Typed once more, both identifiers point at the new one alone.
        await door.hear(key_issued(SECOND), drafted(DOUBTFUL, request_id=SECOND))
        assert (await door.ask("GET", "/reviews")).json()["reviews"] == []

    async def test_opens_the_gate_of_what_waits(self, door: Door) -> None:
        marie = await self.given_doubt(door)
        await door.hear(launched(address=HOME))
        await door.ask("POST", f"/reviews/{REQUEST}/decision", {"link": str(marie)})

        shown = (await door.ask("GET", f"/requests/{REQUEST}/validation")).json()
        assert (shown["state"], shown["valid_until"]) == ("validated", "2026-03-12T09:00:00Z")

    async def test_what_cannot_be_decided(self, door: Door) -> None:
        marie = await self.given_doubt(door)
        path = f"/reviews/{REQUEST}/decision"
        head = await door.store.head()

        assert problem(await door.ask("POST", path, {"link": str(an_id(99))})) == (404, "client_not_found", None)
        unknown = await door.ask("POST", f"/reviews/{SECOND}/decision", {"new": True})
        assert problem(unknown) == (404, "review_not_found", None)
        foreign = await door.ask("POST", path, {"new": True}, org=ELSEWHERE)
        assert problem(foreign) == (404, "review_not_found", None)
        for body in ({}, {"new": False}, {"new": True, "link": str(marie)}):
            assert (await door.ask("POST", path, body)).json()["code"] == "invalid_body"
        assert (await door.ask("POST", path, {"new": True}, role="worker")).json()["code"] == "wrong_role"
        assert await door.store.head() == head
        await door.hear(cancelled())
        assert (await door.ask("GET", "/reviews")).json()["reviews"] == []
        assert problem(await door.ask("POST", path, {"new": True})) == (409, "request_ended", None)

    async def test_a_picked_client_whom_nobody_knows_can_only_be_linked(self, door: Door) -> None:
        marie = await on_file(door)
        await door.hear(drafted(picked=ON_FILE))
        path = f"/reviews/{REQUEST}/decision"

        shown = (await door.ask("GET", "/reviews")).json()["reviews"][0]
        assert (shown["reasons"], shown["contact"]) == (["picked_client_unknown"], None)
        assert problem(await door.ask("POST", path, {"new": True})) == (409, "contact_not_typed", None)
        assert (await door.ask("POST", path, {"link": str(marie)})).status_code == 200


VALIDATION_PATH = f"/requests/{REQUEST}/validation"


class TestAnswering:
    async def given_asked(self, door: Door, body: Any = NEW, **launch: Any) -> UUID:
        client_id = await on_file(door, body)
        await door.hear(drafted(picked=client_id), launched("client", **launch))
        return client_id

    async def given_new(self, door: Door) -> UUID:
        await door.hear(key_issued(), drafted(MARIE), launched(address=HOME))
        state: Any = await door.units.run("look", lambda work: work.state(VALIDATION.at(ORGANISATION, REQUEST)))
        return UUID(str(state.client_id))

    async def by_client(self, door: Door, client_id: UUID, body: Any = None, request: UUID = REQUEST) -> httpx.Response:
        method = "GET" if body is None else "POST"
        return await door.ask(method, VALIDATION_PATH, body, role="client", sub=client_id, request=request)

    async def test_the_client_sees_what_is_asked_and_their_own_details(self, door: Door) -> None:
        client_id = await self.given_new(door)

        answer = await self.by_client(door, client_id)

        assert (answer.status_code, answer.json()) == (
            200,
            {
                "request_id": str(REQUEST),
                "state": "asked",
                "client_id": str(client_id),
                "postal_code": "69003",
                "slot_start": "2026-03-12T09:00:00Z",
                "zone": "Europe/Paris",
                "payment_method_required": True,
                "missing": ["validation", "address", "payment_method"],
                "deadline": "2026-03-05T09:00:00Z",
                "valid_until": None,
                "client": {**MARIE, "postal_code": "69003", "address": None, "payment_methods": []},
                "proposed_address": HOME,
            },
        )

    async def test_a_new_client_completes_and_validates_and_is_known(self, door: Door) -> None:
        client_id = await self.given_new(door)
        own = {**HOME, "line2": "3e étage"}

        answer = await self.by_client(door, client_id, {"action": "validate", "address": own, "payment_method": CARD})

        assert (answer.status_code, answer.json()) == (
            200,
            {"request_id": str(REQUEST), "state": "validated", "missing": [], "valid_until": "2026-03-12T09:00:00Z"},
        )
        shown = await file(door, client_id)
        assert (shown["known"], shown["address"], len(shown["payment_methods"])) == (True, own, 1)

    async def test_the_address_that_the_worker_typed_becomes_theirs_when_they_give_none(self, door: Door) -> None:
        client_id = await self.given_new(door)

        answer = await self.by_client(door, client_id, {"action": "validate", "payment_method": SEPA})

        assert answer.json()["state"] == "validated"
        assert (await file(door, client_id))["address"] == HOME

    async def test_what_is_missing_is_named_and_nothing_is_written(self, door: Door) -> None:
        client_id = await self.given_asked(door, {**MARIE})
        head = await door.store.head()

        assert problem(await self.by_client(door, client_id, {"action": "validate", "payment_method": CARD})) == (
            422,
            "address_missing",
            "address",
        )
        for card in (None, OLD_CARD):
            body = {"action": "validate", "address": HOME, "payment_method": card}
            assert problem(await self.by_client(door, client_id, body)) == (
                422,
                "payment_method_missing",
                "payment_method",
            )
        assert await door.store.head() == head

    async def test_an_address_outside_the_zone_waits_for_an_operator(self, door: Door) -> None:
        client_id = await self.given_asked(door)

        answer = await self.by_client(door, client_id, {"action": "validate", "address": AWAY})

        assert answer.json() == {
            "request_id": str(REQUEST),
            "state": "shut",
            "missing": ["validation", "address_outside_zone"],
            "valid_until": None,
        }
        assert (await file(door, client_id))["address"] == AWAY

    async def test_an_operator_validates_for_them(self, door: Door) -> None:
        client_id = await self.given_asked(door, {**MARIE, "email": None, "address": HOME, "payment_method": CARD})
        assert (await door.ask("GET", VALIDATION_PATH)).json()["missing"] == ["validation", "contact"]

        answer = await door.ask("POST", VALIDATION_PATH, {"action": "validate"})

        assert answer.json()["state"] == "validated"
        state: Any = await door.units.run("look", lambda work: work.state(VALIDATION.at(ORGANISATION, REQUEST)))
        assert (state.client_id, state.validated_by) == (client_id, "operator")

    async def test_the_client_declines_with_a_reason_that_stays_sealed(self, door: Door) -> None:
        client_id = await self.given_asked(door)

        for _ in range(2):
            answer = await self.by_client(door, client_id, {"action": "decline", "reason": "Je pars en voyage"})
            assert answer.json() == {
                "request_id": str(REQUEST),
                "state": "declined",
                "missing": [],
                "valid_until": None,
            }
        log = await door.store.log_after(0, 100)
        assert not any("voyage" in entry.state.decode() for entry in log)
        assert problem(await self.by_client(door, client_id, {"action": "validate"})) == (409, "request_declined", None)

    async def test_a_reason_is_free_text_and_no_account_number(self, door: Door) -> None:
        client_id = await self.given_asked(door)

        answer = await self.by_client(door, client_id, {"action": "decline", "reason": f"remboursez {IBAN}"})

        assert problem(answer) == (422, "iban_refused", "reason")

    async def test_is_refused_after_the_end(self, door: Door) -> None:
        client_id = await self.given_asked(door)
        await door.hear(cancelled())

        for action in ("validate", "decline"):
            assert problem(await self.by_client(door, client_id, {"action": action})) == (409, "request_ended", None)
        assert (await self.by_client(door, client_id)).json() == {"request_id": str(REQUEST), "state": "ended"}
        operator = await door.ask("POST", VALIDATION_PATH, {"action": "validate"})
        assert problem(operator) == (409, "request_ended", None)

    async def test_is_settled_by_the_confirmation(self, door: Door) -> None:
        client_id = await self.given_asked(door)
        await self.by_client(door, client_id, {"action": "validate"})
        await door.hear(confirmed(client_id))

        assert (await self.by_client(door, client_id, {"action": "validate"})).json()["state"] == "confirmed"
        declined = await self.by_client(door, client_id, {"action": "decline"})
        assert problem(declined) == (409, "request_confirmed", None)

    async def test_ends_with_the_deadline(self, door: Door) -> None:
        client_id = await self.given_asked(door)
        door.clock.advance(timedelta(hours=72, microseconds=1))

        answer = await self.by_client(door, client_id, {"action": "validate"})

        assert problem(answer) == (409, "answer_too_late", None)
        assert answer.json()["instant"] == "2026-03-05T09:00:00Z"

    async def test_is_for_the_client_of_this_request_alone(self, door: Door) -> None:
        client_id = await self.given_asked(door)
        other = await on_file(door, PAUL)
        not_there: list[dict[str, Any]] = [
            {"role": "client", "sub": client_id, "request": SECOND},
            {"role": "client", "sub": client_id},
            {"role": "client", "sub": other, "request": REQUEST},
            {"role": "client", "sub": client_id, "request": REQUEST, "org": ELSEWHERE},
            {"role": "operator", "org": ELSEWHERE},
        ]
        head = await door.store.head()

        for who in not_there:
            for method, body in (("GET", None), ("POST", {"action": "validate"}), ("POST", {"action": "decline"})):
                answer = await door.ask(method, VALIDATION_PATH, body, **who)
                assert problem(answer) == (404, "validation_not_found", None)
        for method, body in (("GET", None), ("POST", {"action": "validate"})):
            answer = await door.ask(method, VALIDATION_PATH, body, role="worker", sub=WORKER)
            assert problem(answer) == (403, "wrong_role", None)
        assert await door.store.head() == head

    async def test_before_the_launch_nothing_is_asked(self, door: Door) -> None:
        for method, body in (("GET", None), ("POST", {"action": "validate"})):
            answer = await door.ask(method, VALIDATION_PATH, body)
            assert problem(answer) == (404, "validation_not_found", None)


async def test_nothing_personal_is_stored_in_clear(door: Door) -> None:
    client_id = await on_file(door)
    await door.hear(key_issued(), drafted(PAUL), launched(address=AWAY))

    text = b"".join(entry.state for entry in await door.store.log_after(0, 100)).decode()
    async with door.store.connection() as connection:
        for table in ("clients_v1", "reviews_v1", "served_v1"):
            text += str(await (await connection.execute(f"SELECT * FROM {table}")).fetchall())
    for personal in ("Marie", "Dupont", "marie@", "612345678", "06 12", "Paix", "Bellecour", "tok_", "4242"):
        assert personal not in text
    assert str(client_id) in text
    state: Any = await door.units.run("look", lambda work: work.state(CLIENT.at(ORGANISATION, client_id)))
    assert state.email == hashed("email", "marie@example.org")
