"""What all operations share: headers, what any of them may refuse, how one signs in, and what the words mean."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

INFO: Json = {
    "title": "Doorstep",
    "version": "1.0.0",
    "summary": "Requests for home services: from a worker's wish to a visit in the calendar.",
    "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
    "description": """\
A worker drafts a **request** for a client and launches it. Two gates then stand open or shut: the *client gate* (the
client, or somebody for them, has validated) and the *worker gate* (somebody is assigned and their slot is held). Each
says at all times what it still lacks. With both open the request is confirmed and the **visit** stands in the calendar.

**Who asks.** Every request carries an access token of the organisation's OpenID provider. Its role decides what may be
asked at all (`wrong_role`, 403); what is another's, or another organisation's, looks exactly like what does not exist
(404).

**Once.** Every POST carries an `Idempotency-Key`. Sent again under the same key it has no second effect and gets the same
answer; a refusal is tried anew.

**Changes.** What is shown alone has a strong `ETag`. A PUT must name it in `If-Match`, a POST may: so nobody undoes what
they have not seen. A GET with `If-None-Match` is answered 304 to who has it already.

**Lists** come in pages: `next_cursor` is where the next one begins, good for the same list with the same filters.

**Refusals** are problems (RFC 9457) with a stable `code`; `detail` is for people, in French or English by
`Accept-Language`. Never rely on the texts. New codes, new members of answers and new values may appear; the description
of today stays true of what it names.

**JSON** is read strictly: unknown members, doubled names and numbers out of range are refused. Instants are UTC in
ISO 8601; `start` of a draft is local to its place. Money is in cents, tax included.

