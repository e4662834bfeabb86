"""The use cases of the directory: load, decide, append."""

from dataclasses import dataclass
from uuid import UUID

from doorstep_chassis.privacy import DataKey, KeyErased
from doorstep_chassis.store.model import WrappedKeyRow
from doorstep_chassis.work import Work

from client_directory.domain.client.address import Address, read_address
from client_directory.domain.client.decide import decide_confirm_known, on_file
from client_directory.domain.client.state import CLIENT, OnFile
from client_directory.domain.contact_key.decide import decide_erase, decide_need, decide_seen
from client_directory.domain.contact_key.state import contact_key
from client_directory.domain.identity.contact import Contact, Identity, identity_of
from client_directory.domain.identity.match import Certain, Doubt, Nobody
from client_directory.domain.organisation.decide import decide_join
from client_directory.domain.organisation.state import organisation
from client_directory.domain.resolution import decide as resolving
from client_directory.domain.resolution.errors import ContactNotTyped
from client_directory.domain.resolution.state import RESOLUTION, Draft, Drafted, Resolved
from client_directory.domain.validation import decide as gate
from client_directory.domain.validation.decide import By, Facts
from client_directory.domain.validation.events import LaunchSeen
from client_directory.domain.validation.state import VALIDATION, Declined, Launched, ValidationState
from client_directory.files import (
    PaymentMethodGiven,
    add_payment_method,
    address_on_file,
    create_file,
    payment_until,
    set_address,
)
from client_directory.matching import find, typed_contact
from client_directory.vault import REASON, TYPED_ADDRESS, Vault

# A request from its draft to its end, as intake tells it


def see_draft(work: Work, vault: Vault, organisation_id: UUID, request_id: UUID, draft: Draft) -> None:
    """A request was drafted: find out who its client is, as soon as what was typed can be read."""
    ref = RESOLUTION.at(organisation_id, request_id)
    key_id, picked = draft.contact_key_id, draft.picked_client_id
    work.expect_new(ref)
    work.expect_new(VALIDATION.at(organisation_id, request_id))
    work.expect(
        ref,
        VALIDATION.at(organisation_id, request_id),
        *([contact_key(key_id)] if key_id else []),
        *([CLIENT.at(organisation_id, picked)] if picked else []),
        keys=(key_id,) if key_id else (),
    )
    work.append(ref, *resolving.decide_draft_seen(work.state(ref), draft))
    resolve(work, vault, organisation_id, request_id)
    settle_gate(work, vault, organisation_id, request_id)


def resolve(work: Work, vault: Vault, organisation_id: UUID, request_id: UUID) -> None:
    """Certain, new or a doubt; a new client is made with their claims, so that of two racing drafts one makes them."""
    ref = RESOLUTION.at(organisation_id, request_id)
    state = work.state(ref)
    if not isinstance(state, Drafted):
        return
    draft = state.draft
    if draft.picked_client_id is not None:
        file = work.state(CLIENT.at(organisation_id, draft.picked_client_id))
        known = file.known if isinstance(file, OnFile) else None
        work.append(ref, *resolving.decide_picked(state, draft.picked_client_id, known=known))
        return
    if draft.contact_key_id is not None:
        key = contact_key(draft.contact_key_id)
        status = work.state(key).status
        if status == "erased":
            work.append(ref, *resolving.decide_contact_erased(state))
            return
        if status == "unseen":
            work.append(key, *decide_need(work.state(key), organisation_id, request_id))
            return
    found = find(work, vault, organisation_id, draft)
    known, client_id = False, work.new_id("client")
    match found:
        case Certain():
            known = on_file(work.state(CLIENT.at(organisation_id, found.client_id))).known
        case Nobody():
            _create_for(work, vault, organisation_id, client_id, vault.issue(), draft, sharing=False)
        case Doubt():
            _depend_on_key(work, organisation_id, request_id, draft)
    work.append(ref, *resolving.decide_matched(state, found, known=known, new_client_id=client_id))


def _create_for(
    work: Work, vault: Vault, organisation_id: UUID, client_id: UUID, key: DataKey, draft: Draft, *, sharing: bool
) -> None:
    contact = typed_contact(work, vault, draft)
    if contact is None:
        raise KeyErased
    identity = identity_of(contact, draft.postal_code)
    create_file(
        work,
        vault,
        organisation_id,
        client_id,
        key,
        contact,
        identity,
        made_by="draft",
        postal_code=draft.postal_code,
        sharing=sharing,
    )


def _depend_on_key(work: Work, organisation_id: UUID, request_id: UUID, draft: Draft) -> None:
    """A review shows what was typed: it closes when that is erased."""
    if draft.contact_key_id is not None:
        key = contact_key(draft.contact_key_id)
        work.append(key, *decide_need(work.state(key), organisation_id, request_id))


