"""The composition root of the gateway: `python -m gateway.main` runs it."""

from doorstep_chassis.service import Context, Service, run
from doorstep_chassis.settings import load_settings
from fastapi import APIRouter, Depends, FastAPI

from gateway.api import routes
from gateway.description.build import describe
from gateway.own_tokens import OwnTokens, own_token_routes
from gateway.portals.forms import from_own_pages
from gateway.portals.routes import portal_routes, stand_around
from gateway.settings import GatewaySettings
from gateway.upstream import Upstream
from gateway.views.board import BOARD


def _routes(context: Context) -> APIRouter:
    settings = context.settings
    assert isinstance(settings, GatewaySettings)
    upstream = Upstream(
        {
            "request-intake": settings.request_intake_url,
            "client-directory": settings.client_directory_url,
            "dispatch": settings.dispatch_url,
            "scheduling": settings.scheduling_url,
        },
        timeout=settings.upstream_timeout_seconds,
    )
    tokens = OwnTokens(settings.door_key, issuer=settings.door_issuer, audience=settings.audience, clock=context.clock)
    router = APIRouter()
    router.include_router(own_token_routes(tokens))
    router.include_router(routes(context, upstream), dependencies=[Depends(from_own_pages)])
    router.include_router(portal_routes(context))
    return router


def _around(app: FastAPI, context: Context) -> None:
    stand_around(app, context)
    describe(app, issuer=context.settings.issuer)


SERVICE = Service(name="gateway", routes=_routes, views=lambda context: (BOARD,), around=_around)


def main() -> None:
    """Run until told to stop."""
    run(SERVICE, load_settings(GatewaySettings))


if __name__ == "__main__":
    main()
