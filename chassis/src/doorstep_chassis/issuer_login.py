"""How the local issuer signs people in at a browser: whoever sits there says who they are, in development only.

OpenID Connect's authorisation code with PKCE for the portals, client credentials for programs.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from fastapi.security.utils import get_authorization_scheme_param
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from doorstep_chassis.clock import Clock
from doorstep_chassis.demo_people import PeopleFile, Person, PersonUnknown
from doorstep_chassis.errors import DomainError
from doorstep_chassis.issuer_page import people_page
from doorstep_chassis.signing import Signer

PORTAL = "doorstep-portal"
"""The one client that people sign in through. It is public: PKCE stands for a secret."""

PERSON_LIFETIME = timedelta(hours=12)
CODE_LIFETIME = timedelta(minutes=1)


class AuthorisationRefused(DomainError):
    """Only the portals may ask who is at the browser, and only by code, with PKCE, to be told at their own address."""

    code = "authorisation_refused"
    status = 400


class Asked(BaseModel):
    """What the portals ask; it goes through the page of people and comes back with the person."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    response_type: Literal["code"]
    client_id: Literal["doorstep-portal"]
    redirect_uri: str
    state: str
    nonce: str
    code_challenge: Annotated[str, Field(min_length=43)]
    code_challenge_method: Literal["S256"]
    ui_locales: str = "fr"


class Chosen(Asked):
    """The same, and who was chosen."""

    person: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What a code stands for, once, until `expires_at`."""

    asked: Asked
    person: Person
    expires_at: datetime


class Refused(Exception):
    """The token endpoint refuses, in the words of RFC 6749."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


def access_token(issuer: Signer, person: Person) -> dict[str, Any]:
    """A token answer: what the person may show to services."""
    signed = issuer.token(sub=person.sub, role=person.role, org=person.org, lifetime=PERSON_LIFETIME)
    return {"access_token": signed, "token_type": "Bearer", "expires_in": int(PERSON_LIFETIME.total_seconds())}


def description(issuer: str) -> dict[str, Any]:
    """What OpenID Connect Discovery says of the issuer."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "end_session_endpoint": f"{issuer}/end-session",
        "jwks_uri": f"{issuer}/jwks.json",
        "scopes_supported": ["openid", "profile", "email"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "claims_supported": ["sub", "name", "email", "locale", "org", "role"],
        "ui_locales_supported": ["fr", "en"],
        "authorization_response_iss_parameter_supported": True,
    }


def login_routes(issuer: Signer, people: PeopleFile, clock: Clock, *, portal: str) -> APIRouter:
    """The endpoints that `description` names; `portal` is the address that people come back to."""
    router = APIRouter()
    grants: dict[str, Grant] = {}

    def checked(asked: AskedT) -> AskedT:
        if asked.redirect_uri != f"{portal}/login/back":
            raise AuthorisationRefused
        return asked

    @router.get("/authorize")
    async def choose(request: Request) -> Response:
        asked = checked(_read(Asked, request.query_params))
        return HTMLResponse(people_page(people.staff(), asked.model_dump()), headers={"Cache-Control": "no-store"})

    @router.post("/authorize")
    async def chosen(request: Request) -> Response:
        asked = checked(_read(Chosen, await _form(request)))
        code = secrets.token_urlsafe(32)
        grants[code] = Grant(asked, people.find(asked.person), clock.now() + CODE_LIFETIME)
        answer = {"code": code, "state": asked.state, "iss": issuer.issuer}
        return RedirectResponse(f"{asked.redirect_uri}?{urlencode(answer)}", 303)

    @router.post("/oauth/token")
    async def token(request: Request) -> Response:
        form = await _form(request)
        try:
            match form.get("grant_type"):
                case "authorization_code":
                    issued = _by_code(issuer, grants.pop(form.get("code", ""), None), form, clock.now())
                case "client_credentials":
                    issued = access_token(issuer, _program(people, form, request.headers.get("authorization")))
                case _:
                    raise Refused("unsupported_grant_type")
        except Refused as refused:
            return JSONResponse({"error": refused.error}, refused.status)
        return JSONResponse(issued, headers={"Cache-Control": "no-store"})

    @router.get("/end-session")
    async def end_session(post_logout_redirect_uri: str) -> Response:
        """Nobody stays signed in here: there is only the way back."""
        if post_logout_redirect_uri != f"{portal}/logout":
            raise AuthorisationRefused
        return RedirectResponse(post_logout_redirect_uri, 303)

    return router


def _by_code(issuer: Signer, grant: Grant | None, form: Mapping[str, str], now: datetime) -> dict[str, Any]:
    if grant is None or grant.expires_at <= now:
        raise Refused("invalid_grant")
    asked, person = grant.asked, grant.person
    proved = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=")
    if (form.get("client_id"), form.get("redirect_uri"), proved.decode()) != (
        asked.client_id,
        asked.redirect_uri,
        asked.code_challenge,
    ):
        raise Refused("invalid_grant")
    claims = {
        "sub": str(person.sub),
        "nonce": asked.nonce,
        "auth_time": int(now.timestamp()),
        "name": person.name or person.person,
        "email": person.email or None,
        "locale": asked.ui_locales,
        "org": str(person.org) if person.org else None,
        "role": person.role,
    }
    said = {name: value for name, value in claims.items() if value is not None}
    id_token = issuer.sign(said, audience=asked.client_id, lifetime=PERSON_LIFETIME)
    return {**access_token(issuer, person), "id_token": id_token, "scope": "openid profile email"}


def _program(people: PeopleFile, form: Mapping[str, str], authorization: str | None) -> Person:
    """The program that asks, by its login; like people here, it needs no secret."""
    scheme, basic = get_authorization_scheme_param(authorization)
    client_id = form.get("client_id", "")
    try:
        if scheme.lower() == "basic":
            client_id = base64.b64decode(basic, validate=True).decode().partition(":")[0]
        program = people.find(client_id)
    except (ValueError, PersonUnknown):
        raise Refused("invalid_client", 401) from None
    if program.role != "service":
        raise Refused("invalid_client", 401)
    return program


AskedT = TypeVar("AskedT", bound=Asked)


def _read(shape: type[AskedT], given: Mapping[str, Any]) -> AskedT:
    try:
        return shape.model_validate(dict(given))
    except ValidationError:
        raise AuthorisationRefused from None


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
