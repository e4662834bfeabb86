"""The settings that an operator changes: how requests are taken, and how workers are found.

Each form brings back the version that it was filled from; when somebody else was quicker, it shows theirs instead.
"""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from gateway.portals.calls import Calls, OnBehalf, Refused
from gateway.portals.console_pages import console_page
from gateway.portals.console_request import refusal_text
from gateway.portals.forms import Form, text_of
from gateway.portals.session import Operator, Session
from gateway.portals.texts import Texts, chosen_language
from gateway.portals.texts import later as _
from gateway.upstream import ServiceName, ServiceUnavailable

FIELDS: Mapping[str, str] = {
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "email": _("E-mail"),
    "phone": _("Phone"),
}
AWARDS: Mapping[str, str] = {
    "operator_picks": _("An operator chooses among the applications"),
    "first_come": _("The first worker to apply has it"),
}
OVERTAKEN = _(
    "Somebody else has changed these settings meanwhile. Here they are as they stand now: look and save again."
)
NOT_A_NUMBER = _("Hours are a whole number above zero.")

PARTS: Mapping[str, tuple[ServiceName, str]] = {
    "requests": ("request-intake", "/settings"),
    "workers": ("dispatch", "/policy"),
}
"""Who keeps which part of the page."""


def settings_routes() -> APIRouter:
    """The page of the settings, and its two forms."""
    router = APIRouter()

    async def shown(
        request: Request,
        session: Session,
        calls: Calls,
        *,
        problems: Mapping[str, str] | None = None,
        status: int = 200,
    ) -> Response:
        read = {name: await calls.ask(service, "GET", path) for name, (service, path) in PARTS.items()}
        for answer in read.values():
            if not answer.is_success:
                raise Refused(answer.status_code, {})
        return console_page(
            request,
            "console/settings.html",
            session=session,
            here="settings",
            status=status,
            parts_read={name: answer.json() for name, answer in read.items()},
            etags={name: answer.headers.get("etag", "") for name, answer in read.items()},
            problems=problems or {},
            done=request.query_params.get("done"),
            fields=FIELDS,
            awards=AWARDS,
        )

    async def saved(
        request: Request, session: Session, calls: Calls, form: Any, part: str, body: Callable[[], Mapping[str, Any]]
    ) -> Response:
        texts, (service, path) = Texts(chosen_language(request)), PARTS[part]
        try:
            await calls.put(service, path, body(), etag=text_of(form, "etag") or None)
        except ValueError:
            return await shown(request, session, calls, problems={part: texts.say(NOT_A_NUMBER)}, status=422)
        except (Refused, ServiceUnavailable) as problem:
            overtaken = isinstance(problem, Refused) and problem.status == 412
            text = texts.say(OVERTAKEN) if overtaken else refusal_text(texts, problem)
            return await shown(request, session, calls, problems={part: text}, status=412 if overtaken else 409)
        return RedirectResponse(f"/console/settings?done={part}", 303)

    @router.get("/console/settings")
    async def settings(request: Request, session: Operator, calls: OnBehalf) -> Response:
        """The settings as they stand."""
        return await shown(request, session, calls)

    @router.post("/console/settings/requests")
    async def save_requests(request: Request, session: Operator, calls: OnBehalf, form: Form) -> Response:
        """Change how the organisation takes requests."""
        return await saved(
            request,
            session,
            calls,
            form,
            "requests",
            lambda: {
                "workers_may_create": text_of(form, "workers_may_create") == "on",
                "required_contact_fields": [name for name in FIELDS if name in form.getlist("required")],
                "draft_lifetime_hours": _hours(form, "draft_lifetime_hours"),
            },
        )

    @router.post("/console/settings/workers")
    async def save_workers(request: Request, session: Operator, calls: OnBehalf, form: Form) -> Response:
        """Change how the organisation finds workers."""
        award = text_of(form, "award")
        return await saved(
            request,
            session,
            calls,
            form,
            "workers",
            lambda: {
                "broadcast": text_of(form, "broadcast") == "on",
                "award": award if award in AWARDS else "operator_picks",
                "application_deadline_hours": _hours(form, "application_deadline_hours"),
            },
        )

    return router


def _hours(form: Any, name: str) -> int:
    text = text_of(form, name)
    hours = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
    if hours < 1:
        raise ValueError(name)
    return hours
