"""All pages of the portals, and what stands around them: static files, headers, sign-in, problems as pages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from mimetypes import guess_type

from doorstep_chassis.errors import NotFound
from doorstep_chassis.service import Context
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from gateway.portals.console import console_routes
from gateway.portals.session import Session, Sessions, current
from gateway.portals.texts import LANGUAGE_COOKIE, LANGUAGES
from gateway.tables import create_portal_tables


def portal_routes(context: Context) -> APIRouter:
    """The pages; none of them is in the API's description."""

    @asynccontextmanager
    async def prepared(app: FastAPI) -> AsyncIterator[None]:
        await create_portal_tables(context.store)
        app.state.sessions = Sessions(context.store, context.clock)
        yield

    router = APIRouter(lifespan=prepared, include_in_schema=False)
    for part in (_ground(), console_routes(context)):
        router.include_router(part)
    return router


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
        safe = back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/"
        answer = RedirectResponse(safe, 303)
        answer.set_cookie(LANGUAGE_COOKIE, language, max_age=365 * 86400, samesite="lax", httponly=True)
        return answer

    return router
