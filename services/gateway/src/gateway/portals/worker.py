"""The worker's portal: my requests, open calls, my calendar, and « Nouvelle demande » on every screen."""

from datetime import datetime
from typing import Any
from uuid import UUID

from doorstep_chassis.service import Context
from fastapi import APIRouter, Depends, Response

from gateway.portals.amounts import minutes_between, total_cents
from gateway.portals.calls import Refused
from gateway.portals.forms import Form
from gateway.portals.install import install_routes
from gateway.portals.names import full_name
from gateway.portals.worker_calendar import calendar_routes
from gateway.portals.worker_cards import ShownCall, ShownRequest
from gateway.portals.worker_desk import Desk, desk_of, key_of, to
from gateway.portals.worker_launch import launch_routes
from gateway.portals.worker_wizard import wizard_routes
from gateway.portals.worker_words import CALL_REASONS, refused_text, when

PAGE = 20


def worker_routes(context: Context, *, patience: float = 4.0) -> APIRouter:
    """The pages; after a launch the worker waits `patience` seconds at most to see the state reached."""
    at_desk = desk_of(context)
    router = APIRouter()
    router.include_router(install_routes())
    router.include_router(wizard_routes(at_desk))
    router.include_router(launch_routes(context, at_desk, patience=patience))
    router.include_router(calendar_routes(at_desk))

    @router.get("/requests")
    async def my_requests(cursor: str | None = None, part: str = "", desk: Desk = Depends(at_desk)) -> Response:
        """The newest first, each with both gates."""
        found = await desk.get("request-intake", "/requests", limit=PAGE, cursor=cursor)
        rows = found["requests"]
        offered = await desk.offered(row["postal_code"] for row in rows)
        shown = [ShownRequest.of(row, offered[row["postal_code"]], desk.texts) for row in rows]
        values: dict[str, Any] = {"requests": shown, "cursor": cursor, "next_cursor": found["next_cursor"]}
        if part == "list":
            return desk.part("request_list.html", **values)
        return await desk.page("requests.html", **values)

    @router.get("/requests/{request_id}")
    async def one_request(request_id: UUID, part: str = "", desk: Desk = Depends(at_desk)) -> Response:
        """A request with all that its creator may know."""
        return await _request_page(desk, request_id, part=part)

    @router.post("/requests/{request_id}/cancel")
    async def cancel(*, request_id: UUID, desk: Desk = Depends(at_desk), form: Form) -> Response:
        """Before confirmation its creator may end a request."""
        try:
            await desk.post("request-intake", f"/requests/{request_id}/cancel", {}, key=key_of(form))
        except Refused as refused:
            return await _request_page(desk, request_id, error=refused_text(desk.texts, refused.code))
        return to(f"/requests/{request_id}")

    @router.get("/calls")
    async def calls(part: str = "", sent: str = "", desk: Desk = Depends(at_desk)) -> Response:
        """What I am called for, and where my applications stand."""
        return await _calls_page(desk, part=part, sent=bool(sent))

    @router.post("/calls/{request_id}")
    async def apply(*, request_id: UUID, desk: Desk = Depends(at_desk), form: Form) -> Response:
        """« Postuler »."""
        try:
            await desk.post("dispatch", f"/requests/{request_id}/applications", key=key_of(form))
        except Refused as refused:
            return await _calls_page(desk, error=_why_not_applied(desk, refused))
        return to("/calls?sent=1")

    @router.get("/me")
    async def me(desk: Desk = Depends(at_desk)) -> Response:
        """Who I am here."""
        return await desk.page("me.html")

    return router


async def _request_page(desk: Desk, request_id: UUID, *, part: str = "", error: str | None = None) -> Response:
    row = await desk.get("request-intake", f"/requests/{request_id}")
    offered = (await desk.offered([row["postal_code"]]))[row["postal_code"]]
    start, end = when(row["slot"]["start"]), when(row["slot"]["end"])
    minutes = minutes_between(start, end)
    offer, texts = row["offer"], desk.texts
    values: dict[str, Any] = {
        "shown": ShownRequest.of(row, offered, texts),
        "day": texts.day(start, row["slot"]["zone"]),
        "hours": f"{texts.hour(start, row['slot']['zone'])} – {texts.hour(end, row['slot']['zone'])}",
        "length": texts.length(minutes),
        "rate": texts.money(offer["rate_cents"], offer["currency"]),
        "total": texts.money(total_cents(offer["rate_cents"], minutes), offer["currency"]),
        "accept_overlap": row["accept_overlap"],
        "client_name": await _client_name(desk, row["picked_client_id"]),
        "until": _until(desk, row),
        "may_cancel": row["state"] in ("draft", "launching", "launched"),
    }
    if part == "state":
        return desk.part("request_state.html", **values)
    return await desk.page("request.html", status=409 if error else 200, error=error, **values)


def _until(desk: Desk, row: Any) -> str | None:
    expires: str | None = row.get("expires_at")
    return None if expires is None else desk.texts.moment(datetime.fromisoformat(expires), row["slot"]["zone"])


async def _client_name(desk: Desk, client_id: str | None) -> str | None:
    """The name of a client whom the worker picked, while they may see it."""
    client = None if client_id is None else await desk.find("client-directory", f"/clients/{client_id}")
    return None if client is None else full_name(client) or None


async def _calls_page(desk: Desk, *, part: str = "", sent: bool = False, error: str | None = None) -> Response:
    rows = (await desk.get("dispatch", "/calls"))["calls"]
    offered = await desk.offered(row["postal_code"] for row in rows)
    shown = [ShownCall.of(row, offered[row["postal_code"]], desk.texts, desk.now) for row in rows]
    values: dict[str, Any] = {
        "open": [call for call in shown if call.state == "open"],
        "mine": [call for call in shown if call.state != "open"],
        "sent": sent,
        "error": error,
    }
    if part == "list":
        return desk.part("call_list.html", **values)
    return await desk.page("calls.html", status=409 if error else 200, **values)


def _why_not_applied(desk: Desk, refused: Refused) -> str:
    reasons = [
        desk.texts.say(CALL_REASONS[each]) for each in refused.problem.get("reasons", ()) if each in CALL_REASONS
    ]
    return " ".join((refused_text(desk.texts, refused.code), *reasons))
