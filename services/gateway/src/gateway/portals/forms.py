"""Forms: only from our own pages (CSRF), and each with an idempotency key, so that a double click acts once."""

import hmac
from typing import Annotated
from urllib.parse import urlsplit

from doorstep_chassis.errors import Forbidden
from fastapi import Depends, Request
from starlette.datastructures import FormData

from gateway.portals.session import Session, current


class CrossSite(Forbidden):
    """Nothing is changed from another site's page, nor by a form that is not of this session."""

    code = "cross_site"


async def from_own_pages(request: Request) -> None:
    """FastAPI dependency of every route: nothing is changed from another site's page. Errors: CrossSite.

    Browsers say where a request comes from, the older ones by its origin alone; programs say nothing.
    """
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        allowed = site in ("same-origin", "none")
    else:
        allowed = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if not allowed:
        raise CrossSite


async def sent_form(request: Request, session: Annotated[Session | None, Depends(current)]) -> FormData:
    """FastAPI dependency: the fields of a form that a signed-in person sent from our own page. Errors: CrossSite."""
    await from_own_pages(request)
    form = await request.form(max_files=0, max_fields=100)
    given = request.headers.get("x-csrf-token") or form.get("csrf")
    if session is None or not isinstance(given, str) or not hmac.compare_digest(given.encode(), session.csrf.encode()):
        raise CrossSite
    return form


Form = Annotated[FormData, Depends(sent_form)]


def text_of(form: FormData, name: str) -> str:
    """A field's text without the blanks around it; empty when it was not sent."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""
