"""Mail goes out once, to the address on file at that moment, and never for what a view or a replay says."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from doorstep_chassis.domain import Event
from doorstep_chassis.errors import Unavailable
from doorstep_chassis.store.model import StoreUnavailable
from doorstep_chassis.views import checksum, create_view_tables
from doorstep_contracts import dispatch
from gateway.commands import digest_due
from gateway.domain.digest.state import DAILY
from gateway.domain.notification.events import (
    NotificationDropped,
    NotificationPostponed,
    NotificationSent,
    RecipientsFound,
)
from gateway.notifications.postbox import MailAway, MailServer, Refused
from gateway.views.people import PEOPLE_VIEW

from .mail_world import (
    ASKED,
    ASSIGNED,
    AWARDED,
    CANCELLED,
    CLIENT,
    COLLEAGUE,
    CONFIRMED,
    CONTACT,
    DEADLINE,
    DRAFTED,
    JOINED,
    LAUNCHED,
    NOW,
    OPENED,
    OPERATOR,
    ORGANISATION,
    REQUEST,
    VALIDATED,
    WORKER,
    Office,
    applied,
    opened_office,
    said,
)

MARIE = "marie@mail.example"


@pytest.fixture
async def office(database: str) -> AsyncIterator[Office]:
    async with opened_office(database) as made:
        yield made


async def ends(office: Office) -> list[Event]:
    """What became of the notifications, in order."""
    kinds = NotificationSent | NotificationDropped | NotificationPostponed | RecipientsFound
    return [event for event in await office.log() if isinstance(event, kinds)]


def to(sent: Sequence[tuple[str, str]]) -> list[str]:
    return [each[0] for each in sent]


class TestAClient:
    async def test_is_asked_with_a_link(self, office: Office) -> None:
        await office.hear(DRAFTED, LAUNCHED, ASKED)

        assert await office.send() == [(MARIE, "Ménage, lun. 1er juin\u00a0: votre confirmation est attendue")]
        assert office.links.issued == [(ORGANISATION, CLIENT, REQUEST, DEADLINE)]
        assert await ends(office) == [NotificationSent()]
        assert await office.send() == []

    async def test_is_looked_up_in_the_gateway_s_own_name(self, office: Office) -> None:
        await office.hear(DRAFTED, ASKED)
        await office.send()

        assert [(each.url.path, each.headers["authorization"]) for each in office.answers.asked] == [
            (f"/clients/{CLIENT}/contact", "Bearer own-token"),
            ("/catalogue", "Bearer own-token"),
        ]
        assert office.answers.asked[0].url.params["organisation_id"] == str(ORGANISATION)

    async def test_is_told_of_confirmation_and_cancellation(self, office: Office) -> None:
        await office.hear(DRAFTED, ASKED, VALIDATED, ASSIGNED, CONFIRMED)
        assert (await office.send())[-1] == (MARIE, "Ménage, lun. 1er juin\u00a0: c’est confirmé")

        await office.hear(CANCELLED)
        assert await office.send() == [(MARIE, "Ménage, lun. 1er juin\u00a0: le passage n’aura pas lieu")]

    @pytest.mark.parametrize("contact", [None, {**CONTACT, "email": None}], ids=["erased", "without an address"])
    async def test_without_an_address_is_not_written_to(self, office: Office, contact: Any) -> None:
        office.answers.bodies[f"/clients/{CLIENT}/contact"] = contact
        await office.hear(DRAFTED, ASKED)

        assert await office.send() == []
        assert await ends(office) == [NotificationDropped(reason="no_address")]

    @pytest.mark.parametrize("email", ["no address", "@mail.example", "a\r\nBcc: b@mail.example", "a@b..example"])
    async def test_with_an_address_that_no_mail_can_carry_is_not_written_to(self, office: Office, email: str) -> None:
        office.answers.bodies[f"/clients/{CLIENT}/contact"] = {**CONTACT, "email": email}
        await office.hear(DRAFTED, ASKED)

        assert await office.send() == []
        assert await ends(office) == [NotificationDropped(reason="address_refused")]

    async def test_is_written_to_in_another_language_where_one_is_known(self, office: Office) -> None:
        office.answers.bodies[f"/clients/{CLIENT}/contact"] = {**CONTACT, "language": "en"}
        await office.hear(DRAFTED, ASKED)

        assert await office.send() == [(MARIE, "Cleaning on Mon 1 Jun: your confirmation, please")]

    async def test_is_not_asked_for_what_is_over(self, office: Office) -> None:
        await office.hear(DRAFTED, ASKED, CANCELLED)

        assert await office.send() == [(MARIE, "Ménage, lun. 1er juin\u00a0: le passage n’aura pas lieu")]
        assert await ends(office) == [NotificationDropped(reason="no_longer_so"), NotificationSent()]

    async def test_is_not_asked_after_the_deadline(self, office: Office) -> None:
        await office.hear(DRAFTED, ASKED)
        office.clock.advance(DEADLINE - NOW)
        assert len(await office.send()) == 1

        await office.hear(VALIDATED, ASKED)
        office.clock.advance(timedelta(microseconds=1))
        assert await office.send() == []
        assert (await ends(office))[-1] == NotificationDropped(reason="too_late")

    async def test_old_news_is_not_told_after_the_slot(self, office: Office) -> None:
        await office.hear(DRAFTED, ASKED, ASSIGNED, CANCELLED)
        office.clock.advance(timedelta(days=60))

        assert await office.send() == []
        assert NotificationSent() not in await ends(office)


class TestWorkers:
    async def people(self, office: Office) -> None:
        await office.signed_in(WORKER, "Camille")
        await office.signed_in(COLLEAGUE, "Driss", language="en")

    async def test_the_called_get_the_open_call_each_in_their_language(self, office: Office) -> None:
        await self.people(office)
        await office.hear(DRAFTED, OPENED)

        assert await office.send() == [
            ("camille@mail.example", "Diffusion\u00a0: Ménage, lun. 1er juin"),
            ("driss@mail.example", "Open call: Cleaning on Mon 1 Jun"),
        ]
        assert await ends(office) == [RecipientsFound(count=2), NotificationSent(), NotificationSent()]

    async def test_who_switched_them_off_gets_none_but_what_concerns_them(self, office: Office) -> None:
        await self.people(office)
        await office.people.switch_call_mails(ORGANISATION, WORKER, on=False)
        await office.hear(DRAFTED, OPENED)
        assert to(await office.send()) == ["driss@mail.example"]

        await office.hear(applied(WORKER), applied(COLLEAGUE), ASSIGNED)
        assert await office.send() == [("camille@mail.example", "Ménage, lun. 1er juin\u00a0: c’est pour vous")]
        await office.hear(AWARDED)
        assert await office.send() == [("driss@mail.example", "Cleaning on Mon 1 Jun: your application")]

    async def test_nobody_is_called_to_what_is_closed(self, office: Office) -> None:
        await self.people(office)
        await office.hear(DRAFTED, OPENED, said(dispatch.BroadcastClosed, reason="deadline"))

        assert await office.send() == []
        assert await ends(office) == [NotificationDropped(reason="no_longer_so")]

    async def test_who_never_signed_in_has_no_address(self, office: Office) -> None:
        await office.hear(DRAFTED, ASSIGNED)

        assert await office.send() == []
        assert await ends(office) == [NotificationDropped(reason="no_address")]

    async def test_a_call_can_be_stopped_from_the_mail(self, office: Office) -> None:
        await self.people(office)
        await office.hear(DRAFTED, OPENED)
        await office.follow()
        await office.sender.send_due()
        await office.follow()
        await office.sender.send_due()

        mail = office.pile.mails[0]
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        address = str(mail["List-Unsubscribe"]).strip("<>")
        assert office.stop_links.read(address.rpartition("/")[2]) == (ORGANISATION, WORKER)
        assert address in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


class TestADigest:
    async def test_goes_to_operators_when_something_waits(self, office: Office) -> None:
        await office.signed_in(OPERATOR, "Odile", role="operator")
        await office.signed_in(WORKER, "Camille")
        await office.follow()
        await office.hear(JOINED, DRAFTED, ASKED, OPENED)
        await office.send()
        await self.morning(office)

        assert await office.send() == [("odile@mail.example", "1 demande en attente")]

    async def test_does_not_go_when_nothing_waits(self, office: Office) -> None:
        await office.signed_in(OPERATOR, "Odile", role="operator")
        await office.follow()
        await office.hear(JOINED)
        await self.morning(office)

        assert await office.send() == []
        assert await ends(office) == [RecipientsFound(count=0)]

    async def morning(self, office: Office) -> None:
        office.clock.advance(timedelta(days=1))
        await office.context.units.run("timer.digest", lambda work: digest_due(work, ORGANISATION, DAILY))


class TestOnce:
    async def test_records_delivered_again_send_nothing(self, office: Office) -> None:
        records = [office.record(each) for each in (DRAFTED, ASKED, CONFIRMED, CANCELLED)]
        await office.deliver(*records[:3])
        assert len(await office.send()) == 1  # asked, but confirmed before the mail could go
        await office.deliver(*records)
        await office.deliver(*records)
        assert to(await office.send()) == [MARIE]
        await office.hear(ASKED, CONFIRMED, CANCELLED)
        assert await office.send() == []

    async def test_views_built_again_send_nothing(self, office: Office) -> None:
        await office.signed_in(WORKER, "Camille")
        await office.hear(DRAFTED, ASKED, OPENED)
        assert len(await office.send()) == 2
        sums = [await checksum(office.store, view) for view in (office.outbox, PEOPLE_VIEW)]

        async with office.store.connection() as connection:
            for view in (office.outbox, PEOPLE_VIEW):
                for table in view.tables:
                    await connection.execute(f"DROP TABLE {table.name}".encode())
            await connection.execute("DELETE FROM positions WHERE consumer LIKE '%%.view.%%'")
            await connection.execute("DELETE FROM notification_tracking WHERE application_name LIKE '%%.view.%%'")
        for view in (office.outbox, PEOPLE_VIEW):
            await create_view_tables(office.store, view)
        office.new_sender()

        assert await office.send() == []
        assert [await checksum(office.store, view) for view in (office.outbox, PEOPLE_VIEW)] == sums

    async def test_a_view_that_is_half_built_again_sends_nothing(self, office: Office) -> None:
        """Its rows say that mails are due which the log says are gone: the log is believed."""
        await office.hear(DRAFTED, ASKED)
        await office.follow()
        async with office.store.connection() as connection:
            await connection.execute("CREATE TABLE kept AS SELECT * FROM outbox_v1")
        assert len(await office.send()) == 1
        async with office.store.connection() as connection:
            await connection.execute("INSERT INTO outbox_v1 SELECT * FROM kept")
        office.new_sender()
        await office.sender.send_due()

        assert office.pile.taken() == []

    async def test_a_crash_between_sending_and_noting_it_is_one_message_for_a_mailbox(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await office.hear(DRAFTED, ASKED)
        await office.follow()
        run = office.context.units.run

        async def dies(use_case: str, *more: Any, **named: Any) -> Any:
            if use_case == "note_notification":
                raise StoreUnavailable("gone")
            return await run(use_case, *more, **named)

        with monkeypatch.context() as patched:
            patched.setattr(office.context.units, "run", dies)
            with pytest.raises(StoreUnavailable):
                await office.sender.send_due()
        office.new_sender()
        await office.sender.send_due()

        first, second = office.pile.mails
        assert first["Message-ID"] == second["Message-ID"]
        assert await ends(office) == [NotificationSent()]


class TestTrouble:
    async def test_a_mail_server_that_is_away_loses_nothing(self, office: Office) -> None:
        await office.hear(DRAFTED, ASKED)
        await office.follow()
        office.pile.refusals = [MailAway("away"), MailAway("away")]
        for _ in range(2):
            with pytest.raises(MailAway):
                await office.sender.send_due()
        assert await ends(office) == []

        assert to(await office.send()) == [MARIE]

    async def test_a_service_that_is_away_loses_nothing(self, office: Office) -> None:
        await office.hear(DRAFTED, ASKED)
        await office.follow()
        office.answers.down = True
        with pytest.raises(Unavailable):
            await office.sender.send_due()
        office.answers.down = False

        assert to(await office.send()) == [MARIE]

    async def test_a_refusal_for_now_is_tried_again_later(self, office: Office) -> None:
        await office.hear(DRAFTED, ASKED)
        office.pile.refusals = [Refused(451, for_good=False)]
        assert await office.send() == []
        assert await ends(office) == [NotificationPostponed(code="smtp_451", again_at=NOW + timedelta(seconds=30))]

        office.clock.advance(timedelta(seconds=30))
        assert to(await office.send()) == [MARIE]

    async def test_a_refusal_for_good_is_the_end(self, office: Office) -> None:
        await office.hear(DRAFTED, ASKED)
        office.pile.refusals = [Refused(550, for_good=True)]

        assert await office.send() == []
        assert await ends(office) == [NotificationDropped(reason="smtp_550")]

    async def test_one_that_cannot_be_made_holds_up_no_other(self, office: Office) -> None:
        await office.signed_in(WORKER, "Camille")
        office.answers.bodies[f"/clients/{CLIENT}/contact"] = {"unexpected": True}
        await office.hear(DRAFTED, ASKED, ASSIGNED)

        assert to(await office.send()) == ["camille@mail.example"]
        assert await ends(office) == [
            NotificationPostponed(code="not_made", again_at=NOW + timedelta(seconds=30)),
            NotificationSent(),
        ]

    async def test_what_the_board_has_not_heard_of_waits(self, office: Office) -> None:
        await office.hear(ASKED)
        assert await office.send() == []
        await office.hear(DRAFTED)
        office.clock.advance(timedelta(seconds=30))

        assert to(await office.send()) == [MARIE]


async def test_the_log_holds_nothing_personal(office: Office) -> None:
    await office.signed_in(WORKER, "Camille")
    await office.hear(DRAFTED, ASKED, OPENED)
    await office.send()

    text = " ".join(event.model_dump_json() for event in await office.log())
    assert not [each for each in ("marie", "Marie", "camille", "Camille", "@") if each in text]


async def test_the_sender_sends_as_soon_as_it_is_woken(office: Office) -> None:
    sender = office.sender
    running = asyncio.create_task(sender.run())
    await office.hear(DRAFTED, ASKED)
    await office.follow()
    sender._wake.set()
    async with asyncio.timeout(10):
        while not office.pile.mails:
            await asyncio.sleep(0.01)
    running.cancel()
    assert to(office.pile.taken()) == [MARIE]


class Server:
    """A real SMTP server on a port of its own."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.answer_to: dict[str, str] = {}
        self.answer = "250 taken"
        self.port = 0
        self.letters = False
        self.listening: asyncio.Server

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answer_to.get(address, "250 ok")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.taken.append(envelope.content)
        return self.answer


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made, loop = Server(), asyncio.get_running_loop()
    made.listening = await loop.create_server(
        lambda: SMTP(made, loop=loop, enable_SMTPUTF8=made.letters), "127.0.0.1", 0
    )
    made.port = made.listening.sockets[0].getsockname()[1]
    async with made.listening:
        yield made


