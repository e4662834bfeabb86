"""« Nouvelle demande », in the order of the rules: performer, postal code, service, date and time, client."""

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, get_args
from uuid import UUID

from doorstep_chassis.errors import NotFound
from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import FormData

from gateway.portals.calls import Refused
from gateway.portals.forms import Form, text_of
from gateway.portals.local_time import NoLocalTime, instant_of, iso_start
from gateway.portals.names import full_name
from gateway.portals.texts import Texts
from gateway.portals.worker_cards import slot_of
from gateway.portals.worker_desk import AtDesk, Desk, to
from gateway.portals.worker_wish import Wish
from gateway.portals.worker_words import refused_at, refused_text

Step = Literal["performer", "place", "service", "time", "client"]
STEPS: Sequence[Step] = get_args(Step)
PATHS: Mapping[Step, str] = {step: "/requests/new" + ("" if step == "performer" else f"/{step}") for step in STEPS}
CONTACT = ("first_name", "last_name", "email", "phone")
SEARCHED_PAGES = 10

_STEP_OF_FIELD: Mapping[str, Step] = {
    "performer": "performer",
    "postal_code": "place",
    "offer_id": "service",
    "start": "time",
    "duration_minutes": "time",
}


class Earlier(Exception):
    """A step before the one wished still lacks an answer, or its answer is refused."""

    def __init__(self, step: Step, errors: Mapping[str, str], **values: Any) -> None:
        super().__init__(step)
        self.step = step
        self.errors = errors
        self.values = values


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The slot entered so far: what is wrong with it, or whether the worker is free then (None: not asked)."""

    start: datetime | None = None
    end: datetime | None = None
    slot: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    offsets: Sequence[tuple[str, str]] = ()
    free: bool | None = None
    conflict: str = ""


def wizard_routes(at_desk: AtDesk) -> APIRouter:
    """Each step is a page of its own; whoever jumps ahead lands on the first step that lacks something."""
    router = APIRouter()

    def step_page(step: Step) -> None:
        @router.get(PATHS[step], name=f"new_{step}")
        async def shown(request: Request, desk: Desk = Depends(at_desk)) -> Response:
            return await _shown(desk, Wish.of(request.query_params), step)

    for step in STEPS:
        step_page(step)

    @router.get("/requests/new/availability")
    async def availability(request: Request, desk: Desk = Depends(at_desk)) -> Response:
        """Whether the slot entered so far is free, for the page on which it is entered."""
        wish = Wish.of(request.query_params)
        try:
            before = await _before(desk, wish, "time")
        except Earlier as earlier:
            raise NotFound from earlier
        look = await _look(desk, wish, before)
        return desk.part("new_availability.html", wish=wish, look=look)

    @router.post(PATHS["client"])
    async def draft(*, desk: Desk = Depends(at_desk), form: Form) -> Response:
        """The client is the last to be named: then the draft is made, once, whatever is sent again."""
        wish = Wish.of(form)
        if form.get("act") == "search":
            return await _shown(desk, wish, "client", form=form)
        return await _drafted(desk, wish, form)

    return router


async def _shown(
    desk: Desk,
    wish: Wish,
    step: Step,
    *,
    form: FormData | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    """The step, or the first before it that lacks something."""
    if not (await desk.settings())["workers_may_create"]:
        return await desk.page("not_permitted.html", status=403)
    values: dict[str, Any] = {}
    try:
        before = await _before(desk, wish, step)
    except Earlier as earlier:
        step, errors, status, values = earlier.step, earlier.errors, 422, earlier.values
        before = await _before(desk, wish, step)
    if step == "time":
        values["look"] = await _look(desk, wish, before) if wish.date and wish.time else Look()
    if step == "client":
        values |= await _clients(desk, wish, form)
    place = STEPS.index(step)
    return await desk.page(
        f"new_{step}.html",
        status=status,
        wish=wish,
        step=step,
        number=place + 1,
        back=f"{PATHS[STEPS[place - 1]]}?{wish.query}" if place else "/requests",
        errors=errors or {},
        **before,
        **values,
    )


async def _before(desk: Desk, wish: Wish, step: Step) -> dict[str, Any]:
    """What the steps before this one have come to. Errors: Earlier."""
    known: dict[str, Any] = {}
    wanted, texts = STEPS.index(step), desk.texts
    if wanted > 0 and wish.performer not in ("self", "other"):
        raise Earlier("performer", {"performer": texts.say("Choose one of the two.")})
    if wanted > 1:
        try:
            catalogue = await desk.calls.get("request-intake", "/catalogue", postal_code=wish.postal_code)
        except Refused as refused:
            near = refused.problem.get("suggestions", [])
            raise Earlier("place", refused_at(texts, refused.problem), suggestions=near) from refused
        known["catalogue"] = catalogue
        known["place"] = ", ".join(catalogue["localities"][:3]) or catalogue["postal_code"]
    if wanted > 2:
        offer = next((each for each in known["catalogue"]["offers"] if each["offer_id"] == wish.offer_id), None)
        if offer is None:
            raise Earlier("service", {"offer_id": texts.say("Choose a service.")})
        known["offer"] = offer
    if wanted > 3:
        look = await _look(desk, wish, known)
        if look.errors or look.start is None or (look.free is False and not wish.accept_overlap):
            raise Earlier("time", look.errors or {"accept_overlap": texts.say("Say that you accept the overlap.")})
        known["slot"] = look.slot
    return known


async def _look(desk: Desk, wish: Wish, known: Mapping[str, Any]) -> Look:
    """The slot that the date, time and duration come to, and the worker's own calendar there."""
    texts, zone = desk.texts, known["catalogue"]["zone"]["time_zone"]
    durations = known["offer"]["duration_minutes"]
    try:
        start = instant_of(wish.date, wish.time, zone, wish.offset)
    except NoLocalTime as problem:
        return Look(
            errors={"start": refused_text(texts, problem.code)},
            offsets=[(each, _which_time(texts, each, place)) for place, each in enumerate(problem.offsets)],
        )
    minutes = int(wish.duration_minutes) if wish.duration_minutes.isdecimal() else durations["default"]
    if minutes not in range(durations["min"], durations["max"] + 1, durations["step"]):
        return Look(errors={"duration_minutes": refused_text(texts, "duration_not_offered")})
    end = start + timedelta(minutes=minutes)
    if start <= desk.now:
        return Look(errors={"start": refused_text(texts, "slot_in_past")})
    slot = texts.slot(start, end, zone)
    if wish.performer != "self":
        return Look(start=start, end=end, slot=slot)
    found = await desk.get("scheduling", "/availability", start=start.isoformat(), end=end.isoformat())
    if found["reason"] == "slot_in_past":
        return Look(errors={"start": refused_text(texts, "slot_in_past")})
    conflict = "" if found["conflict"] is None else slot_of(found["conflict"], texts)
    return Look(start=start, end=end, slot=slot, free=found["free"], conflict=conflict)


