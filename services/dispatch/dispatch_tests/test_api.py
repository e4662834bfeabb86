"""The HTTP door of dispatch, on real PostgreSQL: who may do what, what is answered, and that nothing else is written."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from dispatch.api import routes
from dispatch.domain.award.events import AwardEnded, AwardEvent, BroadcastClosed
from dispatch.domain.award.state import AWARD
from dispatch.domain.eligibility import Verdict
from dispatch.domain.worker.state import WORKER, Registered
from dispatch.views.calls import CALLS_VIEW
from doorstep_chassis.clock import FixedClock
from doorstep_chassis.consumer.engine import Engine
from doorstep_chassis.consumer.log_feed import LOG, log_decoder, log_record
from doorstep_chassis.http import create_app
from doorstep_chassis.issuer import LocalIssuer
from doorstep_chassis.privacy import KeyRing
from doorstep_chassis.service import Context
from doorstep_chassis.settings import ServiceSettings
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.units import Units
from doorstep_chassis.work import Work
from pydantic import SecretStr

from .world import (
    ANNE,
    BRUNO,
    CREATOR,
    DEADLINE,
    ELSEWHERE,
    NOW,
    ORGANISATION,
    REQUEST,
    SLOT,
    an_id,
    applied,
    assigned,
    failed,
    opened,
    selected,
    shut,
    started,
)

CALL = (started(), opened(ANNE, BRUNO), shut("applications"))
OPERATOR = an_id(90)
UNKNOWN = an_id(99)
CLEANER = {"services": ["menage"], "postal_prefixes": ["69"]}


class Door:
    """Dispatch's routes, asked by anybody."""

    def __init__(self, store: PostgresStore) -> None:
        self.store = store
        self.clock = FixedClock(NOW)
        self.issuer = LocalIssuer(clock=self.clock)
        self.units = Units(store, self.clock, "dispatch")
        secret = SecretStr(b64encode(bytes(32)).decode())
        settings = ServiceSettings(
            environment="development",
            service="dispatch",
            database_url=SecretStr("postgresql://unused"),
            kafka_bootstrap_servers=("127.0.0.1:1",),
            issuer=self.issuer.issuer,
            audience=self.issuer.audience,
            jwks="unused",
            door_issuer="http://door.test",
            door_jwks="unused",
            kek=secret,
            kek_id="test",
            hmac_key=secret,
        )
        context = Context(settings, store, self.units, self.clock, KeyRing(bytes(32), "test"), bytes(32))
        app = create_app("Doorstep dispatch", verifier=self.issuer.verifier())
        app.include_router(routes(context))
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://dispatch.test")

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: Any = "operator",
        sub: UUID = OPERATOR,
        org: UUID = ORGANISATION,
        key: str | None = None,
        if_match: str | None = None,
    ) -> httpx.Response:
        """Ask; a PUT changes what stands now, unless another version is named."""
        token = self.issuer.token(sub=sub, role=role, org=None if role == "service" else org)
        headers = {"Authorization": f"Bearer {token}"}
        if method == "POST":
            headers["Idempotency-Key"] = key or str(uuid4())
        if method == "PUT" and if_match is None:
            if_match = (await self.client.get(path, headers=headers)).headers.get("etag")
        if if_match is not None:
            headers["If-Match"] = if_match
        return await self.client.request(method, path, json=body, headers=headers)

    async def register(self, worker_id: UUID, org: UUID = ORGANISATION, **profile: Any) -> None:
        answer = await self.ask("POST", "/workers", {"worker_id": str(worker_id), **CLEANER, **profile}, org=org)
        assert answer.status_code == 201

    async def given(self, *events: AwardEvent) -> None:
        def append(work: Work) -> None:
            work.append(AWARD.at(ORGANISATION, REQUEST), *events)

        await self.units.run("given", append)

    async def events(self) -> list[Any]:
        """What stands in the request's stream."""
        return list((await self.store.load([AWARD.at(ORGANISATION, REQUEST).id])).popitem()[1].events)

    async def close(self) -> None:
        await self.client.aclose()


@pytest.fixture
async def door(store: PostgresStore) -> AsyncIterator[Door]:
    door = Door(store)
    yield door
    await door.close()


