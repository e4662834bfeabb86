"""A token is believed only when our issuer signed it, for our audience, and it has not run out on our clock."""

import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from doorstep_chassis.auth import (
    DOORS_ROLES,
    LEEWAY,
    NO_ORGANISATION,
    PEOPLES_ROLES,
    ROLES,
    DiscoveredKeys,
    Discovery,
    KeysUnavailable,
    Principal,
    RemoteKeys,
    Role,
    StaticKeys,
    TokenExpired,
    TokenInvalid,
    TokenVerifier,
    TrustedIssuer,
    bearer_token,
    key_source,
    principal,
    read_jwks,
    require,
)
from doorstep_chassis.clock import FixedClock
from doorstep_chassis.http import create_app
from doorstep_chassis.issuer import LocalIssuer
from fastapi import Depends
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PERSON = UUID("11111111-1111-4111-8111-111111111111")
ORGANISATION = UUID("22222222-2222-4222-8222-222222222222")
REQUEST = UUID("33333333-3333-4333-8333-333333333333")

KEY = ec.generate_private_key(ec.SECP256R1())
JWK = {**ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "key-1", "alg": "ES256", "use": "sig"}
KEY_SET = {"keys": [JWK]}

CLAIMS: dict[str, Any] = {
    "iss": "https://issuer.test",
    "aud": "doorstep",
    "sub": str(PERSON),
    "org": str(ORGANISATION),
    "role": "worker",
    "exp": int((NOW + timedelta(hours=1)).timestamp()),
}


def signed(changes: dict[str, Any] | None = None, *, without: str = "", kid: str | None = "key-1") -> str:
    claims = {name: value for name, value in {**CLAIMS, **(changes or {})}.items() if name != without}
    return jwt.encode(claims, KEY, algorithm="ES256", headers={"kid": kid} if kid else None)


def verifier(clock: FixedClock | None = None, key_set: dict[str, Any] | None = None) -> TokenVerifier:
    trusted = TrustedIssuer("https://issuer.test", StaticKeys(key_set or KEY_SET), ROLES)
    return TokenVerifier(trusted, audience="doorstep", clock=clock or FixedClock(NOW))


