"""The end of « Nouvelle demande »: who validates, at which address, and « Lancer la demande »."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import httpx
from doorstep_chassis.service import Context
from fastapi import APIRouter, Depends, Response
from starlette.datastructures import FormData

from gateway.portals.amounts import total_cents
from gateway.portals.calls import Refused
from gateway.portals.forms import Form, text_of
from gateway.portals.texts import later
from gateway.portals.worker_cards import slot_of
from gateway.portals.worker_desk import AtDesk, Desk, key_of, to
from gateway.portals.worker_wish import Wish
from gateway.portals.worker_wizard import PATHS, STEPS
from gateway.portals.worker_words import refused_at, when
from gateway.views.board import REQUESTS
from gateway.waiting import until_settled

ADDRESS = ("line1", "line2", "address_postal_code", "locality")
_CHOOSE = later("Choose one of the two.")


def launch_routes(context: Context, at_desk: AtDesk, *, patience: float) -> APIRouter:
    """The page, and the act."""
    router = APIRouter()

    @router.get("/requests/{request_id}/launch")
    async def ask(request_id: UUID, draft: str = "", desk: Desk = Depends(at_desk)) -> Response:
        """How the request is to be validated."""
        return await _ask(desk, request_id, draft)

    @router.post("/requests/{request_id}/launch")
    async def launch(*, request_id: UUID, desk: Desk = Depends(at_desk), form: Form) -> Response:
        """Launch, and wait a little for what the other services make of it."""
        validation = text_of(form, "validation")
        if validation not in ("worker", "client"):
            errors = {"validation": desk.texts.say(_CHOOSE)}
            return await _ask(desk, request_id, text_of(form, "draft"), form=form, errors=errors)
        body: dict[str, Any] = {"validation": validation}
        if validation == "worker":
            body |= {"address_confirmed": True, "address": _address(form)}
        try:
            await desk.post("request-intake", f"/requests/{request_id}/launch", body, key=key_of(form))
        except Refused as refused:
            errors = refused_at(desk.texts, refused.problem)
            return await _ask(desk, request_id, text_of(form, "draft"), form=form, errors=errors)
        await _settle(desk, request_id)
        return to(f"/requests/{request_id}")

    async def _settle(desk: Desk, request_id: UUID) -> None:
        async def look() -> httpx.Response:
            return await desk.calls.ask("request-intake", "GET", f"/requests/{request_id}")

        async def row() -> Any:
            at = (REQUESTS, (desk.session.principal.organisation_id, request_id))
            return (await context.store.load_rows([at])).get(at)

        await until_settled(look, row, seconds=patience)

    return router


async def _ask(
    desk: Desk,
    request_id: UUID,
    draft: str,
    *,
    form: FormData | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response:
    row = await desk.get("request-intake", f"/requests/{request_id}")
    if row["state"] != "draft":
        return to(f"/requests/{request_id}")
    wish, texts, offer = Wish.of_draft(row, draft), desk.texts, row["offer"]
    offered = (await desk.offered([row["postal_code"]]))[row["postal_code"]]
    minutes = int(wish.duration_minutes)
    picked = row["picked_client_id"]  # on whose file is the address that the worker confirms
    client = None if picked is None else await desk.find("client-directory", f"/clients/{picked}")
    localities = offered.content.get("localities", ())
    entered = {name: "" if form is None else text_of(form, name) for name in ADDRESS}
    if form is None:
        entered |= {
            "address_postal_code": row["postal_code"],
            "locality": localities[0] if len(localities) == 1 else "",
        }
    return await desk.page(
        "new_launch.html",
        status=422 if errors else 200,
        wish=wish,
        step="launch",
        number=len(STEPS) + 1,
        back=f"{PATHS['client']}?{wish.query}",
        request_id=str(request_id),
        service=offered.service(row["service"], texts.language),
        place=offered.place(row["postal_code"]),
        slot=slot_of(row["slot"], texts),
        rate=texts.money(offer["rate_cents"], offer["currency"]),
        total=texts.money(total_cents(offer["rate_cents"], minutes), offer["currency"]),
        until=texts.moment(when(row["expires_at"]), row["slot"]["zone"]),
        client=client,
        localities=localities,
        entered=entered,
        validation="" if form is None else text_of(form, "validation"),
        at="" if form is None else text_of(form, "at"),
        errors=errors or {},
    )


def _address(form: FormData) -> dict[str, Any] | None:
    """The address as typed; None when the one on file was confirmed."""
    if text_of(form, "at") == "file":
        return None
    line1, line2, postal_code, locality = (text_of(form, name) for name in ADDRESS)
    return {"line1": line1, "line2": line2 or None, "postal_code": postal_code, "locality": locality}
