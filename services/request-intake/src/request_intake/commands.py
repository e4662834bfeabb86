"""The use cases of intake: load, decide, append. Whoever asks has been asked for their role at the door."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from doorstep_chassis.auth import Principal
from doorstep_chassis.domain import Ref
from doorstep_chassis.privacy import DataKey, KeyErased, KeyRing, WrappedKey
from doorstep_chassis.store.model import WrappedKeyRow
from doorstep_chassis.work import Work
from doorstep_contracts.base import Performer
from doorstep_contracts.intake import ContactField

from request_intake.catalogue import Catalogue
from request_intake.contact import TypedAddress, TypedContact
from request_intake.domain.organisation.decide import decide_add, decide_settings, require_permission, settings_of
from request_intake.domain.organisation.state import ORGANISATION, RequestSettings
from request_intake.domain.request.decide import (
    DraftRequest,
    LaunchRequest,
    decide_cancel,
    decide_draft,
    decide_expiry,
    decide_launch,
)
from request_intake.domain.request.errors import RequestNotFound
from request_intake.domain.request.events import DataKeyIssued, Validation
from request_intake.domain.request.state import REQUEST, Absent, Existing, RequestState, drafted_of, launched_of
from request_intake.slots import slot_at

# Organisations


def add_organisation(work: Work, organisation_id: UUID, *, slug: str, time_zone: str, workers_may_create: bool) -> None:
    """An organisation joins."""
    ref = ORGANISATION.at(organisation_id, organisation_id)
    work.append(
        ref,
        *decide_add(work.state(ref), slug=slug, time_zone=time_zone, workers_may_create=workers_may_create),
    )


def change_settings(
    work: Work,
    organisation_id: UUID,
    *,
    workers_may_create: bool,
    required_contact_fields: frozenset[ContactField],
    draft_lifetime_hours: int,
) -> None:
    """An operator changes the request settings."""
    ref = ORGANISATION.at(organisation_id, organisation_id)
    events = decide_settings(
        work.state(ref),
        workers_may_create=workers_may_create,
        required_contact_fields=required_contact_fields,
        draft_lifetime_hours=draft_lifetime_hours,
    )
    work.append(ref, *events)


def read_settings(work: Work, organisation_id: UUID) -> RequestSettings:
    """The request settings as they stand."""
    return settings_of(work.state(ORGANISATION.at(organisation_id, organisation_id)))


# Requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a worker asks for, in their own words: `start` is local to the place, `client` picked by id or typed."""

    performer: Performer
    postal_code: str
    offer_id: str
    start: str
    minutes: int | None
    accept_overlap: bool
    client: UUID | TypedContact


def draft_request(
    work: Work, who: Principal, request_id: UUID, wish: Wish, *, catalogue: Catalogue, keys: KeyRing, key: DataKey
) -> Existing:
    """A worker drafts a request under a fresh id. `key` is a fresh one too, used if there is somebody's data to seal."""
    settings = read_settings(work, who.organisation_id)
    require_permission(settings)  # first: who may not draft is told nothing of the rest
    quote = catalogue.quote(wish.postal_code, wish.offer_id, wish.minutes)
    slot = slot_at(wish.start, quote.minutes, quote.time_zone)
    ref = REQUEST.at(who.organisation_id, request_id)
    work.expect_new(ref)
    contact = wish.client.checked(wish.postal_code) if isinstance(wish.client, TypedContact) else None
    draft = DraftRequest(
        created_by=who.person_id,
        performer=wish.performer,
        postal_code=wish.postal_code,
        offer=quote.terms,
        slot=slot,
        accept_overlap=wish.accept_overlap,
        picked_client_id=wish.client if isinstance(wish.client, UUID) else None,
        contact=None if contact is None else contact.sealed(key, request_id),
        contact_fields=frozenset() if contact is None else contact.fields,
    )
    events = decide_draft(work.state(ref), draft, settings, now=work.now)
    if contact is not None:
        _keep_key(work, ref, keys.wrap(request_id, key))
    return _existing(work.append(ref, *events))


