"""Every refusal leaves the HTTP door as an RFC 9457 problem with a stable code, and never repeats what was sent."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, cast

import pydantic_core
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doorstep_chassis.errors import DomainError, Unavailable
from doorstep_chassis.problem_texts import Language, language_of, meaning_of, title_of
from doorstep_chassis.store.model import StoreUnavailable

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:doorstep:problem:"

log = structlog.get_logger()


class RouteNotFound(DomainError):
    """No route has this path."""

    code = "route_not_found"
    status = 404


class MethodNotAllowed(DomainError):
    """The route exists, but not for this method."""

    code = "method_not_allowed"
    status = 405


class MalformedJson(DomainError):
    """The body is not JSON that every program reads alike; `rule` names what is wrong with it."""

    code = "malformed_json"
    status = 400
    title = "Malformed JSON"


class UnsupportedMediaType(DomainError):
    """The body is not said to be JSON: `Content-Type: application/json`, in UTF-8 and not compressed."""

    code = "unsupported_media_type"
    status = 415
    headers = MappingProxyType({"Accept": "application/json"})


class InvalidBody(DomainError):
    """The body is JSON, but not of the shape that the route takes."""

    code = "invalid_body"
    status = 422


class InvalidParameter(DomainError):
    """A part of the path, the query or a header is not of the shape that the route takes."""

    code = "invalid_parameter"
    status = 422


class BadRequest(DomainError):
    """The request cannot be read."""

    code = "bad_request"
    status = 400


class BodyTooLarge(DomainError):
    """The body is longer than any that the service takes."""

    code = "body_too_large"
    status = 413


class Internal(DomainError):
    """The service failed; nothing is said of how."""

    code = "internal"
    status = 500
    title = "Internal error"


_BY_STATUS: Mapping[int, type[DomainError]] = {404: RouteNotFound, 405: MethodNotAllowed, 413: BodyTooLarge}

# fmt: off
# The texts of these kinds of pydantic errors speak of the schema only; others may quote the input.
_SPEAKS_OF_SCHEMA_ONLY = frozenset({
    "missing", "extra_forbidden", "string_type", "string_too_short", "string_too_long", "string_pattern_mismatch",
    "int_type", "int_parsing", "int_from_float", "float_type", "float_parsing", "finite_number", "bool_type",
    "bool_parsing", "greater_than", "greater_than_equal", "less_than", "less_than_equal", "multiple_of",
    "decimal_type", "decimal_parsing", "decimal_max_digits", "decimal_max_places", "decimal_whole_digits",
    "literal_error", "enum", "none_required", "list_type", "tuple_type", "set_type", "dict_type",
    "model_type", "model_attributes_type", "too_short", "too_long", "union_tag_not_found", "uuid_type",
    "date_type", "time_type", "datetime_type", "time_delta_type", "timezone_aware", "timezone_naive",
})
# fmt: on


def problem_body(error: DomainError, request_id: str | None = None, language: Language = "en") -> dict[str, Any]:
    """The members of the problem: absent ones are left out, instants are UTC in ISO 8601.

    What an instance says of itself is English: in another language its detail is what the kind of problem means.
    """
    own_detail = error.detail if language == "en" else None
    standard = {
        "type": TYPE_PREFIX + error.code,
        "title": title_of(type(error), language),
        "status": error.status,
        "code": error.code,
        "detail": own_detail or meaning_of(type(error), language),
        "rule": error.rule,
        "field": error.field,
        "instant": _iso(error.instant) if error.instant else None,
        "request_id": request_id,
    }
    further = {name: value for name, value in error.details.items() if name not in standard}
    return {name: value for name, value in standard.items() if value is not None} | further


def problem_response(error: DomainError, scope: Scope, headers: Mapping[str, str] | None = None) -> Response:
    """The problem as an HTTP answer to this request, in the language that it asks for."""
    language = language_of(scope)
    return Response(
        content=pydantic_core.to_json(problem_body(error, request_id_of(scope), language)),
        status_code=error.status,
        headers={"Content-Language": language, "Vary": "Accept-Language", **error.headers, **(headers or {})},
        media_type=MEDIA_TYPE,
    )


def install_problem_handlers(app: FastAPI) -> None:
    """Make every refusal of the app a problem, those of the framework too."""
    app.add_exception_handler(DomainError, _on_domain_error)
    app.add_exception_handler(StoreUnavailable, _on_store_away)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)


class UnhandledErrors:
    """Answers an error that nobody expected with `internal`, and logs its type and places: its text may be personal.

    Stands outside every other middleware that may fail.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as error:
            log.error("request.failed", exc_info=error)
            if started:
                raise  # half an answer is out: the server has to cut the connection
            await problem_response(Internal(), scope)(scope, receive, send)


def request_id_of(scope: Scope) -> str | None:
    """The id that the request-id middleware gave to this request."""
    return cast("str | None", scope.get("state", {}).get("request_id"))


def _on_domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)
    return problem_response(error, request.scope)


def _on_store_away(request: Request, error: Exception) -> Response:
    return problem_response(Unavailable(), request.scope)


def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = _BY_STATUS.get(error.status_code, BadRequest if error.status_code < 500 else Internal)
    return problem_response(kind(), request.scope, error.headers)


def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults: Sequence[Mapping[str, Any]] = error.errors()
    problem: DomainError
    if any(fault["type"] == "json_invalid" for fault in faults):
        problem = MalformedJson(rule="syntax")
    elif isinstance(error.body, bytes) and error.body:
        problem = UnsupportedMediaType()  # a JSON body never comes to a route as bytes
    elif in_body := [fault for fault in faults if fault["loc"][0] == "body"]:
        problem = InvalidBody(details={"errors": [_body_fault(fault, error.body) for fault in in_body]})
    else:
        problem = InvalidParameter(details={"errors": [_parameter_fault(fault) for fault in faults]})
    return problem_response(problem, request.scope)


def _body_fault(fault: Mapping[str, Any], body: Any) -> dict[str, str]:
    return {"pointer": _pointer(fault, body), "message": _message(fault)}


def _parameter_fault(fault: Mapping[str, Any]) -> dict[str, str]:
    place, *names = fault["loc"]
    return {"in": str(place), "parameter": ".".join(str(name) for name in names), "message": _message(fault)}


def _pointer(fault: Mapping[str, Any], body: Any) -> str:
    """The JSON pointer to the fault.

    pydantic's location also names the branches of unions, which are no members: only what the body holds is followed,
    and then the name of a member that is missing. A member that nobody knows is not named: its name is input.
    """
    path: list[int | str] = list(fault["loc"][1:])
    last = path.pop() if path and fault["type"] in {"missing", "extra_forbidden"} else None
    tokens: list[int | str] = []
    for token in path:
        in_list = isinstance(body, list) and isinstance(token, int) and token < len(body)
        if in_list or (isinstance(body, dict) and token in body):
            body = body[token]
            tokens.append(token)
    if last is not None and fault["type"] == "missing":
        tokens.append(last)
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)


def _message(fault: Mapping[str, Any]) -> str:
    return str(fault["msg"]) if fault["type"] in _SPEAKS_OF_SCHEMA_ONLY else "Input is not valid"


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
