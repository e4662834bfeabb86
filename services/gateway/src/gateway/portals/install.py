"""The portal as an app on a phone: its manifest, and a service worker that knows one page: « no connection »."""

import json
from importlib.resources import files

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from gateway.portals.pages import asset, page

OFFLINE = "/offline"


def install_routes() -> APIRouter:
    """Open to everybody: nothing in them is anybody's."""
    router = APIRouter()

    @router.get("/manifest.webmanifest")
    async def manifest() -> Response:
        """What a phone needs to know to install it."""
        icons = [("icons/doorstep-192.png", "192x192", "any"), ("icons/doorstep-512.png", "512x512", "any")]
        icons.append(("icons/doorstep-maskable-512.png", "512x512", "maskable"))
        return JSONResponse(
            {
                "id": "/",
                "name": "Doorstep, demandes et passages",
                "short_name": "Doorstep",
                "lang": "fr",
                "start_url": "/requests",
                "scope": "/",
                "display": "standalone",
                "background_color": "#f7f5f0",
                "theme_color": "#12403c",
                "icons": [
                    {"src": asset(path), "sizes": sizes, "type": "image/png", "purpose": purpose}
                    for path, sizes, purpose in icons
                ],
            },
            media_type="application/manifest+json",
        )

    @router.get("/sw.js")
    async def service_worker() -> Response:
        """It keeps the page that says there is no connection, and no page of anybody's."""
        kept = [OFFLINE, *(asset(path) for path in ("style.css", "offline.js", "icons/doorstep.svg"))]
        code = (files("gateway") / "static" / "sw.js").read_text("utf-8")
        return Response(
            f"const KEPT = {json.dumps(kept)};\n{code}",
            media_type="text/javascript",
            headers={"Cache-Control": "no-cache"},
        )

    @router.get(OFFLINE)
    async def offline(request: Request) -> Response:
        """What a phone shows when it has no connection."""
        return page(request, "shared/offline.html", session=None, headers={"Cache-Control": "no-cache"})

    return router
