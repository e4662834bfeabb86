"""A mail as it leaves: one template for text and HTML, in the language of who reads it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from typing import Any, Literal
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined

from gateway.notifications.services import Contact
from gateway.portals.texts import Language, Texts, catalogue

Form = Literal["txt", "html"]


class AddressRefused(ValueError):
    """What stands on file is no address that a mail can carry."""


@dataclass(frozen=True, slots=True)
class Sender:
    """In whose name mail goes out."""

    address: str
    reply_to: str | None = None

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@cache
def _environment(language: Language, form: Form) -> Environment:
    made = Environment(
        loader=PackageLoader("gateway", "templates/mail"),
        autoescape=form == "html",  # noqa: S701 - the other form is plain text
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]
    return made


def letter(
    notification_id: UUID,
    sender: Sender,
    contact: Contact,
    template: str,
    values: Mapping[str, Any],
    *,
    now: datetime,
    stop_url: str | None = None,
) -> EmailMessage:
    """The mail. Its Message-ID is the notification's, so that one sent twice is one for a mailbox.

    Errors: AddressRefused.
    """
    texts = Texts(contact.language)
    shown = {**values, "texts": texts, "name": contact.name, "language": contact.language, "stop_url": stop_url}
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address("Doorstep", addr_spec=sender.address)
    mail["To"] = _address(contact.email or "")
    if sender.reply_to is not None:
        mail["Reply-To"] = sender.reply_to
    mail["Subject"] = _subject(template, shown)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{notification_id}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    if stop_url is not None:
        mail["List-Unsubscribe"] = f"<{stop_url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(_rendered(template, "txt", shown), cte="quoted-printable")
    mail.add_alternative(_rendered(template, "html", shown), subtype="html", cte="quoted-printable")
    return mail


def _address(email: str) -> Address:
    """The mailbox; its domain in the form that every server understands."""
    mailbox, _, domain = email.rpartition("@")
    if not mailbox or not domain or re.search(r"\s", email):
        raise AddressRefused
    try:
        return Address(username=mailbox, domain=domain.encode("idna").decode("ascii"))
    except Exception:
        raise AddressRefused from None  # the cause would quote the address


def _subject(template: str, values: Mapping[str, Any]) -> str:
    found = _environment(values["language"], "txt").get_template(f"{template}.jinja")
    subject = "".join(found.blocks["subject"](found.new_context({**values, "form": "txt"})))
    return re.sub(r"[ \n]+", " ", subject).strip(" ")


def _rendered(template: str, form: Form, values: Mapping[str, Any]) -> str:
    found = _environment(values["language"], form).get_template(f"{template}.jinja")
    text = found.render({**values, "form": form})
    return text if form == "html" else re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
