"""The codes of refusals: each with its status, its title and what it means, as the error of that name says it."""

from collections.abc import Mapping
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from gateway.description.values import sometimes


class Problem(BaseModel):
    """Every refusal (RFC 9457), by a stable `code`. Some hold further members, such as what would be accepted instead."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str = sometimes("What the code means, for people, in their language")
    rule: str = sometimes("The rule of the domain that decided")
    field: str = sometimes("The member, parameter or header at fault")
    instant: str = sometimes("The instant that decided, in UTC")
    request_id: str = sometimes("The id of the request, as in X-Request-Id")


class Refusal(NamedTuple):
    """What a code stands for."""

    status: int
    title: str
    meaning: str


REFUSALS: Mapping[str, Refusal] = {
    "address_incomplete": Refusal(422, "Address incomplete", "An address has a first line and a locality."),
    "address_missing": Refusal(
        422,
        "Address missing",
        "No address of the client lies in the zone of the request: one is needed to validate it.",
    ),
    "address_never_shown": Refusal(
        422,
        "Address never shown",
        "Who typed the client was shown no address: they can confirm the one they type, and no other.",
    ),
    "already_assigned": Refusal(409, "Already assigned", "Somebody else is assigned."),
    "answer_too_late": Refusal(409, "Answer too late", "The instant up to which the client could answer has passed."),
    "applications_closed": Refusal(
        409,
        "Applications closed",
        "The call takes no more applications; `reason` says why, the instant since when if it is the deadline.",
    ),
    "award_over": Refusal(409, "Award over", "The request has ended: nobody can be chosen for it."),
    "body_too_large": Refusal(413, "Body too large", "The body is longer than any that the service takes."),
    "body_too_slow": Refusal(408, "Body too slow", "The body did not arrive in time."),
    "calendar_range_invalid": Refusal(
        422, "Calendar range invalid", "A calendar is read from an instant to a later one, 92 days at most."
    ),
    "card_number_refused": Refusal(
        422, "Card number refused", "A full card number is never taken; give the token of the payment provider."
    ),
    "client_not_found": Refusal(404, "Client not found", "There is no such client, or not for this person to see."),
    "contact_field_missing": Refusal(
        422, "Contact field missing", "The organisation requires this field of a typed client."
    ),
    "contact_missing": Refusal(
        422, "Contact missing", "A client can be reached by e-mail or by phone: at least one of them is needed."
    ),
    "contact_not_typed": Refusal(
        409, "Contact not typed", "The client was picked, not typed: there is nobody new to make a file of."
    ),
    "contact_unreachable": Refusal(
        422, "Contact unreachable", "A typed client has an e-mail or a phone, whatever else is required."
    ),
    "cross_site": Refusal(
        403, "Cross site", "Nothing is changed from another site's page, nor by a form that is not of this session."
    ),
    "cursor_invalid": Refusal(
        422, "Cursor invalid", "A cursor is one that the same list, with the same filters, gave."
    ),
    "deadline_passed": Refusal(
        409, "Deadline passed", "The request's time has run out, by the rule and instant named."
    ),
    "duration_not_offered": Refusal(
        422, "Duration not offered", "A service takes from its minimum to its maximum, in its steps."
    ),
    "email_invalid": Refusal(422, "Email invalid", "An e-mail address has the form of one."),
    "headers_too_large": Refusal(431, "Headers too large", "The headers together are longer than the service reads."),
    "iban_refused": Refusal(422, "Iban refused", "A full IBAN is never taken; give the reference of the mandate."),
    "idempotency_key_in_flight": Refusal(
        409,
        "The first request under this Idempotency-Key is still in flight",
        "The first request under this key is still being worked on: come back for its answer.",
    ),
    "idempotency_key_invalid": Refusal(
        400, "Idempotency key invalid", "An idempotency key is one header of 1 to 200 visible ASCII characters."
    ),
    "idempotency_key_missing": Refusal(
        400, "Idempotency key missing", "A POST names a key of its own, so that sending it again changes nothing."
    ),
    "idempotency_key_reused": Refusal(
        422,
        "The Idempotency-Key was used for another request",
        "The key was used by the same caller on the same route for another body.",
    ),
    "identifier_taken": Refusal(
        409, "Identifier taken", "The e-mail or phone belongs to another client, and nobody said that they share it."
    ),
    "if_match_invalid": Refusal(
        400, "If match invalid", "`If-Match` is `*`, or ETags as answers gave them, separated by commas."
    ),
    "invalid_body": Refusal(422, "Invalid body", "The body is JSON, but not of the shape that the route takes."),
    "invalid_parameter": Refusal(
        422, "Invalid parameter", "A part of the path, the query or a header is not of the shape that the route takes."
    ),
    "keys_unavailable": Refusal(
        503, "Keys unavailable", "The issuer's keys cannot be read at the moment, so no token can be judged."
    ),
    "local_time_ambiguous": Refusal(
        422,
        "Local time ambiguous",
        "The clocks of the place show this time twice, so its offset must be said; `offsets` names both.",
    ),
    "local_time_nonexistent": Refusal(422, "Local time nonexistent", "The clocks of the place skip this time."),
    "malformed_json": Refusal(
        400,
        "Malformed JSON",
        "The body is not JSON that every program reads alike; `rule` names what is wrong with it.",
    ),
    "not_eligible": Refusal(
        403, "Not eligible", "A worker may only apply for what they may do; `reasons` says what stands against them."
    ),
    "not_found": Refusal(404, "Not found", "What was asked for does not exist, or is not for this person to see."),
    "offset_contradicts_zone": Refusal(
        422,
        "Offset contradicts zone",
        "The offset is not the one that the place has at this time; `offsets` names what it has.",
    ),
    "organisation_exists": Refusal(
        409, "Organisation exists", "The id belongs to an organisation of another slug or time zone."
    ),
    "organisation_unknown": Refusal(404, "Organisation unknown", "No organisation has this id."),
    "payment_method_missing": Refusal(
        422, "Payment method missing", "The offer requires a payment method, and none of the client's is valid."
    ),
    "personal_data_erased": Refusal(
        410, "Personal data erased", "The person's key is gone, and their data with it: unreadable, for ever."
    ),
    "phone_ambiguous": Refusal(
        422,
        "Phone ambiguous",
        "The national form can be read as the number of more than one plan: type the international form.",
    ),
    "phone_invalid": Refusal(422, "Phone invalid", "A phone number is one number of a plan that exists."),
    "postal_code_malformed": Refusal(
        422, "Postal code malformed", "A postal code is five digits, leading zeros among them."
    ),
    "postal_code_not_covered": Refusal(
        422,
        "Postal code not covered",
        "No zone covers this postal code; `suggestions` names near ones that are covered.",
    ),
    "postal_code_unknown": Refusal(
        422, "Postal code unknown", "No place has this postal code; `suggestions` names near ones that exist."
    ),
    "precondition_failed": Refusal(
        412,
        "Precondition failed",
        "What was to be changed has changed since it was read: it has another ETag than `If-Match` names.",
    ),
    "precondition_required": Refusal(
        428,
        "Precondition required",
        "A change names in `If-Match` the ETag of what it was decided on, so that it never undoes what nobody has seen.",
    ),
    "ranking_not_available": Refusal(
        422, "Ranking not available", "A broadcast cannot be won by rank: nothing ranks applicants."
    ),
    "request_confirmed": Refusal(409, "Request confirmed", "A confirmed request is an operator's to cancel."),
    "request_declined": Refusal(409, "Request declined", "The client has declined the request."),
    "request_ended": Refusal(409, "Request ended", "The request is cancelled, declined or expired, for good."),
    "request_not_found": Refusal(
        404, "Request not found", "There is no such request, or it is not for this person to see."
    ),
    "review_decided": Refusal(409, "Review decided", "Somebody has already said otherwise who the client is."),
    "review_not_found": Refusal(404, "Review not found", "No doubt about this request's client waits for an operator."),
    "selection_pending": Refusal(
        409, "Selection pending", "Somebody else has been chosen, and whether their slot can be held is not known yet."
    ),
    "selection_too_late": Refusal(
        409, "Selection too late", "The slot has begun: nobody can be chosen for it any more."
    ),
    "service_not_offered": Refusal(422, "Service not offered", "The zone of this postal code has no such offer."),
    "service_unavailable": Refusal(
        503,
        "Service unavailable",
        "A service is away, or did not answer in time; whether it acted, the same Idempotency-Key tells.",
    ),
    "slot_ends_before_it_starts": Refusal(422, "Slot ends before it starts", "A slot ends after it starts."),
    "slot_in_past": Refusal(422, "Slot in past", "A slot lies in the future."),
    "slot_too_long": Refusal(422, "Slot too long", "A slot is at most 7 days long."),
    "start_malformed": Refusal(
        422,
        "Start malformed",
        "A start is a date and time to the minute in ISO 8601, with or without an offset: `2026-06-01T09:00`.",
    ),
    "streams_exhausted": Refusal(
        503, "Streams exhausted", "The door has as many streams open as it can serve; come back later."
    ),
    "text_holds_card_number": Refusal(
        422, "Text holds card number", "The number of a payment card belongs to the payment service, never into a text."
    ),
    "text_holds_control_character": Refusal(
        422,
        "Text holds control character",
        "Text holds no NUL, lone surrogates, line breaks or other control characters.",
    ),
    "text_holds_iban": Refusal(
        422, "Text holds iban", "The number of a bank account belongs to the payment service, never into a text."
    ),
    "text_invalid": Refusal(422, "Text invalid", "The text holds control characters or lone surrogates."),
    "text_too_long": Refusal(422, "Text too long", "Text is bounded in length: `maximum` characters."),
    "time_zone_unknown": Refusal(422, "Time zone unknown", "A time zone is named as the IANA database has it."),
    "token_expired": Refusal(401, "Token expired", "The access token was good once."),
    "token_invalid": Refusal(401, "Token invalid", "The access token is not one that an issuer of ours made for us."),
    "token_missing": Refusal(401, "Token missing", "The request carries no access token."),
    "too_deep": Refusal(
        400, "Too deep", "The objects and lists of the body stand deeper in each other than the service follows."
    ),
    "too_many_conflicts": Refusal(
        503, "Too many conflicts", "Others kept changing the same thing: nothing was written, try again."
    ),
    "too_many_requests": Refusal(
        429,
        "Too many requests",
        "The person, or the address, asks more often than one may; `Retry-After` says in how many seconds to come back.",
    ),
    "too_many_streams": Refusal(
        429, "Too many streams", "The person already has as many streams open as one may have; close one, or share it."
    ),
    "unavailable": Refusal(
        503, "Unavailable", "Something that is needed is away for the moment; the same request may succeed later."
    ),
    "unsupported_media_type": Refusal(
        415,
        "Unsupported media type",
        "The body is not said to be JSON: `Content-Type: application/json`, in UTF-8 and not compressed.",
    ),
    "url_too_long": Refusal(414, "URL too long", "The address is longer than any that the service has."),
    "validation_not_found": Refusal(
        404, "Validation not found", "Nothing is asked about this request, or not of this person."
    ),
    "visit_started": Refusal(409, "Visit started", "The visit has started, so it can no longer be cancelled."),
    "worker_inactive": Refusal(409, "Worker inactive", "Only an active worker can be chosen."),
    "worker_organisation_not_named": Refusal(
        422,
        "Worker organisation not named",
        "A service acts for no organisation of its own, so it names the one whose worker it registers.",
    ),
    "workers_may_not_create": Refusal(
        403, "Workers may not create", "The organisation does not let workers create requests."
    ),
    "wrong_role": Refusal(403, "Wrong role", "The person's role may not do this."),
}
