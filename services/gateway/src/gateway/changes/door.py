"""`GET /v1/events` for programs and `GET /events` for browsers: what changed for the one who asks."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from doorstep_chassis.auth import Principal, bearer_token, expires_at, require
from doorstep_chassis.errors import Unauthorised
from doorstep_chassis.service import Context
from fastapi import APIRouter, Depends, FastAPI, Header, Request

from gateway.changes.feed import LOOK_BACK, Feed, Start
from gateway.changes.stream import EventStream, Listener, Slots
from gateway.limits import per_person, per_visitor
from gateway.portals.forms import CrossSite
from gateway.portals.session import Session, Sessions, current
from gateway.settings import GatewaySettings
from gateway.tables import create_portal_tables

Person = Annotated[Principal, Depends(require("worker", "client", "operator"))]
LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        max_length=100,
        description="The `id` of the last event that was taken in; browsers send it by themselves",
        examples=["4f1d2c3b5a69-1042"],
    ),
]


class NotSignedIn(Unauthorised):
    """The browser has no session, or one that is over."""

    code = "not_signed_in"


def event_routes(context: Context) -> APIRouter:
    """Both streams, over one reader of the log."""
    settings = context.settings
    assert isinstance(settings, GatewaySettings)
    feed = Feed(context.store, context.tail)
    slots = Slots(per_person=settings.streams_per_person, at_most=settings.streams_at_most)

    @asynccontextmanager
    async def following(app: FastAPI) -> AsyncIterator[None]:
        await create_portal_tables(context.store)
        await feed.open()
        reader = asyncio.create_task(feed.run())
        yield
        reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reader

    router = APIRouter(lifespan=following)

    def stream(listener: Listener, start: Start, alive: bytes = b": ") -> EventStream:
        return EventStream(feed, slots, context.clock, listener, start, furthest=settings.events_furthest, alive=alive)

    @router.get(
        "/v1/events",
        tags=["events"],
        status_code=200,
        response_class=EventStream,
        dependencies=[Depends(per_person)],
    )
    async def hear_events(
        who: Person, token: Annotated[str, Depends(bearer_token)], last_event_id: LastEventId = None
    ) -> EventStream:
        """What changed for the one who asks, as server-sent events, until the access token expires.

        `changed` carries `kind` (what to look at again: `request`, `client`, `worker`, `calendar`, `calls`, `settings`,
        `workers`) and `request_id` (null where it is about none, or about one that is not the caller's). It is a hint
        without content: read again what you show; lists follow by fractions of a second. Operators hear of everything in
        their organisation, workers of their own requests, calls and visits, a client of their request.

        Every change is told once, in the order in which it was stored. Each event has an `id`; come back with the last one
        as `Last-Event-ID` and nothing is left out or told twice, also after the service was restarted. Where that cannot
        be kept, `reset` comes first, with its `reason` (`other_epoch`, `beyond_head`, `too_far_behind`; `not_understood`
        between others): read everything again. Without the header a stream begins with what happens next. Every 15 seconds
        a comment and the current `id` come; a longer silence means that the connection is lost.

        A person may have only some streams open (`too_many_streams`), and so may all together (`streams_exhausted`);
        `Retry-After` says when to come back. Whoever reads too slowly is cut off, and resumes.
        """

        async def welcome() -> bool:
            return True

        start = await feed.start_after(last_event_id, furthest=settings.events_furthest)
        return stream(Listener(who=who, until=expires_at(token), still_welcome=welcome), start)

    @router.get("/events", include_in_schema=False, dependencies=[Depends(per_visitor)])
    async def hear_events_in_browser(request: Request, last_event_id: LastEventId = None) -> EventStream:
        """The same for a page of ours. A fresh stream begins a little earlier than the page that opens it."""
        if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            raise CrossSite
        session: Session | None = await current(request)
        if session is None:
            raise NotSignedIn
        found, sessions = session, request.app.state.sessions
        assert isinstance(sessions, Sessions)

        async def welcome() -> bool:
            return await sessions.find(found.secret) is not None

        if last_event_id is None:
            start = Start(await feed.position_before(context.clock.now() - LOOK_BACK))
        else:
            start = await feed.start_after(last_event_id, furthest=settings.events_furthest)
        return stream(
            Listener(who=found.principal, until=found.expires_at, still_welcome=welcome), start, b"event: alive\ndata:"
        )

    return router
