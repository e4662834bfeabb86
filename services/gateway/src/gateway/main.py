"""The composition root of the gateway: `python -m gateway.main` runs it."""

from doorstep_chassis.service import Context, Service, run
from doorstep_chassis.settings import load_settings
from fastapi import APIRouter

from gateway.api import routes
from gateway.portals.routes import portal_routes
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
    router = APIRouter()
    router.include_router(routes(context, upstream))
    router.include_router(portal_routes(context))
    return router


SERVICE = Service(name="gateway", routes=_routes, views=lambda context: (BOARD, HISTORY))


def main() -> None:
    """Run until told to stop."""
    run(SERVICE, load_settings(GatewaySettings))


if __name__ == "__main__":
    main()
