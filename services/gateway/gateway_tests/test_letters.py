"""What mails say: the same in text and HTML, complete in both languages, in the place's own time."""

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from importlib.resources import files
from typing import Any
from uuid import UUID

import pytest
from babel.messages.extract import extract
from doorstep_contracts import samples
from gateway.notifications.facts import Deadline, RequestFacts, Waiting
from gateway.notifications.kinds import KINDS
from gateway.notifications.letters import AddressRefused, Sender, letter
from gateway.notifications.services import Contact
from gateway.portals.texts import LANGUAGES, Language, catalogue

ID = UUID("00000000-0000-4000-8000-0000000000ab")
NOW = datetime(2026, 5, 20, 8, tzinfo=UTC)
UNTIL = datetime(2026, 5, 23, 8, tzinfo=UTC)
SENDER = Sender("bonjour@doorstep.example", reply_to="bureau@doorstep.example")
WAITING = Waiting(
    zone="Indian/Reunion",
    requests=3,
    lacks=[("validation", 2), ("review", 1)],
    deadlines=[Deadline(samples.REQUEST, UNTIL, ["validation"])],
)
VALUES: dict[str, Any] = {
    "service": "Ménage & co",
    "request": RequestFacts("97400", "menage", 2_450, samples.SLOT),
    "until": UNTIL,
    "waiting": WAITING,
    "now": NOW,
    "url": "https://portal.example/portal/secret?a=1&b=2",
}


def mail(kind: str, language: Language = "fr", name: str | None = "Marie", **more: Any) -> EmailMessage:
    contact = Contact(name, "marie@mail.example", language)
    return letter(ID, SENDER, contact, KINDS[kind].template, {**VALUES, "kind": kind}, now=NOW, **more)


def part(found: EmailMessage, kind: str) -> str:
    body = found.get_body((kind,))
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_written(kind: str, language: Language) -> None:
    written = mail(kind, language, stop_url="https://portal.example/mail/stop/x")
    text, html = part(written, "plain"), part(written, "html")
    assert len(str(written["Subject"])) < 80
    assert "Marie" not in str(written["Subject"])
    assert not [each for each in ("{{", "{%", "%(", "None", "<p", "&amp;") if each in text]
    assert f'<html lang="{language}">' in html
    if KINDS[kind].leads is not None:
        assert VALUES["url"] in text
        assert "https://portal.example/portal/secret?a=1&amp;b=2" in html


def test_a_client_reads_what_is_asked() -> None:
    assert part(mail("client_asked"), "plain") == (
        "Bonjour Marie,\n\n"
        "Un passage se prépare chez vous. Pour qu’il ait lieu, vérifiez ce qui est demandé et confirmez sur notre page"
        " sécurisée\u00a0: cela prend deux minutes.\n\n"
        "  Prestation\u00a0: Ménage & co\n"
        "  Quand\u00a0: lun. 1er juin, 09:00 – 11:00\n"
        "  Tarif\u00a0: 24,50\u00a0€ de l’heure TTC\n"
        "  Réponse avant le\u00a0: sam. 23 mai, 12:00\n\n"
        "Voir et confirmer\u00a0:\n"
        "https://portal.example/portal/secret?a=1&b=2\n\n"
        "Vous pouvez aussi y refuser la demande. Sans réponse d’ici là, elle prend fin d’elle-même et vous ne devez"
        " rien.\n\n"
        "-- \nDoorstep · services à domicile\n"
    )


def test_an_operator_reads_what_waits() -> None:
    text = part(mail("operator_digest", "en", name="Odile"), "plain")
    assert text == (
        "Hello Odile,\n\n"
        "This morning 3 requests lack something:\n\n"
        "  The client’s confirmation: 2\n"
        "  Your decision who the client is: 1\n\n"
        "The next deadlines:\n\n"
        "  Sat 23 May, 12:00: The client’s confirmation\n\n"
        "See the board:\nhttps://portal.example/portal/secret?a=1&b=2\n\n"
        "-- \nDoorstep · home services\n"
    )


def test_how_to_cancel_is_said_at_confirmation() -> None:
    written = mail("client_confirmed", "en")
    assert "To cancel, simply reply to this message" in part(written, "plain")
    assert str(written["Reply-To"]) == "bureau@doorstep.example"


def test_a_name_is_no_markup() -> None:
    html = part(mail("client_asked", name="<b>Marie</b>"), "html")
    assert "&lt;b&gt;Marie&lt;/b&gt;" in html
    assert "<b>" not in html


def test_the_headers() -> None:
    written = mail("worker_call", stop_url="https://portal.example/mail/stop/x")
    assert dict(written.items()) == {
        "From": "Doorstep <bonjour@doorstep.example>",
        "To": "marie@mail.example",
        "Reply-To": "bureau@doorstep.example",
        "Subject": "Diffusion\u00a0: Ménage & co, lun. 1er juin",
        "Date": "Wed, 20 May 2026 08:00:00 +0000",
        "Message-ID": f"<{ID}@doorstep.example>",
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": "<https://portal.example/mail/stop/x>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "MIME-Version": "1.0",
        "Content-Type": written["Content-Type"],
    }


@pytest.mark.parametrize("email", ["", "marie", "@mail.example", "a b@mail.example", "marie@", "m@a\r\nBcc: x@y.z"])
def test_an_address_that_no_mail_can_carry_is_refused_without_being_quoted(email: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        letter(ID, SENDER, Contact("Marie", email, "fr"), "client_confirmed", {**VALUES, "kind": "x"}, now=NOW)
    assert (str(refused.value), refused.value.__cause__) == ("", None)


def texts_of_mails() -> set[str]:
    folder = files("gateway") / "templates" / "mail"
    found: set[str] = set()
    for file in folder.iterdir():
        with file.open("rb") as content:
            options = {"trimmed": "true", "extensions": "jinja2.ext.i18n"}
            for _, message, _, _ in extract("jinja2.ext:babel_extract", content, options=options):
                found.add(message[0] if isinstance(message, tuple) else message)
    return found


def test_every_text_has_its_french() -> None:
    french = catalogue("fr")
    texts = texts_of_mails()
    assert len(texts) > 40
    assert sorted(text for text in texts if text not in french._catalog and (text, 0) not in french._catalog) == []


def test_a_digest_with_one_deadline_far_away_is_still_short() -> None:
    late = Waiting("Europe/Paris", 1, [("operator", 1)], [Deadline(samples.REQUEST, NOW + timedelta(days=9), ["slot"])])
    contact = Contact("Odile", "odile@mail.example", "fr")
    written = letter(
        ID, SENDER, contact, "operator_digest", {**VALUES, "kind": "operator_digest", "waiting": late}, now=NOW
    )
    assert str(written["Subject"]) == "1 demande en attente"
    assert "Le créneau dans le planning de l’intervenant" in part(written, "plain")
