"""The identity provider that people sign in with: OpenID Connect's authorisation code, with PKCE, state and nonce."""

import hmac
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import jwt
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from doorstep_chassis.auth import LEEWAY, Discovery, KeySource
from doorstep_chassis.clock import Clock
from doorstep_chassis.errors import Forbidden, Unavailable
from doorstep_chassis.problem_texts import accepted_language
from joserfc.errors import JoseError

from gateway.portals.texts import Language

SCOPE = "openid profile email"
SECONDS = 10.0
_TOKENS = ("access_token", "id_token")
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class SignInFailed(Forbidden):
    """The provider did not say who this is, or said it to a question that this browser did not ask."""

    code = "sign_in_failed"


class ProviderUnavailable(Unavailable):
    """The identity provider does not answer, or not in a way that can be understood."""

    code = "provider_unavailable"


@dataclass(frozen=True, slots=True)
class Journey:
    """What a browser keeps while its person is at the provider: nobody else can end what it began."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who came back: the token to show to services, and how the provider names and addresses them."""

    access_token: str
    subject: str
    name: str
    email: str | None
    language: Language


class Provider:
    """The provider as its own description has it. `home` is our public address, where it sends people back to."""

    def __init__(
        self,
        discovery: Discovery,
        keys: KeySource,
        *,
        client_id: str,
        client_secret: str | None,
        home: str,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._discovery = discovery
        self._keys = keys
        self._client_id = client_id
        self._client_secret = client_secret
        self._home = home.rstrip("/")
        self._redirect_uri = f"{self._home}/login/back"
        self._clock = clock
        self._transport = transport

    async def leave(self, *, language: str) -> tuple[str, Journey]:
        """The address to send a person to, and what their browser keeps. Errors: ProviderUnavailable."""
        found = await self._describe()
        journey = Journey(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))
        url = prepare_grant_uri(
            _endpoint(found, "authorization_endpoint"),
            self._client_id,
            "code",
            redirect_uri=self._redirect_uri,
            scope=SCOPE,
            state=journey.state,
            nonce=journey.nonce,
            code_challenge=create_s256_code_challenge(journey.verifier),
            code_challenge_method="S256",
            ui_locales=language,
        )
        return str(url), journey

    async def arrive(self, journey: Journey, query: str) -> Arrival:
        """Who came back with this query. Errors: SignInFailed, ProviderUnavailable."""
        answer = {name: values[0] for name, values in parse_qs(query).items() if len(values) == 1}
        if not hmac.compare_digest(answer.get("state", "").encode(), journey.state.encode()) or "code" not in answer:
            raise SignInFailed
        if answer.get("iss", self._discovery.issuer) != self._discovery.issuer:  # RFC 9207: another's code
            raise SignInFailed
        tokens = await self._redeem(answer["code"], journey.verifier)
        claims = await self._believed(tokens, journey.nonce)
        name = claims.get("name") or claims.get("preferred_username") or ""
        email = claims.get("email") if claims.get("email_verified", True) is True else None
        language = accepted_language(str(claims.get("locale", "")), default="fr")
        return Arrival(
            str(tokens["access_token"]), str(claims["sub"]), str(name), None if email is None else str(email), language
        )

    async def farewell(self, *, language: str) -> str | None:
        """Where a person ends their session with the provider too, if it offers that. Never fails: ours is over."""
        try:
            found = await self._describe()
        except ProviderUnavailable:
            return None
        if "end_session_endpoint" not in found:
            return None
        asked = {
            "client_id": self._client_id,
            "post_logout_redirect_uri": f"{self._home}/logout",
            "ui_locales": language,
        }
        endpoint = str(found["end_session_endpoint"])
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(asked)}"

    async def _describe(self) -> dict[str, Any]:
        try:
            return dict(await self._discovery.describe())
        except (httpx.HTTPError, ValueError):
            raise ProviderUnavailable from None

    async def _redeem(self, code: str, verifier: str) -> dict[str, Any]:
        endpoint = _endpoint(await self._describe(), "token_endpoint")
        form = prepare_token_request(
            "authorization_code", code=code, redirect_uri=self._redirect_uri, code_verifier=verifier
        )
        method = "none" if self._client_secret is None else "client_secret_basic"
        proof = ClientAuth(self._client_id, self._client_secret, method)
        url, headers, body = proof.prepare("POST", endpoint, {"Accept": "application/json", **_FORM}, form)
        try:
            async with httpx.AsyncClient(timeout=SECONDS, transport=self._transport) as client:
                answer = await client.post(url, headers=headers, content=body)
            if answer.is_client_error:  # the provider refuses the code
                raise SignInFailed
            tokens = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError):
            raise ProviderUnavailable from None
        if not isinstance(tokens, dict) or not all(isinstance(tokens.get(each), str) for each in _TOKENS):
            raise SignInFailed
        return tokens

    async def _believed(self, tokens: dict[str, Any], nonce: str) -> dict[str, Any]:
        """The claims of the ID token: signed by the provider, for us, in answer to this browser, and not run out."""
        token = tokens["id_token"]
        try:
            header = jwt.get_unverified_header(token)
            key = await self._keys.find(str(header.get("kid")))
            if key is None:
                raise SignInFailed
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._client_id,
                issuer=self._discovery.issuer,
                # instants are judged below, by our own clock
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
            said = CodeIDToken(
                claims,
                header,
                {},
                {"nonce": nonce, "client_id": self._client_id, "access_token": tokens["access_token"]},
            )
            said.validate(now=int(self._clock.now().timestamp()), leeway=int(LEEWAY.total_seconds()))
        except (jwt.PyJWTError, AuthlibBaseError, JoseError):
            raise SignInFailed from None
        return claims


def _endpoint(description: dict[str, Any], name: str) -> str:
    if not isinstance(description.get(name), str):
        raise ProviderUnavailable
    return str(description[name])
