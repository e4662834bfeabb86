"""The local issuer signs people in at a browser by code and PKCE, and programs by their credentials."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import jwt
import pytest
from doorstep_chassis.auth import NO_ORGANISATION, Principal
from doorstep_chassis.clock import FixedClock
from doorstep_chassis.demo_people import PeopleFile
from doorstep_chassis.issuer import LocalIssuer, create_issuer_app

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ODILE, ANNA, PROGRAM = (UUID(int=number, version=4) for number in (1, 2, 3))
ORGANISATION = UUID("22222222-2222-4222-8222-222222222222")
VERIFIER = "v" * 43
PEOPLE = [
    {"person": "anna", "sub": str(ANNA), "org": str(ORGANISATION), "role": "worker"},
    {
        "person": "odile",
        "sub": str(ODILE),
        "org": str(ORGANISATION),
        "role": "operator",
        "name": "Odile <Marchand>",
        "email": "odile@exemple.test",
    },
    {"person": "billing", "sub": str(PROGRAM), "role": "service"},
]
ASKED = {
    "response_type": "code",
    "client_id": "doorstep-portal",
    "redirect_uri": "http://door.test/login/back",
    "scope": "openid profile email",
    "state": 's"1',
    "nonce": "n-1",
    "code_challenge": base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode(),
    "code_challenge_method": "S256",
    "ui_locales": "en",
}


class Local:
    """The issuer behind its door, and the portals' side of a sign-in."""

    def __init__(self, http: httpx.AsyncClient, issuer: LocalIssuer, clock: FixedClock) -> None:
        self.http = http
        self.issuer = issuer
        self.clock = clock

    async def code(self, person: str = "odile") -> str:
        sent = await self.http.post("/authorize", data={**ASKED, "person": person})
        return parse_qs(urlsplit(sent.headers["location"]).query)["code"][0]

    async def redeem(self, code: str, **changes: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": "doorstep-portal",
            "redirect_uri": "http://door.test/login/back",
            "code_verifier": VERIFIER,
        }
        return await self.http.post("/oauth/token", data={**form, **changes})


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Local]:
    clock = FixedClock(NOW)
    issuer = LocalIssuer("http://issuer.test", clock=clock)
    file = tmp_path / "people.json"
    file.write_text(json.dumps(PEOPLE))
    app = create_issuer_app(issuer, PeopleFile(file), portal="http://door.test")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://issuer.test") as http:
        yield Local(http, issuer, clock)


class TestThePage:
    async def test_it_shows_the_staff_and_says_who_they_are(self, local: Local) -> None:
        page = (await local.http.get("/authorize", params=ASKED)).text
        assert page.index('data-person="odile"') < page.index('data-person="anna"')
        assert "billing" not in page
        assert "Odile &lt;Marchand&gt;" in page
        assert 'name="state" value="s&quot;1"' in page

    @pytest.mark.parametrize(
        ("locale", "title", "role"), [("fr", "Qui êtes-vous ?", "Opérateur"), ("en", "Who are you?", "Operator")]
    )
    async def test_it_speaks_the_language_asked_for(self, local: Local, locale: str, title: str, role: str) -> None:
        page = (await local.http.get("/authorize", params={**ASKED, "ui_locales": locale})).text
        assert (f'<html lang="{locale}">' in page, title in page, role in page) == (True, True, True)

    @pytest.mark.parametrize(
        "changes",
        [
            {"client_id": "other"},
            {"redirect_uri": "http://evil.test/login/back"},
            {"response_type": "token"},
            {"code_challenge_method": "plain"},
            {"code_challenge": ""},
        ],
    )
    async def test_nobody_but_the_portals_may_ask(self, local: Local, changes: dict[str, str]) -> None:
        asked = {**ASKED, **changes}
        shown = await local.http.get("/authorize", params=asked)
        sent = await local.http.post("/authorize", data={**asked, "person": "odile"})
        assert [(answer.status_code, answer.json()["code"]) for answer in (shown, sent)] == [
            (400, "authorisation_refused")
        ] * 2


