"""The system as the command reaches it: services over HTTP under a service's own token, and the people behind it."""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import httpx

from operations.console import Away, Refused
from operations.stack_file import StackFile

SECONDS = 30.0
REBUILD_SECONDS = 3_600.0


class System:
    """What `var/stack.json`, or the file that `DOORSTEP_STACK` names, says where to find."""

    def __init__(self, stack: StackFile | None = None) -> None:
        self.stack = stack or StackFile.read()
        self._http = httpx.Client(timeout=SECONDS, trust_env=False)

    @property
    def services(self) -> Sequence[str]:
        """The names of all services."""
        return list(self.stack.services)

    def database(self, service: str) -> str:
        """The URL of a service's database."""
        return self.stack.services[service].database_url.get_secret_value()

    def get(self, service: str, path: str, **query: Any) -> Any:
        """Ask a service. Errors: Refused, Away."""
        return self._ask(service, "GET", path, params={name: each for name, each in query.items() if each is not None})

    def post(
        self,
        service: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        timeout: float = SECONDS,
    ) -> Any:
        """Tell a service, under an idempotency key where its effect must be one. Errors: Refused, Away."""
        headers = {} if key is None else {"Idempotency-Key": key}
        return self._ask(service, "POST", path, json=body, headers=headers, timeout=timeout)

    def _ask(self, service: str, method: str, path: str, headers: Mapping[str, str] | None = None, **more: Any) -> Any:
        url = self.stack.services[service].url + path
        sent = {"Authorization": f"Bearer {self._token}", **(headers or {})}
        try:
            answer = self._http.request(method, url, headers=sent, **more)
        except httpx.TransportError as problem:
            raise Away(f"{service} does not answer at {self.stack.services[service].url}") from problem
        return _content(answer, service)

    @cached_property
    def _token(self) -> str:
        given = os.environ.get("DOORSTEP_TOKEN")
        if given:
            return given
        try:
            answer = self._http.post(f"{self.stack.issuer}/token", json={"person": self.stack.login})
        except httpx.TransportError as problem:
            raise Away(f"the issuer does not answer at {self.stack.issuer}") from problem
        token: str = _content(answer, "the issuer")["access_token"]
        return token


def _content(answer: httpx.Response, service: str) -> Any:
    if answer.is_success:
        return answer.json() if answer.content else None
    try:
        problem = answer.json()
        code, title = str(problem["code"]), str(problem.get("detail") or problem["title"])
    except (ValueError, KeyError, TypeError):
        code, title = f"http_{answer.status_code}", f"{service} answered {answer.status_code}"
    if answer.status_code >= 500:
        raise Away(f"{service}: {title} ({code})")
    raise Refused(code, title)
