"""Entity tags and the conditions on them (RFC 9110, 13): what a person was shown, told apart from anything else."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import pydantic_core
from starlette.requests import Request
from starlette.responses import Response

from doorstep_chassis.errors import DomainError

_TAG = re.compile(r'\s*(W/)?("[\x21\x23-\x7e\x80-\xff]*")\s*')


class PreconditionRequired(DomainError):
    """A change names in `If-Match` the ETag of what it was decided on, so that it never undoes what nobody has seen."""

    code = "precondition_required"
    status = 428


class PreconditionFailed(DomainError):
    """What was to be changed has changed since it was read: it has another ETag than `If-Match` names."""

    code = "precondition_failed"
    status = 412


class IfMatchInvalid(DomainError):
    """`If-Match` is `*`, or ETags as answers gave them, separated by commas."""

    code = "if_match_invalid"
    status = 400


@dataclass(frozen=True, slots=True)
class IfMatch:
    """The condition of a change: one of these tags is that of what stands now. A weak tag is never the same."""

    tags: frozenset[str]
    any: bool = False

    @classmethod
    def of(cls, request: Request) -> Self | None:
        """The request's condition; None without one. Errors: IfMatchInvalid."""
        if "if-match" not in request.headers:
            return None
        named = _named(request, "if-match")
        if named is None:
            raise IfMatchInvalid(field="If-Match")
        return cls(frozenset(tag for weak, tag in named if not weak), ("", "*") in named)

    def require(self, tag: Callable[[], str] | None) -> None:
        """Refuse unless it holds of what stands now, if anything does. Errors: PreconditionFailed, and those of `tag`."""
        if tag is None or (tag() not in self.tags and not self.any):
            raise PreconditionFailed(field="If-Match")


def etag_of(shown: bytes, key: bytes) -> str:
    """The strong tag of what somebody is shown: other bytes, another tag.

    It depends on nothing else, so it tells no more than they see: not how often a thing has changed out of their sight.
    Keyed, for a plain hash of personal data is soon guessed.
    """
    return f'"{hashlib.blake2b(shown, key=key[:64], digest_size=12).hexdigest()}"'


def rendered(shown: Any) -> bytes:
    """A model, or plain data, as the JSON that is sent and that its tag is made of."""
    return pydantic_core.to_json(shown)


def representation(request: Request, content: bytes, key: bytes) -> Response:
    """What stands, with its tag; 304 to who has it already. Not to be kept without asking: it may be personal."""
    tag = etag_of(content, key)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    known = _named(request, "if-none-match") or () if request.method == "GET" else ()
    if any(each in {tag, "*"} for _, each in known):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type="application/json")


def _named(request: Request, header: str) -> list[tuple[str, str]] | None:
    """The tags of a header, each with its mark of weakness; `*` stands for any; None when it is not one."""
    text = ",".join(request.headers.getlist(header))
    if text.strip() == "*":
        return [("", "*")]
    named: list[tuple[str, str]] = []
    at = 0
    while found := _TAG.match(text, at):
        named.append((found[1] or "", found[2]))
        if found.end() == len(text):
            return named
        if text[found.end()] != ",":
            return None
        at = found.end() + 1
    return None
