"""The local issuer signs tokens for demo people, in development only."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from doorstep_chassis.auth import (
    NO_ORGANISATION,
    PEOPLES_ROLES,
    Principal,
    RemoteKeys,
    TokenExpired,
    TokenVerifier,
    TrustedIssuer,
)
from doorstep_chassis.clock import FixedClock
from doorstep_chassis.demo_people import PeopleFile
from doorstep_chassis.issuer import LocalIssuer, create_issuer_app
from doorstep_chassis.issuer_login import PERSON_LIFETIME

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANNA = UUID("11111111-1111-4111-8111-111111111111")
DIRECTORY = UUID("55555555-5555-4555-8555-555555555555")
ORGANISATION = UUID("22222222-2222-4222-8222-222222222222")
CLIENT = UUID("44444444-4444-4444-8444-444444444444")

ANNA_ENTRY = {"person": "anna", "sub": str(ANNA), "org": str(ORGANISATION), "role": "worker", "name": "Anna"}
DIRECTORY_ENTRY = {"person": "client-directory", "sub": str(DIRECTORY), "role": "service"}


class Local:
    """An issuer behind its HTTP door, with a people file and a clock."""

    def __init__(self, directory: Path) -> None:
        self.clock = FixedClock(NOW)
        self.issuer = LocalIssuer("http://issuer.test", "doorstep", clock=self.clock)
        self.people = directory / "people.json"
        self.write(ANNA_ENTRY, DIRECTORY_ENTRY)
        self.app = create_issuer_app(self.issuer, PeopleFile(self.people))

    def write(self, *entries: object) -> None:
        self.people.write_text(json.dumps(entries))

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://issuer.test") as client:
            yield client

    async def token(self, person: str) -> httpx.Response:
        async with self.client() as client:
            return await client.post("/token", json={"person": person})

    def verifier(self) -> TokenVerifier:
        """As a service has it: it reads the keys over HTTP."""
        keys = RemoteKeys("http://issuer.test/jwks.json", transport=httpx.ASGITransport(self.app))
        trusted = TrustedIssuer("http://issuer.test", keys, PEOPLES_ROLES)
        return TokenVerifier(trusted, audience="doorstep", clock=self.clock)


@pytest.fixture
def local(tmp_path: Path) -> Local:
    return Local(tmp_path)


class TestTokens:
    async def test_a_demo_person_gets_a_token_that_services_believe(self, local: Local) -> None:
        answer = await local.token("anna")
        assert answer.status_code == 200
        body = answer.json()
        assert (body["token_type"], body["expires_in"]) == ("Bearer", 12 * 3600)
        assert await local.verifier().verify(body["access_token"]) == Principal(ANNA, ORGANISATION, "worker")

    async def test_it_runs_out_on_the_shared_clock(self, local: Local) -> None:
        token = (await local.token("anna")).json()["access_token"]
        local.clock.advance(PERSON_LIFETIME + timedelta(minutes=1))
        with pytest.raises(TokenExpired):
            await local.verifier().verify(token)

    async def test_nobody_else_gets_one(self, local: Local) -> None:
        answer = await local.token("canary")
        assert (answer.status_code, answer.json()["code"]) == (404, "person_unknown")
        assert "canary" not in answer.text

    async def test_a_person_added_later_is_found(self, local: Local) -> None:
        assert (await local.token("bruno")).status_code == 404
        local.write(ANNA_ENTRY, {**ANNA_ENTRY, "person": "bruno", "role": "operator"})
        assert (await local.token("bruno")).status_code == 200

    @pytest.mark.parametrize("text", ["", "{", '{"anna": 1}', '[{"person": "anna"}]', '[{"unknown": 1}]'])
    async def test_a_broken_people_file_is_no_reason_to_guess(self, local: Local, text: str) -> None:
        local.people.write_text(text)
        answer = await local.token("anna")
        assert (answer.status_code, answer.json()["code"]) == (503, "people_unreadable")

    async def test_a_missing_people_file_too(self, local: Local) -> None:
        local.people.unlink()
        answer = await local.token("anna")
        assert (answer.status_code, answer.json()["code"]) == (503, "people_unreadable")


async def test_a_service_speaks_for_no_organisation(local: Local) -> None:
    token = (await local.token("client-directory")).json()["access_token"]
    assert await local.verifier().verify(token) == Principal(DIRECTORY, NO_ORGANISATION, "service")


async def test_discovery_leads_to_the_keys(local: Local) -> None:
    async with local.client() as client:
        found = (await client.get("/.well-known/openid-configuration")).json()
        keys = (await client.get(found["jwks_uri"])).json()
    assert found["issuer"] == "http://issuer.test"
    (key,) = keys["keys"]
    assert {name: key[name] for name in ("kty", "crv", "alg", "use")} == {
        "kty": "EC",
        "crv": "P-256",
        "alg": "ES256",
        "use": "sig",
    }
    assert "d" not in key


async def test_tests_can_use_it_in_process() -> None:
    issuer = LocalIssuer()
    token = issuer.token(sub=CLIENT, role="client", org=ORGANISATION, request=None)
    assert await issuer.verifier().verify(token) == Principal(CLIENT, ORGANISATION, "client", None)


class TestProcess:
    def start(self, tmp_path: Path, environment: str) -> "subprocess.Popen[str]":
        people = tmp_path / "people.json"
        people.write_text(json.dumps([ANNA_ENTRY]))
        variables = {
            "DOORSTEP_ENVIRONMENT": environment,
            "DOORSTEP_ISSUER": "http://issuer.test",
            "DOORSTEP_AUDIENCE": "doorstep",
            "DOORSTEP_DOOR_ISSUER": "http://door.test",
            "DOORSTEP_ISSUER_DATA_DIR": str(tmp_path / "data"),
            "DOORSTEP_ISSUER_PEOPLE_FILE": str(people),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "doorstep_chassis.issuer"],
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def test_it_refuses_to_start_in_production(self, tmp_path: Path) -> None:
        with self.start(tmp_path, "production") as process:
            output, complaint = process.communicate(timeout=30)
        assert (process.returncode, output) == (1, "")
        assert complaint == "the local issuer gives tokens without a password: it is for development only\n"
        assert not (tmp_path / "data").exists()

    def test_it_serves_until_told_to_stop(self, tmp_path: Path) -> None:
        with self.start(tmp_path, "development") as process:
            assert process.stdout is not None
            try:
                listening = json.loads(process.stdout.readline())
                assert (listening["event"], listening["service"]) == ("http.listening", "issuer")
                base = f"http://127.0.0.1:{listening['port']}"
                answer = httpx.post(f"{base}/token", json={"person": "anna"})
                assert answer.status_code == 200
            finally:
                process.send_signal(signal.SIGTERM)
                output, complaint = process.communicate(timeout=30)
        assert (process.returncode, complaint) == (0, "")
        assert [json.loads(line)["event"] for line in output.splitlines()] == ["process.stopping"]
