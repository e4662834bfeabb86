"""What every page of the worker's portal stands on: who looks, what they may ask, and the frame around the page."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from doorstep_chassis.errors import NotFound
from doorstep_chassis.service import Context
from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import FormData

from gateway.portals.calls import Calls, OnBehalf, Refused
from gateway.portals.catalogues import Catalogues, Offered
from gateway.portals.forms import text_of
from gateway.portals.pages import page
from gateway.portals.session import Session, Worker
from gateway.portals.texts import Texts, chosen_language
from gateway.upstream import ServiceName


@dataclass(frozen=True, slots=True)
class Desk:
    """A worker at a page."""

    request: Request
    session: Session
    calls: Calls
    catalogues: Catalogues
    now: datetime

    @property
    def texts(self) -> Texts:
        """Their language."""
        return Texts(chosen_language(self.request))

    @property
    def me(self) -> UUID:
        """Their own id."""
        return self.session.principal.person_id

    async def offered(self, postal_codes: Iterable[str]) -> Mapping[str, Offered]:
        """What names the services and places of these postal codes."""
        return await self.catalogues.all_at(self.calls, self.session.principal.organisation_id, postal_codes)

    async def settings(self) -> Mapping[str, Any]:
        """How the organisation takes requests; asked once a page."""
        state = self.request.state
        if not hasattr(state, "intake_settings"):
            try:
                state.intake_settings = await self.calls.get("request-intake", "/settings")
            except Refused:
                state.intake_settings = {"workers_may_create": False, "required_contact_fields": []}
        found: Mapping[str, Any] = state.intake_settings
        return found

    async def page(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """A page with the bars around it."""
        return page(
            self.request,
            f"worker/{template}",
            session=self.session,
            status=status,
            may_create=(await self.settings())["workers_may_create"],
            now=self.now,
            **values,
        )

    def part(self, template: str, **values: Any) -> HTMLResponse:
        """A part of a page, for htmx."""
        return page(self.request, f"worker/{template}", session=self.session, now=self.now, **values)

    async def get(self, service: ServiceName, path: str, **query: Any) -> Any:
        """What a page is about; if that is not there, neither is the page (NotFound)."""
        try:
            return await self.calls.get(service, path, **query)
        except Refused as refused:
            if refused.status in (404, 422):
                raise NotFound from refused
            raise

    async def post(self, service: ServiceName, path: str, body: Any = None, *, key: str) -> Any:
        """An act, once under its key. Errors: NotFound, Refused."""
        try:
            return await self.calls.post(service, path, body, key=key)
        except Refused as refused:
            if refused.status == 404:
                raise NotFound from refused
            raise

    async def find(self, service: ServiceName, path: str) -> Mapping[str, Any] | None:
        """What a page shows besides, while the worker may see it."""
        try:
            found: Mapping[str, Any] = await self.calls.get(service, path)
        except Refused:
            return None
        return found


AtDesk = Callable[..., Awaitable[Desk]]
"""A FastAPI dependency that gives it."""


def to(location: str) -> Response:
    """On to another page, after a form."""
    return RedirectResponse(location, 303)


def key_of(form: FormData) -> str:
    """The idempotency key that a form was made with."""
    return text_of(form, "key") or uuid4().hex


def desk_of(context: Context) -> AtDesk:
    """FastAPI dependency: the worker at this page."""
    catalogues = Catalogues(context.clock)

    async def desk(request: Request, session: Worker, calls: OnBehalf) -> Desk:
        return Desk(request, session, calls, catalogues, context.clock.now())

    return desk
