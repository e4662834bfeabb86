"""The client's link on the running stack: from their mail to their answer, and a new link for one that ran out."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from doorstep_local.services import Doorstep
from operations.main import app
from typer.testing import CliRunner

from .scene import HOME, Scene

PAGE = {"Accept": "text/html", "Accept-Language": "en"}
CHOSEN = {"action": "validate", "where": "other", **{name: value or "" for name, value in HOME.items()}}


class Client:
    """Somebody with a mailbox and a browser, and no account."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.contact = scene.contact("Agathe", f"Vial-{scene.tag}")
        self.http = httpx.Client(headers=PAGE, timeout=20)

    def links(self) -> list[str]:
        """The links in their mails, the oldest first."""
        found = httpx.get(f"{self.scene.doorstep.mail}/api/messages", params={"to": self.contact["email"]}).json()
        mails = sorted(found, key=lambda mail: mail["number"])
        return [link for mail in mails for link in re.findall(r"http\S+/portal/[\w-]{64}", mail["text"])]

    def link(self, number: int = 0) -> str:
        """One of them, as soon as it is there."""
        self.scene.until(lambda: len(self.links()) > number, True)
        return self.links()[number]

    def heading(self, link: str) -> str:
        """What the page says above all."""
        found = re.search(r"<h1>(.*?)</h1>", self.http.get(link).text, re.S)
        assert found is not None
        return found[1].strip()

    def send(self, link: str, fields: Mapping[str, Any], *, to: str = "") -> httpx.Response:
        """The form of the page."""
        csrf = re.search(r'name="csrf" value="(\w+)"', self.http.get(link).text)
        assert csrf is not None
        return self.http.post(link + to, data={"csrf": csrf[1], "key": "one", **fields})


@pytest.fixture
def advance(doorstep: Doorstep, stack_directory: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`doorstep clock advance`, on this stack."""
    doorstep.file.write(stack_directory / "clock-of-flows.json")
    monkeypatch.setenv("DOORSTEP_STACK", str(stack_directory / "clock-of-flows.json"))

    def by(span: str) -> None:
        moved = CliRunner().invoke(app, ["clock", "advance", span])
        assert moved.exit_code == 0, moved.output

    return by


@pytest.fixture
def client(scene: Scene) -> Client:
    return Client(scene)


def test_the_link_in_the_mail_leads_to_a_confirmed_visit(scene: Scene, client: Client) -> None:
    scene.known(client.contact, card=False)
    request = scene.draft(client.contact)
    scene.launch(request)
    link = client.link()

    assert [client.http.request(method, link).status_code for method in ("HEAD", "GET", "GET")] == [200] * 3
    assert client.heading(link) == "Agathe, we need your approval"
    assert client.send(link, {**CHOSEN, "where": "noted", "pay": "visa"}).status_code == 303

    scene.until_state(request, "confirmed")
    scene.until(lambda: client.heading(link), "Your visit is confirmed")
    assert "How to cancel" in client.http.get(link).text
    assert client.links() == [link]


def test_a_new_client_types_an_address_and_a_way_to_pay(scene: Scene, client: Client) -> None:
    request = scene.draft(client.contact)
    scene.launch(request, "client")
    link = client.link()

    missing = client.send(link, {"action": "validate", "where": "other", "postal_code": "69003"})
    assert (missing.status_code, missing.text.count('aria-invalid="true"')) == (422, 2)
    assert client.send(link, {**CHOSEN, "pay": "visa"}).status_code == 303
    scene.until(lambda: scene.shown(request)["client_gate"]["open"], True)


def test_an_address_elsewhere_waits_for_an_operator(scene: Scene, client: Client) -> None:
    request = scene.draft(client.contact)
    scene.launch(request, "client")
    link = client.link()

    elsewhere = {**CHOSEN, "postal_code": "75011", "locality": "Paris", "pay": "visa"}
    assert client.send(link, elsewhere).status_code == 422
    assert client.send(link, {**elsewhere, "outside": "yes"}).status_code == 303
    scene.until(lambda: scene.gates(request)[0], ["validation", "address_outside_zone"])
    assert client.heading(link) == "Thank you, we have your address"


def test_a_client_declines(scene: Scene, client: Client) -> None:
    scene.known(client.contact)
    request = scene.draft(client.contact)
    scene.launch(request, "client")
    link = client.link()

    assert client.send(link, {"action": "decline", "reason": "4242 4242 4242 4242"}).status_code == 422
    assert client.send(link, {"action": "decline", "reason": "We are away"}).status_code == 303
    scene.until_state(request, "declined")
    scene.until(lambda: client.heading(link), "You have declined this visit")


def test_a_link_that_ran_out_brings_a_new_one(scene: Scene, client: Client, advance: Callable[[str], None]) -> None:
    scene.known(client.contact)
    request = scene.draft(client.contact, start=scene.monday(9, week=3))
    scene.launch(request, "client")
    link = client.link()

    advance("49h")
    scene.until(lambda: client.http.get(link).status_code, 410)
    sent = client.send(link, {}, to="/renewal")
    assert (sent.status_code, client.heading(f"{link}?sent=true")) == (303, "Look into your mailbox")

    renewed = client.link(1)
    assert client.http.get(link).status_code == 410
    assert client.send(renewed, {**CHOSEN, "where": "file"}).status_code == 303
    odile = scene.door.person(f"odile-{scene.tag}")  # the session of before is over too
    scene.until(lambda: scene.shown(request, odile)["state"], "confirmed")


def test_a_clients_link_is_for_one_request_alone(scene: Scene, client: Client) -> None:
    scene.known(client.contact)
    requests = [scene.draft(client.contact, start=scene.monday(hour)) for hour in (9, 14)]
    for request in requests:
        scene.launch(request, "client")
    scene.until(lambda: len(client.links()), 2)

    client.send(client.link(), {"action": "decline"})

    scene.until(lambda: sorted(scene.shown(request)["state"] for request in requests), ["declined", "launched"])
    scene.until(
        lambda: sorted(client.heading(link) for link in client.links()),
        ["Agathe, we need your approval", "You have declined this visit"],
    )