class TestVerify:
    async def test_a_good_token_says_who_is_asking(self) -> None:
        assert await verifier().verify(signed()) == Principal(PERSON, ORGANISATION, "worker", None)

    async def test_a_clients_token_may_be_for_one_request(self) -> None:
        token = signed({"role": "client", "request": str(REQUEST)})
        assert await verifier().verify(token) == Principal(PERSON, ORGANISATION, "client", REQUEST)

    async def test_a_services_token_speaks_for_no_organisation(self) -> None:
        for token in (signed({"role": "service"}), signed({"role": "service"}, without="org")):
            assert await verifier().verify(token) == Principal(PERSON, NO_ORGANISATION, "service", None)

    async def test_several_audiences_may_name_ours(self) -> None:
        assert (await verifier().verify(signed({"aud": ["other", "doorstep"]}))).person_id == PERSON

    @pytest.mark.parametrize("claim", ["exp", "aud", "sub", "iss", "org", "role"])
    async def test_every_claim_is_required(self, claim: str) -> None:
        with pytest.raises(TokenInvalid):
            await verifier().verify(signed(without=claim))

    @pytest.mark.parametrize(
        "changes",
        [
            {"iss": "https://other.test"},
            {"aud": "other"},
            {"role": "owner"},
            {"role": ["worker"]},
            {"sub": "anna"},
            {"org": "acme"},
            {"org": 7},
            {"request": str(REQUEST)},
            {"role": "client", "request": "one"},
            {"exp": "tomorrow"},
            {"exp": True},
            {"exp": float("inf")},
            {"nbf": int((NOW + timedelta(minutes=1)).timestamp())},
        ],
    )
    async def test_a_claim_that_is_wrong_is_refused(self, changes: dict[str, Any]) -> None:
        with pytest.raises(TokenInvalid):
            await verifier().verify(signed(changes))

    async def test_time_is_the_services_own_clock_with_some_leeway(self) -> None:
        clock = FixedClock(NOW)
        judge, token = verifier(clock), signed()
        clock.advance(timedelta(hours=1) + LEEWAY - timedelta(seconds=1))
        assert (await judge.verify(token)).person_id == PERSON
        clock.advance(timedelta(seconds=1))
        with pytest.raises(TokenExpired):
            await judge.verify(token)

    async def test_a_changed_token_is_refused(self) -> None:
        head, body, signature = signed().split(".")
        forged = jwt.utils.base64url_encode(json.dumps({**CLAIMS, "role": "operator"}).encode()).decode()
        for token in (f"{head}.{forged}.{signature}", f"{head}.{body}.", f"{head}.{body}", "", "é", "a.b.c"):
            with pytest.raises(TokenInvalid):
                await verifier().verify(token)

    async def test_another_key_under_our_keys_name_is_refused(self) -> None:
        token = jwt.encode(CLAIMS, ec.generate_private_key(ec.SECP256R1()), algorithm="ES256", headers={"kid": "key-1"})
        with pytest.raises(TokenInvalid):
            await verifier().verify(token)

    async def test_a_token_must_name_a_key_that_we_know(self) -> None:
        for kid in (None, "key-2"):
            with pytest.raises(TokenInvalid):
                await verifier().verify(signed(kid=kid))

    async def test_a_token_by_a_key_that_was_rotated_away_is_refused(self) -> None:
        newer = ec.generate_private_key(ec.SECP256R1())
        rotated = {"keys": [{**ECAlgorithm.to_jwk(newer.public_key(), as_dict=True), "kid": "key-2", "alg": "ES256"}]}
        fresh = jwt.encode(CLAIMS, newer, algorithm="ES256", headers={"kid": "key-2"})
        assert (await verifier(key_set=rotated).verify(fresh)).person_id == PERSON
        with pytest.raises(TokenInvalid):
            await verifier(key_set=rotated).verify(signed())

    @pytest.mark.parametrize(
        ("algorithm", "key"),
        [
            ("ES384", ec.generate_private_key(ec.SECP384R1())),
            ("RS256", rsa.generate_private_key(public_exponent=65537, key_size=2048)),
            ("EdDSA", ed25519.Ed25519PrivateKey.generate()),
        ],
        ids=["ES384", "RS256", "EdDSA"],
    )
    async def test_another_algorithm_than_the_keys_own_is_refused(self, algorithm: str, key: Any) -> None:
        with pytest.raises(TokenInvalid):
            await verifier().verify(jwt.encode(CLAIMS, key, algorithm=algorithm, headers={"kid": "key-1"}))

    @pytest.mark.parametrize(
        "header",
        [
            {"crit": ["exp"]},
            {"crit": ["b64"], "b64": False},
            {"crit": []},
            {"kid": 7},
            {"kid": ["key-1"]},
            {"kid": "key-1", "jwk": JWK, "alg": "none"},
        ],
    )
    async def test_a_header_that_asks_for_more_than_we_know_is_refused(self, header: dict[str, Any]) -> None:
        def part(value: bytes) -> str:
            return jwt.utils.base64url_encode(value).decode()

        head = part(json.dumps({"alg": "ES256", "typ": "JWT", "kid": "key-1", **header}).encode())
        body = part(json.dumps(CLAIMS).encode())
        signature = jwt.get_algorithm_by_name("ES256").sign(f"{head}.{body}".encode(), KEY)
        with pytest.raises(TokenInvalid):
            await verifier().verify(f"{head}.{body}.{part(signature)}")

    async def test_an_unsigned_token_is_refused(self) -> None:
        with pytest.raises(TokenInvalid):
            await verifier().verify(jwt.encode(CLAIMS, "", algorithm="none", headers={"kid": "key-1"}))

    async def test_a_signature_with_the_public_key_as_a_shared_secret_is_refused(self) -> None:
        token = jwt.encode(CLAIMS, "x" * 32, algorithm="HS256", headers={"kid": "key-1"})
        shared = {"kty": "oct", "k": "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg", "kid": "key-1", "alg": "HS256"}
        for key_set in (KEY_SET, {"keys": [shared]}):
            with pytest.raises(TokenInvalid):
                await verifier(key_set=key_set).verify(token)
        public = KEY.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        head, body, _ = token.split(".")
        signature = hmac.digest(public, f"{head}.{body}".encode(), "sha256")
        with pytest.raises(TokenInvalid):
            await verifier().verify(f"{head}.{body}.{jwt.utils.base64url_encode(signature).decode()}")


