"""How often one person, or one address, may ask; more is refused with the time to wait. Counted in each process for itself.

By the generic cell rate algorithm: one instant a key, no window to reset, and the exact time until the next is allowed.
"""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from doorstep_chassis.auth import Principal, principal
from doorstep_chassis.errors import DomainError
from doorstep_chassis.problems import problem_response
from fastapi import Depends, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.portals.session import Session, current
from gateway.settings import GatewaySettings

WINDOW_SECONDS = 60
MOST_KEYS = 50_000
"""Persons and addresses remembered at once; whoever was silent longest is forgotten first."""


class TooManyRequests(DomainError):
    """The person, or the address, asks more often than one may; `Retry-After` says in how many seconds to come back."""

    code = "too_many_requests"
    status = 429

    def __init__(self, spent: "Spent") -> None:
        super().__init__(details={"limit": spent.rule.name})
        self.headers = {"Retry-After": str(max(1, math.ceil(spent.wait))), **spent.headers()}  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class Rule:
    """So many a minute, all at once if need be."""

    name: str
    a_minute: int


@dataclass(frozen=True, slots=True)
class Spent:
    """What is left of a rule: requests, seconds until all are allowed again, seconds to `wait` when one was refused."""

    rule: Rule
    remaining: int
    reset: float
    wait: float = 0.0

    def headers(self) -> dict[str, str]:
        """As the IETF's draft of RateLimit header fields has it."""
        name = self.rule.name
        return {
            "RateLimit": f'"{name}";r={self.remaining};t={math.ceil(self.reset)}',
            "RateLimit-Policy": f'"{name}";q={self.rule.a_minute};w={WINDOW_SECONDS}',
        }


class Meter:
    """How much of each rule each key has spent: never more than `most_keys` of them."""

    def __init__(self, now: Callable[[], float] = time.monotonic, most_keys: int = MOST_KEYS) -> None:
        self._now = now
        self._most = most_keys
        self._due: OrderedDict[tuple[str, str], float] = OrderedDict()
        """The instant at which each will have its whole allowance again."""

    def __len__(self) -> int:
        return len(self._due)

    def take(self, rule: Rule, key: str) -> Spent:
        """Spend one. Errors: TooManyRequests."""
        return self._spend(rule, key, 1)

    def look(self, rule: Rule, key: str) -> Spent:
        """Whether one could be spent. Errors: TooManyRequests."""
        return self._spend(rule, key, 0)

    def _spend(self, rule: Rule, key: str, number: int) -> Spent:
        now, each = self._now(), WINDOW_SECONDS / rule.a_minute
        due = max(now, self._due.get((rule.name, key), now))
        wait = due + each - now - WINDOW_SECONDS
        if wait > 1e-9:  # sums of fractions of a minute
            self._due.move_to_end((rule.name, key))
            raise TooManyRequests(Spent(rule, 0, due - now, wait))
        due += number * each
        if number:
            self._due[rule.name, key] = due
            self._due.move_to_end((rule.name, key))
            self._forget(now)
        return Spent(rule, math.floor((WINDOW_SECONDS - (due - now)) / each + 1e-9), due - now)

    def _forget(self, now: float) -> None:
        while len(self._due) > self._most or next(iter(self._due.values())) <= now:
            self._due.popitem(last=False)


# Whose request it is


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def address_of(scope: Scope, trusted: Sequence[Network]) -> str:
    """The caller's address: that of the socket, or the last one in `X-Forwarded-For` that no proxy of ours has.

    An IPv6 address counts as its /64, which is what one caller has.
    """
    client = scope.get("client")
    address = _parsed(client[0] if client else "")
    if _within(address, trusted):
        hops = ",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")
        for hop in reversed(hops):
            told = _parsed(hop.strip())
            if told is None:
                break
            address = told
            if not _within(told, trusted):
                break
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _within(address: ipaddress.IPv4Address | ipaddress.IPv6Address | None, networks: Sequence[Network]) -> bool:
    return address is not None and any(address in network for network in networks)


# What stands before the routes


GUARDED = ("/login", "/portal")
"""Where somebody without an account may try things: signing in, links from e-mails and their renewal."""

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_REFUSED = frozenset({401, 403, 404, 410})


class RateLimits:
    """Middleware: what an address may ask of guarded pages, how often it may guess wrong, and headers for all limits."""

    def __init__(self, app: ASGIApp, settings: GatewaySettings, meter: Meter | None = None) -> None:
        self.app = app
        self.meter = meter or Meter()
        self.trusted = settings.trusted_proxies
        self.reads = Rule("reads", settings.reads_a_minute)
        self.writes = Rule("writes", settings.writes_a_minute)
        self.visits = Rule("visits", settings.visits_a_minute)
        self.entries = Rule("entries", settings.entries_a_minute)
        self.failures = Rule("failures", settings.failures_a_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})["limits"] = self
        guarded = any(scope["path"] == path or scope["path"].startswith(f"{path}/") for path in GUARDED)
        address = address_of(scope, self.trusted)
        try:
            if guarded:
                self.meter.look(self.failures, address)
                scope["state"]["spent"] = self.meter.take(self.entries, address)
        except TooManyRequests as problem:
            await problem_response(problem, scope)(scope, receive, send)
            return
        refused: TooManyRequests | None = None

        async def watch(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start":
                if message["status"] == 401 or (guarded and message["status"] in _REFUSED):
                    try:
                        self.meter.take(self.failures, address)
                    except TooManyRequests as problem:
                        refused = problem
                headers, spent = MutableHeaders(scope=message), scope["state"].get("spent")
                if spent is not None and "ratelimit" not in headers:
                    headers.update(spent.headers())
            if refused is None:
                await send(message)

        await self.app(scope, receive, watch)
        if refused is not None:
            await problem_response(refused, scope)(scope, receive, send)

    def charge(self, request: Request, who: Principal | None) -> None:
        """Count this request for the person, or for the address where nobody is known. Errors: TooManyRequests."""
        if who is None:
            rule, key = self.visits, address_of(request.scope, self.trusted)
        else:
            rule = self.reads if request.method in _READING else self.writes
            key = f"{who.organisation_id}:{who.person_id}"
        request.state.spent = self.meter.take(rule, key)


async def per_person(request: Request, who: Annotated[Principal, Depends(principal)]) -> None:
    """FastAPI dependency: the token's person may ask so often, and change things less often."""
    _charge(request, who)


async def per_visitor(request: Request) -> None:
    """FastAPI dependency for pages: the same for who is signed in, else by address. Static files are free."""
    if request.url.path.startswith("/static/"):
        return
    session: Session | None = await current(request)
    _charge(request, None if session is None else session.principal)


def _charge(request: Request, who: Principal | None) -> None:
    limits: RateLimits | None = getattr(request.state, "limits", None)
    if limits is not None:
        limits.charge(request, who)
