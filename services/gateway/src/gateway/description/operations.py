"""Every operation, one row each: for whom it is, what it answers, and what it refuses on top of what all refuse."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from doorstep_chassis.auth import Role

from gateway.answers import Board
from gateway.description import client_answers as clients
from gateway.description import request_answers as requests
from gateway.description import worker_answers as workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What is said of a route beyond its own text.

    `refusals` are the codes of this route alone; `tagged`: its answer has an ETag, so that a GET may be conditional;
    `conditional`: an act that may name in `If-Match` what it was decided on;
    `media`: what it answers with when that is no JSON.
    """

    summary: str
    roles: tuple[Role, ...]
    answer: Any = None
    status: int = 200
    refusals: tuple[str, ...] = ()
    tagged: bool = False
    conditional: bool = False
    media: str = "application/json"


ANYBODY: tuple[Role, ...] = ("worker", "client", "operator", "service")
STAFF: tuple[Role, ...] = ("worker", "operator")

_PLACE = ("postal_code_malformed", "postal_code_unknown", "postal_code_not_covered")
_TEXT = ("text_holds_control_character", "text_too_long", "text_holds_card_number", "text_holds_iban")
_FILE_TEXT = ("text_invalid", "text_too_long", "card_number_refused", "iban_refused")
_TIME = ("start_malformed", "local_time_nonexistent", "local_time_ambiguous", "offset_contradicts_zone", "slot_in_past")

