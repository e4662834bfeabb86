"""A JSON body means one thing to every program, or it is refused before any route sees it (RFC 8259, I-JSON of RFC 7493)."""

import json
import math
import re
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doorstep_chassis.errors import DomainError
from doorstep_chassis.problems import BodyTooLarge, MalformedJson, UnsupportedMediaType, problem_response

MAX_DEPTH = 32
"""How deep objects and lists may stand in each other."""

_SMALLEST, _LARGEST = -(2**63), 2**63 - 1
_LONGEST_INTEGER = 20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Both run in linear time, whatever they are given: they never give back what they have taken.
_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_INNERMOST = re.compile(rb"[\[{][^\[\]{}]*+[\]}]")


class TooDeep(DomainError):
    """The objects and lists of the body stand deeper in each other than the service follows."""

    code = "too_deep"
    status = 400


def check_json(content: bytes) -> None:
    """Refuse what is not JSON, or what two programs may read differently. Errors: MalformedJson, TooDeep."""
    if content.startswith(_BYTE_ORDER_MARK):
        raise MalformedJson(rule="byte_order_mark")
    if content.count(b"[") + content.count(b"{") > MAX_DEPTH:
        _check_depth(content)
    try:
        _DECODER.decode(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise MalformedJson(rule="encoding") from None  # the cause quotes the body
    except ValueError:
        raise MalformedJson(rule="syntax") from None
    except RecursionError:
        raise TooDeep from None


def _check_depth(content: bytes) -> None:
    """Take the innermost pairs away, level by level: what then still opens stood deeper than the limit."""
    rest = _TEXT.sub(b"", content)
    for _ in range(MAX_DEPTH):
        rest, taken = _INNERMOST.subn(b"", rest)
        if not taken:
            break
    if _INNERMOST.search(rest) or rest.count(b"[") + rest.count(b"{") > MAX_DEPTH:
        raise TooDeep


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise MalformedJson(rule="duplicate_member")
    return found


def _integer(text: str) -> int:
    number = int(text) if len(text) <= _LONGEST_INTEGER else _LARGEST + 1  # Python refuses to read very long ones
    if not _SMALLEST <= number <= _LARGEST:
        raise MalformedJson(rule="number_out_of_range")
    return number


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise MalformedJson(rule="number_out_of_range")
    return number


def _no_number(name: str) -> float:
    raise MalformedJson(rule="number_not_finite")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_no_number
)


class StrictJson:
    """Reads each JSON body once before the app does. Stands inside BodyLimit, which bounds what is read."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        media_type, _, parameters = headers.get("content-type", "").partition(";")
        media_type = media_type.strip().lower()
        if media_type != "application/json" and not media_type.endswith("+json"):
            await self.app(scope, receive, send)  # a form, or a body that its route will refuse
            return
        replay: list[Message] = []
        try:
            if media_type != "application/json" or not _plain_utf8(parameters, headers):
                raise UnsupportedMediaType
            content = await _read(receive, replay)
            if content:
                check_json(content)
        except DomainError as refusal:
            await problem_response(refusal, scope)(scope, receive, send)
        except HTTPException:
            await problem_response(BodyTooLarge(), scope)(scope, receive, send)
        else:

            async def again() -> Message:
                return replay.pop(0) if replay else await receive()

            await self.app(scope, again, send)


def _plain_utf8(parameters: str, headers: Headers) -> bool:
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]*)", parameters, re.IGNORECASE)
    return (charset is None or charset[1].lower() in {"utf-8", "utf8"}) and (
        headers.get("content-encoding", "identity").strip().lower() == "identity"
    )


async def _read(receive: Receive, replay: list[Message]) -> bytes:
    """The whole body; the empty one when the caller went away before its end. `replay` takes what has arrived."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        replay.append(message)
        if message["type"] != "http.request":
            return b""
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)