A failure of ours is 500 `internal`, with the `request_id` to tell us.""",
}

TAGS: list[Json] = [
    {"name": "requests", "description": "Settings, catalogue, and requests from draft to confirmation or end."},
    {"name": "clients", "description": "Clients' files, doubts about who somebody is, and what a client is asked."},
    {"name": "workers", "description": "The register of workers, how they are found, calls and applications."},
    {"name": "calendar", "description": "Calendars, free time and visits."},
    {"name": "board", "description": "All requests of an organisation at a glance."},
    {"name": "events", "description": "What changed for the one who asks, as server-sent events."},
]

SECURITY: Json = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token: a JWT signed by the organisation's OpenID provider for the audience of Doorstep, "
        "with `sub` (the person), `org` (the organisation) and `role` (worker, operator or service). Clients' tokens come "
        "from the link in their e-mail and are for one request.",
    },
    "oidc": {
        "type": "openIdConnect",
        "openIdConnectUrl": "https://id.example.org/.well-known/openid-configuration",
        "description": "Where such tokens come from: the provider that the installation is set to.",
    },
}


def _header(name: str, description: str, schema: Json, example: str, *, required: bool = False) -> Json:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": description,
        "schema": schema,
        "example": example,
    }


_TEXT: Json = {"type": "string"}

PARAMETERS: Mapping[str, Json] = {
    "IdempotencyKey": _header(
        "Idempotency-Key",
        "A key of your own for this act, 1 to 200 visible ASCII characters: a new one for each act, the same for each try.",
        {"type": "string", "pattern": "^[!-~]{1,200}$"},
        "6f1c2d3e-act-1",
        required=True,
    ),
    "IfMatch": _header(
        "If-Match", "Act only on what has this ETag; `*` means whatever stands.", _TEXT, '"5b1c9f0e7a3d4c2b8e6f1a90"'
    ),
    "IfMatchRequired": _header(
        "If-Match",
        "The ETag of what was read before; `*` means whatever stands.",
        _TEXT,
        '"5b1c9f0e7a3d4c2b8e6f1a90"',
        required=True,
    ),
    "IfNoneMatch": _header(
        "If-None-Match", "Answer 304 when it still has this ETag.", _TEXT, '"5b1c9f0e7a3d4c2b8e6f1a90"'
    ),
    "Prefer": _header(
        "Prefer",
        "`wait=N`: answer with the state reached within N seconds, 10 at most (RFC 7240).",
        _TEXT,
        "wait=5",
    ),
    "LastEventId": _header(
        "Last-Event-ID",
        "The `id` of the last event that was taken in; browsers send it by themselves.",
        {"type": "string", "maxLength": 100},
        "4f1d2c3b5a69-1042",
    ),
    "AcceptLanguage": _header("Accept-Language", "`fr` or `en`: the language of problems' texts.", _TEXT, "fr"),
    "XRequestId": _header(
        "X-Request-Id",
        "An id of your own for this request, to find it again: up to 64 letters, digits, dots, dashes and underscores.",
        _TEXT,
        "order-4711",
    ),
}

HEADERS: Mapping[str, Json] = {
    "X-Request-Id": {
        "required": True,
        "description": "The id of this request: yours if it was sane, else a new one.",
        "schema": _TEXT,
    },
    "ETag": {"required": True, "description": "The strong tag of what is shown.", "schema": _TEXT},
    "Preference-Applied": {"description": "`wait=N`, when the answer is the state reached.", "schema": _TEXT},
    "Content-Language": {"description": "The language of the texts: `fr` or `en`.", "schema": _TEXT},
    "Retry-After": {"description": "In how many seconds to come back.", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"required": True, "description": "How to say who you are.", "schema": _TEXT},
    "RateLimit": {"description": "What is left of your allowance.", "schema": _TEXT},
    "RateLimit-Policy": {"description": "The allowance.", "schema": _TEXT},
}

EVERY_ANSWER = ("X-Request-Id", "RateLimit", "RateLimit-Policy")
BY_STATUS: Mapping[int, tuple[str, ...]] = {
    401: ("WWW-Authenticate",),
    409: ("Retry-After",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}

STATUS_WORDS: Mapping[int, str] = {
    304: "It still has the tag that you named",
    400: "Not readable",
    401: "Nobody known asks",
    403: "Not for this person",
    404: "Not there, or not for this person to see",
    408: "Too slow",
    409: "Not as things stand",
    410: "Erased",
    412: "It has changed since",
    413: "Too long",
    414: "Too long an address",
    415: "No JSON",
    422: "Against a rule",
    428: "Say what you have seen",
    429: "Too often",
    431: "Too long a head",
    503: "Away for the moment",
}

QUERY: Mapping[str, Json] = {
    "request_id": {"description": "The request.", "example": "5d0c1a52-3c0e-4a53-9a4e-6f0f4e8f1b21"},
    "client_id": {"description": "The client.", "example": "9a1f6f5e-7a0b-4a9d-8a2c-1d2f3b4c5d60"},
    "worker_id": {"description": "The worker.", "example": "2f6d8c1e-1b7a-4f1d-b0f3-3a5c7e9d1f42"},
    "visit_id": {"description": "The visit.", "example": "e3a7c5d1-0f2b-4d8e-a6c4-9b1d3f5e7a84"},
    "postal_code": {"description": "A French postal code: five digits.", "example": "69003"},
    "state": {"description": "Only requests in this state.", "example": "launched"},
    "limit": {"description": "How many at most.", "example": 20},
    "cursor": {"description": "Where the page begins, as the page before gave it."},
    "from": {"description": "From then on.", "example": "2027-03-01T00:00:00Z"},
    "to": {"description": "Until then.", "example": "2027-03-08T00:00:00Z"},
    "start": {"description": "When the slot starts.", "example": "2027-03-01T08:00:00Z"},
    "end": {"description": "When it ends, 7 days later at most.", "example": "2027-03-01T10:00:00Z"},
    "lacks": {"description": "Only requests of which a gate lacks this."},
    "order": {"description": "What stands first."},
}
"""What is said of each parameter of a path or query."""

INSTANTS = frozenset({"from", "to", "start", "end"})
