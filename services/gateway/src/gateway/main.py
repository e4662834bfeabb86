"""The composition root of the gateway: `python -m gateway.main` runs it."""

from doorstep_chassis.service import Context, Service, run
from doorstep_chassis.settings import load_settings
from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware import Middleware

from gateway.api import routes
from gateway.changes.door import event_routes
from gateway.changes.reactions import CHANGES, together
from gateway.description.build import describe
from gateway.limits import RateLimits
from gateway.own_tokens import OwnTokens, own_token_routes
from gateway.portals.forms import from_own_pages
from gateway.portals.routes import portal_routes, stand_around
from gateway.settings import GatewaySettings
from gateway.upstream import Upstream
from gateway.views.board import BOARD
from gateway.views.history import HISTORY


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
    router.include_router(event_routes(context))
    router.include_router(portal_routes(context))
    return router


def _around(app: FastAPI, context: Context) -> None:
    settings = context.settings
    assert isinstance(settings, GatewaySettings)
    stand_around(app, context)
    describe(app, issuer=settings.issuer)
    # Innermost: what it refuses has a request id, is measured and becomes a page where it meets a person
    app.user_middleware.append(Middleware(RateLimits, settings=settings))


SERVICE = Service(
    name="gateway",
    routes=_routes,
    reactions=lambda context: together(CHANGES),
    views=lambda context: (BOARD, HISTORY),
    around=_around,
)


def main() -> None:
    """Run until told to stop."""
    run(SERVICE, load_settings(GatewaySettings))


if __name__ == "__main__":
    main()