def apply_path(request_id: UUID = REQUEST) -> str:
    return f"/requests/{request_id}/applications"


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestWorkers:
    async def registered(self, door: Door, worker_id: UUID, org: UUID = ORGANISATION) -> Any:
        return await door.units.run("look", lambda work: work.state(WORKER.at(org, worker_id)))

    async def test_an_operator_registers_for_their_organisation(self, door: Door) -> None:
        answer = await door.ask("POST", "/workers", {"worker_id": str(ANNE), **CLEANER})
        assert (answer.status_code, answer.json()) == (201, {"worker_id": str(ANNE)})
        state = await self.registered(door, ANNE)
        assert isinstance(state, Registered)
        assert (state.profile.active, state.profile.services, state.profile.postal_prefixes) == (
            True,
            ("menage",),
            ("69",),
        )

    async def test_a_service_names_the_organisation(self, door: Door) -> None:
        body = {"worker_id": str(ANNE), **CLEANER, "organisation_id": str(ORGANISATION)}
        assert (await door.ask("POST", "/workers", body, role="service")).status_code == 201
        assert isinstance(await self.registered(door, ANNE), Registered)
        nameless = await door.ask("POST", "/workers", {"worker_id": str(BRUNO), **CLEANER}, role="service")
        assert problem(nameless) == (422, "worker_organisation_not_named")

    async def test_another_organisation_is_not_there(self, door: Door) -> None:
        body = {"worker_id": str(ANNE), **CLEANER, "organisation_id": str(ELSEWHERE)}
        assert problem(await door.ask("POST", "/workers", body)) == (404, "not_found")
        assert await door.store.head() == 0

    async def test_the_seed_can_be_registered_as_it_is(self, door: Door) -> None:
        workers = json.loads((files("dispatch") / "data" / "workers.json").read_text("utf-8"))
        for worker in workers:
            assert (await door.ask("POST", "/workers", worker)).status_code == 201
            assert isinstance(await self.registered(door, UUID(worker["worker_id"])), Registered)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"services": ["menage"]},
            {"worker_id": "anne", "services": []},
            {"worker_id": str(ANNE), "services": [], "postal_codes": ["6900"]},
            {"worker_id": str(ANNE), "services": [], "postal_prefixes": ["2A"]},
            {"worker_id": str(ANNE), "services": [], "name": "Anne"},
        ],
    )
    async def test_a_malformed_body_is_refused(self, door: Door, wrong: Any) -> None:
        assert problem(await door.ask("POST", "/workers", wrong)) == (422, "invalid_body")
        assert await door.store.head() == 0


class TestPolicy:
    async def test_is_off_until_it_is_set(self, door: Door) -> None:
        answer = await door.ask("GET", "/policy")
        assert (answer.status_code, answer.json()) == (
            200,
            {"version": 0, "broadcast": False, "award": "operator_picks", "application_deadline_hours": 24},
        )

    async def test_each_change_is_a_version_of_this_organisation_alone(self, door: Door) -> None:
        wanted = {"broadcast": True, "award": "first_come", "application_deadline_hours": 12}
        tags = set()
        for _ in range(2):
            answer = await door.ask("PUT", "/policy", wanted)
            assert (answer.status_code, answer.json()) == (200, {"version": 1, **wanted})
            tags.add(answer.headers["etag"])
        read = await door.ask("GET", "/policy")
        assert (read.json(), {read.headers["etag"]}) == ({"version": 1, **wanted}, tags)
        assert (await door.ask("GET", "/policy", org=ELSEWHERE)).json()["version"] == 0

    async def test_of_two_operators_who_read_the_same_one_changes_it(self, door: Door) -> None:
        tag = (await door.ask("GET", "/policy")).headers["etag"]
        answers = await asyncio.gather(
            *[
                door.ask("PUT", "/policy", {"broadcast": True, "application_deadline_hours": hours}, if_match=tag)
                for hours in (1, 2)
            ]
        )
        assert sorted(answer.status_code for answer in answers) == [200, 412]
        made = next(answer for answer in answers if answer.status_code == 200)
        assert (await door.ask("GET", "/policy")).json() == made.json()

    async def test_it_is_not_changed_unseen(self, door: Door) -> None:
        token = door.issuer.token(sub=OPERATOR, role="operator", org=ORGANISATION)
        answer = await door.client.put(
            "/policy", json={"broadcast": True}, headers={"Authorization": f"Bearer {token}"}
        )
        assert problem(answer) == (428, "precondition_required")
        assert problem(await door.ask("PUT", "/policy", {"broadcast": True}, if_match='"x"')) == (
            412,
            "precondition_failed",
        )
        assert await door.store.head() == 0

    async def test_nothing_ranks_applicants(self, door: Door) -> None:
        answer = await door.ask("PUT", "/policy", {"broadcast": True, "award": "best_ranked"})
        assert problem(answer) == (422, "ranking_not_available")
        assert await door.store.head() == 0

    @pytest.mark.parametrize(
        "wrong", [{}, {"broadcast": "perhaps"}, {"broadcast": True, "application_deadline_hours": 0}]
    )
    async def test_a_malformed_body_is_refused(self, door: Door, wrong: Any) -> None:
        assert problem(await door.ask("PUT", "/policy", wrong)) == (422, "invalid_body")