def see_contact_key(work: Work, vault: Vault, row: WrappedKeyRow) -> None:
    """The key of something typed has arrived: whoever waits for it goes on."""
    ref = contact_key(row.subject_id)
    state = work.state(ref)
    seen = decide_seen(state)
    if not seen:
        return
    work.append(ref, *seen)
    work.put_key(row)
    for organisation_id, request_id in state.needed_by:
        resolve(work, vault, organisation_id, request_id)
        settle_gate(work, vault, organisation_id, request_id)


def erase_contact_key(work: Work, vault: Vault, subject_id: UUID) -> None:
    """What was typed is unreadable from now on; who was in doubt stays so for ever."""
    ref = contact_key(subject_id)
    state = work.state(ref)
    work.append(ref, *decide_erase(state))
    work.put_key(WrappedKeyRow(subject_id, None))
    for organisation_id, request_id in state.needed_by:
        resolution = RESOLUTION.at(organisation_id, request_id)
        work.append(resolution, *resolving.decide_contact_erased(work.state(resolution)))
        settle_gate(work, vault, organisation_id, request_id)


def see_launch(work: Work, vault: Vault, organisation_id: UUID, request_id: UUID, launch: LaunchSeen) -> None:
    """A request was launched: the client gate opens, or somebody is asked."""
    ref = VALIDATION.at(organisation_id, request_id)
    resolution = RESOLUTION.at(organisation_id, request_id)
    key_id = launch.address_key_id
    work.expect(ref, resolution, *([contact_key(key_id)] if key_id else []))
    client = work.state(resolution)
    work.expect(keys=[*([key_id] if key_id else []), *([client.client_id] if isinstance(client, Resolved) else [])])
    seen = gate.decide_launch_seen(work.state(ref), launch)
    if not seen:
        return
    work.append(ref, *seen)
    work.append(resolution, *resolving.decide_launch_waits(work.state(resolution)))
    settle_gate(work, vault, organisation_id, request_id)


def settle_gate(work: Work, vault: Vault, organisation_id: UUID, request_id: UUID) -> None:
    """Decide the gate of a launched request once its client is certain and what the worker typed can be read."""
    ref = VALIDATION.at(organisation_id, request_id)
    state = work.state(ref)
    resolution = work.state(RESOLUTION.at(organisation_id, request_id))
    if not isinstance(state, Launched) or not isinstance(resolution, Resolved):
        return
    key_id = state.launch.address_key_id
    if key_id is not None and work.state(contact_key(key_id)).status == "unseen":
        key = contact_key(key_id)
        work.append(key, *decide_need(work.state(key), organisation_id, request_id))
        return
    facts = _facts(
        work,
        vault,
        organisation_id,
        resolution.client_id,
        state.launch,
        picked=resolution.picked,
        typed=typed_address(work, vault, state.launch),
    )
    work.append(ref, *gate.decide_gate(state, facts, now=work.now))


def typed_address(work: Work, vault: Vault, launch: LaunchSeen) -> Address | None:
    """What the worker typed at the launch; None when nothing was, it cannot be read, or its key is gone."""
    if launch.address is None or launch.address_key_id is None:
        return None
    text = vault.opened(work.key(launch.address_key_id), launch.address, TYPED_ADDRESS)
    return None if text is None else read_address(text)


def _facts(
    work: Work,
    vault: Vault,
    organisation_id: UUID,
    client_id: UUID,
    launch: LaunchSeen,
    *,
    picked: bool,
    typed: Address | None,
) -> Facts:
    file = on_file(work.state(CLIENT.at(organisation_id, client_id)))
    return Facts(
        client_id=client_id,
        known=file.known,
        reachable=file.email is not None,
        picked=picked,
        on_file=address_on_file(work, vault, client_id, file),
        typed=typed,
        payment_until=payment_until(work, organisation_id, file, launch.zone),
    )


def end_unanswered(work: Work, organisation_id: UUID, request_id: UUID) -> None:
    """The client's deadline may have passed without an answer."""
    ref = VALIDATION.at(organisation_id, request_id)
    work.append(ref, *gate.decide_unanswered(work.state(ref), now=work.now))


def see_confirmation(work: Work, organisation_id: UUID, request_id: UUID, client_id: UUID) -> None:
    """The request is confirmed: its client cannot decline it any more."""
    ref = VALIDATION.at(organisation_id, request_id)
    work.append(ref, *gate.decide_confirmed(work.state(ref), client_id))


