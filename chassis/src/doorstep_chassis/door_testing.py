"""What every route of every service has to hold, asked of each route that its OpenAPI description names."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI

from doorstep_chassis.auth import Role

ROLES: tuple[Role, ...] = ("worker", "client", "operator", "service")
NOBODY = UUID(int=0xABCDEF)
"""An id that nothing has."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks: the claims of their token."""

    role: Role
    sub: UUID
    org: UUID
    request: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route with what is needed to try it: who may ask, and a body or query that is sound."""

    who: Person
    strangers: Sequence[Person] = ()
    """Whose role may ask, but not for this object."""
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    also: frozenset[Role] = frozenset()
    """Further roles that may ask."""

    @property
    def roles(self) -> frozenset[Role]:
        """The roles that may ask."""
        return self.also | {self.who.role}


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules, asked over HTTP of the routes by their method and template: `POST /requests/{request_id}/launch`."""

    app: FastAPI
    http: httpx.AsyncClient
    token: Callable[[Person], str]
    routes: Mapping[str, Route]
    ids: Mapping[str, UUID]
    """What stands in the place of each parameter of a path, or of a query, that is an id."""
    head: Callable[[], Awaitable[int]]

    def declared(self) -> set[str]:
        """Every route by the description of the API."""
        paths = self.app.openapi()["paths"]
        return {f"{method.upper()} {path}" for path, operations in paths.items() for method in operations}

    def named(self, *methods: str) -> Iterator[tuple[str, Route]]:
        """The routes of these methods."""
        return ((name, route) for name, route in self.routes.items() if name.partition(" ")[0] in methods)

    async def ask(
        self,
        name: str,
        route: Route,
        who: Person | None = None,
        *,
        ids: Mapping[str, UUID] | None = None,
        content: bytes | None = None,
        **headers: str | None,
    ) -> httpx.Response:
        """Ask as this person, by default who may; a header that is None is left out."""
        method, _, template = name.partition(" ")
        values = self.ids if ids is None else ids
        query = {each: str(values.get(each, value)) for each, value in route.query.items()}
        if content is None and route.body is not None:
            content = json.dumps(route.body).encode()
        given: dict[str, str | None] = {"authorization": f"Bearer {self.token(who or route.who)}"}
        if content is not None:
            given["content-type"] = "application/json"
        if method == "POST":
            given["idempotency-key"] = str(uuid4())
        if method == "PUT":
            given["if-match"] = "*"
        given |= {each.replace("_", "-"): value for each, value in headers.items()}
        sent = {each: value for each, value in given.items() if value is not None}
        path = template.format(**values)
        return await self.http.request(method, path, params=query, content=content, headers=sent)

    async def every_route_is_tried(self) -> None:
        """The rules name every route that the API describes, and no other."""
        assert self.declared() == set(self.routes)

    async def json_is_strict(self) -> None:
        """Every body that is not sound JSON is refused by its own code, before anything is written."""
        head = await self.head()
        for name, route in self.named("POST", "PUT"):
            if route.body is None:
                continue
            for content, expected in _unsound(route.body):
                answer = await self.ask(name, route, content=content)
                assert _told(answer) == expected, (name, content, answer.text)
            sound = json.dumps(route.body).encode()
            for kind in (None, "text/plain", "application/xml", "application/json; charset=latin-1"):
                answer = await self.ask(name, route, content=sound, content_type=kind)
                assert _told(answer) == (415, "unsupported_media_type", None), (name, kind, answer.text)
        assert await self.head() == head

    async def unknown_members_are_refused(self) -> None:
        """A member that no route knows is refused wherever it stands, and not repeated."""
        head = await self.head()
        for name, route in self.named("POST", "PUT"):
            for body in _with_unknown({} if route.body is None else route.body):
                answer = await self.ask(name, route, content=json.dumps(body).encode())
                assert _told(answer) == (422, "invalid_body", None), (name, body, answer.text)
                assert "zz_unknown" not in answer.text, name
        assert await self.head() == head

    async def roles_are_judged(self) -> None:
        """Another role may not, and nobody may without a token."""
        head = await self.head()
        for name, route in self.routes.items():
            for role in sorted(set(ROLES) - route.roles):
                answer = await self.ask(name, route, Person(role, route.who.sub, route.who.org))
                assert _told(answer) == (403, "wrong_role", None), (name, role, answer.text)
            answer = await self.ask(name, route, authorization=None)
            assert _told(answer) == (401, "token_missing", None), (name, answer.text)
        assert await self.head() == head

    async def what_is_anothers_looks_absent(self) -> None:
        """To a stranger an object that is there and one that is not look alike: the same answer but for its id."""
        head = await self.head()
        absent = dict.fromkeys(self.ids, NOBODY)
        for name, route in self.routes.items():
            for stranger in route.strangers:
                there = await self.ask(name, route, stranger, x_request_id="same")
                nothing = await self.ask(name, route, stranger, ids=absent, x_request_id="same")
                assert _shape(there, self.ids) == _shape(nothing, absent), (name, stranger, there.text)
                if "{" in name:
                    assert there.status_code == 404, (name, stranger, there.text)
        assert await self.head() == head

    async def what_is_shown_has_its_tag(self) -> None:
        """One thing is shown with its strong tag, and not again to who has it."""
        for name, route in self.named("GET"):
            answer = await self.ask(name, route)
            assert answer.status_code == 200, (name, answer.text)
            tag = answer.headers.get("etag")
            if "{" in name:
                assert tag is not None, name
            if tag is not None:
                assert tag.startswith('"'), name
                again = await self.ask(name, route, if_none_match=tag)
                assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag), name

    async def changes_are_conditional(self) -> None:
        """A PUT says what it was decided on; a POST that says so is held to it; and nothing is written otherwise."""
        head = await self.head()
        for name, route in self.named("PUT"):
            missing = await self.ask(name, route, if_match=None)
            assert _told(missing)[:2] == (428, "precondition_required"), (name, missing.text)
        for name, route in self.named("PUT", "POST"):
            answer = await self.ask(name, route, if_match='"another"')
            assert _told(answer)[:2] == (412, "precondition_failed"), (name, answer.text)
        assert await self.head() == head


