"""Refusals that a person meets on a page are pages too, in their language; programs keep their RFC 9457 problems."""

import json
from typing import Any

import pydantic_core
from doorstep_chassis.problems import MEDIA_TYPE, request_id_of
from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.portals.calls import Refused
from gateway.portals.pages import page
from gateway.portals.session import SignInNeeded, way_back

_FOR_PROGRAMS = ("/v1", "/operations", "/.well-known", "/static", "/openapi", "/livez", "/readyz", "/metrics")
_KEPT = ("x-request-id", "retry-after", "allow")


def install_portal_problems(app: FastAPI) -> None:
    """Lead whoever must sign in to where they can, and make what a service refuses a problem of ours."""
    app.add_exception_handler(SignInNeeded, _on_sign_in_needed)
    app.add_exception_handler(Refused, _on_refused)
    app.add_middleware(ProblemPages)


def _on_sign_in_needed(request: Request, error: Exception) -> Response:
    assert isinstance(error, SignInNeeded)
    if "hx-request" in request.headers:  # a part of a page: the whole of it has to go
        return Response(status_code=401, headers={"HX-Redirect": error.location})
    return RedirectResponse(error.location, 303, headers={"Cache-Control": "no-store"})


def _on_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    if error.status == 401:  # the session's token is no longer believed
        return _on_sign_in_needed(request, SignInNeeded(way_back(request)))
    problem = {**error.problem, "request_id": request_id_of(request.scope)}
    return Response(pydantic_core.to_json(problem), error.status, media_type=MEDIA_TYPE)


class ProblemPages:
    """Turns each problem that leaves on the address of a page into one; stands outside all that may fail."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _wants_page(scope):
            await self.app(scope, receive, send)
            return
        held: Message | None = None
        content = b""

        async def answer(message: Message) -> None:
            nonlocal held, content
            if message["type"] == "http.response.start" and _is_problem(message):
                held = message
                return
            if held is None:
                await send(message)
                return
            content += message.get("body", b"")
            if not message.get("more_body", False):
                await _problem_page(Request(scope), held, content)(scope, receive, send)

        await self.app(scope, receive, answer)


def _wants_page(scope: Scope) -> bool:
    path: str = scope["path"]
    if any(path == each or path.startswith((f"{each}/", f"{each}.")) for each in _FOR_PROGRAMS):
        return False
    accepted = Headers(scope=scope).get("accept", "*/*")
    return "text/html" in accepted or "*/*" in accepted


def _is_problem(message: Message) -> bool:
    return Headers(raw=message["headers"]).get("content-type") == MEDIA_TYPE


def _problem_page(request: Request, start: Message, content: bytes) -> Response:
    problem: dict[str, Any] = json.loads(content)
    headers = Headers(raw=start["headers"])
    partial = "hx-request" in request.headers
    return page(
        request,
        "shared/error_part.html" if partial else "shared/error.html",
        session=None,  # an absent page and one for other roles look alike, whether or not a session was looked for
        status=start["status"],
        headers={name: headers[name] for name in _KEPT if name in headers},
        problem_status=start["status"],
        code="not_found" if start["status"] == 404 else problem.get("code", ""),
        reference=problem.get("request_id"),
    )
