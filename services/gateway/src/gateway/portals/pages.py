"""Pages: Jinja2 templates with a person's language, session and formats at hand; every text is escaped."""

from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any
from uuid import uuid4

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from gateway.portals.session import Session
from gateway.portals.texts import LANGUAGES, Language, Texts, catalogue, chosen_language


@cache
def _environment(language: Language) -> Environment:
    made = Environment(
        loader=PackageLoader("gateway"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    made.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]
    return made


def page(
    request: Request,
    template: str,
    *,
    session: Session | None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """A page, or a part of one, in the language of who looks at it.

    Templates see: `texts` (formats), `_`/`gettext`/`ngettext` and `{% trans %}`, `session`, `csrf`, `language`,
    `languages`, `asset(path)`, `path`, `address` (with its query), `partial` (htmx asks for a part),
    `new_key()` (an idempotency key for a form).
    """
    texts = Texts(chosen_language(request))
    content = (
        _environment(texts.language)
        .get_template(template)
        .render(
            {
                "texts": texts,
                "session": session,
                "csrf": "" if session is None else session.csrf,
                "language": texts.language,
                "languages": LANGUAGES,
                "asset": asset,
                "path": request.url.path,
                "address": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
                "partial": "hx-request" in request.headers,
                "new_key": lambda: uuid4().hex,
                **values,
            }
        )
    )
    return HTMLResponse(content, status, headers={"Cache-Control": "no-store", "Vary": "HX-Request", **(headers or {})})


@cache
def asset(path: str) -> str:
    """The address of a static file; its content is in it, so that browsers may keep it for ever."""
    content = (files("gateway") / "static" / path).read_bytes()
    version = b64encode(sha256(content).digest(), b"-_").decode()[:12]
    return f"/static/{version}/{path}"