class TestApplications:
    async def apply(self, door: Door, sub: UUID = ANNE, **changes: Any) -> httpx.Response:
        return await door.ask("POST", changes.pop("path", apply_path()), role="worker", sub=sub, **changes)

    async def test_a_worker_applies_once(self, door: Door) -> None:
        await door.register(ANNE)
        await door.given(*CALL)
        answers = [
            await self.apply(door, key="one"),
            await self.apply(door, key="one"),
            await self.apply(door, key="two"),
        ]
        assert [(answer.status_code, answer.json()) for answer in answers] == [
            (201, {"request_id": str(REQUEST), "state": "applied"})
        ] * 3
        assert await door.events() == [*CALL, applied(ANNE), shut("selection")]

    async def test_who_is_not_eligible_is_told_what_stands_against_them(self, door: Door) -> None:
        await door.register(ANNE, active=False)
        await door.given(*CALL)
        answer = await self.apply(door)
        assert problem(answer) == (403, "not_eligible")
        assert answer.json()["reasons"] == ["inactive"]
        assert await door.events() == list(CALL)

    async def test_after_the_deadline_it_is_too_late(self, door: Door) -> None:
        await door.register(ANNE)
        await door.given(*CALL)
        door.clock.advance(DEADLINE - NOW + timedelta(microseconds=1))
        answer = await self.apply(door)
        assert problem(answer) == (409, "applications_closed")
        assert (answer.json()["reason"], answer.json()["instant"]) == ("deadline", "2026-03-03T09:00:00Z")

    async def test_what_is_not_there_and_what_is_not_theirs_look_alike(self, door: Door) -> None:
        await door.register(ANNE)
        await door.register(ANNE, org=ELSEWHERE)
        await door.given(started(), shut("operator"))
        asked = [
            await self.apply(door),
            await self.apply(door, path=apply_path(UNKNOWN)),
            await self.apply(door, org=ELSEWHERE),
        ]
        assert [problem(answer) for answer in asked] == [(404, "not_found")] * 3

    async def test_an_idempotency_key_is_needed(self, door: Door) -> None:
        answer = await door.client.post(
            apply_path(),
            headers={"Authorization": "Bearer " + door.issuer.token(sub=ANNE, role="worker", org=ORGANISATION)},
        )
        assert problem(answer) == (400, "idempotency_key_missing")


