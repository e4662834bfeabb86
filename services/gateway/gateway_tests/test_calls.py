"""What a page asks of a service: a form that was sent twice at once has one answer."""

from typing import Any

import httpx
import pytest
from gateway.portals import calls
from gateway.portals.calls import Calls, Refused
from gateway.upstream import Upstream


class Service:
    """A service that answers these, one after the other."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.left = list(answers)
        self.keys: list[str] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.keys.append(request.headers["idempotency-key"])
        status, body = self.left.pop(0)
        return httpx.Response(status, json=body)

    async def post(self) -> Any:
        urls: dict[Any, str] = {"request-intake": "http://intake.test"}
        upstream = Upstream(urls, timeout=1, transport=httpx.MockTransport(self.answer))
        return await Calls(upstream, {}).post("request-intake", "/requests", {"a": 1}, key="k")


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "_IN_FLIGHT_PAUSES", (0, 0))


IN_FLIGHT = (409, {"code": "idempotency_key_in_flight"})


async def test_the_second_click_waits_for_the_answer_to_the_first() -> None:
    service = Service(IN_FLIGHT, IN_FLIGHT, (201, {"request_id": "r"}))
    assert (await service.post(), service.keys) == ({"request_id": "r"}, ["k"] * 3)


async def test_it_does_not_wait_for_ever() -> None:
    service = Service(*[IN_FLIGHT] * 4)
    with pytest.raises(Refused) as refused:
        await service.post()
    assert (refused.value.code, len(service.keys)) == ("idempotency_key_in_flight", 3)


async def test_another_refusal_is_told_at_once() -> None:
    service = Service((409, {"code": "request_ended"}))
    with pytest.raises(Refused) as refused:
        await service.post()
    assert (refused.value.code, len(service.keys)) == ("request_ended", 1)
