"""The composition root of the gateway: `python -m gateway.main` runs it."""

from doorstep_chassis.service import Context, Service, run
from doorstep_chassis.settings import load_settings
from fastapi import APIRouter
from starlette.middleware import Middleware

from gateway.api import routes
from gateway.changes.door import event_routes
from gateway.changes.reactions import CHANGES, together
from gateway.limits import RateLimits
from gateway.portals.routes import portal_routes
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
    router = APIRouter()
    router.include_router(routes(context, upstream))
    router.include_router(event_routes(context))
    router.include_router(portal_routes(context))
    return router


def _middleware(context: Context) -> tuple[Middleware, ...]:
    settings = context.settings
    assert isinstance(settings, GatewaySettings)
    return (Middleware(RateLimits, settings=settings),)


SERVICE = Service(
    name="gateway",
    routes=_routes,
    middleware=_middleware,
    reactions=lambda context: together(CHANGES),
    views=lambda context: (BOARD,),
)


def main() -> None:
    """Run until told to stop."""
    run(SERVICE, load_settings(GatewaySettings))


if __name__ == "__main__":
    main()
