"""The client's page behind the link in their mail: a look changes nothing, an answer uses the link up."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated
from uuid import UUID, uuid4

from doorstep_chassis.errors import NotFound
from doorstep_chassis.service import Context
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from gateway.links import Link, LinkForged, LinkNotOpen, Links
from gateway.own_tokens import OwnTokens
from gateway.portals.calls import Calls, Refused, calls_with
from gateway.portals.catalogues import Catalogues
from gateway.portals.client_answer import (
    Answer,
    TrialCard,
    addresses,
    blame,
    first_values,
    read_decline,
    read_validation,
    trial_cards,
)
from gateway.portals.client_matter import Matter, matter_of
from gateway.portals.forms import CrossSite, text_of
from gateway.portals.pages import page
from gateway.portals.texts import chosen_language

MailLink = Callable[[UUID, UUID, UUID], Awaitable[None]]
"""Sends a client (organisation, client, request) a new link by mail; at `app.state.mail_link`."""

ANSWERED_WITHIN, LOOK_EVERY = 10.0, 0.1
"""Seconds that a second click waits for what came of the first."""

_SETTLED = frozenset({"request_ended", "request_declined", "request_confirmed", "answer_too_late"})
"""Refusals after which the page itself says how things stand."""

_PRIVATE = {"X-Robots-Tag": "noindex, nofollow", "Cache-Control": "no-store"}


def csrf_of(token: str) -> str:
    """What the forms of a link repeat: bound to the link, worthless for any other."""
    return hmac.digest(token.encode(), b"portal csrf", "sha256").hex()


async def client_form(request: Request, token: str) -> FormData:
    """FastAPI dependency: the fields of a form that was sent from this link's own page. Errors: CrossSite."""
    form = await request.form(max_files=0, max_fields=30)
    given = form.get("csrf")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), csrf_of(token).encode()):
        raise CrossSite
    return form


ClientForm = Annotated[FormData, Depends(client_form)]


def client_routes(context: Context) -> APIRouter:
    """The pages under `/portal`; in development a test provider stands in for the one that takes cards."""
    router, desk = APIRouter(prefix="/portal"), Desk(context)

    @router.api_route("/{token}", methods=["GET", "HEAD"])
    async def look(request: Request, token: str, sent: bool = False) -> Response:
        """What is asked, or how it stands by now."""
        link = await desk.link(request, token)
        if link.standing in ("expired", "replaced"):
            return desk.over(request, token, link, sent=sent)
        matter = await desk.matter(request, link)
        if matter.standing != "asked":
            return page(request, "client/outcome.html", session=None, headers=_PRIVATE, matter=matter)
        if link.standing == "used":  # asked anew since
            return desk.over(request, token, link, sent=sent)
        return desk.asking(request, token, matter, Answer(first_values(matter)))

    @router.post("/{token}")
    async def answer(request: Request, token: str, form: ClientForm) -> Response:
        """« Je valide », or « Je décline »."""
        links: Links = request.app.state.links
        try:
            async with links.answering(token) as link:
                await desk.answer(request, link, form)
        except LinkForged:
            raise NotFound from None
        except NotYet as not_yet:
            return desk.asking(request, token, not_yet.matter, not_yet.answer, status=422)
        except LinkNotOpen as closed:
            if closed.standing == "taken":
                await desk.until_answered(request, token)
        except Refused as refused:
            if refused.code not in _SETTLED:
                raise _absent(refused) from None
        return RedirectResponse(f"/portal/{token}", 303, headers=_PRIVATE)

    @router.post("/{token}/renewal")
    async def renew(request: Request, token: str, form: ClientForm) -> Response:
        """A new link by mail, where the request still waits for its client; the answer is the same where not."""
        await desk.renew(request, token)
        return RedirectResponse(f"/portal/{token}?sent=true", 303, headers=_PRIVATE)

    return router


class NotYet(Exception):
    """Something in an answer has to be mended first."""

    def __init__(self, matter: Matter, answer: Answer) -> None:
        super().__init__(*sorted(answer.errors))
        self.matter = matter
        self.answer = answer