class TestIssuers:
    """The people's provider and the public door, each limited to the roles it may speak for."""

    CLOCK = FixedClock(NOW)
    PEOPLE = LocalIssuer("https://people.test", clock=CLOCK)
    DOOR = LocalIssuer("https://door.test", clock=CLOCK)

    def verifier(self) -> TokenVerifier:
        return TokenVerifier(
            TrustedIssuer(self.PEOPLE.issuer, StaticKeys(self.PEOPLE.jwks()), PEOPLES_ROLES),
            TrustedIssuer(self.DOOR.issuer, StaticKeys(self.DOOR.jwks()), DOORS_ROLES),
            audience="doorstep",
            clock=self.CLOCK,
        )

    @pytest.mark.parametrize(
        ("issuer", "roles"),
        [(PEOPLE, ["worker", "operator", "service"]), (DOOR, ["client", "service"])],
        ids=["people", "door"],
    )
    async def test_each_speaks_for_its_own_roles_alone(self, issuer: LocalIssuer, roles: list[Role]) -> None:
        believed = []
        for role in ("worker", "client", "operator", "service"):
            token = issuer.token(sub=PERSON, org=ORGANISATION, role=role)
            try:
                believed.append((await self.verifier().verify(token)).role)
            except TokenInvalid:
                continue
        assert sorted(believed) == sorted(roles)

    async def test_one_cannot_sign_in_the_others_name(self) -> None:
        posing = LocalIssuer(self.PEOPLE.issuer, key=self.DOOR.key, clock=self.CLOCK)
        with pytest.raises(TokenInvalid):
            await self.verifier().verify(posing.token(sub=PERSON, org=ORGANISATION, role="operator"))

    @pytest.mark.parametrize("name", ["https://people.test/", "", 7, None, ["https://people.test"]])
    async def test_nobody_else_is_believed(self, name: object) -> None:
        unchecked = jwt.PyJWS().encode(
            json.dumps({**CLAIMS, "iss": name}).encode(), KEY, "ES256", headers={"kid": "key-1"}
        )
        with pytest.raises(TokenInvalid):
            await self.verifier().verify(unchecked)


class TestKeySets:
    def test_only_public_keys_that_sign_for_us_are_read(self) -> None:
        ed = ed25519.Ed25519PrivateKey.generate().public_key()
        rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
        entries = [
            JWK,
            {**OKPAlgorithm.to_jwk(ed, as_dict=True), "kid": "ed"},
            {**RSAAlgorithm.to_jwk(rsa_key, as_dict=True), "kid": "rsa"},
            {**RSAAlgorithm.to_jwk(rsa_key, as_dict=True), "kid": "pss", "alg": "PS256"},
            {**JWK, "kid": "enc", "use": "enc"},
            {**JWK, "kid": 7},
            {"kty": "oct", "k": "AAAA", "kid": "shared"},
            {"kty": "??", "kid": "unknown"},
            "no key",
        ]
        assert [(kid, key.algorithm_name) for kid, key in read_jwks({"keys": entries}).items()] == [
            ("key-1", "ES256"),
            ("ed", "EdDSA"),
            ("rsa", "RS256"),
        ]

    @pytest.mark.parametrize("jwks", [None, [], {}, {"keys": "none"}])
    def test_what_is_no_key_set_is_refused(self, jwks: object) -> None:
        with pytest.raises(ValueError, match="not a JSON Web Key Set"):
            read_jwks(jwks)

    async def test_a_setting_names_a_file_or_an_address(self, tmp_path: Path) -> None:
        file = tmp_path / "jwks.json"
        file.write_text(json.dumps(KEY_SET))
        found = await key_source(str(file), "https://issuer.test").find("key-1")
        assert found is not None
        assert found.key_id == "key-1"
        assert type(key_source("https://issuer.test/jwks.json", "https://issuer.test")) is RemoteKeys
        assert type(key_source(None, "https://issuer.test")) is DiscoveredKeys