Rule = Callable[[Rules], Awaitable[None]]
RULES: tuple[Rule, ...] = (
    Rules.every_route_is_tried,
    Rules.json_is_strict,
    Rules.unknown_members_are_refused,
    Rules.roles_are_judged,
    Rules.what_is_anothers_looks_absent,
    Rules.what_is_shown_has_its_tag,
    Rules.changes_are_conditional,
)
"""All of them, for a parametrised test."""


def _told(answer: httpx.Response) -> tuple[int, Any, Any]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"], answer.json().get("rule")


def _shape(answer: httpx.Response, ids: Mapping[str, UUID]) -> tuple[int, str, list[tuple[str, str]]]:
    text = answer.text
    for each in ids.values():
        text = text.replace(str(each), "id")
    return answer.status_code, text, sorted(answer.headers.items())


def _unsound(body: Mapping[str, Any]) -> Iterator[tuple[bytes, tuple[int, str, str | None]]]:
    text = json.dumps(body).encode()
    name, value = next(iter(body.items()), ("zz_unknown", 1))
    for rule, more in (
        ("duplicate_member", f'"zz":1,{json.dumps(name)}:1,{json.dumps(name)}:{json.dumps(value)}'),
        ("number_not_finite", '"zz":NaN'),
        ("number_not_finite", '"zz":-Infinity'),
        ("number_out_of_range", '"zz":1e999'),
        ("number_out_of_range", '"zz":9223372036854775808'),
        ("syntax", '"zz":'),
    ):
        yield text[:-1] + (b"," if body else b"") + more.encode() + b"}", (400, "malformed_json", rule)
    yield b"\xef\xbb\xbf" + text, (400, "malformed_json", "byte_order_mark")
    yield text[:-1] + b',"zz":"\xe9"}', (400, "malformed_json", "encoding")
    for depth in (33, 20_000):
        yield text[:-1] + b',"zz":' + b"[" * depth + b"]" * depth + b"}", (400, "too_deep", None)


def _with_unknown(body: Any) -> Iterator[Any]:
    """The body with one member too many, in each of its objects."""
    if isinstance(body, dict):
        yield {**body, "zz_unknown": 1}
        for name, value in body.items():
            yield from ({**body, name: changed} for changed in _with_unknown(value))
    elif isinstance(body, list):
        for at, value in enumerate(body):
            yield from ([*body[:at], changed, *body[at + 1 :]] for changed in _with_unknown(value))
