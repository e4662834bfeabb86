"""A person at the public door: their token, and one call a request."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
from gateway.own_tokens import OwnTokens


class Unexpected(Exception):
    """The door answered otherwise than was expected; the text shows the problem, which never holds personal data."""

    def __init__(self, what: str, expected: int, answer: httpx.Response) -> None:
        super().__init__(f"{what}: expected {expected}, got {answer.status_code} {answer.text[:500]}")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What the door answered."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> str | None:
        """The stable code of a problem."""
        return self.body.get("code") if isinstance(self.body, dict) else None


class Person:
    """Somebody with an access token. Every POST carries an Idempotency-Key of its own, unless one is given."""

    def __init__(self, http: httpx.Client, token: str) -> None:
        self._http = http
        self.token = token

    def get(self, path: str, **query: Any) -> Answer:
        """GET, whatever the answer."""
        return self.send("GET", path, params={name: each for name, each in query.items() if each is not None})

    def post(self, path: str, body: Any = None, *, key: str | None = None, wait: int | None = None) -> Answer:
        """POST, whatever the answer; `wait` asks for the state reached within so many seconds."""
        headers = {"Idempotency-Key": key or str(uuid4())}
        if wait is not None:
            headers["Prefer"] = f"wait={wait}"
        return self.send("POST", path, json=body, headers=headers)

    def put(self, path: str, body: Any, *, if_match: str | None = None) -> Answer:
        """PUT, whatever the answer: a change of what stands now, unless another version is named."""
        tag = if_match or self.get(path).headers.get("etag")
        return self.send("PUT", path, json=body, headers={} if tag is None else {"If-Match": tag})

    def send(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> Answer:
        """One request under `/v1`, whatever the answer."""
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        answer = self._http.request(method, f"/v1{path}", headers=sent, **more)
        return Answer(answer.status_code, answer.json() if answer.content else None, answer.headers)


class Door:
    """The public door and the issuer beside it."""

    def __init__(self, url: str, issuer: str, own_tokens: OwnTokens) -> None:
        self._http = httpx.Client(base_url=url, timeout=30, trust_env=False)
        self._issuer = httpx.Client(base_url=issuer, timeout=30, trust_env=False)
        self._own_tokens = own_tokens

    def close(self) -> None:
        """Let go of every connection."""
        self._http.close()
        self._issuer.close()

    def person(self, login: str) -> Person:
        """Somebody whom the issuer's people file knows."""
        answer = self._issuer.post("/token", json={"person": login})
        if answer.status_code != httpx.codes.OK:
            raise Unexpected("a token", 200, answer)
        return Person(self._http, answer.json()["access_token"])

    def client(self, *, organisation_id: UUID, client_id: UUID, request_id: UUID) -> Person:
        """The client of one request, as if they had followed the link in their e-mail just now."""
        return Person(self._http, self._own_tokens.client(organisation_id, client_id, request_id))

    def bearer(self, token: str) -> Person:
        """Whoever this token speaks for."""
        return Person(self._http, token)