class Issuer:
    """A key set over HTTP that counts how often it is read."""

    def __init__(self, *kids: str) -> None:
        self.kids = list(kids)
        self.away = False
        self.reads = 0

    def keys(self) -> RemoteKeys:
        return RemoteKeys("https://issuer.test/jwks.json", transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.reads += 1
        if self.away:
            return httpx.Response(502, text="<html>")
        return httpx.Response(200, json={"keys": [{**JWK, "kid": kid} for kid in self.kids]})


@pytest.fixture
def elapse(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    seconds = [1000.0]
    monkeypatch.setattr("doorstep_chassis.auth.monotonic", lambda: seconds[0])

    def wait(by: float) -> None:
        seconds[0] += by

    return wait


class TestRemoteKeys:
    async def test_they_are_read_once_and_kept(self, elapse: Callable[[float], None]) -> None:
        issuer = Issuer("a", "b")
        keys = issuer.keys()
        found = [await keys.find("a"), await keys.find("b"), await keys.find("a")]
        assert [key and key.key_id for key in found] == ["a", "b", "a"]
        assert issuer.reads == 1

    async def test_an_unknown_key_reads_them_again_but_not_at_once(self, elapse: Callable[[float], None]) -> None:
        issuer = Issuer("a")
        keys = issuer.keys()
        await keys.find("a")
        issuer.kids = ["b"]
        assert await keys.find("b") is None
        elapse(2)
        assert await keys.find("b") is not None
        assert issuer.reads == 2

    async def test_a_flood_of_unknown_keys_reads_them_once_a_pause(self, elapse: Callable[[float], None]) -> None:
        issuer = Issuer("a")
        keys = issuer.keys()
        for number in range(50):
            assert await keys.find(f"made-up-{number}") is None
        assert issuer.reads == 1

    async def test_a_withdrawn_key_is_forgotten_when_they_have_aged(self, elapse: Callable[[float], None]) -> None:
        issuer = Issuer("a", "b")
        keys = issuer.keys()
        assert await keys.find("a") is not None
        issuer.kids = ["b"]
        elapse(299)
        assert await keys.find("a") is not None
        elapse(1)
        assert await keys.find("a") is None

    async def test_while_the_issuer_is_away_known_keys_stay_good(self, elapse: Callable[[float], None]) -> None:
        issuer = Issuer("a")
        keys = issuer.keys()
        await keys.find("a")
        issuer.away = True
        elapse(1000)
        assert await keys.find("a") is not None
        assert await keys.find("b") is None
        assert issuer.reads == 2

    async def test_without_any_key_no_token_can_be_judged(self, elapse: Callable[[float], None]) -> None:
        issuer = Issuer("a")
        issuer.away = True
        keys = issuer.keys()
        with pytest.raises(KeysUnavailable):
            await keys.find("a")
        issuer.away = False
        elapse(2)
        assert await keys.find("a") is not None


class TestDiscovery:
    @staticmethod
    def keys(issuer: str, description: object) -> DiscoveredKeys:
        answers = {f"{issuer}/.well-known/openid-configuration": description, f"{issuer}/keys": KEY_SET}

        def answer(request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, json=answers[str(request.url)])

        return DiscoveredKeys(Discovery(issuer, transport=httpx.MockTransport(answer)))

    async def test_the_issuers_description_leads_to_its_keys(self) -> None:
        description = {"issuer": "https://issuer.test/realm", "jwks_uri": "https://issuer.test/realm/keys"}
        found = await self.keys("https://issuer.test/realm", description).find("key-1")
        assert found is not None
        assert found.key_id == "key-1"

    @pytest.mark.parametrize(
        "description",
        [
            {"issuer": "https://other.test", "jwks_uri": "https://issuer.test/keys"},
            {"issuer": "https://issuer.test", "jwks_uri": "http://issuer.test/keys"},
            {
                "issuer": "https://issuer.test",
                "jwks_uri": "https://issuer.test/keys",
                "token_endpoint": "http://a.test",
            },
            {"jwks_uri": "https://issuer.test/keys"},
            ["https://issuer.test"],
        ],
    )
    async def test_another_description_is_not_followed(self, description: object) -> None:
        with pytest.raises(KeysUnavailable):
            await self.keys("https://issuer.test", description).find("key-1")


class TestDependencies:
    ISSUER = LocalIssuer(clock=FixedClock(NOW))

    async def get(self, path: str, authorization: str | None) -> httpx.Response:
        app = create_app("test", verifier=self.ISSUER.verifier())

        @app.get("/anyone")
        async def anyone(who: Annotated[Principal, Depends(principal)]) -> dict[str, str]:
            return {"role": who.role, "person": str(who.person_id)}

        @app.get("/staff")
        async def staff(who: Annotated[Principal, Depends(require("worker", "operator"))]) -> str:
            return who.role

        @app.get("/passed-on")
        async def passed_on(token: Annotated[str, Depends(bearer_token)]) -> str:
            return token

        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.get(path, headers={"authorization": authorization} if authorization else {})

    def token(self, role: Role) -> str:
        return "Bearer " + self.ISSUER.token(sub=PERSON, org=ORGANISATION, role=role)

    async def test_a_good_token_gets_in(self) -> None:
        answer = await self.get("/anyone", self.token("client"))
        assert (answer.status_code, answer.json()) == (200, {"role": "client", "person": str(PERSON)})

    async def test_the_role_decides(self) -> None:
        answers = {role: await self.get("/staff", self.token(role)) for role in ("worker", "operator", "client")}
        assert {role: answer.status_code for role, answer in answers.items()} == {
            "worker": 200,
            "operator": 200,
            "client": 403,
        }
        assert answers["client"].json()["code"] == "wrong_role"
        assert "www-authenticate" not in answers["client"].headers

    @pytest.mark.parametrize("authorization", [None, "Basic YTpi", "Bearer", "Bearer "])
    async def test_without_a_token_nobody_gets_in(self, authorization: str | None) -> None:
        answer = await self.get("/staff", authorization)
        assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")
        assert answer.headers["www-authenticate"] == "Bearer"

    async def test_with_a_wrong_token_nobody_gets_in(self) -> None:
        answer = await self.get("/anyone", "Bearer nonsense")
        assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
        assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
        assert "nonsense" not in answer.text

    async def test_the_token_can_be_passed_on_as_it_came(self) -> None:
        token = self.token("worker")
        assert (await self.get("/passed-on", token)).json() == token.removeprefix("Bearer ")
