"""Every refusal is a named exception with a stable code that programs may rely on."""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar

_SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_by_code: dict[tuple[str, str], type["DomainError"]] = {}
"""By code and package: services that refuse for the same reason use the same code, each by a class of its own."""

_CHASSIS = __name__.partition(".")[0]


class DomainError(Exception):
    """A refusal that a rule of the domain calls for; its texts never hold anything personal.

    `code` is the stable name, `status` the HTTP status it is shown as, `title` its short text (from the code when not
    given). An instance may name the `field` at fault, the `instant` that decided, the `rule` of the domain, and further
    JSON members as `details`.
    """

    code: ClassVar[str] = "domain_error"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "Domain error"
    headers: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        code = cls.__dict__.get("code")
        if not isinstance(code, str) or not _SNAKE_CASE.fullmatch(code):
            raise TypeError(f"{cls.__qualname__} needs a snake_case code of its own")
        package = cls.__module__.partition(".")[0]
        owner = _by_code.get((code, package)) or _by_code.get((code, _CHASSIS))
        if owner and (owner.__module__, owner.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(f"code {code!r} of {cls.__qualname__} belongs to {owner.__module__}.{owner.__qualname__}")
        if "title" not in cls.__dict__:
            cls.title = code.replace("_", " ").capitalize()
        _by_code[code, package] = cls

    def __init__(
        self,
        detail: str | None = None,
        *,
        field: str | None = None,
        instant: datetime | None = None,
        rule: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.field = field
        self.instant = instant
        self.rule = rule
        self.details: Mapping[str, Any] = MappingProxyType(dict(details or {}))


class NotFound(DomainError):
    """What was asked for does not exist, or is not for this person to see."""

    code = "not_found"
    status = 404


class Forbidden(DomainError):
    """The person is known but may not do this."""

    code = "forbidden"
    status = 403


class Unauthorised(DomainError):
    """The request does not say who is asking in a way that can be believed."""

    code = "unauthorised"
    status = 401
    headers: ClassVar[Mapping[str, str]] = MappingProxyType({"WWW-Authenticate": "Bearer"})


class Invalid(DomainError):
    """The request is well formed, but its content breaks a rule."""

    code = "invalid"
    status = 422


class Conflict(DomainError):
    """The state does not allow this now."""

    code = "conflict"
    status = 409


class Unavailable(DomainError):
    """Something that is needed is away for the moment; the same request may succeed later."""

    code = "unavailable"
    status = 503
    headers: ClassVar[Mapping[str, str]] = MappingProxyType({"Retry-After": "1"})


def error_catalogue() -> tuple[type[DomainError], ...]:
    """Every error class that this process has imported, ordered by code, then by package."""
    return tuple(_by_code[key] for key in sorted(_by_code))