class TestTheCode:
    async def test_it_comes_back_with_the_state(self, local: Local) -> None:
        sent = await local.http.post("/authorize", data={**ASKED, "person": "odile"})
        to = urlsplit(sent.headers["location"])
        said = parse_qs(to.query)
        assert (sent.status_code, f"{to.scheme}://{to.netloc}{to.path}") == (303, "http://door.test/login/back")
        assert (said["state"], said["iss"], sorted(said)) == (
            ['s"1'],
            ["http://issuer.test"],
            ["code", "iss", "state"],
        )

    async def test_it_stands_for_tokens_of_the_person(self, local: Local) -> None:
        answer = (await local.redeem(await local.code())).json()
        who = await local.issuer.verifier().verify(answer["access_token"])
        claims = jwt.decode(answer["id_token"], options={"verify_signature": False})
        assert who == Principal(ODILE, ORGANISATION, "operator")
        assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 12 * 3600)
        assert claims == {
            "iss": "http://issuer.test",
            "aud": "doorstep-portal",
            "iat": int(NOW.timestamp()),
            "exp": int((NOW + timedelta(hours=12)).timestamp()),
            "auth_time": int(NOW.timestamp()),
            "sub": str(ODILE),
            "nonce": "n-1",
            "name": "Odile <Marchand>",
            "email": "odile@exemple.test",
            "locale": "en",
            "org": str(ORGANISATION),
            "role": "operator",
        }

    async def test_it_is_good_once(self, local: Local) -> None:
        code = await local.code()
        answers = [await local.redeem(code), await local.redeem(code)]
        assert [answer.status_code for answer in answers] == [200, 400]
        assert answers[1].json() == {"error": "invalid_grant"}

    async def test_it_is_good_for_a_minute(self, local: Local) -> None:
        code = await local.code()
        local.clock.advance(timedelta(minutes=1))
        assert (await local.redeem(code)).json() == {"error": "invalid_grant"}

    @pytest.mark.parametrize(
        "changes", [{"code_verifier": "w" * 43}, {"client_id": "other"}, {"redirect_uri": "http://evil.test/"}]
    )
    async def test_it_is_worthless_to_whoever_did_not_ask(self, local: Local, changes: dict[str, str]) -> None:
        answer = await local.redeem(await local.code(), **changes)
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


class TestPrograms:
    async def test_they_get_tokens_by_their_credentials(self, local: Local) -> None:
        basic = await local.http.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=("billing", "x"))
        posted = await local.http.post(
            "/oauth/token", data={"grant_type": "client_credentials", "client_id": "billing"}
        )
        for answer in (basic, posted):
            who = await local.issuer.verifier().verify(answer.json()["access_token"])
            assert who == Principal(PROGRAM, NO_ORGANISATION, "service")

    @pytest.mark.parametrize("login", ["odile", "nobody"])
    async def test_people_and_strangers_do_not(self, local: Local, login: str) -> None:
        answer = await local.http.post("/oauth/token", data={"grant_type": "client_credentials", "client_id": login})
        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})

    async def test_no_other_way_is_known(self, local: Local) -> None:
        answer = await local.http.post("/oauth/token", data={"grant_type": "password"})
        assert (answer.status_code, answer.json()) == (400, {"error": "unsupported_grant_type"})


async def test_signing_out_leads_back_to_the_portals_alone(local: Local) -> None:
    home = {"post_logout_redirect_uri": "http://door.test/logout"}
    evil = {"post_logout_redirect_uri": "http://evil.test/"}
    left, refused = [await local.http.get("/end-session", params=to) for to in (home, evil)]
    assert (left.status_code, left.headers["location"]) == (303, "http://door.test/logout")
    assert (refused.status_code, refused.json()["code"]) == (400, "authorisation_refused")


async def test_the_description_names_endpoints_that_are_there(local: Local) -> None:
    found = (await local.http.get("/.well-known/openid-configuration")).json()
    for name in ("authorization_endpoint", "token_endpoint", "end_session_endpoint", "jwks_uri"):
        assert (await local.http.get(found[name])).status_code != 404
