"""`python -m doorstep_local.mail`: takes every mail of the local stack, delivers none, and shows them at an address.

`GET /` is the list, `GET /api/messages` the same for programs, the newest first; `?to=` keeps those to one address.
"""

import argparse
import asyncio
import email.policy
import sys
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from html import escape
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from doorstep_chassis.http import serve, stop_on_signals
from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse

HOST = "127.0.0.1"
MOST = 1_000
"""How many mails are kept; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Caught:
    """A mail as it first came, and how often it did."""

    number: int
    message_id: str
    sender: str
    to: tuple[str, ...]
    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...]
    caught_at: datetime
    arrivals: int = 1

    def shown(self) -> dict[str, Any]:
        """For programs."""
        return {
            "number": self.number,
            "message_id": self.message_id,
            "from": self.sender,
            "to": list(self.to),
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "headers": [list(header) for header in self.headers],
            "caught_at": self.caught_at.isoformat(),
            "arrivals": self.arrivals,
        }


class Mailbox:
    """All that was caught; a Message-ID that comes again is the same mail, as for any mailbox."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._caught: OrderedDict[str, Caught] = OrderedDict()
        self._count = 0

    def take(self, sender: str, to: Sequence[str], content: bytes) -> None:
        """One arrival."""
        mail = message_from_bytes(content, policy=email.policy.default)
        message_id = str(mail["Message-ID"] or f"<none-{self._count + 1}>")
        known = self._caught.get(message_id)
        if known is not None:
            self._caught[message_id] = replace(known, arrivals=known.arrivals + 1)
            return
        self._count += 1
        self._caught[message_id] = Caught(
            number=self._count,
            message_id=message_id,
            sender=sender,
            to=tuple(to),
            subject=str(mail["Subject"] or ""),
            text=_part(mail, "plain"),
            html=_part(mail, "html"),
            headers=tuple((name, str(value)) for name, value in mail.items()),
            caught_at=datetime.now(UTC),
        )
        if len(self._caught) > self._most:
            self._caught.popitem(last=False)

    def all(self, to: str | None = None) -> list[Caught]:
        """The newest first."""
        return [each for each in reversed(self._caught.values()) if to is None or to in each.to]

    def numbered(self, number: int) -> Caught | None:
        """One of them."""
        return next((each for each in self._caught.values() if each.number == number), None)

    def clear(self) -> None:
        """Forget them all."""
        self._caught.clear()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """What aiosmtpd calls for each mail."""
        content = envelope.content
        assert isinstance(content, bytes)
        self.take(envelope.mail_from or "", [str(each) for each in envelope.rcpt_tos], content)
        return "250 caught"


def _part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    return "" if body is None else str(body.get_content())


def pages(mailbox: Mailbox) -> FastAPI:
    """The address at which people and tests look."""
    app = FastAPI(title="Doorstep mail catcher", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/readyz")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    @app.get("/api/messages")
    async def messages(to: str | None = None) -> list[dict[str, Any]]:
        return [each.shown() for each in mailbox.all(to)]

    @app.delete("/api/messages", status_code=204)
    async def forget() -> None:
        mailbox.clear()

    @app.get("/")
    async def index() -> HTMLResponse:
        rows = "".join(
            f"<tr><td>{each.caught_at:%H:%M:%S}</td><td>{escape(', '.join(each.to))}</td>"
            f"<td><a href='/messages/{each.number}'>{escape(each.subject)}</a></td>"
            f"<td>{each.arrivals if each.arrivals > 1 else ''}</td></tr>"
            for each in mailbox.all()
        )
        empty = "" if rows else "<p>No mail yet.</p>"
        return _page(
            "Mail",
            f"<h1>Mail of the local stack</h1>{empty}<table><thead><tr><th>At (UTC)</th><th>To</th><th>Subject</th>"
            f"<th>Arrivals</th></tr></thead><tbody>{rows}</tbody></table>",
        )

    @app.get("/messages/{number}")
    async def message(number: int) -> Response:
        found = mailbox.numbered(number)
        if found is None:
            return _page("Not here", "<p>There is no such mail (any more). <a href='/'>All mail</a></p>", 404)
        times = f" · arrived {found.arrivals} times" if found.arrivals > 1 else ""
        return _page(
            found.subject,
            f"<p><a href='/'>All mail</a></p><h1>{escape(found.subject)}</h1>"
            f"<p>To {escape(', '.join(found.to))} from {escape(found.sender)}{times}</p>"
            f"<iframe sandbox='allow-popups allow-popups-to-escape-sandbox' title='HTML'"
            f" src='/messages/{number}/html'></iframe><h2>Text</h2><pre>{escape(found.text)}</pre>",
        )

    @app.get("/messages/{number}/html")
    async def html(number: int) -> Response:
        found = mailbox.numbered(number)
        # The mail's own page, in a frame that may run nothing; its links open beside it.
        content = "" if found is None else found.html.replace("<head>", "<head><base target='_blank'>", 1)
        return HTMLResponse(content, headers={"Content-Security-Policy": "script-src 'none'; object-src 'none'"})

    return app


_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;color-scheme:light dark}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.4rem .8rem .4rem 0;"
    "border-bottom:1px solid #8884}iframe{width:100%;height:36rem;border:1px solid #8886;border-radius:8px;"
    "background:#fff}pre{white-space:pre-wrap;overflow-wrap:anywhere}"
)


def _page(title: str, body: str, status: int = 200) -> HTMLResponse:
    head = f"<meta charset='utf-8'><meta name='viewport' content='width=device-width'><title>{escape(title)}</title>"
    return HTMLResponse(
        f"<!doctype html><html lang='en'><head>{head}<style>{_STYLE}</style></head>{body}</html>", status
    )


async def run(smtp_port: int, http_port: int) -> None:
    """Take mail and show it, until told to stop."""
    mailbox = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(mailbox, enable_SMTPUTF8=True, loop=loop), HOST, smtp_port)
    async with server:
        await serve(pages(mailbox), HOST, http_port, stop=stop_on_signals())


def main(arguments: Sequence[str] | None = None) -> int:
    """The process."""
    parser = argparse.ArgumentParser(prog="python -m doorstep_local.mail", description=__doc__)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    chosen = parser.parse_args(arguments)
    asyncio.run(run(chosen.smtp_port, chosen.http_port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