OPERATIONS: Mapping[str, Operation] = {
    "add_organisation": Operation(
        summary="Add an organisation",
        roles=("service",),
        answer=requests.OrganisationAdded,
        status=201,
        refusals=("time_zone_unknown", "organisation_exists"),
    ),
    "read_settings": Operation(
        summary="Read the request settings",
        roles=ANYBODY,
        answer=requests.CurrentSettings,
        refusals=("organisation_unknown",),
        tagged=True,
    ),
    "change_settings": Operation(
        summary="Change the request settings",
        roles=("operator",),
        answer=requests.CurrentSettings,
        refusals=("organisation_unknown",),
        tagged=True,
    ),
    "read_catalogue": Operation(
        summary="Read the catalogue of a place", roles=ANYBODY, answer=requests.Catalogue, refusals=_PLACE
    ),
    "draft_request": Operation(
        summary="Draft a request",
        roles=("worker",),
        answer=requests.RequestState,
        status=201,
        refusals=(
            "workers_may_not_create",
            "organisation_unknown",
            *_PLACE,
            "service_not_offered",
            "duration_not_offered",
            *_TIME,
            "contact_field_missing",
            "contact_unreachable",
            "email_invalid",
            "phone_invalid",
            *_TEXT,
        ),
        tagged=True,
    ),
    "list_requests": Operation(
        summary="List requests", roles=STAFF, answer=requests.Requests, refusals=("cursor_invalid",)
    ),
    "read_request": Operation(
        summary="Read a request",
        roles=ANYBODY,
        answer=requests.Request,
        refusals=("request_not_found",),
        tagged=True,
    ),
    "launch_request": Operation(
        conditional=True,
        summary="Launch a request",
        roles=("worker",),
        answer=requests.Reached | requests.RequestState,
        refusals=(
            "request_not_found",
            "organisation_unknown",
            "workers_may_not_create",
            "postal_code_malformed",
            "postal_code_unknown",
            "address_incomplete",
            *_TEXT,
            "address_never_shown",
            "deadline_passed",
            "request_ended",
            "personal_data_erased",
        ),
        tagged=True,
    ),
    "cancel_request": Operation(
        conditional=True,
        summary="Cancel a request",
        roles=STAFF,
        answer=requests.RequestState,
        refusals=("request_not_found", "request_confirmed", "request_ended", "visit_started", "deadline_passed"),
        tagged=True,
    ),
    "add_client": Operation(
        summary="Put a client on file",
        roles=("operator",),
        answer=clients.ClientAdded,
        status=201,
        refusals=(
            "contact_missing",
            "email_invalid",
            "phone_invalid",
            "phone_ambiguous",
            "address_incomplete",
            *_FILE_TEXT,
            "identifier_taken",
        ),
    ),
    "list_clients": Operation(
        summary="List clients", roles=STAFF, answer=clients.Clients, refusals=("cursor_invalid",)
    ),
    "read_client": Operation(
        summary="Read a client's file",
        roles=STAFF,
        answer=clients.ClientFile | clients.ClientForWorker,
        refusals=("client_not_found",),
        tagged=True,
    ),
    "add_payment_method": Operation(
        conditional=True,
        summary="Add a payment method",
        roles=("operator",),
        answer=clients.PaymentMethodAdded,
        status=201,
        refusals=("client_not_found", *_FILE_TEXT, "personal_data_erased"),
    ),
    "list_reviews": Operation(
        summary="List open reviews", roles=("operator",), answer=clients.Reviews, refusals=("cursor_invalid",)
    ),
    "decide_review": Operation(
        summary="Decide a review",
        roles=("operator",),
        answer=clients.ReviewDecided,
        refusals=(
            "review_not_found",
            "client_not_found",
            "review_decided",
            "request_ended",
            "contact_not_typed",
            "personal_data_erased",
        ),
    ),
    "read_validation": Operation(
        summary="Read what the client is asked",
        roles=("client", "operator"),
        answer=clients.Validation | clients.ValidationEnded,
        refusals=("validation_not_found",),
        tagged=True,
    ),
    "validate_request": Operation(
        conditional=True,
        summary="Validate or decline a request",
        roles=("client", "operator"),
        answer=clients.ValidationAnswered,
        refusals=(
            "validation_not_found",
            "client_not_found",
            "address_missing",
            "address_incomplete",
            "payment_method_missing",
            *_FILE_TEXT,
            "request_confirmed",
            "request_declined",
            "request_ended",
            "answer_too_late",
            "personal_data_erased",
        ),
    ),
    "register_worker": Operation(
        summary="Register a worker",
        roles=("operator", "service"),
        answer=workers.WorkerRegistered,
        status=201,
        refusals=("worker_organisation_not_named", "not_found"),
    ),
    "read_policy": Operation(
        summary="Read the dispatch policy", roles=("operator",), answer=workers.CurrentPolicy, tagged=True
    ),
    "set_policy": Operation(
        summary="Change the dispatch policy",
        roles=("operator",),
        answer=workers.CurrentPolicy,
        refusals=("ranking_not_available",),
        tagged=True,
    ),
    "list_calls": Operation(summary="List my calls", roles=("worker",), answer=workers.Calls),
    "apply": Operation(
        summary="Apply for a request",
        roles=("worker",),
        answer=workers.Applied,
        status=201,
        refusals=("not_found", "not_eligible", "applications_closed"),
    ),
    "read_broadcast": Operation(
        summary="Read the search for a worker",
        roles=("operator",),
        answer=workers.Broadcast,
        refusals=("not_found",),
        tagged=True,
    ),
    "select_worker": Operation(
        conditional=True,
        summary="Choose the worker",
        roles=("operator",),
        answer=workers.Selected,
        status=202,
        refusals=(
            "not_found",
            "award_over",
            "selection_pending",
            "already_assigned",
            "worker_inactive",
            "selection_too_late",
        ),
    ),
    "read_calendar": Operation(
        summary="Read a worker's calendar",
        roles=STAFF,
        answer=workers.Calendar,
        refusals=("not_found", "calendar_range_invalid"),
    ),
    "read_availability": Operation(
        summary="Ask whether I am free",
        roles=("worker",),
        answer=workers.Availability,
        refusals=("slot_ends_before_it_starts", "slot_too_long"),
    ),
    "list_visits": Operation(summary="List the visits of a request", roles=STAFF, answer=workers.Visits),
    "read_visit": Operation(
        summary="Read a visit", roles=STAFF, answer=workers.Visit, refusals=("not_found",), tagged=True
    ),
    "read_board": Operation(summary="Read the board", roles=("operator",), answer=Board, refusals=("cursor_invalid",)),
    "hear_events": Operation(
        summary="Hear what changed",
        roles=("worker", "client", "operator"),
        refusals=("too_many_streams", "streams_exhausted"),
        media="text/event-stream",
    ),
}
