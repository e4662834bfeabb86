"""Which mails a worker gets: a part of their own page, and the link that every such mail carries."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from doorstep_chassis.service import Context
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from gateway.commands import ask_again
from gateway.notifications.stopping import StopLinks
from gateway.people import People
from gateway.portals.forms import Form, text_of
from gateway.portals.pages import page
from gateway.portals.session import Worker
from gateway.portals.texts import Texts, chosen_language, later


def mail_routes(context: Context) -> APIRouter:
    """The pages; `app.state.people`, for names; `app.state.mail_link`, which writes to a client once more."""
    people, stop_links = People(context), StopLinks(context.hmac_key)

    async def mail_link(organisation_id: UUID, client_id: UUID, request_id: UUID) -> None:
        cause = f"link|{uuid4()}"
        await context.units.run(
            "mail_link", lambda work: ask_again(work, organisation_id, client_id, request_id, cause)
        )

    @asynccontextmanager
    async def at_hand(app: FastAPI) -> AsyncIterator[None]:
        app.state.people = people
        app.state.mail_link = mail_link
        yield

    router = APIRouter(lifespan=at_hand, include_in_schema=False)

    async def shown(request: Request, session: Worker) -> Response:
        person = await people.person(session.principal.organisation_id, session.principal.person_id)
        part = "hx-request" in request.headers
        template = "worker/me_mail.html" if part else "worker/mail.html"
        return page(request, template, session=session, call_mails=person.call_mails)

    @router.get("/me/mail")
    async def mails(request: Request, session: Worker) -> Response:
        """Which mails they get."""
        return await shown(request, session)

    @router.post("/me/mail")
    async def switch_mails(request: Request, session: Worker, form: Form) -> Response:
        """Mails about open calls, or none."""
        who = session.principal
        await people.switch_call_mails(who.organisation_id, who.person_id, on=text_of(form, "call_mails") == "on")
        if "hx-request" in request.headers:
            return await shown(request, session)
        return RedirectResponse("/me/mail", 303)

    @router.get("/mail/stop/{token}")
    async def ask_to_stop(request: Request, token: str) -> Response:
        """A look changes nothing: mail scanners follow links too."""
        if stop_links.read(token) is None:
            return _broken(request)
        return _stop_page(request, later("No more mail about open calls?"), ask=True)

    @router.post("/mail/stop/{token}")
    async def stop(request: Request, token: str) -> Response:
        """The link is the permission: mail programs post here without a session (RFC 8058)."""
        named = stop_links.read(token)
        if named is None:
            return _broken(request)
        await people.switch_call_mails(*named, on=False)
        return _stop_page(request, later("Mails about open calls are off"), ask=False)

    return router


_STILL_FOUND = later(
    "You still find open calls on your calls page, and can switch the mails on again under your profile."
)


def _stop_page(request: Request, heading: str, *, ask: bool) -> Response:
    texts = Texts(chosen_language(request))
    return page(
        request,
        "worker/stop_mail.html",
        session=None,
        heading=texts.say(heading),
        text=texts.say(_STILL_FOUND),
        ask=ask,
    )


def _broken(request: Request) -> Response:
    texts = Texts(chosen_language(request))
    return page(
        request,
        "worker/stop_mail.html",
        session=None,
        status=404,
        heading=texts.say("This link does not work"),
        text=texts.say("Use the link as it stands in the mail, without a part missing."),
        ask=False,
    )
