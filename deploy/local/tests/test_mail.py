"""The mail catcher takes mail by SMTP and shows it; a message that comes twice is shown once."""

import smtplib
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from doorstep_local.mail import Mailbox, pages
from doorstep_local.places import free_port
from doorstep_local.process import ManagedProcess


def mail(
    number: int = 1, subject: str = "Ménage : c’est confirmé", html: str = "<html><head></head><p>Hé</p></html>"
) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "bonjour@doorstep.example", "marie@mail.example", subject
    made["Message-ID"] = f"<{number}@doorstep.example>"
    made.set_content("Hé\n")
    made.add_alternative("<html><head></head><p>Hé</p></html>", subtype="html")
    return made


def take(mailbox: Mailbox, made: EmailMessage) -> None:
    mailbox.take("bonjour@doorstep.example", ["marie@mail.example"], made.as_bytes())


def test_one_message_id_is_one_mail_with_a_count_of_arrivals() -> None:
    mailbox = Mailbox()
    for number in (1, 1, 2):
        take(mailbox, mail(number))
    assert [(each.message_id, each.arrivals) for each in mailbox.all()] == [
        ("<2@doorstep.example>", 1),
        ("<1@doorstep.example>", 2),
    ]


def test_only_so_many_are_kept() -> None:
    mailbox = Mailbox(most=2)
    for number in (1, 2, 3):
        take(mailbox, mail(number))
    assert [each.number for each in mailbox.all()] == [3, 2]


async def test_the_pages_show_what_was_caught() -> None:
    mailbox = Mailbox()
    take(mailbox, mail(subject="<script>x</script>"))
    transport = httpx.ASGITransport(pages(mailbox))
    async with httpx.AsyncClient(transport=transport, base_url="http://mail.test") as http:
        assert "&lt;script&gt;x&lt;/script&gt;" in (await http.get("/")).text
        shown = (await http.get("/messages/1")).text
        assert "<iframe sandbox='allow-popups allow-popups-to-escape-sandbox'" in shown
        assert "<pre>Hé\n</pre>" in shown
        html = (await http.get("/messages/1/html")).text
        assert html == "<html><head><base target='_blank'></head><p>Hé</p></html>\n"
        assert (await http.get("/messages/9")).status_code == 404
        to_marie = await http.get("/api/messages", params={"to": "marie@mail.example"})
        assert [each["text"] for each in to_marie.json()] == ["Hé\n"]
        assert (await http.get("/api/messages", params={"to": "paul@mail.example"})).json() == []
        assert (await http.delete("/api/messages")).status_code == 204
        assert (await http.get("/api/messages")).json() == []


@pytest.fixture
def catcher(tmp_path: Path) -> Iterator[tuple[int, str]]:
    smtp, http = free_port(), free_port()
    command = (sys.executable, "-m", "doorstep_local.mail", "--smtp-port", str(smtp), "--http-port", str(http))
    process = ManagedProcess("mail", command, directory=tmp_path)
    process.start()
    url = f"http://127.0.0.1:{http}"

    def ready() -> bool:
        try:
            return httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    process.wait_ready(ready, timeout=30)
    yield smtp, url
    process.stop()


def test_the_process_takes_mail_by_smtp(catcher: tuple[int, str]) -> None:
    port, url = catcher
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.send_message(mail())
        server.send_message(mail())
    caught = httpx.get(f"{url}/api/messages", trust_env=False).json()
    assert [(each["to"], each["subject"], each["arrivals"]) for each in caught] == [
        (["marie@mail.example"], "Ménage : c’est confirmé", 2)
    ]
