"""What the console says of states, gates and events, in plain words. Each text is a message id; « _ » marks it as one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from gateway.portals.texts import Texts
from gateway.portals.texts import later as _
from gateway.views.listing import Group, Lack

Tone = Literal["good", "wait", "bad", "off", "info"]


GROUPS: Mapping[Group, str] = {
    "review": _("To verify"),
    "launched": _("Live"),
    "confirmed": _("Upcoming"),
    "draft": _("Drafts"),
    "ended": _("Ended"),
}
STATES: Mapping[str, tuple[str, Tone]] = {
    "draft": (_("Draft"), "off"),
    "launching": (_("Launched, being verified"), "wait"),
    "launched": (_("Launched"), "info"),
    "confirmed": (_("Confirmed"), "good"),
    "cancelled": (_("Cancelled"), "bad"),
    "declined": (_("Declined"), "bad"),
    "expired": (_("Expired"), "bad"),
}
CLIENT_LACKS: Mapping[str, str] = {
    "validation": _("answer"),
    "address": _("address"),
    "payment_method": _("payment method"),
    "contact": _("e-mail"),
    "review": _("client to identify"),
    "address_outside_zone": _("address outside the zone"),
}
WORKER_LACKS: Mapping[str, str] = {
    "operator": _("worker to assign"),
    "applications": _("applications"),
    "selection": _("worker to choose"),
    "slot_refused": _("slot refused"),
    "slot": _("being booked"),
}
LACKS: Mapping[str, str] = {**CLIENT_LACKS, **WORKER_LACKS, "verification": _("verification")}
WAITS_FOR_OPERATOR: tuple[Lack, ...] = (
    "review",
    "contact",
    "address_outside_zone",
    "operator",
    "selection",
    "slot_refused",
)
"""What only an operator can bring; all else comes from a client, from workers or by itself."""

NEXT: Mapping[str, str] = {
    "validation": _("The client answers on their portal, or an operator validates for them."),
    "address": _("The client gives the address on their portal, or an operator does."),
    "payment_method": _("The client adds a payment method on their portal, or an operator does."),
    "contact": _("An operator acts: this client cannot be written to."),
    "review": _("An operator says who the client is."),
    "address_outside_zone": _("An operator acts: the rate was quoted for another zone."),
    "operator": _("An operator assigns a worker."),
    "applications": _("Workers apply to the open call."),
    "selection": _("An operator chooses among the applications."),
    "slot_refused": _("The creator accepts the overlap or changes the time, or an operator chooses somebody else."),
    "slot": _("Nobody: the calendar answers in a moment."),
    "verification": _("Nobody: the client is being identified."),
}
DUE: Mapping[str, str] = {
    "expires_at": _("draft expires"),
    "client_deadline": _("client's answer"),
    "broadcast_deadline": _("applications"),
    "starts_at": _("slot begins"),
}
PERFORMERS: Mapping[str, str] = {
    "self": _("Take on the request"),
    "other": _("Create the request for another worker to carry out"),
}
VALIDATIONS: Mapping[str, str] = {
    "worker": _("Do not involve the client"),
    "client": _("Leave this step to the client"),
}
REASONS: Mapping[str, str] = {
    "asked_by_client": _("The client asked for it"),
    "no_worker": _("No worker found"),
    "duplicate": _("Made twice"),
    "mistake": _("Made by mistake"),
    "other": _("Another reason"),
}
"""Why an operator cancels; the code goes with the request."""

VERDICTS: Mapping[str, str] = {
    "not_registered": _("not in the register"),
    "inactive": _("not active"),
    "service_not_held": _("does not have this service"),
    "postal_code_not_served": _("does not serve this postal code"),
    "creator_asks_for_another": _("created the request for somebody else"),
    "not_called": _("was not called"),
    "overlap": _("the slot is taken"),
    "slot_in_past": _("the slot has begun"),
    "request_ended": _("the request has ended"),
}
APPLICATIONS: Mapping[str, tuple[str, Tone]] = {
    "applied": (_("Has applied"), "info"),
    "selected": (_("Chosen, slot being held"), "wait"),
    "assigned": (_("Assigned"), "good"),
    "refused": (_("Refused by the calendar"), "bad"),
    "not_chosen": (_("Not selected"), "off"),
    "ended": (_("Application over"), "off"),
}
_ENDS: Mapping[str, str] = {
    "draft_lifetime": _("The draft expired: nobody launched it in time"),
    "slot_start": _("The request expired: its slot began before it was confirmed"),
    "client_deadline": _("The request expired: the client did not answer in time"),
}
_CLOSED: Mapping[str, str] = {
    "assigned": _("Open call closed: a worker is assigned"),
    "deadline": _("Open call closed: its deadline has passed"),
    "request_ended": _("Open call closed: the request has ended"),
    "operator": _("Open call closed by an operator"),
}
_CHOSEN: Mapping[str, str] = {
    "self": _("%(worker)s takes it on"),
    "operator": _("%(worker)s was chosen by an operator"),
    "policy": _("%(worker)s was chosen by the rule of the open call"),
}
_VALIDATED: Mapping[str, str] = {
    "worker": _("Validated: the worker confirmed the client's address"),
    "client": _("Validated by the client"),
    "operator": _("Validated by an operator for the client"),
}
_CANCELLED: Mapping[str, str] = {
    "worker": _("Request cancelled by its creator"),
    "operator": _("Request cancelled by an operator"),
}
_PLAIN: Mapping[str, tuple[str, Tone]] = {
    "intake.RequestConfirmed": (_("Request confirmed: nothing is missing any more"), "good"),
    "intake.RequestDeclined": (_("Request declined by the client"), "bad"),
    "directory.ClientReviewOpened": (_("The client's identity is in doubt: an operator must decide"), "bad"),
    "directory.ClientDeclined": (_("The client declined"), "bad"),
    "directory.ClientAnswerExpired": (_("The client let the deadline pass"), "bad"),
    "dispatch.ApplicationReceived": (_("%(worker)s applied"), "info"),
    "dispatch.WorkerAssigned": (_("%(worker)s is assigned"), "good"),
    "scheduling.SlotHeld": (_("Slot held in the calendar of %(worker)s"), "info"),
    "scheduling.SlotRefused": (_("Slot refused in the calendar of %(worker)s"), "bad"),
    "scheduling.SlotReleased": (_("Slot free again in the calendar of %(worker)s"), "off"),
    "scheduling.VisitScheduled": (_("Visit entered in the calendar of %(worker)s"), "good"),
    "scheduling.VisitCancelled": (_("Visit cancelled"), "bad"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """An event in words: what happened, and more about it where there is more."""

    text: str
    detail: str
    tone: Tone


def said(texts: Texts, words: Mapping[str, str], code: str) -> str:
    """The words for a code; the code itself where a newer service says one that is not known here."""
    return texts.say(words[code]) if code in words else code.replace("_", " ")


def listed(texts: Texts, words: Mapping[str, str], codes: Sequence[str]) -> str:
    """The words for codes, one after the other."""
    return ", ".join(said(texts, words, code) for code in codes)


def moment(texts: Texts, when: datetime, zone: str) -> str:
    """A day of these weeks and its time: lun. 2 mars, 14:30."""
    return f"{texts.weekday(when, zone)}, {texts.hour(when, zone)}"


def told(texts: Texts, kind: str, facts: Mapping[str, Any], zone: str, label: Callable[[UUID], str]) -> Told:
    """An event of a request's history; `kind` is its type without `doorstep.`, times are those of `zone`."""

    def until(text: str, name: str) -> str:
        return texts.say(text, moment=moment(texts, datetime.fromisoformat(facts[name]), zone))

    worker = {name: label(UUID(facts[name])) for name in ("worker_id", "created_by") if facts.get(name)}
    match kind:
        case "intake.RequestDrafted":
            text = texts.say("Request created by %(worker)s", worker=worker["created_by"])
            return Told(text, said(texts, PERFORMERS, facts["performer"]), "info")
        case "intake.RequestLaunched":
            text = texts.say("Request launched by %(worker)s", worker=worker["created_by"])
            return Told(text, said(texts, VALIDATIONS, facts["validation"]), "info")
        case "intake.RequestCancelled":
            reason: str | None = facts["reason_code"]
            why = "" if reason is None else said(texts, REASONS, reason)
            return Told(said(texts, _CANCELLED, facts["by"]), why, "bad")
        case "intake.RequestExpired":
            return Told(said(texts, _ENDS, facts["rule"]), "", "bad")
        case "directory.ClientResolved":
            known = _("Client identified: already known") if facts["known"] else _("Client identified: a new client")
            return Told(texts.say(known), "", "info")
        case "directory.ClientValidationRequested":
            lacks = listed(texts, LACKS, facts["missing"])
            return Told(
                texts.say("Client asked for: %(lacks)s", lacks=lacks),
                until(_("until %(moment)s"), "deadline"),
                "wait",
            )
        case "directory.ClientValidated":
            day = texts.day(datetime.fromisoformat(facts["valid_until"]), zone, form="long")
            return Told(
                said(texts, _VALIDATED, facts["validated_by"]), texts.say("holds until %(moment)s", moment=day), "good"
            )
        case "directory.ClientGateShut":
            lacks = listed(texts, LACKS, facts["missing"])
            return Told(texts.say("Still missing from the client: %(lacks)s", lacks=lacks), "", "wait")
        case "dispatch.WorkerGateShut":
            lacks = listed(texts, LACKS, facts["missing"])
            return Told(texts.say("Still missing for a worker: %(lacks)s", lacks=lacks), "", "wait")
        case "dispatch.BroadcastOpened":
            count = facts["eligible"]
            text = texts.say_many("Open call to %(count)s worker", "Open call to %(count)s workers", count)
            return Told(text, until(_("until %(moment)s"), "deadline"), "info")
        case "dispatch.BroadcastClosed":
            return Told(said(texts, _CLOSED, facts["reason"]), "", "off")
        case "dispatch.WorkerSelected":
            chosen = _CHOSEN.get(facts["by"], _CHOSEN["policy"])
            return Told(texts.say(chosen, worker=worker["worker_id"]), "", "info")
        case _ if kind in _PLAIN:
            plain, tone = _PLAIN[kind]
            text = texts.say(plain, worker=worker["worker_id"]) if "%(worker)s" in plain else texts.say(plain)
            code: str | None = facts.get("reason")
            return Told(text, said(texts, VERDICTS, code) if code is not None and code in VERDICTS else "", tone)
        case _:
            return Told(kind, "", "off")