class Desk:
    """What the pages of the client do."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._catalogues = Catalogues(context.clock)

    async def link(self, request: Request, token: str) -> Link:
        """The link, which is absent when it is forged. Errors: NotFound."""
        links: Links = request.app.state.links
        try:
            return await links.find(token)
        except LinkForged:
            raise NotFound from None

    async def matter(self, request: Request, link: Link) -> Matter:
        """What it is about. Errors: NotFound when it is nothing of this client's."""
        try:
            return await matter_of(
                self._context.store,
                self._calls(request, link),
                self._catalogues,
                link,
                chosen_language(request),
                self._context.clock.now(),
            )
        except Refused as refused:
            raise _absent(refused) from None

    def asking(self, request: Request, token: str, matter: Matter, answer: Answer, *, status: int = 200) -> Response:
        """The page that asks."""
        return page(
            request,
            "client/asking.html",
            session=None,
            status=status,
            headers=_PRIVATE,
            csrf=csrf_of(token),
            token=token,
            matter=matter,
            values=answer.values,
            errors=answer.errors,
            addresses=addresses(matter),
            cards=self._cards(),
            now=self._context.clock.now(),
        )

    def over(self, request: Request, token: str, link: Link, *, sent: bool) -> Response:
        """The page of a link that is good no more; it says nothing of the request."""
        return page(
            request,
            "client/over.html",
            session=None,
            status=200 if sent else 410,
            headers=_PRIVATE,
            csrf=csrf_of(token),
            token=token,
            replaced=link.standing != "expired",
            sent=sent,
        )

    async def answer(self, request: Request, link: Link, form: FormData) -> None:
        """Bring the client's word to the directory. Errors: NotYet; Refused as the directory refuses."""
        matter = await self.matter(request, link)
        if text_of(form, "action") == "decline":
            answer = read_decline(form)
        else:
            answer = read_validation(form, matter, self._cards())
            await self._check_place(request, link, matter, answer)
        if answer.errors:
            raise NotYet(matter, answer)
        path, key = f"/requests/{link.request_id}/validation", text_of(form, "key")[:100] or uuid4().hex
        try:
            await self._calls(request, link).post("client-directory", path, answer.body, key=key)
        except Refused as refused:
            if blame(answer, refused.code, refused.problem.get("field")):
                raise NotYet(matter, answer) from None
            raise

    async def _check_place(self, request: Request, link: Link, matter: Matter, answer: Answer) -> None:
        """A postal code that no place has is a slip of the pen, and no reason to bother the organisation."""
        address = answer.body["address"]
        if answer.errors.keys() - {"outside"} or address["postal_code"] == matter.postal_code:
            return
        try:
            await self._calls(request, link).get("request-intake", "/catalogue", postal_code=address["postal_code"])
        except Refused as refused:
            if refused.code in ("postal_code_unknown", "postal_code_malformed"):
                answer.errors = {"postal_code": refused.code}

    async def until_answered(self, request: Request, token: str) -> None:
        """Wait for an answer that is under way."""
        for _ in range(int(ANSWERED_WITHIN / LOOK_EVERY)):
            if (await self.link(request, token)).standing != "taken":
                return
            await asyncio.sleep(LOOK_EVERY)

    async def renew(self, request: Request, token: str) -> None:
        """Mail a new link if the request still asks this client. Errors: NotFound for a forged link alone."""
        link = await self.link(request, token)
        if link.standing in ("open", "taken"):
            return
        try:
            standing = (await self.matter(request, link)).standing
        except NotFound:
            return
        links: Links = request.app.state.links
        if standing == "asked" and await links.renew(token) is not None:
            mail_link: MailLink = request.app.state.mail_link
            await mail_link(link.organisation_id, link.client_id, link.request_id)

    def _cards(self) -> Sequence[TrialCard]:
        production = self._context.settings.environment == "production"
        return () if production else trial_cards(self._context.clock.now())

    @staticmethod
    def _calls(request: Request, link: Link) -> Calls:
        tokens: OwnTokens = request.app.state.own_tokens
        return calls_with(request, tokens.client(link.organisation_id, link.client_id, link.request_id))


def _absent(refused: Refused) -> Exception:
    """What is not this client's is not there."""
    return NotFound() if refused.status in (401, 403, 404) else refused
