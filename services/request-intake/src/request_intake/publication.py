"""What each stored event says in public. What is not named here stays private: the gates' moves, and launch requests."""

from uuid import UUID

from doorstep_chassis.relay import KeyNotice, Publication
from doorstep_chassis.store.model import Meta
from doorstep_contracts import intake
from doorstep_contracts.base import PublicEvent

from request_intake.domain.organisation.events import OrganisationAdded, RequestSettingsChanged
from request_intake.domain.request.events import (
    DataKeyIssued,
    RequestCancelled,
    RequestConfirmed,
    RequestDeclined,
    RequestDrafted,
    RequestExpired,
    RequestLaunched,
)

Said = tuple[PublicEvent | KeyNotice, ...]


def _data_key_issued(event: DataKeyIssued, meta: Meta) -> Said:
    return (KeyNotice(intake.DataKeyIssued, meta.organisation_id, event.subject_id),)


def _drafted(event: RequestDrafted, meta: Meta) -> Said:
    request_id = UUID(meta.key)
    return (
        intake.RequestDrafted(
            organisation_id=meta.organisation_id,
            request_id=request_id,
            created_by=event.created_by,
            performer=event.performer,
            postal_code=event.postal_code,
            offer=event.offer,
            slot=event.slot,
            accept_overlap=event.accept_overlap,
            picked_client_id=event.picked_client_id,
            contact=event.contact,
            contact_key_id=None if event.contact is None else request_id,
            expires_at=event.expires_at,
        ),
    )


def _launched(event: RequestLaunched, meta: Meta) -> Said:
    request_id = UUID(meta.key)
    return (
        intake.RequestLaunched(
            organisation_id=meta.organisation_id,
            request_id=request_id,
            created_by=event.created_by,
            client_id=event.client_id,
            known=event.known,
            performer=event.performer,
            postal_code=event.postal_code,
            offer=event.offer,
            slot=event.slot,
            accept_overlap=event.accept_overlap,
            validation=event.validation,
            address_confirmed=event.address_confirmed,
            address=event.address,
            address_key_id=None if event.address is None else request_id,
            launched_at=event.launched_at,
        ),
    )


def _confirmed(event: RequestConfirmed, meta: Meta) -> Said:
    return (
        intake.RequestConfirmed(
            organisation_id=meta.organisation_id,
            request_id=UUID(meta.key),
            client_id=event.client_id,
            worker_id=event.worker_id,
            hold_id=event.hold_id,
            postal_code=event.postal_code,
            slot=event.slot,
            offer=event.offer,
            confirmed_at=event.confirmed_at,
        ),
    )


def _cancelled(event: RequestCancelled, meta: Meta) -> Said:
    return (
        intake.RequestCancelled(
            organisation_id=meta.organisation_id,
            request_id=UUID(meta.key),
            by=event.by,
            reason_code=event.reason_code,
        ),
    )


def _declined(event: RequestDeclined, meta: Meta) -> Said:
    return (
        intake.RequestDeclined(organisation_id=meta.organisation_id, request_id=UUID(meta.key), reason=event.reason),
    )


def _expired(event: RequestExpired, meta: Meta) -> Said:
    return (
        intake.RequestExpired(
            organisation_id=meta.organisation_id,
            request_id=UUID(meta.key),
            rule=event.rule,
            deadline=event.deadline,
        ),
    )


def _organisation_added(event: OrganisationAdded, meta: Meta) -> Said:
    return (intake.OrganisationAdded(organisation_id=meta.organisation_id, slug=event.slug, time_zone=event.time_zone),)


def _settings_changed(event: RequestSettingsChanged, meta: Meta) -> Said:
    return (
        intake.RequestSettingsChanged(
            organisation_id=meta.organisation_id,
            version=event.version,
            workers_may_create=event.workers_may_create,
            required_contact_fields=event.required_contact_fields,
            draft_lifetime_hours=event.draft_lifetime_hours,
        ),
    )


PUBLICATION: Publication = {
    DataKeyIssued: _data_key_issued,
    RequestDrafted: _drafted,
    RequestLaunched: _launched,
    RequestConfirmed: _confirmed,
    RequestCancelled: _cancelled,
    RequestDeclined: _declined,
    RequestExpired: _expired,
    OrganisationAdded: _organisation_added,
    RequestSettingsChanged: _settings_changed,
}