class TestCalls:
    async def test_a_worker_sees_theirs(self, door: Door) -> None:
        await door.given(*CALL, applied(ANNE), selected(ANNE))
        engine = Engine("view", door.store, CALLS_VIEW.handlers, log_decoder("/doorstep/test"), door.clock.now)
        await engine.assign(LOG, 1)
        await engine.handle({LOG: [log_record(entry) for entry in await door.store.log_after(0, 100)]})
        answer = await door.ask("GET", "/calls", role="worker", sub=ANNE)
        call = {
            "request_id": str(REQUEST),
            "service": "menage",
            "postal_code": "69003",
            "start": "2026-03-05T09:00:00Z",
            "end": "2026-03-05T11:00:00Z",
            "zone": "Europe/Paris",
            "rate_cents": 2590,
            "currency": "EUR",
            "deadline": "2026-03-03T09:00:00Z",
            "state": "applied",
            "reasons": [],
        }
        assert (answer.status_code, answer.json()) == (200, {"calls": [call]})
        bruno = await door.ask("GET", "/calls", role="worker", sub=BRUNO)
        assert bruno.json() == {"calls": [{**call, "state": "open"}]}
        assert (await door.ask("GET", "/calls", role="worker", sub=CREATOR)).json() == {"calls": []}


class TestSelection:
    async def select(self, door: Door, worker_id: UUID = ANNE, **changes: Any) -> httpx.Response:
        path = changes.pop("path", f"/requests/{REQUEST}/selection")
        return await door.ask("POST", path, {"worker_id": str(worker_id)}, **changes)

    async def test_an_operator_chooses_once(self, door: Door) -> None:
        await door.register(ANNE)
        await door.given(*CALL)
        answers = [
            await self.select(door, key="one"),
            await self.select(door, key="one"),
            await self.select(door, key="two"),
        ]
        assert [(answer.status_code, answer.json()) for answer in answers] == [
            (202, {"request_id": str(REQUEST), "worker_id": str(ANNE), "state": "selecting"})
        ] * 3
        (*before, choice) = await door.events()
        assert (before, choice) == (list(CALL), selected(ANNE, selection_id=choice.selection_id))

    async def test_what_is_not_there_and_what_is_elsewhere_look_alike(self, door: Door) -> None:
        await door.register(ANNE)
        await door.register(BRUNO, org=ELSEWHERE)
        await door.given(*CALL)
        asked = [
            await self.select(door, path=f"/requests/{UNKNOWN}/selection"),
            await self.select(door, org=ELSEWHERE),
            await self.select(door, BRUNO, org=ELSEWHERE),
            await self.select(door, BRUNO),
            await self.select(door, UNKNOWN),
        ]
        assert [problem(answer) for answer in asked] == [(404, "not_found")] * 5
        assert await door.events() == list(CALL)

    async def test_refusals_have_codes_of_their_own(self, door: Door) -> None:
        await door.register(ANNE)
        await door.register(BRUNO, active=False)
        await door.given(started(), shut("operator"))
        assert problem(await self.select(door, BRUNO)) == (409, "worker_inactive")
        await self.select(door, ANNE)
        assert problem(await self.select(door, BRUNO)) == (409, "selection_pending")
        await door.given(assigned(ANNE))
        assert problem(await self.select(door, BRUNO)) == (409, "already_assigned")
        await door.given(AwardEnded(how="cancelled"))
        over = await self.select(door, ANNE)
        assert (*problem(over), over.json()["reason"]) == (409, "award_over", "cancelled")

    async def test_not_once_the_slot_has_begun(self, door: Door) -> None:
        await door.register(ANNE)
        await door.given(started(), shut("operator"))
        door.clock.advance(SLOT.start - NOW + timedelta(microseconds=1))
        answer = await self.select(door)
        assert (*problem(answer), answer.json()["instant"]) == (409, "selection_too_late", "2026-03-05T09:00:00Z")


