"""Handing a mail to a server by SMTP: taken, refused for good, refused for now, or nobody there."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal, Protocol

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)
from pydantic import SecretStr

TIMEOUT = 20.0
MAILBOX_NAME_NOT_ALLOWED = 553
Tls = Literal["none", "starttls", "implicit"]


class MailAway(Exception):
    """No server takes mail at the moment, whoever it is for."""


class Refused(Exception):
    """The server does not take this one mail; `for_good` when trying again would not help."""

    def __init__(self, code: int, *, for_good: bool) -> None:
        super().__init__(f"refused with {code}")
        self.code = code
        self.for_good = for_good


class Postbox(Protocol):
    """Takes one mail after the other. Errors: MailAway, Refused."""

    async def post(self, mail: EmailMessage) -> None: ...


class Postboxes(Protocol):
    """Opens a postbox for as long as there is something to post. Errors: MailAway."""

    def opened(self) -> AbstractAsyncContextManager[Postbox]: ...


@dataclass(frozen=True, slots=True)
class MailServer:
    """The server that our mail leaves by."""

    host: str
    port: int
    tls: Tls
    user: str | None = None
    password: SecretStr | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator["SmtpPostbox"]:
        """One connection, made with the first mail and kept for the others."""
        smtp = SMTP(
            hostname=self.host,
            port=self.port,
            username=self.user,
            password=None if self.password is None else self.password.get_secret_value(),
            use_tls=self.tls == "implicit",
            start_tls=self.tls == "starttls",
            timeout=TIMEOUT,
        )
        try:
            yield SmtpPostbox(smtp)
        finally:
            smtp.close()


class SmtpPostbox:
    """A connection that is opened when needed."""

    def __init__(self, smtp: SMTP) -> None:
        self._smtp = smtp

    async def post(self, mail: EmailMessage) -> None:
        try:
            if not self._smtp.is_connected:
                await self._smtp.connect()
            await self._smtp.send_message(mail)
        except SMTPRecipientsRefused as refused:
            raise _refusal(refused.recipients[0]) from None  # the cause would quote the address
        except SMTPSenderRefused as refused:
            raise MailAway(f"the sender was refused with {refused.code}") from None
        except SMTPNotSupported:
            if not self._smtp.is_connected:
                raise MailAway("the server offers no STARTTLS") from None
            raise Refused(MAILBOX_NAME_NOT_ALLOWED, for_good=True) from None  # letters that this server cannot carry
        except (SMTPRecipientRefused, SMTPDataError) as refused:
            raise _refusal(refused) from None
        except (SMTPException, OSError) as problem:
            code = f" {problem.code}" if isinstance(problem, SMTPResponseException) else ""
            raise MailAway(f"{type(problem).__name__}{code}") from None


def _refusal(refused: SMTPResponseException) -> Exception:
    if refused.code == 421:  # the server is about to hang up
        return MailAway("421")
    return Refused(refused.code, for_good=refused.code >= 500)
