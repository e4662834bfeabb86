"""The client's pages: what a look shows, what an answer brings to the directory, and how each link that is over ends."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from gateway.portals.client import csrf_of
from gateway.views.board import REQUESTS

from .client_desk import CARD, CLIENT, HOME, ORGANISATION, REQUEST, START, Desk, asked, opened

NOTED = {"line1": "8 cours Gambetta", "line2": "Bât. B", "postal_code": "69003", "locality": "Lyon"}
TYPED = {"where": "other", **{name: value or "" for name, value in HOME.items()}}
CONTENT = re.compile(r"<(script|style|svg)\b.*?</\1>|<[^>]+>", re.S)


@pytest.fixture
async def desk(database: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(database, tmp_path) as made:
        yield made


def said(answer: httpx.Response) -> str:
    """What a person reads."""
    text = CONTENT.sub(" ", answer.text).replace("&#39;", "'").replace("\u00a0", " ").replace("\u202f", " ")
    return " ".join(text.split())


def heading(answer: httpx.Response) -> str:
    found = re.search(r"<h1>(.*?)</h1>", answer.text, re.S)
    assert found is not None
    return found[1].strip()


def errors(answer: httpx.Response) -> dict[str, str]:
    """What stands at which field."""
    return {name: text.strip() for name, text in re.findall(r'<p class="error" id="d-(\w+)">(.*?)</p>', answer.text)}


def with_home(**more: Any) -> dict[str, Any]:
    """A client whose address is on file."""
    details = asked(**more)
    return {**details, "client": {**details["client"], "address": HOME}}


class TestLooking:
    """GET and HEAD."""

    async def test_it_says_what_by_whom_when_where_and_for_how_much(self, desk: Desk) -> None:
        text = said(await desk.look(await desk.link()))
        for words in (
            "A request from Les mains vertes",
            "Jeanne, we need your approval",
            "Service Cleaning",
            "When Monday, 9 March 2026 14:30 – 16:30 (2 h)",
            "Where 69003 Lyon",
            "Price €25.90 an hour that is €51.80 for 2 h, tax included",
            "Please answer by Thursday, 5 March 2026, 10:00 .",
        ):
            assert words in text

    async def test_french_writes_it_the_french_way(self, desk: Desk) -> None:
        text = said(await desk.look(await desk.link(), **{"Accept-Language": "fr-FR"}))
        for words in (
            "Jeanne, nous avons besoin de votre accord",
            "Quand lundi 9 mars 2026 14:30 – 16:30 (2 h)",
            "Tarif 25,90 € de l’heure soit 51,80 € TTC pour 2 h",
        ):
            assert words in text

    async def test_the_hour_is_the_places_own(self, desk: Desk) -> None:
        desk.details = asked(zone="Indian/Reunion")
        await desk.set_row(zone="Indian/Reunion")
        assert "17:30 – 19:30 (2 h, local time)" in said(await desk.look(await desk.link()))

    async def test_looks_of_mail_scanners_leave_the_link_good(self, desk: Desk) -> None:
        path = await desk.link()
        looks = [await desk.http.request(method, path) for method in ("GET", "HEAD", "GET", "HEAD")]
        assert [(look.status_code, await desk.standing(path)) for look in looks] == [(200, "open")] * 4
        assert (await desk.send(path, action="validate", **TYPED)).status_code == 303

    async def test_other_methods_are_refused(self, desk: Desk) -> None:
        path = await desk.link()
        assert [(await desk.http.request(each, path)).status_code for each in ("PUT", "DELETE")] == [405, 405]
        assert await desk.standing(path) == "open"

    async def test_nobody_keeps_or_finds_the_page(self, desk: Desk) -> None:
        headers = (await desk.look(await desk.link())).headers
        assert (headers["cache-control"], headers["x-robots-tag"]) == ("no-store", "noindex, nofollow")

    async def test_nothing_on_the_page_runs(self, desk: Desk) -> None:
        text = (await desk.look(await desk.link())).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|style=|javascript:", text)

    async def test_only_what_is_missing_is_asked_for(self, desk: Desk) -> None:
        path = await desk.link()
        without = await desk.look(path)
        desk.details = asked("payment_method")
        with_payment = await desk.look(path)
        assert ['name="pay"' in page.text for page in (without, with_payment)] == [False, True]

    async def test_both_addresses_are_there_to_choose_from(self, desk: Desk) -> None:
        desk.details = with_home(proposed_address=NOTED)
        text = (await desk.look(await desk.link())).text
        assert re.findall(r'name="where" value="(\w+)"( checked)?', text) == [
            ("noted", " checked"),
            ("file", ""),
            ("other", ""),
        ]

    async def test_an_address_that_is_the_same_is_shown_once(self, desk: Desk) -> None:
        desk.details = with_home(proposed_address=HOME)
        text = (await desk.look(await desk.link())).text
        assert re.findall(r'name="where" value="(\w+)"', text) == ["noted", "other"]

    async def test_what_people_typed_stays_text(self, desk: Desk) -> None:
        desk.details = asked(proposed_address={**NOTED, "line1": "<img src=x onerror=alert(1)>"})
        text = (await desk.look(await desk.link())).text
        assert "<img src=x" not in text
        assert "&lt;img src=x" in text

    async def test_while_the_board_is_behind_it_says_so(self, desk: Desk) -> None:
        async with desk.store.connection() as connection:
            await connection.execute(f"TRUNCATE {REQUESTS.name}".encode())
        assert (await desk.look(await desk.link())).status_code == 503


class TestValidating:
    """« Je valide »."""

    async def test_what_was_given_goes_to_the_directory_and_the_link_is_used_up(self, desk: Desk) -> None:
        desk.details = asked("payment_method")
        path = await desk.link()
        sent = await desk.send(path, action="validate", pay="visa", **TYPED)

        assert (sent.status_code, sent.headers["location"]) == (303, path)
        assert desk.answered == [("k1", {"action": "validate", "address": HOME, "payment_method": CARD})]
        assert await desk.standing(path) == "used"
        assert heading(await desk.look(path)) == "Thank you, it is approved"

    async def test_a_mandate_goes_by_its_reference(self, desk: Desk) -> None:
        desk.details = asked("payment_method")
        given = {"pay": "mandate", "mandate": "RUM-2024-7", "signed_on": "2024-05-02"}
        await desk.send(await desk.link(), action="validate", **TYPED, **given)
        ((_, body),) = desk.answered
        assert body["payment_method"] == {"kind": "sepa", "reference": "RUM-2024-7", "signed_on": "2024-05-02"}

    @pytest.mark.parametrize(("where", "address"), [("noted", NOTED), ("file", HOME)])
    async def test_an_address_is_chosen_without_typing(self, desk: Desk, where: str, address: Any) -> None:
        desk.details = with_home(proposed_address=NOTED)
        await desk.send(await desk.link(), action="validate", where=where)
        assert desk.answered == [("k1", {"action": "validate", "address": address})]

    async def test_what_is_missing_is_said_at_each_field(self, desk: Desk) -> None:
        desk.details = asked("payment_method")
        path = await desk.link()
        sent = await desk.send(path, action="validate", where="other", postal_code="690", line2="3e")

        assert (sent.status_code, errors(sent)) == (
            422,
            {
                "line1": "Please fill this in.",
                "postal_code": "A postal code has five digits.",
                "locality": "Please fill this in.",
                "pay": "Please choose a way to pay that is still valid on the day of the visit.",
            },
        )
        assert ('value="690"' in sent.text, 'value="3e"' in sent.text) == (True, True)
        assert (desk.answered, await desk.standing(path)) == ([], "open")

    async def test_a_mandate_needs_its_day(self, desk: Desk) -> None:
        desk.details = asked("payment_method")
        sent = await desk.send(await desk.link(), action="validate", pay="mandate", signed_on="1.2.24", **TYPED)
        assert errors(sent) == {
            "mandate": "Please fill this in.",
            "signed_on": "Please give the day, month and year.",
        }

    async def test_a_postal_code_that_no_place_has_is_a_slip(self, desk: Desk) -> None:
        sent = await desk.send(await desk.link(), action="validate", **{**TYPED, "postal_code": "69999"})
        assert errors(sent) == {"postal_code": "No place has this postal code."}
        assert "is not in" not in said(sent)

    async def test_an_address_outside_the_zone_has_to_be_meant(self, desk: Desk) -> None:
        path = await desk.link()
        outside = {**TYPED, "postal_code": "75011", "locality": "Paris"}
        first = await desk.send(path, action="validate", **outside)
        assert "This address is not in 69003 Lyon. The price above was worked out for there" in said(first)
        assert (desk.answered, await desk.standing(path)) == ([], "open")

        assert (await desk.send(path, action="validate", outside="yes", **outside)).status_code == 303
        ((_, body),) = desk.answered
        assert body["address"] == {**HOME, "postal_code": "75011", "locality": "Paris"}
        desk.details = {**asked(), "state": "shut", "missing": ["validation", "address_outside_zone"]}
        page = await desk.look(path)
        assert heading(page) == "Thank you, we have your address"
        assert "It is not in 69003 Lyon, for which the price was worked out." in said(page)

    @pytest.mark.parametrize(
        ("code", "field", "place", "words"),
        [
            ("payment_method_missing", "payment_method", "pay", "Please choose a way to pay"),
            ("address_incomplete", "address.locality", "locality", "Please fill this in."),
            ("card_number_refused", "address.line1", "line1", "Please never write a card number here."),
            ("text_too_long", "address.line2", "line2", "This is too long."),
            ("text_invalid", "address.line1", "line1", "This cannot be read"),
            ("iban_refused", "payment_method.reference", "mandate", "Please never write an IBAN here."),
        ],
    )
    async def test_what_the_directory_refuses_is_said_where_it_is_mended(
        self, desk: Desk, code: str, field: str, place: str, words: str
    ) -> None:
        desk.details = asked("payment_method")
        desk.refusal = 422, {"code": code, "status": 422, "field": field}
        path = await desk.link()
        sent = await desk.send(path, action="validate", pay="lapsed", **TYPED)
        assert (sent.status_code, list(errors(sent)), await desk.standing(path)) == (422, [place], "open")
        assert errors(sent)[place].startswith(words)

    async def test_a_directory_that_is_away_leaves_the_link_good(self, desk: Desk) -> None:
        desk.refusal = 503, {"code": "unavailable", "status": 503}
        path = await desk.link()
        away = await desk.send(path, action="validate", **TYPED)
        desk.refusal = None
        again = await desk.send(path, action="validate", **TYPED)
        assert (away.status_code, again.status_code, len(desk.answered)) == (503, 303, 1)

    async def test_two_clicks_at_once_answer_once_and_see_the_same(self, desk: Desk) -> None:
        path = await desk.link()
        sent = await asyncio.gather(*(desk.send(path, action="validate", key=f"k{n}", **TYPED) for n in range(2)))
        assert [(each.status_code, each.headers["location"]) for each in sent] == [(303, path)] * 2
        assert len(desk.answered) == 1

    async def test_an_answer_after_the_answer_changes_nothing(self, desk: Desk) -> None:
        path = await desk.link()
        await desk.send(path, action="validate", **TYPED)
        late = await desk.send(path, action="decline")
        assert (late.status_code, len(desk.answered)) == (303, 1)

    async def test_production_has_no_test_provider(self, database: str, tmp_path: Path) -> None:
        async with opened(database, tmp_path, environment="production") as desk:
            desk.details = asked("payment_method")
            path = await desk.link()
            text = (await desk.look(path)).text
            assert re.findall(r'name="pay" value="(\w+)"', text) == ["mandate"]
            assert "Test provider" not in text
            sent = await desk.send(path, action="validate", pay="visa", **TYPED)
            assert (list(errors(sent)), desk.answered) == (["pay"], [])


class TestDeclining:
    """« Je décline »."""

    @pytest.mark.parametrize(("typed", "reason"), [("", None), (" Too early ", "Too early")])
    async def test_a_reason_is_welcome_and_not_needed(self, desk: Desk, typed: str, reason: str | None) -> None:
        path = await desk.link()
        await desk.send(path, action="decline", reason=typed)
        assert desk.answered == [("k1", {"action": "decline", "reason": reason})]
        assert (await desk.standing(path), heading(await desk.look(path))) == ("used", "You have declined this visit")

    async def test_a_card_number_in_it_is_refused_and_the_reason_kept_open(self, desk: Desk) -> None:
        desk.refusal = 422, {"code": "card_number_refused", "status": 422, "field": "reason"}
        path = await desk.link()
        sent = await desk.send(path, action="decline", reason="my card")
        assert (errors(sent), await desk.standing(path)) == (
            {"reason": "Please never write a card number here."},
            "open",
        )
        assert '<details class="client-no" open>' in sent.text


class TestStandings:
    """What the page says once there is nothing to answer."""

    @pytest.mark.parametrize(
        ("state", "row", "words"),
        [
            ("confirmed", {"state": "confirmed"}, "Your visit is confirmed"),
            ("confirmed", {"state": "cancelled"}, "This visit was cancelled"),
            ("confirmed", {"state": "confirmed", "visit_state": "cancelled"}, "This visit was cancelled"),
            ("declined", {"state": "declined"}, "You have declined this visit"),
            ("unanswered", {"state": "expired"}, "The time to answer is over"),
            ("ended", {"state": "declined"}, "You have declined this visit"),
            ("ended", {"state": "cancelled"}, "This visit was cancelled"),
            ("ended", {"state": "expired", "end_rule": "client_deadline"}, "The time to answer is over"),
            ("ended", {"state": "expired", "end_rule": "slot_start"}, "This request is over"),
            ("ended", {}, "This request is over"),
            ("shut", {}, "We are seeing to your request"),
        ],
    )
    async def test_each_is_told_in_plain_words(self, desk: Desk, state: str, row: dict[str, str], words: str) -> None:
        desk.details = {"request_id": str(REQUEST), "state": state}
        if row:
            await desk.set_row(**row)
        assert heading(await desk.look(await desk.link())) == words

    async def test_after_confirmation_it_says_how_to_cancel(self, desk: Desk) -> None:
        path = await desk.link()
        await desk.send(path, action="validate", **TYPED)
        desk.details = {"request_id": str(REQUEST), "state": "confirmed"}
        page = await desk.look(path)
        assert "How to cancel Reply to the message that confirms the visit, before it begins." in said(page)
        assert "<form" not in page.text

    @pytest.mark.parametrize("code", ["request_ended", "request_declined", "request_confirmed", "answer_too_late"])
    async def test_an_answer_that_comes_too_late_is_led_to_how_it_stands(self, desk: Desk, code: str) -> None:
        desk.refusal = 409, {"code": code, "status": 409}
        path = await desk.link()
        sent = await desk.send(path, action="validate", **TYPED)
        assert (sent.status_code, sent.headers["location"]) == (303, path)

    async def test_nothing_is_asked_once_the_deadline_has_passed(self, desk: Desk) -> None:
        desk.details = asked(deadline="2026-03-02T10:00:00Z")
        path = await desk.link()
        desk.clock.advance(timedelta(hours=1))
        last = heading(await desk.look(path))
        desk.clock.advance(timedelta(microseconds=1))
        assert (last, heading(await desk.look(path))) == (
            "Jeanne, we need your approval",
            "The time to answer is over",
        )

    async def test_nothing_is_asked_once_the_slot_has_begun(self, desk: Desk) -> None:
        desk.details = asked(deadline=None)
        await desk.set_row(starts_at=datetime(2026, 3, 2, 9, tzinfo=UTC), ends_at=START)
        assert heading(await desk.look(await desk.link())) == "The time to answer is over"


class TestLinksThatAreOver:
    """Expired, replaced, forged, somebody else's."""

    async def test_an_expired_link_offers_a_new_one_and_tells_nothing(self, desk: Desk) -> None:
        path = await desk.link()
        desk.clock.advance(timedelta(hours=49))
        page = await desk.look(path)
        assert (page.status_code, heading(page)) == (410, "This link is no longer valid")
        assert f'action="{path}/renewal"' in page.text
        assert not {"Jeanne", "Les mains vertes", "Cleaning"} & set(
            re.findall(r"Jeanne|Les mains vertes|Cleaning", page.text)
        )

    async def test_a_new_link_is_mailed_once_to_the_client_of_the_request(self, desk: Desk) -> None:
        path = await desk.link()
        desk.clock.advance(timedelta(hours=49))
        sent = [await desk.send(path, to="/renewal") for _ in range(2)]
        assert [(each.status_code, each.headers["location"]) for each in sent] == [(303, f"{path}?sent=true")] * 2
        assert desk.mailed == [(ORGANISATION, CLIENT, REQUEST)]
        told = await desk.look(f"{path}?sent=true")
        assert (told.status_code, heading(told)) == (200, "Look into your mailbox")

    @pytest.mark.parametrize("state", ["validated", "declined", "confirmed", "ended", "unanswered", "shut"])
    async def test_where_nothing_is_asked_the_answer_is_the_same_and_no_mail_goes(self, desk: Desk, state: str) -> None:
        path = await desk.link()
        desk.details = {"request_id": str(REQUEST), "state": state}
        desk.clock.advance(timedelta(hours=49))
        sent = await desk.send(path, to="/renewal")
        assert (sent.status_code, sent.headers["location"], desk.mailed) == (303, f"{path}?sent=true", [])

    async def test_a_link_that_is_good_mails_nothing(self, desk: Desk) -> None:
        path = await desk.link()
        await desk.send(path, to="/renewal")
        assert desk.mailed == []

    async def test_a_newer_link_ends_the_older_one_for_looks_and_answers(self, desk: Desk) -> None:
        older, newer = await desk.link(), await desk.link()
        assert (await desk.send(older, action="decline")).status_code == 303
        assert [(await desk.look(path)).status_code for path in (older, newer)] == [410, 200]
        assert desk.answered == []

    async def test_an_expired_link_takes_no_answer(self, desk: Desk) -> None:
        path = await desk.link()
        desk.clock.advance(timedelta(hours=49))
        await desk.send(path, action="validate", **TYPED)
        assert desk.answered == []

    async def test_who_is_asked_anew_after_an_answer_gets_a_new_link(self, desk: Desk) -> None:
        path = await desk.link()
        await desk.send(path, action="validate", **TYPED)
        desk.details = asked()
        assert (await desk.look(path)).status_code == 410
        await desk.send(path, to="/renewal")
        assert desk.mailed == [(ORGANISATION, CLIENT, REQUEST)]

    async def test_forged_and_somebody_elses_links_look_alike(self, desk: Desk) -> None:
        path = await desk.link()
        forged = path[:-1] + ("A" if path[-1] != "A" else "B")
        desk.details = {}
        absent = [await desk.look(forged), await desk.look("/portal/short"), await desk.look(path)]
        assert [page.status_code for page in absent] == [404] * 3
        assert len({page.text for page in absent}) == 1

    @pytest.mark.parametrize("to", ["", "/renewal"])
    async def test_a_forged_link_takes_nothing(self, desk: Desk, to: str) -> None:
        sent = await desk.send("/portal/" + "A" * 64, to=to, action="decline")
        assert (sent.status_code, desk.answered, desk.mailed) == (404, [], [])

    async def test_a_form_of_another_link_is_refused(self, desk: Desk) -> None:
        path = await desk.link()
        for csrf in ("", "x", csrf_of("another")):
            sent = await desk.send(path, action="decline", csrf=csrf)
            assert sent.status_code == 403
        assert (desk.answered, await desk.standing(path)) == ([], "open")
