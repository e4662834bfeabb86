"""Workers and operators as they signed in: sealed at rest, named in batches, and masters of which mails they get."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from doorstep_chassis.auth import Principal
from doorstep_chassis.domain import Event
from doorstep_chassis.http import create_app
from doorstep_chassis.issuer import LocalIssuer
from doorstep_chassis.store.model import WrappedKeyRow
from doorstep_chassis.work import Work
from gateway.domain.person.events import CallMailsSwitched, PersonSeen
from gateway.notifications.stopping import PATH
from gateway.people import Person, subject_id
from gateway.portals.mail import mail_routes
from gateway.portals.session import Sessions
from gateway.tables import create_portal_tables

from .mail_world import COLLEAGUE, OPERATOR, ORGANISATION, WORKER, Office, opened_office
from .signed_in import SignedIn, sign_in

ELSEWHERE = UUID("00000000-0000-4000-8000-0000000000ee")


@pytest.fixture
async def office(database: str) -> AsyncIterator[Office]:
    async with opened_office(database) as made:
        yield made


async def topics(office: Office) -> list[type[Event]]:
    return [type(event) for event in await office.log()]


class TestSigningIn:
    async def test_tells_name_address_and_language(self, office: Office) -> None:
        await office.signed_in(WORKER, "Camille")

        assert await office.people.person(ORGANISATION, WORKER) == Person("Camille", "camille@mail.example", "fr", True)

    async def test_again_with_the_same_changes_nothing(self, office: Office) -> None:
        await office.signed_in(WORKER, "Camille")
        await office.signed_in(WORKER, "Camille")
        assert await topics(office) == [PersonSeen]

        await office.signed_in(WORKER, "Camille", language="en")
        await office.signed_in(WORKER, "Camille", language="en", email="camille@new.example")
        assert await topics(office) == [PersonSeen] * 3
        assert await office.people.person(ORGANISATION, WORKER) == Person("Camille", "camille@new.example", "en", True)

    async def test_clients_and_services_are_nobody_here(self, office: Office) -> None:
        for role in ("client", "service"):
            await office.people.seen(Principal(WORKER, ORGANISATION, role), "Marie", None, "fr")
        assert await topics(office) == []

    async def test_another_organisation_knows_nothing(self, office: Office) -> None:
        await office.signed_in(WORKER, "Camille")
        await office.follow()

        assert await office.people.person(ELSEWHERE, WORKER) == Person(None, None, "fr", True)
        assert await office.people.names(ELSEWHERE, [WORKER]) == {}


async def test_names_come_in_one_batch(office: Office) -> None:
    await office.signed_in(WORKER, "Camille")
    await office.signed_in(COLLEAGUE, "Driss")
    await office.follow()

    assert await office.people.names(ORGANISATION, [WORKER, COLLEAGUE, OPERATOR]) == {
        WORKER: "Camille",
        COLLEAGUE: "Driss",
    }


async def test_who_is_erased_has_neither_name_nor_address(office: Office) -> None:
    await office.signed_in(WORKER, "Camille")
    await office.follow()

    def erase(work: Work) -> None:
        work.put_key(WrappedKeyRow(subject_id(ORGANISATION, WORKER), None, "test"))

    await office.context.units.run("erase", erase)

    assert await office.people.person(ORGANISATION, WORKER) == Person(None, None, "fr", True)
    assert await office.people.names(ORGANISATION, [WORKER]) == {}


async def test_operators_are_those_who_signed_in(office: Office) -> None:
    await office.signed_in(WORKER, "Camille")
    await office.signed_in(OPERATOR, "Odile", role="operator")
    await office.follow()

    assert await office.people.operators(ORGANISATION) == [OPERATOR]
    assert await office.people.operators(ELSEWHERE) == []


class Pages:
    """The pages, at the browser of a worker who has signed in, or of nobody."""

    def __init__(self, office: Office, http: httpx.AsyncClient, who: SignedIn) -> None:
        self.office, self.http, self.who = office, http, who

    async def call_mails(self) -> bool:
        return (await self.office.people.person(ORGANISATION, WORKER)).call_mails

    @property
    def stop(self) -> str:
        return self.office.stop_links.path(ORGANISATION, WORKER)


@pytest.fixture
async def pages(office: Office) -> AsyncIterator[Pages]:
    await create_portal_tables(office.store)
    issuer = LocalIssuer(clock=office.clock)
    app: Any = create_app("gateway", verifier=issuer.verifier())
    app.state.sessions = Sessions(office.store, office.clock)
    app.include_router(mail_routes(office.context))
    who = await sign_in(
        app.state.sessions, issuer, office.clock, role="worker", person_id=WORKER, organisation_id=ORGANISATION
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway.test") as http:
        yield Pages(office, http, who)


class TestThePage:
    async def test_switches_off_and_on(self, pages: Pages) -> None:
        pages.who.at(pages.http)
        shown = await pages.http.get("/me/mail")
        assert "Vous recevez un e-mail quand une diffusion vous correspond." in shown.text

        for on in (False, True):
            sent = await pages.http.post("/me/mail", data={"csrf": pages.who.csrf, "call_mails": "on" if on else "off"})
            assert (sent.status_code, sent.headers["location"]) == (303, "/me/mail")
            assert await pages.call_mails() is on

    async def test_answers_htmx_with_the_part_alone(self, pages: Pages) -> None:
        pages.who.at(pages.http)
        sent = await pages.http.post(
            "/me/mail", data={"csrf": pages.who.csrf, "call_mails": "off"}, headers={"HX-Request": "true"}
        )
        assert sent.status_code == 200
        assert sent.text.lstrip().startswith('<section class="card stack" id="me-mail"')
        assert "M’en envoyer de nouveau" in sent.text

    async def test_takes_no_form_from_elsewhere(self, pages: Pages) -> None:
        pages.who.at(pages.http)
        sent = await pages.http.post("/me/mail", data={"csrf": "other", "call_mails": "off"})
        assert (sent.status_code, await pages.call_mails()) == (403, True)


class TestTheLink:
    async def test_a_look_changes_nothing_and_a_post_acts(self, pages: Pages) -> None:
        seen = await pages.http.get(pages.stop, headers={"Accept-Language": "en"})
        assert (seen.status_code, "Stop the mails" in seen.text) == (200, True)
        assert await topics(pages.office) == []

        sent = await pages.http.post(pages.stop, data={"List-Unsubscribe": "One-Click"})
        assert sent.status_code == 200
        assert await pages.call_mails() is False
        await pages.http.post(pages.stop)
        assert await topics(pages.office) == [CallMailsSwitched]

    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_a_forged_one_does_nothing(self, pages: Pages, method: str) -> None:
        for token in ("x", pages.stop.removeprefix(PATH)[:-1], "é"):
            answer = await pages.http.request(method, PATH + token)
            assert answer.status_code == 404
        assert await topics(pages.office) == []