def see_end(work: Work, organisation_id: UUID, request_id: UUID) -> None:
    """The request is over: its review closes and nobody is asked any more."""
    resolution = RESOLUTION.at(organisation_id, request_id)
    work.append(resolution, *resolving.decide_end(work.state(resolution)))
    validation = VALIDATION.at(organisation_id, request_id)
    work.append(validation, *gate.decide_end(work.state(validation)))


def see_organisation(work: Work, organisation_id: UUID, time_zone: str) -> None:
    """An organisation joined: its mandates lapse by the days of its time zone."""
    ref = organisation(organisation_id)
    work.append(ref, *decide_join(work.state(ref), time_zone))


# What people do


def create_client(
    work: Work,
    vault: Vault,
    organisation_id: UUID,
    client_id: UUID,
    key: DataKey,
    contact: Contact,
    identity: Identity,
    *,
    address: Address | None,
    payment_method: PaymentMethodGiven | None,
    sharing: bool,
) -> None:
    """An operator makes a client's file: who is on it is known. Errors: IdentifierTaken, those of rule 24."""
    postal_code = None if address is None else address.postal_code
    create_file(
        work,
        vault,
        organisation_id,
        client_id,
        key,
        contact,
        identity,
        made_by="operator",
        postal_code=postal_code,
        sharing=sharing,
    )
    if address is not None:
        set_address(work, vault, organisation_id, client_id, address)
    if payment_method is not None:
        add_payment_method(work, vault, organisation_id, client_id, payment_method)


def link_review(work: Work, vault: Vault, organisation_id: UUID, request_id: UUID, client_id: UUID) -> None:
    """An operator says: the request is this client's. Errors: ClientNotFound, those of `in_review`."""
    ref = RESOLUTION.at(organisation_id, request_id)
    file = on_file(work.state(CLIENT.at(organisation_id, client_id)))
    work.append(ref, *resolving.decide_link(work.state(ref), client_id, known=file.known))
    settle_gate(work, vault, organisation_id, request_id)


def decide_somebody_new(
    work: Work, vault: Vault, organisation_id: UUID, request_id: UUID, client_id: UUID, key: DataKey
) -> None:
    """An operator says: it is somebody new, who shares the identifiers with whom they belong to.

    Errors: ContactNotTyped, KeyErased, those of `in_review`.
    """
    ref = RESOLUTION.at(organisation_id, request_id)
    state = work.state(ref)
    draft = resolving.in_review(state).draft
    if draft.contact is None:
        raise ContactNotTyped
    _create_for(work, vault, organisation_id, client_id, key, draft, sharing=True)
    work.append(ref, *resolving.decide_somebody_new(state, client_id))
    settle_gate(work, vault, organisation_id, request_id)


@dataclass(frozen=True, slots=True)
class Given:
    """What comes with a validation."""

    address: Address | None = None
    payment_method: PaymentMethodGiven | None = None


def validate(
    work: Work, vault: Vault, organisation_id: UUID, request_id: UUID, by: By, given: Given
) -> ValidationState:
    """The client, or an operator for them, completes what is asked and validates; the client is known from then on.

    An address typed by the worker, which the client was shown, becomes theirs where they give none and have none.
    Errors: those of `answerable`, AddressMissing, PaymentMethodMissing, those of rule 24.
    """
    ref = VALIDATION.at(organisation_id, request_id)
    state = work.state(ref)
    if gate.satisfied(state, now=work.now):
        return state
    asked = gate.answerable(state, by, now=work.now)
    client = CLIENT.at(organisation_id, asked.client_id)
    address = given.address
    if address is None and on_file(work.state(client)).address is None:
        address = typed_address(work, vault, asked.launch)
    if address is not None:
        set_address(work, vault, organisation_id, asked.client_id, address)
    if given.payment_method is not None:
        add_payment_method(work, vault, organisation_id, asked.client_id, given.payment_method)
    facts = _facts(work, vault, organisation_id, asked.client_id, asked.launch, picked=False, typed=None)
    answer = gate.decide_validate(state, facts, by, address_given=address is not None, now=work.now)
    state = work.append(ref, *answer)
    if gate.satisfied(state, now=work.now):
        work.append(client, *decide_confirm_known(work.state(client), by))
    return state


def decline(
    work: Work, vault: Vault, organisation_id: UUID, request_id: UUID, by: By, reason: str | None
) -> ValidationState:
    """The client does not want the request; what they write about it is theirs, and sealed.

    Errors: those of `answerable`.
    """
    ref = VALIDATION.at(organisation_id, request_id)
    state = work.state(ref)
    if isinstance(state, Declined):
        return state
    client_id = gate.answerable(state, by, now=work.now).client_id
    sealed = None if reason is None else vault.seal(work, client_id, reason, REASON)
    return work.append(ref, *gate.decide_decline(state, sealed, by, now=work.now))
