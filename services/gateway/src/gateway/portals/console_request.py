"""One request in the console: where it stands, who acts next, what happened, and what an operator may do."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from doorstep_chassis.errors import NotFound
from doorstep_chassis.service import Context
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from gateway.people import People
from gateway.portals.calls import Calls, OnBehalf, Refused
from gateway.portals.catalogues import Catalogues
from gateway.portals.console_pages import console_page
from gateway.portals.console_rows import Known, line_of, offered_at, zone_text
from gateway.portals.console_words import (
    APPLICATIONS,
    NEXT,
    PERFORMERS,
    REASONS,
    VALIDATIONS,
    VERDICTS,
    WAITS_FOR_OPERATOR,
    listed,
    moment,
    said,
    told,
)
from gateway.portals.forms import Form, text_of
from gateway.portals.names import full_name
from gateway.portals.people import worker_label
from gateway.portals.session import Operator, Session
from gateway.portals.texts import Texts, chosen_language
from gateway.portals.texts import later as _
from gateway.upstream import ServiceName, ServiceUnavailable
from gateway.views.history import history_of
from gateway.views.listing import home_zone, request_row, workers_of

LIVE = ("launching", "launched")
CHOOSING = ("waiting_operator", "broadcasting", "slot_refused")
"""Where the search for a worker must stand for an operator to choose one."""


DONE: Mapping[str, str] = {
    "selection": _("The worker is chosen. Their calendar now holds the slot, or refuses it."),
    "cancel": _("The request is cancelled. Whoever waits is told."),
    "validate": _("Validated for the client."),
    "decline": _("Declined for the client."),
}
REFUSALS: Mapping[str, str] = {
    "selection_pending": _("A worker has just been chosen; their calendar has not answered yet."),
    "already_assigned": _("A worker is assigned already."),
    "award_over": _("It is too late: the request has ended or is confirmed."),
    "selection_too_late": _("It is too late: the slot has begun."),
    "worker_inactive": _("This worker is not active."),
    "request_ended": _("The request has ended."),
    "request_confirmed": _("The request is confirmed already."),
    "visit_started": _("The visit has started: the request can no longer be cancelled."),
    "request_declined": _("The client has declined."),
    "answer_too_late": _("The client's deadline has passed."),
    "address_missing": _("Without an address it cannot be validated: fill it in."),
    "address_incomplete": _("The address is incomplete: street, postal code and locality are needed."),
    "payment_method_missing": _("Without a valid payment method it cannot be validated: add one."),
    "text_invalid": _("A text holds characters that are not allowed."),
    "text_too_long": _("A text is too long."),
    "card_number_refused": _("Never type a card number here: the reference of the payment provider is enough."),
    "iban_refused": _("Never type an IBAN here: the reference of the mandate is enough."),
    "service_unavailable": _("A service does not answer. Try again in a moment."),
}
"""Why an act came to nothing, by the code of the service that refused it."""


def refusal_text(texts: Texts, problem: Refused | ServiceUnavailable) -> str:
    """A refusal in words: ours, else what the service says of it."""
    if problem.code in REFUSALS:
        return texts.say(REFUSALS[problem.code])
    title = problem.problem.get("detail") or problem.problem.get("title") if isinstance(problem, Refused) else None
    return str(title or texts.say("This was refused."))


def request_routes(context: Context, catalogues: Catalogues) -> APIRouter:
    """The page of a request, and its forms."""
    router, people = APIRouter(), People(context)

    async def shown(
        request: Request,
        session: Session,
        calls: Calls,
        request_id: UUID,
        problem: Refused | ServiceUnavailable | None = None,
        typed: Mapping[str, Any] | None = None,
    ) -> Response:
        texts, organisation_id = Texts(chosen_language(request)), session.principal.organisation_id
        now = context.clock.now()
        read, broadcast, validation = await _told(calls, request_id)
        row = await request_row(context.store, organisation_id, request_id)
        if row is None or row["created_at"] is None:
            return console_page(request, "console/request_coming.html", session=session, here="board", status=202)
        away = AWAY in (broadcast, validation)
        broadcast, validation = (None if each is AWAY else each for each in (broadcast, validation))
        history = await history_of(context.store, organisation_id, request_id)
        workers = await workers_of(context.store, organisation_id)
        client = (validation or {}).get("client") or await _client(calls, row["client_id"])
        named = {UUID(each) for each in _workers_in([broadcast or {}, *(event["facts"] for event in history)])}
        named |= {row["created_by"], *(each["worker_id"] for each in (row, *workers) if each["worker_id"] is not None)}
        known = Known(
            clients={} if client is None else {row["client_id"]: full_name(client)},
            workers=await people.names(organisation_id, sorted(named)),
            offered=await offered_at(catalogues, calls, organisation_id, {row["postal_code"]}),
            home=await home_zone(context.store, organisation_id),
        )
        zone = row["zone"]

        def label(worker_id: UUID | str) -> str:
            return worker_label(texts, worker_id if isinstance(worker_id, UUID) else UUID(worker_id), known.workers)

        gates = [read["client_gate"], read["worker_gate"]]
        lacks = [lack for gate in gates if gate is not None for lack in gate["missing"]]
        values = {
            "request_id": request_id,
            "read": read,
            "line": line_of(row, texts, now, known),
            "row": row,
            "zone": zone,
            "moment": lambda when: moment(texts, when, zone),
            "zone_name": "" if zone == known.home else zone_text(zone),
            "client": client,
            "lacks": [(lack, said(texts, NEXT, lack), lack in WAITS_FOR_OPERATOR) for lack in dict.fromkeys(lacks)],
            "broadcast": broadcast,
            "candidates": _candidates(texts, broadcast, label),
            "refusals": [
                (label(each["worker_id"]), listed(texts, VERDICTS, each["reasons"]))
                for each in (broadcast or {}).get("refusals", ())
            ],
            "may_choose": broadcast is not None and broadcast["state"] in CHOOSING,
            "others": _others(broadcast, workers, row["service"], label),
            "validation": validation,
            "may_validate": validation is not None and validation["state"] in ("asked", "shut"),
            "may_cancel": read["state"] not in ("cancelled", "declined", "expired"),
            "performer": said(texts, PERFORMERS, read["performer"]),
            "left_to": said(texts, VALIDATIONS, read["validation"]) if read["validation"] else None,
            "reasons": REASONS,
            "events": [
                (each, told(texts, each["type"].removeprefix("doorstep."), each["facts"], zone, label))
                for each in history
            ],
            "away": away,
            "problem": None if problem is None else refusal_text(texts, problem),
            "done": DONE.get(request.query_params.get("done", "")),
            "typed": typed or {},
        }
        part = request.query_params.get("part") == "body"
        return console_page(
            request,
            "console/request_body.html" if part else "console/request.html",
            session=session,
            here="board",
            status=200 if problem is None else 409,
            **values,
        )

    async def acted(
        request: Request, session: Session, calls: Calls, request_id: UUID, act: Any, done: str, form: FormData
    ) -> Response:
        """Do it and lead back to the page; refused, the page says why and keeps what was typed."""
        try:
            await act
        except (Refused, ServiceUnavailable) as problem:
            if isinstance(problem, Refused) and problem.status == 404:
                raise NotFound from None
            typed = {name: value for name, value in form.items() if name not in ("csrf", "key")}
            return await shown(request, session, calls, request_id, problem, typed)
        return RedirectResponse(f"/console/requests/{request_id}?done={done}", 303)

    @router.get("/console/requests/{request_id}")
    async def read_request(request: Request, request_id: UUID, session: Operator, calls: OnBehalf) -> Response:
        """The request; `part=body` answers with what changes by itself alone."""
        return await shown(request, session, calls, request_id)

    @router.post("/console/requests/{request_id}/selection")
    async def select(request: Request, request_id: UUID, session: Operator, calls: OnBehalf, form: Form) -> Response:
        """« Choisir » an applicant, or assign a worker directly."""
        body = {"worker_id": text_of(form, "worker_id")}
        act = calls.post("dispatch", f"/requests/{request_id}/selection", body, key=text_of(form, "key"))
        return await acted(request, session, calls, request_id, act, "selection", form)

    @router.post("/console/requests/{request_id}/cancel")
    async def cancel(request: Request, request_id: UUID, session: Operator, calls: OnBehalf, form: Form) -> Response:
        """End the request, with a reason."""
        reason = text_of(form, "reason_code")
        body = {"reason_code": reason if reason in REASONS else "other"}
        act = calls.post("request-intake", f"/requests/{request_id}/cancel", body, key=text_of(form, "key"))
        return await acted(request, session, calls, request_id, act, "cancel", form)

    @router.post("/console/requests/{request_id}/validation")
    async def validate(request: Request, request_id: UUID, session: Operator, calls: OnBehalf, form: Form) -> Response:
        """Validate or decline for the client."""
        action = "decline" if text_of(form, "action") == "decline" else "validate"
        body = {"action": "decline"} if action == "decline" else {"action": "validate", **_completed(form)}
        act = calls.post("client-directory", f"/requests/{request_id}/validation", body, key=text_of(form, "key"))
        return await acted(request, session, calls, request_id, act, action, form)

    return router


AWAY = object()
"""In place of the answer of a service that is away."""


async def _told(calls: Calls, request_id: UUID) -> tuple[Any, Any, Any]:
    """The request, the search for its worker and what its client is asked. Errors: NotFound.

    Without intake there is no page; without one of the others the page shows what there is.
    """
    try:
        read, broadcast, validation = await asyncio.gather(
            calls.get("request-intake", f"/requests/{request_id}"),
            _if_any(calls, "dispatch", f"/requests/{request_id}/broadcast"),
            _if_any(calls, "client-directory", f"/requests/{request_id}/validation"),
        )
    except Refused as refused:
        if refused.status == 404:
            raise NotFound from None
        raise
    return read, broadcast, validation


def _workers_in(told: Any) -> Iterator[str]:
    """The ids of all workers that answers and facts speak of."""
    if isinstance(told, dict):
        yield from (told[name] for name in ("worker_id", "created_by") if told.get(name))
        told = list(told.values())
    if isinstance(told, list):
        for each in told:
            yield from _workers_in(each)


async def _if_any(calls: Calls, service: ServiceName, path: str) -> Any:
    try:
        return await calls.get(service, path)
    except ServiceUnavailable:
        return AWAY
    except Refused as refused:
        if refused.status == 404:
            return None
        raise


async def _client(calls: Calls, client_id: UUID | None) -> Any:
    if client_id is None:
        return None
    found = await _if_any(calls, "client-directory", f"/clients/{client_id}")
    return None if found is AWAY else found


def _candidates(texts: Texts, broadcast: Any, label: Any) -> list[dict[str, Any]]:
    """Who applied, in order, then everybody else considered: each with their verdict."""
    if broadcast is None:
        return []
    verdicts = {each["worker_id"]: each for each in broadcast["verdicts"]}
    applied = {each["worker_id"]: each for each in broadcast["applications"]}
    made = []
    for worker_id in dict.fromkeys((*applied, *verdicts)):
        verdict, application = verdicts.get(worker_id), applied.get(worker_id)
        text, tone = ("", "off") if application is None else APPLICATIONS[application["state"]]
        made.append(
            {
                "worker_id": worker_id,
                "label": label(worker_id),
                "applied_at": None if application is None else datetime.fromisoformat(application["applied_at"]),
                "state": texts.say(text) if text else "",
                "tone": tone,
                "eligible": verdict is None or verdict["eligible"],
                "against": "" if verdict is None else listed(texts, VERDICTS, verdict["reasons"]),
            }
        )
    return made


def _others(broadcast: Any, workers: Any, service: str, label: Any) -> list[tuple[UUID, str, bool]]:
    """Whom an operator may assign directly: active workers; those who have the service come first."""
    able = [(row["worker_id"], label(row["worker_id"]), service in row["services"]) for row in workers if row["active"]]
    return sorted(able, key=lambda each: (not each[2], each[1]))


def _completed(form: FormData) -> dict[str, Any]:
    """The address and the payment method that an operator gives for the client, as far as they are filled in."""
    body: dict[str, Any] = {}
    address = {name: text_of(form, name) or None for name in ("line1", "line2", "postal_code", "locality")}
    if address["line1"] or address["locality"]:
        body["address"] = {name: value or "" if name != "line2" else value for name, value in address.items()}
    if text_of(form, "payment") == "card":
        body["payment_method"] = {
            "kind": "card",
            "token": text_of(form, "token"),
            "last4": text_of(form, "last4"),
            "expiry_month": text_of(form, "expiry_month"),
        }
    elif text_of(form, "payment") == "sepa":
        body["payment_method"] = {
            "kind": "sepa",
            "reference": text_of(form, "reference"),
            "signed_on": text_of(form, "signed_on"),
        }
    return body
