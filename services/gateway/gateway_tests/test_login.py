"""Signing in at a browser, against the local issuer: there, back, and out again."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import jwt
import pytest
from doorstep_chassis.auth import DiscoveredKeys, Discovery, Principal
from doorstep_chassis.clock import FixedClock
from doorstep_chassis.demo_people import PeopleFile
from doorstep_chassis.http import create_app
from doorstep_chassis.issuer import LocalIssuer, create_issuer_app
from doorstep_chassis.store.postgres import PostgresStore
from gateway.portals.login import JOURNEY_LIFETIME, login_routes
from gateway.portals.problems import install_portal_problems
from gateway.portals.provider import Provider, SignInFailed
from gateway.portals.session import Anyone, Sessions, Worker
from gateway.portals.texts import Language
from gateway.tables import create_portal_tables

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOME, ISSUER = "http://door.test", "http://issuer.test"
CAMILLE, ODILE, BILLING = (UUID(int=number, version=4) for number in (1, 2, 3))
ORGANISATION = UUID(int=9, version=4)
Seen = tuple[UUID, str, str | None, str]
PEOPLE = [
    {
        "person": "camille",
        "sub": str(CAMILLE),
        "org": str(ORGANISATION),
        "role": "worker",
        "name": "Camille Moreau",
        "email": "camille@mail.test",
    },
    {"person": "odile", "sub": str(ODILE), "org": str(ORGANISATION), "role": "operator"},
    {"person": "billing", "sub": str(BILLING), "role": "service"},
]


class Transport(httpx.AsyncBaseTransport):
    """The way to the issuer: it may be cut, and what comes back may be changed on the way."""

    def __init__(self, app: Any) -> None:
        self._inner = httpx.ASGITransport(app)
        self.cut = False
        self.change: Callable[[str, dict[str, Any]], dict[str, Any]] = lambda path, answer: answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.cut:
            raise httpx.ConnectError("cut")
        answer = await self._inner.handle_async_request(request)
        await answer.aread()
        return httpx.Response(answer.status_code, json=self.change(request.url.path, answer.json()))


@dataclass
class Portal:
    """The portals with their issuer, and one browser."""

    app: Any
    issuer: LocalIssuer
    transport: Transport
    clock: FixedClock
    sessions: Sessions
    http: httpx.AsyncClient
    at_issuer: httpx.AsyncClient
    seen: list[Seen]
    """Who was seen signing in, and how the provider names and addresses them."""

    def browser(self) -> httpx.AsyncClient:
        """Another browser."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=HOME)

    async def go(self, next_path: str = "/anyone") -> str:
        """To the issuer; the address that the browser is sent to."""
        sent = await self.http.get("/login", params={"next": next_path})
        assert sent.status_code == 303, sent.text
        return sent.headers["location"]

    async def choose(self, there: str, person: str = "camille") -> str:
        """Somebody says who they are; the address that leads back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}
        sent = await self.at_issuer.post("/authorize", data={**asked, "person": person})
        assert sent.status_code == 303, sent.text
        return sent.headers["location"]

    async def sign_in(self, person: str = "camille", next_path: str = "/anyone") -> httpx.Response:
        """There and back."""
        return await self.http.get(await self.choose(await self.go(next_path), person))

    async def who(self, http: httpx.AsyncClient | None = None) -> str | None:
        """Whose page the browser gets."""
        answer = await (http or self.http).get("/anyone")
        return answer.json()["name"] if answer.status_code == 200 else None


def people_file(directory: Path) -> Path:
    file = directory / "people.json"
    file.write_text(json.dumps(PEOPLE))
    return file


@asynccontextmanager
async def opened(database: str, people: Path, *, home: str = HOME) -> AsyncIterator[Portal]:
    clock = FixedClock(NOW)
    issuer = LocalIssuer(ISSUER, clock=clock)
    issuer_app = create_issuer_app(issuer, PeopleFile(people), portal=home)
    transport = Transport(issuer_app)
    store = PostgresStore(database)
    await store.open()
    await create_portal_tables(store)
    discovery = Discovery(ISSUER, transport=transport)
    provider = Provider(
        discovery,
        DiscoveredKeys(discovery),
        client_id="doorstep-portal",
        client_secret=None,
        home=home,
        clock=clock,
        transport=transport,
    )
    app = create_app("portals", verifier=issuer.verifier())
    app.state.sessions = Sessions(store, clock, secure=home.startswith("https"))
    seen: list[Seen] = []

    async def see(who: Principal, name: str, email: str | None, language: Language) -> None:
        seen.append((who.person_id, name, email, language))

    app.include_router(login_routes(provider, clock, secret=bytes(32), seen=see))
    install_portal_problems(app)

    @app.get("/anyone")
    async def anyone(session: Anyone) -> dict[str, str]:
        return {"name": session.name, "csrf": session.csrf, "role": session.principal.role}

    @app.get("/workers")
    async def workers(session: Worker) -> str:
        return session.name

    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=home) as http,
        httpx.AsyncClient(transport=httpx.ASGITransport(issuer_app), base_url=ISSUER) as at_issuer,
    ):
        yield Portal(app, issuer, transport, clock, app.state.sessions, http, at_issuer, seen)
    await store.close()


@pytest.fixture
async def portal(database: str, tmp_path: Path) -> AsyncIterator[Portal]:
    async with opened(database, people_file(tmp_path)) as made:
        yield made


class TestSigningIn:
    async def test_a_page_for_people_leads_there_and_back(self, portal: Portal) -> None:
        asked = await portal.http.get("/anyone?week=2026-W10")
        assert (asked.status_code, asked.headers["location"]) == (303, "/login?next=%2Fanyone%3Fweek%3D2026-W10")
        sent = await portal.http.get(asked.headers["location"])
        back = await portal.http.get(await portal.choose(sent.headers["location"]))
        assert (back.status_code, back.headers["location"]) == (303, "/anyone?week=2026-W10")
        assert await portal.who() == "Camille Moreau"

    async def test_how_the_provider_names_and_addresses_people_is_kept(self, portal: Portal) -> None:
        await portal.sign_in()
        assert portal.seen == [(CAMILLE, "Camille Moreau", "camille@mail.test", "fr")]

    async def test_what_the_provider_is_asked(self, portal: Portal) -> None:
        there = urlsplit(await portal.go())
        asked = {name: values[0] for name, values in parse_qs(there.query).items()}
        secrets = {name: len(asked.pop(name)) for name in ("state", "nonce", "code_challenge")}
        assert f"{there.scheme}://{there.netloc}{there.path}" == f"{ISSUER}/authorize"
        assert asked == {
            "response_type": "code",
            "client_id": "doorstep-portal",
            "redirect_uri": f"{HOME}/login/back",
            "scope": "openid profile email",
            "code_challenge_method": "S256",
            "ui_locales": "fr",
        }
        assert secrets == {"state": 43, "nonce": 43, "code_challenge": 43}
        assert await portal.go() != await portal.go()

    async def test_the_session_cookie_is_for_our_pages_alone(self, portal: Portal) -> None:
        cookies = (await portal.sign_in()).headers.get_list("set-cookie")
        (given,) = [each for each in cookies if each.startswith("doorstep_session=")]
        assert given.split("; ")[1:] == ["HttpOnly", "Max-Age=43200", "Path=/", "SameSite=lax"]

    async def test_with_tls_it_is_bound_to_this_host(self, database: str, tmp_path: Path) -> None:
        async with opened(database, people_file(tmp_path), home="https://door.test") as portal:
            there = await portal.http.get("/login")
            assert "Secure" in there.headers["set-cookie"]
            cookies = (await portal.sign_in()).headers.get_list("set-cookie")
            (given,) = [each for each in cookies if "doorstep_session=" in each]
            assert given.startswith("__Host-doorstep_session=")
            assert given.split("; ")[1:] == ["HttpOnly", "Max-Age=43200", "Path=/", "SameSite=lax", "Secure"]
            assert await portal.who() == "Camille Moreau"

    async def test_the_session_ends_with_the_token(self, portal: Portal) -> None:
        await portal.sign_in()
        portal.clock.advance(timedelta(hours=12) - timedelta(seconds=1))
        assert await portal.who() == "Camille Moreau"
        portal.clock.advance(timedelta(seconds=1))
        assert await portal.who() is None

    async def test_signing_in_again_makes_the_old_session_worthless(self, portal: Portal) -> None:
        there = await portal.go()
        other = await portal.go()
        await portal.http.get(await portal.choose(there))
        first = portal.http.cookies["doorstep_session"]
        await portal.http.get(await portal.choose(other, "odile"))
        assert await portal.who() == "odile"
        async with portal.browser() as thief:
            thief.cookies.set("doorstep_session", first)
            assert await portal.who(thief) is None

    async def test_whoever_has_signed_in_goes_straight_on(self, portal: Portal) -> None:
        await portal.sign_in()
        answer = await portal.http.get("/login", params={"next": "/workers"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/workers")

    async def test_two_tabs_may_sign_in_at_once(self, portal: Portal) -> None:
        first, second = await portal.go("/workers"), await portal.go("/anyone")
        answers = [await portal.http.get(await portal.choose(there)) for there in (first, second)]
        assert [answer.headers["location"] for answer in answers] == ["/workers", "/anyone"]

    async def test_the_way_back_in_the_history_is_no_error(self, portal: Portal) -> None:
        back = await portal.choose(await portal.go())
        answers = [await portal.http.get(back) for _ in range(2)]
        assert [(answer.status_code, answer.headers["location"]) for answer in answers] == [
            (303, "/anyone"),
            (303, "/"),
        ]
        assert await portal.who() == "Camille Moreau"

    @pytest.mark.parametrize(
        "elsewhere",
        [
            "//evil.test/",
            "https://evil.test/",
            "/\\evil.test",
            "\\\\evil.test",
            "evil",
            "",
            "/a\r\nX: y",
            "/\t/evil.test",
        ],
    )
    async def test_nobody_is_led_to_another_site(self, portal: Portal, elsewhere: str) -> None:
        assert (await portal.sign_in(next_path=elsewhere)).headers["location"] == "/"

    async def test_a_part_of_a_page_sends_the_whole_page_to_sign_in(self, portal: Portal) -> None:
        answer = await portal.http.get(
            "/anyone?part=list", headers={"HX-Request": "true", "HX-Current-URL": f"{HOME}/anyone?week=2"}
        )
        assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/login?next=%2Fanyone%3Fweek%3D2")


class TestRefusals:
    async def failed(self, answer: httpx.Response) -> None:
        assert (answer.status_code, "La connexion n’a pas abouti" in answer.text) == (403, True)
        assert "doorstep_session" not in answer.headers.get("set-cookie", "")

    async def test_another_browser_cannot_end_what_this_one_began(self, portal: Portal) -> None:
        back = await portal.choose(await portal.go())
        async with portal.browser() as victim:
            await self.failed(await victim.get(back))
            assert await portal.who(victim) is None

    async def test_a_code_of_another_journey_is_refused(self, portal: Portal) -> None:
        """An attacker's code with the victim's own state: PKCE tells."""
        mine = parse_qs(urlsplit(await portal.choose(await portal.go())).query)["code"][0]
        there = await portal.go()
        state = parse_qs(urlsplit(there).query)["state"][0]
        await self.failed(await portal.http.get("/login/back", params={"code": mine, "state": state}))

    async def test_a_code_of_another_provider_is_refused(self, portal: Portal) -> None:
        back = await portal.choose(await portal.go())
        await self.failed(await portal.http.get(back.replace("iss=http", "iss=https")))

    async def test_a_code_is_good_once(self, portal: Portal) -> None:
        back = await portal.choose(await portal.go())
        kept = dict(portal.http.cookies)
        await portal.http.get(back)
        portal.http.cookies.clear()
        portal.http.cookies.update(kept)
        await self.failed(await portal.http.get(back))

    async def test_it_may_not_take_for_ever(self, portal: Portal) -> None:
        back = await portal.choose(await portal.go())
        portal.clock.advance(JOURNEY_LIFETIME)
        await self.failed(await portal.http.get(back))

    @pytest.mark.parametrize("query", ["", "error=access_denied", "code=x", "state=x", "code=x&state=x"])
    async def test_what_is_no_answer_is_refused(self, portal: Portal, query: str) -> None:
        await portal.go()
        await self.failed(await portal.http.get(f"/login/back?{query}"))

    async def test_a_provider_that_says_no_is_believed(self, portal: Portal) -> None:
        state = parse_qs(urlsplit(await portal.go()).query)["state"][0]
        await self.failed(await portal.http.get("/login/back", params={"error": "access_denied", "state": state}))

    async def test_a_changed_cookie_is_refused(self, portal: Portal) -> None:
        back = await portal.choose(await portal.go())
        (name,) = portal.http.cookies
        portal.http.cookies.set(name, portal.http.cookies[name][:-2] + "xx", domain="door.test", path="/login")
        await self.failed(await portal.http.get(back))

    @pytest.mark.parametrize(
        "changes",
        [
            {"nonce": "other"},
            {"nonce": None},
            {"aud": "another-client"},
            {"aud": ["doorstep-portal", "another-client"]},
            {"azp": "another-client"},
            {"iss": "http://other.test"},
            {"exp": int((NOW - timedelta(minutes=1)).timestamp())},
            {"exp": None},
            {"sub": None},
            {"sub": str(ODILE)},
            {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        ],
    )
    async def test_an_id_token_that_is_not_an_answer_to_us_is_refused(
        self, portal: Portal, changes: dict[str, Any]
    ) -> None:
        def change(path: str, answer: dict[str, Any]) -> dict[str, Any]:
            if path != "/oauth/token":
                return answer
            claims = jwt.decode(answer["id_token"], options={"verify_signature": False}) | changes
            kid = portal.issuer.jwks()["keys"][0]["kid"]
            kept = {name: value for name, value in claims.items() if value is not None}
            return {**answer, "id_token": jwt.encode(kept, portal.issuer.key, "ES256", headers={"kid": kid})}

        portal.transport.change = change
        await self.failed(await portal.sign_in())

    async def test_tokens_by_another_key_are_refused(self, portal: Portal) -> None:
        other = LocalIssuer(ISSUER, clock=portal.clock)

        def change(path: str, answer: dict[str, Any]) -> dict[str, Any]:
            if path != "/oauth/token":
                return answer
            claims = jwt.decode(answer["id_token"], options={"verify_signature": False})
            return {**answer, "id_token": other.sign(claims, audience="doorstep-portal", lifetime=timedelta(hours=1))}

        portal.transport.change = change
        await self.failed(await portal.sign_in())

    @pytest.mark.parametrize("member", ["id_token", "access_token"])
    async def test_an_answer_without_a_token_is_refused(self, portal: Portal, member: str) -> None:
        portal.transport.change = lambda path, answer: {
            name: value for name, value in answer.items() if path != "/oauth/token" or name != member
        }
        await self.failed(await portal.sign_in())

    async def test_a_program_has_no_portal(self, portal: Portal) -> None:
        await self.failed(await portal.sign_in("billing"))

    async def test_a_provider_that_is_away_is_waited_for(self, portal: Portal) -> None:
        portal.transport.cut = True
        answer = await portal.http.get("/login")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "Indisponible pour le moment" in answer.text
        portal.transport.cut = False
        back = await portal.choose(await portal.go())
        portal.transport.cut = True
        assert (await portal.http.get(back)).status_code == 503


class TestSigningOut:
    async def csrf(self, portal: Portal) -> str:
        csrf: str = (await portal.http.get("/anyone")).json()["csrf"]
        return csrf

    async def test_the_session_is_over_everywhere_and_with_the_provider_too(self, portal: Portal) -> None:
        await portal.sign_in()
        secret = portal.http.cookies["doorstep_session"]
        answer = await portal.http.post("/logout", data={"csrf": await self.csrf(portal)})
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            f"{ISSUER}/end-session?client_id=doorstep-portal&"
            "post_logout_redirect_uri=http%3A%2F%2Fdoor.test%2Flogout&ui_locales=fr",
        )
        assert "doorstep_session" not in portal.http.cookies
        portal.http.cookies.set("doorstep_session", secret)
        assert await portal.who() is None

    async def test_a_provider_that_offers_no_end_or_is_away_does_not_keep_anybody(self, portal: Portal) -> None:
        def change(path: str, answer: dict[str, Any]) -> dict[str, Any]:
            return {name: value for name, value in answer.items() if name != "end_session_endpoint"}

        portal.transport.change = change
        for cut in (False, True):
            portal.transport.cut = False
            await portal.sign_in()
            csrf = await self.csrf(portal)
            portal.transport.cut = cut
            answer = await portal.http.post("/logout", data={"csrf": csrf})
            assert (answer.status_code, answer.headers["location"]) == (303, "/logout")
            assert await portal.who() is None

    @pytest.mark.parametrize(
        "headers",
        [{}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://evil.test"}],
    )
    async def test_nobody_is_signed_out_from_another_site(self, portal: Portal, headers: dict[str, str]) -> None:
        await portal.sign_in()
        form = {"csrf": await self.csrf(portal)} if headers else {"csrf": "0" * 64}
        answer = await portal.http.post("/logout", data=form, headers=headers)
        assert (answer.status_code, await portal.who()) == (403, "Camille Moreau")
        assert "Ce formulaire n’a pas pu être accepté" in answer.text

    async def test_a_second_click_is_no_error(self, portal: Portal) -> None:
        answer = await portal.http.post("/logout", data={"csrf": "x"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/logout")
        assert "Session terminée" in (await portal.http.get("/logout")).text

    async def test_the_page_offers_it_to_whoever_is_signed_in(self, portal: Portal) -> None:
        await portal.sign_in()
        page = (await portal.http.get("/logout", headers={"Accept-Language": "en"})).text
        assert ("Sign out" in page, f'value="{await self.csrf(portal)}"' in page) == (True, True)


async def test_a_page_of_another_role_looks_absent(portal: Portal) -> None:
    await portal.sign_in("odile")
    shut, absent = [await portal.http.get(path) for path in ("/workers", "/nowhere")]
    assert (shut.status_code, _without_ids(shut)) == (404, _without_ids(absent))
    assert "Il n’y a rien ici" in shut.text
    await portal.http.post("/logout", data={"csrf": (await portal.http.get("/anyone")).json()["csrf"]})
    await portal.sign_in("camille")
    assert (await portal.http.get("/workers")).status_code == 200


def _without_ids(answer: httpx.Response) -> tuple[str, dict[str, str]]:
    return answer.text, {name: value for name, value in answer.headers.items() if name != "x-request-id"}


@pytest.mark.parametrize(
    ("secret", "authorization", "named"),
    [(None, None, True), ("s3cret", "Basic ZG9vcnN0ZXAtcG9ydGFsOnMzY3JldA==", False)],
)
async def test_a_client_with_a_secret_proves_itself_by_it(
    secret: str | None, authorization: str | None, named: bool
) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        described = {"issuer": ISSUER, "token_endpoint": f"{ISSUER}/t", "authorization_endpoint": f"{ISSUER}/a"}
        return httpx.Response(200, json=described) if request.method == "GET" else httpx.Response(400)

    discovery = Discovery(ISSUER, transport=httpx.MockTransport(answer))
    provider = Provider(
        discovery,
        DiscoveredKeys(discovery),
        client_id="doorstep-portal",
        client_secret=secret,
        home=HOME,
        clock=FixedClock(NOW),
        transport=httpx.MockTransport(answer),
    )
    _, journey = await provider.leave(language="fr")
    with pytest.raises(SignInFailed):
        await provider.arrive(journey, f"state={journey.state}&code=c")
    form = parse_qs(asked[-1].content.decode())
    assert asked[-1].headers.get("authorization") == authorization
    assert ("client_id" in form, form["code_verifier"]) == (named, [journey.verifier])
