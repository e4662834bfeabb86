"""What the directory's stored events say in public."""

from collections.abc import Sequence
from uuid import UUID

from doorstep_chassis.relay import KeyNotice, Publication
from doorstep_chassis.store.model import Meta
from doorstep_contracts import directory
from doorstep_contracts.base import PublicEvent

from client_directory.domain.client.events import ClientCreated
from client_directory.domain.resolution.events import ClientResolved, ReviewOpened
from client_directory.domain.validation.events import (
    ClientAnswerExpired,
    ClientAsked,
    ClientDeclined,
    ClientGateShut,
    ClientValidated,
)

Said = Sequence[PublicEvent | KeyNotice]


def _data_key_issued(event: ClientCreated, meta: Meta) -> Said:
    return (KeyNotice(directory.DataKeyIssued, meta.organisation_id, UUID(meta.key)),)


def _client_resolved(event: ClientResolved, meta: Meta) -> Said:
    return (
        directory.ClientResolved(
            organisation_id=meta.organisation_id,
            request_id=UUID(meta.key),
            client_id=event.client_id,
            known=event.known,
        ),
    )


def _review_opened(event: ReviewOpened, meta: Meta) -> Said:
    return (
        directory.ClientReviewOpened(
            organisation_id=meta.organisation_id, request_id=UUID(meta.key), reasons=event.reasons
        ),
    )


def _client_validated(event: ClientValidated, meta: Meta) -> Said:
    return (
        directory.ClientValidated(
            organisation_id=meta.organisation_id,
            request_id=UUID(meta.key),
            client_id=event.client_id,
            valid_until=event.valid_until,
            validated_by=event.validated_by,
        ),
    )


def _client_asked(event: ClientAsked, meta: Meta) -> Said:
    return (
        directory.ClientValidationRequested(
            organisation_id=meta.organisation_id,
            request_id=UUID(meta.key),
            client_id=event.client_id,
            missing=event.missing,
            deadline=event.deadline,
        ),
    )


def _client_gate_shut(event: ClientGateShut, meta: Meta) -> Said:
    return (
        directory.ClientGateShut(
            organisation_id=meta.organisation_id,
            request_id=UUID(meta.key),
            client_id=event.client_id,
            missing=event.missing,
        ),
    )


def _client_answer_expired(event: ClientAnswerExpired, meta: Meta) -> Said:
    return (
        directory.ClientAnswerExpired(
            organisation_id=meta.organisation_id,
            request_id=UUID(meta.key),
            client_id=event.client_id,
            deadline=event.deadline,
        ),
    )


def _client_declined(event: ClientDeclined, meta: Meta) -> Said:
    return (
        directory.ClientDeclined(
            organisation_id=meta.organisation_id,
            request_id=UUID(meta.key),
            client_id=event.client_id,
            reason=event.reason,
        ),
    )


PUBLICATION: Publication = {
    ClientCreated: _data_key_issued,
    ClientResolved: _client_resolved,
    ReviewOpened: _review_opened,
    ClientValidated: _client_validated,
    ClientAsked: _client_asked,
    ClientGateShut: _client_gate_shut,
    ClientDeclined: _client_declined,
    ClientAnswerExpired: _client_answer_expired,
}