def _which_time(texts: Texts, offset: str, place: int) -> str:
    said = texts.say("The second time (after the change)") if place else texts.say("The first time (before the change)")
    return f"{said}, UTC{offset}"


async def _clients(desk: Desk, wish: Wish, form: FormData | None) -> dict[str, Any]:
    """Whom the worker has served at this postal code, or by a name wherever; and what was typed of somebody new."""
    search = "" if form is None else text_of(form, "search")
    if search:
        rows = [row for row in await _served(desk, None) if _is_named(row, search)]
    else:
        rows = await _served(desk, wish.postal_code)
    chosen = "" if form is None else text_of(form, "client")
    clients = [(row["client_id"], full_name(row), row["postal_code"]) for row in rows if full_name(row)]
    return {
        "clients": clients,
        "search": search,
        "chosen": chosen,
        "typed": {name: "" if form is None else text_of(form, name) for name in CONTACT},
        "required": (await desk.settings())["required_contact_fields"],
    }


async def _served(desk: Desk, postal_code: str | None) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = []
    cursor: str | None = None
    for _ in range(SEARCHED_PAGES):
        found = await desk.get("client-directory", "/clients", postal_code=postal_code, limit=100, cursor=cursor)
        rows += found["clients"]
        cursor = found["next_cursor"]
        if cursor is None:
            break
    return rows


def _is_named(row: Mapping[str, Any], search: str) -> bool:
    name = f"{row['first_name'] or ''} {row['last_name'] or ''}".casefold()
    return all(word in name for word in search.casefold().split())


async def _drafted(desk: Desk, wish: Wish, form: FormData) -> Response:
    try:
        known = await _before(desk, wish, "client")
    except Earlier:
        return await _shown(desk, wish, "client", form=form)
    client = _client(form)
    if client is None:
        errors = {"client": desk.texts.say("Say who the client is.")}
        return await _shown(desk, wish, "client", form=form, errors=errors, status=422)
    body = {
        "performer": wish.performer,
        "postal_code": wish.postal_code,
        "offer_id": wish.offer_id,
        "start": iso_start(wish.date, wish.time, known["catalogue"]["zone"]["time_zone"], wish.offset),
        "duration_minutes": int(wish.duration_minutes) if wish.duration_minutes.isdecimal() else None,
        "accept_overlap": wish.accept_overlap == "1",
        "client": client,
    }
    try:
        made = await desk.post("request-intake", "/requests", body, key=_key(desk, wish, body))
    except Refused as refused:
        errors = refused_at(desk.texts, refused.problem)
        step = _STEP_OF_FIELD.get(next(iter(errors)), "client")
        return await _shown(desk, wish, step, form=form, errors=errors, status=422)
    if wish.was and wish.was != made["request_id"]:
        await _drop(desk, wish)
    return to(f"/requests/{made['request_id']}/launch?draft={wish.draft}")


def _client(form: FormData) -> dict[str, Any] | None:
    chosen = text_of(form, "client")
    if chosen == "new":
        return {"typed": {name: text_of(form, name) or None for name in CONTACT}}
    try:
        return {"picked": str(UUID(chosen))}
    except ValueError:
        return None


def _key(desk: Desk, wish: Wish, body: Mapping[str, Any]) -> str:
    """One key a draft and content: the same sent again makes nothing new, and something changed is something else."""
    content = json.dumps(body, sort_keys=True).encode()
    return f"{wish.draft}-{hmac.digest(desk.session.csrf.encode(), content, 'sha256').hex()[:24]}"


async def _drop(desk: Desk, wish: Wish) -> None:
    """The draft that this one takes the place of, unless it has been launched since."""
    try:
        was = await desk.calls.get("request-intake", f"/requests/{UUID(wish.was)}")
        if was["state"] == "draft":
            path = f"/requests/{was['request_id']}/cancel"
            await desk.calls.post("request-intake", path, {}, key=f"{wish.draft}-dropped")
    except (Refused, ValueError):
        return
