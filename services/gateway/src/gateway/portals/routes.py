"""All pages of the portals, and what stands around them: static files, headers, sign-in, problems as pages."""

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from mimetypes import guess_type

from doorstep_chassis.auth import Discovery, key_source
from doorstep_chassis.errors import NotFound
from doorstep_chassis.service import Context
from doorstep_chassis.settings import ServiceSettings
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from gateway.limits import per_visitor
from gateway.links import Links
from gateway.people import People
from gateway.portals.client import client_routes
from gateway.portals.console import console_routes
from gateway.portals.docs import docs_routes
from gateway.portals.forms import from_own_pages
from gateway.portals.login import login_routes
from gateway.portals.mail import mail_routes
from gateway.portals.problems import install_portal_problems
from gateway.portals.provider import Provider
from gateway.portals.security import BrowserRules, browser_rules
from gateway.portals.session import Session, Sessions, current, local_path
from gateway.portals.texts import LANGUAGE_COOKIE, LANGUAGES
from gateway.portals.worker import worker_routes
from gateway.settings import GatewaySettings
from gateway.tables import create_portal_tables


def portal_routes(context: Context) -> APIRouter:
    """The pages; none of them is in the API's description."""
    settings = context.settings
    assert isinstance(settings, GatewaySettings)

    @asynccontextmanager
    async def prepared(app: FastAPI) -> AsyncIterator[None]:
        await create_portal_tables(context.store)
        app.state.sessions = Sessions(context.store, context.clock, secure=is_secure(settings))
        app.state.links = Links(
            context.store, context.clock, hmac_key=context.hmac_key, public_url=settings.door_issuer
        )
        yield

    router = APIRouter(
        lifespan=prepared, include_in_schema=False, dependencies=[Depends(from_own_pages), Depends(per_visitor)]
    )
    for part in (
        _ground(),
        _login(context, settings),
        worker_routes(context),
        client_routes(context),
        console_routes(context),
        mail_routes(context),
        docs_routes(),
    ):
        router.include_router(part)
    return router


def stand_around(app: FastAPI, context: Context) -> None:
    """What the portals need around all routes of the gateway."""
    settings = context.settings
    install_portal_problems(app)
    app.add_middleware(BrowserRules, rules=browser_rules(issuer=settings.issuer, secure=is_secure(settings)))


def is_secure(settings: ServiceSettings) -> bool:
    """Whether browsers reach the door by TLS; in development they may not."""
    return settings.door_issuer.startswith("https://")


def _login(context: Context, settings: GatewaySettings) -> APIRouter:
    secret = settings.portal_client_secret
    provider = Provider(
        Discovery(settings.issuer),
        key_source(settings.jwks, settings.issuer),
        client_id=settings.portal_client_id,
        client_secret=None if secret is None else secret.get_secret_value(),
        home=settings.door_issuer,
        clock=context.clock,
    )
    return login_routes(
        provider,
        context.clock,
        secret=hmac.digest(context.hmac_key, b"portal login", "sha256"),
        seen=People(context).seen,
    )


HOMES = {"worker": "/requests", "operator": "/console"}
"""Where each role begins."""


def _ground() -> APIRouter:
    router = APIRouter()

    @router.get("/")
    async def home(request: Request) -> Response:
        session: Session | None = await current(request)
        return RedirectResponse("/login" if session is None else HOMES[session.principal.role], 303)

    @router.get("/static/{version}/{path:path}")
    async def static_file(version: str, path: str) -> Response:
        """A static file under an address that changes with its content."""
        folder = files("gateway") / "static"
        parts = path.split("/")
        if any(part in ("", ".", "..") for part in parts):
            raise NotFound
        file = folder.joinpath(*parts)
        if not file.is_file():
            raise NotFound
        kind = guess_type(path)[0] or "application/octet-stream"
        return Response(
            file.read_bytes(), media_type=kind, headers={"Cache-Control": "public, max-age=31536000, immutable"}
        )

    @router.get("/language/{language}")
    async def choose_language(language: str, request: Request, back: str = "/") -> Response:
        """French or English from now on in this browser."""
        if language not in LANGUAGES:
            raise NotFound
        answer = RedirectResponse(local_path(back), 303)
        answer.set_cookie(LANGUAGE_COOKIE, language, max_age=365 * 86400, samesite="lax", httponly=True)
        return answer

    return router
