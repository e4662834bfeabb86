"""The composition root of the gateway: `python -m gateway.main` runs it."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from doorstep_chassis.service import Context, Service, run
from doorstep_chassis.settings import load_settings
from doorstep_chassis.timers import Timer
from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware import Middleware

from gateway.api import routes
from gateway.changes.door import event_routes
from gateway.changes.reactions import CHANGES, together
from gateway.commands import digest_due
from gateway.description.build import describe
from gateway.domain.digest.events import DigestPlanned
from gateway.limits import RateLimits
from gateway.links import Links
from gateway.notifications.composing import Composer
from gateway.notifications.letters import Sender
from gateway.notifications.postbox import MailServer
from gateway.notifications.sender import MailSender
from gateway.notifications.services import Services
from gateway.notifications.stopping import StopLinks
from gateway.own_tokens import OwnTokens, own_token_routes
from gateway.people import People
from gateway.portals.catalogues import Catalogues
from gateway.portals.forms import from_own_pages
from gateway.portals.routes import portal_routes, stand_around
from gateway.reactions import REACTIONS
from gateway.settings import GatewaySettings
from gateway.upstream import Upstream
from gateway.views.board import BOARD
from gateway.views.history import HISTORY
from gateway.views.outbox import outbox
from gateway.views.people import PEOPLE_VIEW


def _settings(context: Context) -> GatewaySettings:
    assert isinstance(context.settings, GatewaySettings)
    return context.settings


def _upstream(settings: GatewaySettings) -> Upstream:
    return Upstream(
        {
            "request-intake": settings.request_intake_url,
            "client-directory": settings.client_directory_url,
            "dispatch": settings.dispatch_url,
            "scheduling": settings.scheduling_url,
        },
        timeout=settings.upstream_timeout_seconds,
    )


def _tokens(context: Context) -> OwnTokens:
    settings = _settings(context)
    return OwnTokens(settings.door_key, issuer=settings.door_issuer, audience=settings.audience, clock=context.clock)


def _routes(context: Context) -> APIRouter:
    router = APIRouter()
    router.include_router(own_token_routes(_tokens(context)))
    router.include_router(routes(context, _upstream(_settings(context))), dependencies=[Depends(from_own_pages)])
    router.include_router(event_routes(context))
    router.include_router(portal_routes(context))
    return router


def _mail(context: Context, wake: asyncio.Event) -> Sequence[Coroutine[Any, Any, None]]:
    settings = _settings(context)
    base_url = settings.door_issuer.rstrip("/")
    upstream = _upstream(settings)
    composer = Composer(
        context=context,
        services=Services(upstream, _tokens(context), Catalogues(context.clock)),
        people=People(context),
        links=Links(context.store, context.clock, hmac_key=context.hmac_key, public_url=base_url),
        stop_links=StopLinks(context.hmac_key),
        sender=Sender(settings.mail_from, settings.mail_reply_to),
        base_url=base_url,
    )
    server = MailServer(
        settings.smtp_host, settings.smtp_port, settings.smtp_tls, settings.smtp_user, settings.smtp_password
    )

    async def send() -> None:
        try:
            await MailSender(composer, server, wake).run()
        finally:
            await upstream.close()  # each time that this instance leads has connections of its own

    return (send(),)


def _around(app: FastAPI, context: Context) -> None:
    settings = context.settings
    assert isinstance(settings, GatewaySettings)
    stand_around(app, context)
    describe(app, issuer=settings.issuer)
    # Innermost: what it refuses has a request id, is measured and becomes a page where it meets a person
    app.user_middleware.append(Middleware(RateLimits, settings=settings))


def _service() -> Service:
    wake = asyncio.Event()
    """The outbox has moved: the sender of this process looks again."""
    return Service(
        name="gateway",
        routes=_routes,
        reactions=lambda context: together(CHANGES, REACTIONS),
        reactions_gather=True,  # they tell people, and no service waits for that
        views=lambda context: (BOARD, HISTORY, outbox(wake.set), PEOPLE_VIEW),
        schedule={DigestPlanned: lambda event, meta: (Timer("digest", event.due),)},
        on_due=lambda context: {"digest": digest_due},
        led=lambda context: _mail(context, wake),
        around=_around,
    )


SERVICE = _service()


def main() -> None:
    """Run until told to stop."""
    run(SERVICE, load_settings(GatewaySettings))


if __name__ == "__main__":
    main()
