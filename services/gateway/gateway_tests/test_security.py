"""What browsers are told on every answer, what another site's page may do here, and refusals as pages."""

from collections.abc import AsyncIterator

import httpx
import pytest
from doorstep_chassis.errors import Conflict, NotFound
from doorstep_chassis.http import create_app
from fastapi import Depends, FastAPI, Response
from gateway.portals.calls import Refused
from gateway.portals.forms import from_own_pages
from gateway.portals.problems import install_portal_problems
from gateway.portals.security import BrowserRules, browser_rules

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
RULES = {
    "content-security-policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self' https://issuer.test:8443; "
        "frame-ancestors 'none'; object-src 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Slow(Conflict):
    """Somebody was faster."""

    code = "slow_for_test"


def app(*, secure: bool = False) -> FastAPI:
    made = create_app("portals")
    install_portal_problems(made)
    made.add_middleware(BrowserRules, rules=browser_rules(issuer="https://issuer.test:8443/realm", secure=secure))

    @made.get("/fine")
    @made.post("/fine", dependencies=[Depends(from_own_pages)])
    @made.post("/v1/fine", dependencies=[Depends(from_own_pages)])
    async def fine() -> str:
        return "fine"

    @made.get("/own-rules")
    async def own_rules() -> Response:
        return Response("", headers={"Referrer-Policy": "no-referrer"})

    @made.get("/missing")
    @made.get("/v1/missing")
    async def missing() -> None:
        raise NotFound

    @made.get("/late")
    async def late() -> None:
        raise Slow

    @made.get("/broken")
    async def broken() -> None:
        raise RuntimeError("canary")

    @made.get("/refused/{status}")
    async def refused(status: int) -> None:
        raise Refused(status, {"status": status, "code": "slot_in_past", "detail": "canary"})

    return made


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app()), base_url="http://door.test") as client:
        yield client


class TestRules:
    @pytest.mark.parametrize("path", ["/fine", "/missing", "/v1/missing", "/nowhere", "/broken", "/livez"])
    async def test_they_are_on_every_answer(self, http: httpx.AsyncClient, path: str) -> None:
        headers = (await http.get(path)).headers
        assert {name: headers.get(name) for name in RULES} == RULES
        assert "strict-transport-security" not in headers

    async def test_an_answer_may_be_stricter(self, http: httpx.AsyncClient) -> None:
        assert (await http.get("/own-rules")).headers["referrer-policy"] == "no-referrer"

    async def test_where_there_is_tls_it_is_kept_to(self) -> None:
        transport = httpx.ASGITransport(app(secure=True))
        async with httpx.AsyncClient(transport=transport, base_url="https://door.test") as secure:
            headers = (await secure.get("/fine")).headers
        assert headers["strict-transport-security"] == "max-age=31536000"


class TestOtherSites:
    @pytest.mark.parametrize("path", ["/fine", "/v1/fine"])
    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.test"},
            {"Sec-Fetch-Site": "same-site", "Origin": "http://sister.door.test"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Origin": "http://evil.test"},
            {"Origin": "null"},
            {"Origin": "http://door.test:8080"},
        ],
    )
    async def test_their_pages_change_nothing_here(
        self, http: httpx.AsyncClient, path: str, headers: dict[str, str]
    ) -> None:
        answer = await http.post(path, headers={**headers, "Accept": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Origin": "http://door.test"},
            {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
            {"Sec-Fetch-Site": "none"},
        ],
    )
    async def test_our_pages_and_programs_do(self, http: httpx.AsyncClient, headers: dict[str, str]) -> None:
        answers = [await http.post(path, headers=headers) for path in ("/fine", "/v1/fine")]
        assert [answer.status_code for answer in answers] == [200, 200]

    async def test_their_scripts_read_nothing_here(self, http: httpx.AsyncClient) -> None:
        asking = {"Origin": "http://evil.test", "Access-Control-Request-Method": "POST"}
        answers = [
            await http.get("/v1/missing", headers={"Origin": "http://evil.test"}),
            await http.get("/fine", headers={"Origin": "http://evil.test"}),
            await http.options("/v1/fine", headers=asking),
        ]
        assert [answer.status_code for answer in answers] == [404, 200, 405]
        assert [name for answer in answers for name in answer.headers if name.startswith("access-control")] == []


class TestRefusals:
    @pytest.mark.parametrize(
        ("path", "status", "code", "title"),
        [
            ("/missing", 404, "not_found", "There is nothing here"),
            ("/nowhere", 404, "not_found", "There is nothing here"),
            ("/late", 409, "slow_for_test", "Things have changed meanwhile"),
            ("/broken", 500, "internal", "Something went wrong here"),
            ("/refused/403", 403, "slot_in_past", "That is not for you to do"),
            ("/refused/404", 404, "not_found", "There is nothing here"),
            ("/refused/412", 412, "slot_in_past", "Things have changed meanwhile"),
            ("/refused/422", 422, "slot_in_past", "Something in this was not right"),
            ("/refused/429", 429, "slot_in_past", "That was too fast"),
            ("/refused/503", 503, "slot_in_past", "Not available for the moment"),
            ("/refused/none", 422, "invalid_parameter", "Something in this was not right"),
        ],
    )
    async def test_a_person_gets_a_page(
        self, http: httpx.AsyncClient, path: str, status: int, code: str, title: str
    ) -> None:
        answer = await http.get(path, headers={**HTML, "Accept-Language": "en"})
        assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert f'data-problem="{code}"' in answer.text
        assert f">{title}</h1>" in answer.text
        assert "canary" not in answer.text

    async def test_in_their_language(self, http: httpx.AsyncClient) -> None:
        answer = await http.get("/late", headers={**HTML, "Accept-Language": "fr"})
        assert ">La situation a changé entre-temps</h1>" in answer.text

    async def test_with_the_reference_when_it_is_our_fault(self, http: httpx.AsyncClient) -> None:
        answer = await http.get("/broken", headers={**HTML, "X-Request-Id": "r-7"})
        assert ("Référence : r-7" in answer.text.replace("\xa0", " "), answer.headers["x-request-id"]) == (True, "r-7")

    async def test_a_part_of_a_page_is_answered_with_a_part(self, http: httpx.AsyncClient) -> None:
        answer = await http.get("/refused/422", headers={**HTML, "HX-Request": "true"})
        assert (answer.status_code, answer.text.startswith('<p class="notice notice-bad" role="alert"')) == (422, True)
        assert "<html" not in answer.text

    @pytest.mark.parametrize("path", ["/v1/missing", "/v1/nowhere", "/operations/nowhere", "/static/x/nowhere"])
    async def test_programs_get_problems(self, http: httpx.AsyncClient, path: str) -> None:
        answer = await http.get(path, headers=HTML)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")

    async def test_so_does_whoever_asks_for_them(self, http: httpx.AsyncClient) -> None:
        answer = await http.get("/missing", headers={"Accept": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    async def test_a_token_that_is_no_longer_believed_leads_to_sign_in(self, http: httpx.AsyncClient) -> None:
        answer = await http.get("/refused/401?x=1", headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Frefused%2F401%3Fx%3D1")
