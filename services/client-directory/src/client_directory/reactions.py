"""What the directory does on each event of another service."""

from uuid import UUID

from doorstep_chassis.consumer.decoding import Tombstone
from doorstep_chassis.consumer.engine import Handler
from doorstep_chassis.consumer.records import Message
from doorstep_chassis.store.model import WrappedKeyRow
from doorstep_chassis.work import Work
from doorstep_contracts import intake

from client_directory import commands
from client_directory.domain.resolution.state import Draft
from client_directory.domain.validation.events import LaunchSeen
from client_directory.vault import Vault

KEYS_TOPIC = "intake.keys.v1"


def reactions(vault: Vault) -> dict[type, Handler]:
    """One row an arrow of DESIGN.md section 2."""

    def on_drafted(work: Work, event: intake.RequestDrafted, message: Message) -> None:
        draft = Draft(event.postal_code, event.picked_client_id, event.contact, event.contact_key_id)
        commands.see_draft(work, vault, event.organisation_id, event.request_id, draft)

    def on_key_issued(work: Work, event: intake.DataKeyIssued, message: Message) -> None:
        commands.see_contact_key(work, vault, WrappedKeyRow(event.subject_id, event.wrapped, event.kek))

    def on_key_erased(work: Work, event: Tombstone, message: Message) -> None:
        commands.erase_contact_key(work, vault, UUID(event.key))

    def on_launched(work: Work, event: intake.RequestLaunched, message: Message) -> None:
        launch = LaunchSeen(
            postal_code=event.postal_code,
            slot_start=event.slot.start,
            zone=event.slot.zone,
            payment_method_required=event.offer.payment_method_required,
            validation=event.validation,
            address_confirmed=event.address_confirmed,
            address=event.address,
            address_key_id=event.address_key_id,
        )
        commands.see_launch(work, vault, event.organisation_id, event.request_id, launch)

    return {
        intake.OrganisationAdded: on_organisation_added,
        intake.RequestDrafted: on_drafted,
        intake.DataKeyIssued: on_key_issued,
        Tombstone: on_key_erased,
        intake.RequestLaunched: on_launched,
        intake.RequestConfirmed: on_confirmed,
        intake.RequestCancelled: on_ended,
        intake.RequestDeclined: on_ended,
        intake.RequestExpired: on_ended,
    }


def on_organisation_added(work: Work, event: intake.OrganisationAdded, message: Message) -> None:
    """An organisation joined: note its time zone."""
    commands.see_organisation(work, event.organisation_id, event.time_zone)


def on_confirmed(work: Work, event: intake.RequestConfirmed, message: Message) -> None:
    """Both gates stood open: the client has nothing more to answer."""
    commands.see_confirmation(work, event.organisation_id, event.request_id, event.client_id)


def on_ended(
    work: Work, event: intake.RequestCancelled | intake.RequestDeclined | intake.RequestExpired, message: Message
) -> None:
    """The request is over, however it ended."""
    commands.see_end(work, event.organisation_id, event.request_id)