def launch_request(
    work: Work,
    who: Principal,
    request_id: UUID,
    *,
    validation: Validation,
    address_confirmed: bool,
    address: TypedAddress | None,
    catalogue: Catalogue,
    keys: KeyRing,
    key: DataKey,
) -> Existing:
    """The creator launches their request. `key` is a fresh one, used if the request has none and an address is typed."""
    ref = REQUEST.at(who.organisation_id, request_id)
    work.expect(ref, ORGANISATION.at(who.organisation_id, who.organisation_id), keys=(request_id,) if address else ())
    state = created_by(who, work.state(ref))
    settings = read_settings(work, who.organisation_id)
    sealed = None
    if address is not None:
        catalogue.localities(address.postal_code, "address.postal_code")
        sealed = address.checked().sealed(_key_of(work, state, request_id, keys, key), request_id)
    launch = LaunchRequest(validation=validation, address_confirmed=address_confirmed, address=sealed)
    events = decide_launch(state, launch, settings, now=work.now)
    if events and sealed is not None and drafted_of(state).contact is None:
        _keep_key(work, ref, keys.wrap(request_id, key))
    return _existing(work.append(ref, *events))


def cancel_request(work: Work, who: Principal, request_id: UUID, *, reason_code: str | None) -> Existing:
    """The creator, or an operator, cancels a request."""
    ref = REQUEST.at(who.organisation_id, request_id)
    state = visible_to(who, request_id, work.state(ref))
    by: Literal["worker", "operator"] = "operator" if who.role == "operator" else "worker"
    events = decide_cancel(state, by=by, reason_code=reason_code, now=work.now)
    return _existing(work.append(ref, *events))


def expire_request(work: Work, organisation_id: UUID, request_id: UUID) -> None:
    """A deadline of a request has come: its own rules say whether it ends."""
    ref = REQUEST.at(organisation_id, request_id)
    work.append(ref, *decide_expiry(work.state(ref), now=work.now))


def read_request(work: Work, who: Principal, request_id: UUID) -> Existing:
    """A request, for whoever may see it."""
    return visible_to(who, request_id, work.state(REQUEST.at(who.organisation_id, request_id)))


# Whose request it is


def created_by(who: Principal, state: RequestState) -> Existing:
    """The request, if this person created it; else it is as if there were none (RequestNotFound)."""
    if isinstance(state, Absent) or drafted_of(state).created_by != who.person_id:
        raise RequestNotFound
    return state


def visible_to(who: Principal, request_id: UUID, state: RequestState) -> Existing:
    """The request for its creator, for any operator, and for its client, whose token names it.

    Errors: RequestNotFound for everybody else.
    """
    if isinstance(state, Absent):
        raise RequestNotFound
    match who.role:
        case "operator":
            return state
        case "worker":
            return created_by(who, state)
        case "client":
            live = launched_of(state)
            if who.request_id == request_id and live is not None and live.launched.client_id == who.person_id:
                return state
    raise RequestNotFound


def _existing(state: RequestState) -> Existing:
    assert not isinstance(state, Absent)
    return state


def _key_of(work: Work, state: Existing, request_id: UUID, keys: KeyRing, fresh: DataKey) -> DataKey:
    """The request's key, if a contact was typed under one (KeyErased once that is gone); else the fresh one."""
    if drafted_of(state).contact is None:
        return fresh
    row = work.key(request_id)
    if row is None or row.wrapped is None:
        raise KeyErased
    return keys.unwrap(WrappedKey(request_id, row.wrapped, row.kek_id))


def _keep_key(work: Work, ref: Ref[RequestState], wrapped: WrappedKey) -> None:
    work.put_key(WrappedKeyRow(wrapped.subject_id, wrapped.wrapped, wrapped.kek_id))
    work.append(ref, DataKeyIssued(subject_id=wrapped.subject_id))
