"""Signing in at a browser: to the identity provider and back to the page one came from; and signing out."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated

from doorstep_chassis.auth import Principal, TokenVerifier, expires_at
from doorstep_chassis.clock import Clock
from doorstep_chassis.errors import Unauthorised
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from itsdangerous import BadSignature, URLSafeSerializer

from gateway.portals.forms import sent_form
from gateway.portals.pages import page
from gateway.portals.provider import Arrival, Journey, Provider, SignInFailed
from gateway.portals.session import Session, Sessions, current, local_path
from gateway.portals.texts import Language, chosen_language

JOURNEY_LIFETIME = timedelta(minutes=10)
"""How long a person may take at the provider."""

Visitor = Annotated[Session | None, Depends(current)]


Seen = Callable[[Principal, str, str | None, Language], Awaitable[None]]
"""Keeps how the provider names and addresses somebody who signed in (principal, name, e-mail, language)."""


def login_routes(provider: Provider, clock: Clock, *, secret: bytes, seen: Seen) -> APIRouter:
    """`/login`, `/login/back`, `/logout`; `secret` signs what a browser keeps while its person is at the provider."""
    router = APIRouter()
    luggage = Luggage(clock, secret)

    @router.get("/login")
    async def begin(request: Request, session: Visitor, next: str = "/") -> Response:
        """To the provider; or onwards at once for somebody who has signed in already."""
        back_to = local_path(next)
        if session is not None:
            return RedirectResponse(back_to, 303)
        url, journey = await provider.leave(language=chosen_language(request))
        answer = RedirectResponse(url, 303, headers={"Cache-Control": "no-store"})
        luggage.pack(answer, journey, back_to, secure=_sessions(request).secure)
        return answer

    @router.get("/login/back")
    async def end(request: Request, session: Visitor, state: str = "") -> Response:
        """From the provider: a new session instead of any that there was, and onwards to where one came from."""
        kept = luggage.unpack(request, state)
        if kept is None:
            if session is not None:  # the way back in the browser's history, after it has been gone once
                return RedirectResponse("/", 303)
            raise SignInFailed
        journey, back_to = kept
        arrival = await provider.arrive(journey, request.url.query)
        who, until = await _believed(request.app.state.verifier, arrival)
        await seen(who, arrival.name, arrival.email, arrival.language)
        sessions = _sessions(request)
        opened = await sessions.open(who, name=arrival.name, token=arrival.access_token, expires_at=until)
        if session is not None:
            await sessions.close(session)
        answer = RedirectResponse(back_to, 303, headers={"Cache-Control": "no-store"})
        luggage.drop(answer, state)
        sessions.give(answer, opened)
        return answer

    @router.post("/logout")
    async def leave(request: Request, session: Visitor) -> Response:
        """The session is over for every browser that has its cookie, and with the provider if it offers that."""
        if session is None:
            return RedirectResponse("/logout", 303)
        await sent_form(request, session)
        sessions = _sessions(request)
        await sessions.close(session)
        answer = RedirectResponse(await provider.farewell(language=chosen_language(request)) or "/logout", 303)
        sessions.take(answer)
        return answer

    @router.get("/logout")
    async def left(request: Request, session: Visitor) -> Response:
        """Where signing out ends; somebody still signed in can do it from here."""
        return page(request, "shared/signed_out.html", session=session)

    return router


class Luggage:
    """What a browser keeps on the way to the provider and back: one signed cookie a journey, so that two tabs can go."""

    def __init__(self, clock: Clock, secret: bytes) -> None:
        self._clock = clock
        self._signer = URLSafeSerializer(secret, salt="doorstep.login")

    def pack(self, answer: Response, journey: Journey, back_to: str, *, secure: bool) -> None:
        """Give it to the browser."""
        until = (self._clock.now() + JOURNEY_LIFETIME).timestamp()
        kept = self._signer.dumps({"journey": asdict(journey), "back_to": back_to, "until": until})
        answer.set_cookie(
            _cookie_of(journey.state),
            str(kept),
            max_age=int(JOURNEY_LIFETIME.total_seconds()),
            path="/login",
            httponly=True,
            samesite="lax",
            secure=secure,
        )

    def unpack(self, request: Request, state: str) -> tuple[Journey, str] | None:
        """The journey that ends with this state, and where it leads; None when this browser began none, or too long ago."""
        try:
            kept = self._signer.loads(request.cookies.get(_cookie_of(state), ""))
        except BadSignature:
            return None
        if kept["until"] <= self._clock.now().timestamp():
            return None
        return Journey(**kept["journey"]), local_path(kept["back_to"])

    def drop(self, answer: Response, state: str) -> None:
        """It is good for one journey."""
        answer.delete_cookie(_cookie_of(state), path="/login")


def _cookie_of(state: str) -> str:
    return f"doorstep_login_{state[:16]}"


def _sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions


async def _believed(verifier: TokenVerifier, arrival: Arrival) -> tuple[Principal, datetime]:
    """Who it is by the token that services will be shown, and until when. Errors: SignInFailed for whoever has no portal."""
    try:
        who = await verifier.verify(arrival.access_token)
    except Unauthorised:
        raise SignInFailed from None
    if who.role not in ("worker", "operator") or str(who.person_id) != arrival.subject:
        raise SignInFailed
    return who, expires_at(arrival.access_token)