class TestBroadcast:
    path = f"/requests/{REQUEST}/broadcast"

    async def test_an_operator_sees_everything(self, door: Door) -> None:
        call = opened(ANNE, BRUNO).model_copy(
            update={
                "verdicts": (
                    Verdict(worker_id=CREATOR, reasons=("creator_asks_for_another",)),
                    Verdict(worker_id=ANNE, reasons=()),
                    Verdict(worker_id=BRUNO, reasons=()),
                )
            }
        )
        await door.given(
            started(), call, shut("applications"), applied(ANNE), shut("selection"), applied(BRUNO), selected(ANNE)
        )
        shown = {
            "request_id": str(REQUEST),
            "state": "selecting",
            "missing": ["slot"],
            "service": "menage",
            "postal_code": "69003",
            "start": "2026-03-05T09:00:00Z",
            "end": "2026-03-05T11:00:00Z",
            "zone": "Europe/Paris",
            "rate_cents": 2590,
            "currency": "EUR",
            "created_by": str(CREATOR),
            "performer": "other",
            "worker_id": str(ANNE),
            "call": {
                "policy_version": 1,
                "award": "operator_picks",
                "deadline": "2026-03-03T09:00:00Z",
                "closed": None,
            },
            "verdicts": [
                {"worker_id": str(CREATOR), "eligible": False, "reasons": ["creator_asks_for_another"]},
                {"worker_id": str(ANNE), "eligible": True, "reasons": []},
                {"worker_id": str(BRUNO), "eligible": True, "reasons": []},
            ],
            "applications": [
                {"worker_id": str(ANNE), "applied_at": "2026-03-02T09:00:00Z", "state": "selected"},
                {"worker_id": str(BRUNO), "applied_at": "2026-03-02T09:00:00Z", "state": "applied"},
            ],
            "refusals": [],
        }
        answer = await door.ask("GET", self.path)
        assert (answer.status_code, answer.json()) == (200, shown)
        await door.given(failed(ANNE), shut("selection"))
        assert (await door.ask("GET", self.path)).json() == {
            **shown,
            "state": "broadcasting",
            "missing": ["selection"],
            "worker_id": None,
            "applications": [
                {"worker_id": str(ANNE), "applied_at": "2026-03-02T09:00:00Z", "state": "refused"},
                {"worker_id": str(BRUNO), "applied_at": "2026-03-02T09:00:00Z", "state": "applied"},
            ],
            "refusals": [{"worker_id": str(ANNE), "reasons": ["overlap"]}],
        }

    async def test_elsewhere_and_before_the_launch_there_is_nothing(self, door: Door) -> None:
        assert problem(await door.ask("GET", self.path)) == (404, "not_found")
        await door.given(AwardEnded(how="cancelled"))
        assert problem(await door.ask("GET", self.path)) == (404, "not_found")
        assert problem(await door.ask("GET", self.path, org=ELSEWHERE)) == (404, "not_found")


class TestWhomACallWentTo:
    async def called(self, door: Door, org: UUID = ORGANISATION) -> httpx.Response:
        return await door.ask("GET", f"/requests/{REQUEST}/called?organisation_id={org}", role="service")

    async def test_a_service_is_told_while_the_call_is_open(self, door: Door) -> None:
        await door.given(*CALL)
        answer = await self.called(door)
        assert (answer.status_code, answer.json()) == (200, {"worker_ids": [str(ANNE), str(BRUNO)]})

        await door.given(BroadcastClosed(reason="deadline"))
        assert (await self.called(door)).json() == {"worker_ids": []}

    async def test_elsewhere_and_before_the_launch_there_is_nothing(self, door: Door) -> None:
        assert problem(await self.called(door)) == (404, "not_found")
        await door.given(*CALL)
        assert problem(await self.called(door, ELSEWHERE)) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "body", "allowed"),
    [
        ("POST", "/workers", {"worker_id": str(ANNE), "services": []}, {"operator", "service"}),
        ("GET", "/policy", None, {"operator"}),
        ("PUT", "/policy", {"broadcast": True}, {"operator"}),
        ("GET", "/calls", None, {"worker"}),
        ("POST", apply_path(), None, {"worker"}),
        ("GET", f"/requests/{REQUEST}/broadcast", None, {"operator"}),
        ("GET", f"/requests/{REQUEST}/called?organisation_id={ORGANISATION}", None, {"service"}),
        ("POST", f"/requests/{REQUEST}/selection", {"worker_id": str(ANNE)}, {"operator"}),
    ],
)
async def test_each_route_is_for_some_roles_only(
    door: Door, method: str, path: str, body: Any, allowed: set[str]
) -> None:
    for role in {"worker", "client", "operator", "service"} - allowed:
        assert problem(await door.ask(method, path, body, role=role)) == (403, "wrong_role")
    without = await door.client.request(method, path, json=body)
    assert problem(without) == (401, "token_missing")
    assert await door.store.head() == 0