class TestBySmtp:
    async def office(self, database: str, server: Server) -> Any:
        return opened_office(database, MailServer("127.0.0.1", server.port, "none"))

    async def test_text_and_html_arrive(self, database: str, server: Server) -> None:
        async with await self.office(database, server) as office:
            await office.hear(DRAFTED, ASKED)
            await office.send()

            assert await ends(office) == [NotificationSent()]
        assert len(server.taken) == 1
        assert b"Content-Type: text/plain" in server.taken[0]
        assert b"Content-Type: text/html" in server.taken[0]
        assert b"To: marie@mail.example" in server.taken[0]

    @pytest.mark.parametrize(
        ("rcpt", "data", "then"),
        [
            ("550 no such user", "250 taken", NotificationDropped(reason="smtp_550")),
            ("451 later", "250 taken", NotificationPostponed(code="smtp_451", again_at=NOW + timedelta(seconds=30))),
            ("250 ok", "554 no", NotificationDropped(reason="smtp_554")),
            ("250 ok", "452 full", NotificationPostponed(code="smtp_452", again_at=NOW + timedelta(seconds=30))),
        ],
    )
    async def test_what_the_server_says_decides(
        self, database: str, server: Server, rcpt: str, data: str, then: Event
    ) -> None:
        server.answer_to[MARIE], server.answer = rcpt, data
        async with await self.office(database, server) as office:
            await office.hear(DRAFTED, ASKED)
            await office.send()

            assert await ends(office) == [then]

    async def test_a_mailbox_of_other_letters_needs_a_server_that_carries_them(
        self, database: str, server: Server
    ) -> None:
        async with await self.office(database, server) as office:
            office.answers.bodies[f"/clients/{CLIENT}/contact"] = {**CONTACT, "email": "zoé@écoute.example"}
            await office.hear(DRAFTED, ASKED)
            await office.send()
            assert await ends(office) == [NotificationDropped(reason="smtp_553")]

            server.letters = True
            await office.hear(CONFIRMED)
            await office.send()
            assert (await ends(office))[1:] == [NotificationSent()]
        assert "To: zoé@xn--coute-9ra.example" in server.taken[0].decode()

    async def test_a_server_that_is_away_is_waited_for(self, database: str, server: Server) -> None:
        async with await self.office(database, server) as office:
            await office.hear(DRAFTED, ASKED)
            await office.follow()
            server.listening.close()
            with pytest.raises(MailAway):
                await office.sender.send_due()
            assert await ends(office) == []
