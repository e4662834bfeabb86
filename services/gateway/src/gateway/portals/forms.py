"""Forms: only from our own pages (CSRF), and each with an idempotency key, so that a double click acts once."""

import hmac
from typing import Annotated
from urllib.parse import urlsplit

from doorstep_chassis.errors import Forbidden
from fastapi import Depends, Request
from starlette.datastructures import FormData

from gateway.portals.session import Session, current


class CrossSite(Forbidden):
    """A form of the portals is sent from the portals only."""

    code = "cross_site"


def check_same_site(request: Request) -> None:
    """What the browser says of where a form came from; old ones that say nothing have the token alone."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site not in (None, "same-origin", "none") or (
        origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    ):
        raise CrossSite


async def sent_form(request: Request, session: Annotated[Session | None, Depends(current)]) -> FormData:
    """FastAPI dependency: the fields of a form that a signed-in person sent from our own page. Errors: CrossSite."""
    check_same_site(request)
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
