"""The operators' console, page by page: what it shows, what it asks of whom, and what it says when that comes to nothing."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from .console_world import COLLEAGUE, CREATOR, LYON, MARIE, NOW, REQUEST, Console, opened

PAGE = f"/console/requests/{REQUEST}"
READ: dict[str, Any] = {
    "request_id": str(REQUEST),
    "state": "launched",
    "case": 3,
    "performer": "other",
    "validation": "client",
    "client_gate": {"open": False, "missing": ["validation"]},
    "worker_gate": {"open": False, "missing": ["selection"]},
}
VALIDATION: dict[str, Any] = {
    "state": "asked",
    "missing": ["validation"],
    "client": {
        "first_name": "Marie",
        "last_name": "Dupont",
        "email": "marie@exemple.test",
        "phone": "+33612345678",
        "address": {"line1": "1 rue Garibaldi", "line2": None, "postal_code": "69003", "locality": "Lyon"},
        "payment_methods": [],
    },
    "proposed_address": None,
}
BROADCAST: dict[str, Any] = {
    "state": "broadcasting",
    "missing": ["selection"],
    "verdicts": [
        {"worker_id": str(CREATOR), "eligible": False, "reasons": ["creator_asks_for_another"]},
        {"worker_id": str(COLLEAGUE), "eligible": True, "reasons": []},
    ],
    "applications": [{"worker_id": str(COLLEAGUE), "applied_at": "2026-03-02T08:30:00Z", "state": "applied"}],
    "refusals": [],
}


@pytest.fixture
async def console(database: str) -> AsyncIterator[Console]:
    """An operator at the console; the catalogue knows Lyon."""
    async with opened(database) as made:
        await made.sign_in()
        made.answers["GET", "/catalogue"] = (200, LYON)
        made.know(c1="Marie Dupont", c2="Élodie Lefèvre")
        yield made


@pytest.fixture
async def request_page(console: Console) -> Console:
    """A launched request that waits for its client and for an operator's choice."""
    await console.put(client_gate="shut", client_lacks=["validation"], worker_gate="shut", worker_lacks=["selection"])
    await console.put_worker(COLLEAGUE, "menage")
    await console.put_worker(CREATOR, "jardinage")
    console.answers["GET", f"/requests/{REQUEST}"] = (200, READ)
    console.answers["GET", f"/requests/{REQUEST}/validation"] = (200, VALIDATION)
    console.answers["GET", f"/requests/{REQUEST}/broadcast"] = (200, BROADCAST)
    return console


def texts(html: str, pattern: str) -> list[str]:
    """The texts of what the pattern finds, without tags."""
    found = re.findall(pattern, html, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", each).split()) for each in found]


def rows(answer: httpx.Response) -> list[list[str]]:
    """The cells of each row of the board."""
    body = answer.text.partition("<tbody")[2].partition("</tbody>")[0]
    return [texts(row, r"<td[^>]*>(.*?)</td>") for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)]


def a_request(number: int) -> UUID:
    return UUID(f"0000000{number}-0000-4000-8000-000000000000")


# The board


async def test_a_row_says_what_is_missing_and_what_is_due(console: Console) -> None:
    await console.put(
        client_gate="shut",
        client_lacks=["validation", "payment_method"],
        client_deadline=NOW + timedelta(hours=5, minutes=20),
        worker_gate="open",
        worker_lacks=[],
        worker_id=COLLEAGUE,
    )
    assert rows(await console.get("/console")) == [
        [
            "Thu 5 Mar 10:00 – 12:00",
            "Cleaning 69003 Lyon",
            "Marie Dupont",
            "missing: answer, payment method",
            "Worker 3f2a",
            "5 h 20 client&#39;s answer Mon 2 Mar, 15:20",
            "Worker c0de a1b2c3d4",
        ]
    ]


async def test_in_french_too(console: Console) -> None:
    await console.put(client_gate="shut", client_lacks=["address"], worker_gate="shut", worker_lacks=["slot"])
    ((slot, what, _, client, worker, due, creator),) = rows(await console.get("/console", **{"Accept-Language": "fr"}))
    assert (slot, what, creator) == ("jeu. 5 mars 10:00 – 12:00", "Ménage 69003 Lyon", "Intervenant c0de a1b2c3d4")
    assert (client, worker) == ("il manque : adresse", "il manque : réservation en cours")
    assert due == "3 jours début du créneau jeu. 5 mars, 10:00"


async def test_workers_who_have_signed_in_are_named(console: Console) -> None:
    await console.put_person(COLLEAGUE, "Driss Amrani")
    await console.put_worker(COLLEAGUE, "menage")
    await console.put(worker_gate="open", worker_lacks=[], worker_id=COLLEAGUE)
    page = await console.get("/console")
    assert (rows(page)[0][4], rows(page)[0][6]) == ("Driss Amrani", "Worker c0de a1b2c3d4")
    assert f'<option value="{COLLEAGUE}">Driss Amrani</option>' in page.text


async def test_times_are_those_of_the_place(console: Console) -> None:
    await console.insert("board_organisations_v2", time_zone="Europe/Paris")
    await console.put(zone="Indian/Reunion", postal_code="97400")
    ((slot, *_),) = rows(await console.get("/console"))
    assert slot == "Thu 5 Mar 13:00 – 15:00 Reunion"


async def test_what_only_an_operator_can_bring_stands_out(console: Console) -> None:
    lacks = {1: "contact", 2: "validation", 3: "address_outside_zone", 4: "payment_method"}
    for number, lack in lacks.items():
        await console.put(a_request(number), client_gate="shut", client_lacks=[lack])
    await console.put(a_request(5), worker_gate="shut", worker_lacks=["selection"], applications=2)
    await console.put(a_request(6), worker_gate="shut", worker_lacks=["applications"])

    page = (await console.get("/console")).text
    assert sorted(re.findall(r'id="r-0000000(\d)\S+" class="mine"', page)) == ["1", "3", "5"]
    assert "choose from 2 applications" in page
    waiting = await console.get("/console?lacks=operator_acts")
    assert sorted(re.findall(r'id="r-0000000(\d)', waiting.text)) == ["1", "3", "5"]


async def test_tabs_count_and_filters_narrow(console: Console) -> None:
    await console.put(a_request(1), client_gate="shut", client_lacks=["address"], worker_id=COLLEAGUE)
    await console.put(a_request(2), state="draft", launched=None)
    await console.put(a_request(3), state="draft", launched=None, client_lacks=["review"], client_id=None)
    await console.put(a_request(4), state="confirmed")
    await console.put(a_request(5), state="expired")
    await console.put(a_request(6), starts_at=NOW + timedelta(days=9))
    await console.put_worker(COLLEAGUE, "menage")

    async def shown(query: str) -> list[str]:
        page = (await console.get(f"/console?{query}")).text
        return sorted(re.findall(r'id="r-0000000(\d)', page))

    tabs = texts((await console.get("/console")).text.partition('class="tabs"')[2], r"<a (?:[^>]*)>(.*?)</a>")[:5]
    assert tabs == ["To verify 1", "Live 2", "Upcoming 1", "Drafts 1", "Ended 1"]
    assert [await shown(f"group={group}") for group in ("review", "launched", "confirmed", "draft", "ended")] == [
        ["3"],
        ["1", "6"],
        ["4"],
        ["2"],
        ["5"],
    ]
    assert await shown("lacks=address") == ["1"]
    assert await shown(f"worker={COLLEAGUE}") == ["1"]
    assert await shown("from=2026-03-09") == ["6"]
    assert await shown("to=2026-03-08") == ["1"]
    assert await shown("group=none&lacks=x&from=x&worker=x&order=x") == ["1", "6"]


async def test_the_next_page_goes_on(console: Console) -> None:
    for number in range(52):
        await console.put(UUID(int=number + 1), created_at=NOW - timedelta(minutes=number))
    first = await console.get("/console?order=newest")
    (onward,) = re.findall(r'href="(/console\?[^"]*cursor=[^"]*)"', first.text)
    second = await console.get(onward.replace("&amp;", "&"))
    found = [re.findall(r'id="r-[0-9a-f-]+?0*(\w+)"', page.text) for page in (first, second)]
    assert [int(each, 16) for page in found for each in page] == list(range(1, 53))
    assert (await console.get("/console?order=soonest&cursor=x")).status_code == 422


async def test_a_part_is_the_list_alone(console: Console) -> None:
    part = (await console.get("/console?part=list", **{"HX-Request": "true"})).text
    assert part.lstrip().startswith('<section id="board"')
    assert "<html" not in part


async def test_names_are_asked_in_batches_of_a_hundred(console: Console) -> None:
    for number in range(110):
        await console.put(UUID(int=number + 1), client_id=UUID(int=number + 1))
    await console.post("/console/search", {"q": "nobody"})
    asked = [each for each in console.asked if each.url.path == "/client-names"]
    assert sorted(len(each.url.params.get_list("ids")) for each in asked) == [10, 100]


async def test_without_the_directory_and_the_catalogue_the_board_still_stands(console: Console) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away")

    await console.put()
    console.answers["GET", "/client-names"] = away
    console.answers["GET", "/catalogue"] = away
    ((_, what, client, *_),) = rows(await console.get("/console"))
    assert (what, client) == ("menage 69003", "—")


# Search


async def test_a_name_is_found_whatever_its_accents_and_stands_in_no_address(console: Console) -> None:
    await console.put(a_request(1))
    await console.put(a_request(2), client_id=UUID(int=MARIE.int + 1), state="cancelled")
    answer = await console.post("/console/search", {"q": "lefevre elo"})
    assert [row[2] for row in rows(answer)] == ["Élodie Lefèvre"]
    assert rows(answer)[0][5] == "Cancelled"
    assert not any("lefevre" in str(each.url) for each in console.asked)


@pytest.mark.parametrize(
    ("words", "found"), [("69003", ["1"]), ("00000002", ["2"]), ("#00000002", ["2"]), ("nobody", []), ("", [])]
)
async def test_numbers_and_postal_codes_are_found(console: Console, words: str, found: list[str]) -> None:
    await console.put(a_request(1))
    await console.put(a_request(2), postal_code="97400")
    answer = await console.post("/console/search", {"q": words})
    assert re.findall(r'id="r-0000000(\d)', answer.text) == found
    if any(letter.isdigit() for letter in words):
        named = [each.url.params.get_list("ids") for each in console.asked if each.url.path == "/client-names"]
        assert named == [[str(MARIE)]]


# One request


async def test_a_request_says_who_acts_next(request_page: Console) -> None:
    page = (await request_page.get(PAGE)).text
    assert texts(page, r'<ul class="next plain">(.*?)</ul>') == [
        "The client answers on their portal, or an operator validates for them."
        " An operator chooses among the applications."
    ]
    assert "Marie Dupont" in page
    assert "1 rue Garibaldi" in page
    assert "25.90" in page


async def test_what_happened_is_told_in_plain_words_the_latest_first(request_page: Console) -> None:
    await request_page.tell(
        1, "intake.requests.v1", "intake.RequestDrafted", created_by=str(CREATOR), performer="other"
    )
    await request_page.tell(
        2,
        "directory.clients.v1",
        "directory.ClientValidationRequested",
        missing=["validation", "address"],
        deadline="2026-03-05T09:00:00Z",
    )
    await request_page.tell(
        3, "scheduling.visits.v1", "scheduling.SlotRefused", worker_id=str(COLLEAGUE), reason="overlap"
    )
    page = (await request_page.get(PAGE)).text
    assert texts(page, r'<li class="event[^>]*>(.*?)</li>') == [
        "Mon 2 Mar, 10:03 Slot refused in the calendar of Worker 3f2a the slot is taken",
        "Mon 2 Mar, 10:02 Client asked for: answer, address until Thu 5 Mar, 10:00",
        "Mon 2 Mar, 10:01 Request created by Worker c0de Create the request for another worker to carry out",
    ]
    chain = texts(page.partition('class="plain-table"')[2], r"<td[^>]*>(.*?)</td>")
    assert chain[:4] == ["2026-03-02T09:01:00.000+00:00", "intake.requests.v1", "doorstep.intake.RequestDrafted", "1"]


async def test_the_labels_are_the_articles_own(request_page: Console) -> None:
    page = (await request_page.get(PAGE, **{"Accept-Language": "fr"})).text
    assert "Créer la demande pour qu’elle soit réalisée par un autre intervenant" in page
    assert "Laisser cette étape au client" in page


async def test_an_applicant_is_chosen_under_the_forms_key(request_page: Console) -> None:
    await request_page.put_person(COLLEAGUE, "Driss Amrani")
    page = (await request_page.get(PAGE)).text
    assert texts(page, r'<li class="candidate">(.*?)</li>') == [
        "Driss Amrani applied Mon 2 Mar, 09:30 eligible Choose Driss Amrani",
        "Worker c0de created the request for somebody else",
    ]
    request_page.answers["POST", f"/requests/{REQUEST}/selection"] = (202, {"state": "selecting"})

    answer = await request_page.post(f"{PAGE}/selection", {"worker_id": str(COLLEAGUE)})

    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}?done=selection")
    assert request_page.sent("POST", f"/requests/{REQUEST}/selection") == {"worker_id": str(COLLEAGUE)}
    assert request_page.asked[-1].headers["idempotency-key"] == "k-1"
    assert "The worker is chosen." in (await request_page.get(answer.headers["location"])).text


async def test_a_refusal_is_said_in_words(request_page: Console) -> None:
    request_page.answers["POST", f"/requests/{REQUEST}/selection"] = (409, {"code": "selection_pending"})
    answer = await request_page.post(f"{PAGE}/selection", {"worker_id": str(COLLEAGUE)})
    assert answer.status_code == 409
    assert texts(answer.text, r'<p class="notice notice-bad"[^>]*>(.*?)</p>') == [
        "A worker has just been chosen; their calendar has not answered yet."
    ]


async def test_a_service_that_is_away_loses_nothing_that_was_typed(request_page: Console) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away")

    request_page.answers["POST", f"/requests/{REQUEST}/validation"] = away
    answer = await request_page.post(f"{PAGE}/validation", {"action": "validate", "line1": "9 rue Neuve"})
    assert "A service does not answer. Try again in a moment." in answer.text
    assert 'value="9 rue Neuve"' in answer.text


@pytest.mark.parametrize(("reason", "sent"), [("no_worker", "no_worker"), ("my own <b>words", "other")])
async def test_it_is_cancelled_for_a_reason(request_page: Console, reason: str, sent: str) -> None:
    request_page.answers["POST", f"/requests/{REQUEST}/cancel"] = (200, {"state": "cancelled"})
    answer = await request_page.post(f"{PAGE}/cancel", {"reason_code": reason})
    assert answer.headers["location"] == f"{PAGE}?done=cancel"
    assert request_page.sent("POST", f"/requests/{REQUEST}/cancel") == {"reason_code": sent}


ADDRESS = {"line1": "9 rue Neuve", "line2": "", "postal_code": "69003", "locality": "Lyon"}


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ({"action": "validate"}, {"action": "validate"}),
        ({"action": "decline", **ADDRESS}, {"action": "decline"}),
        ({"action": "validate", **ADDRESS}, {"action": "validate", "address": {**ADDRESS, "line2": None}}),
        (
            {"action": "validate", "payment": "sepa", "reference": "RUM-1", "signed_on": "2026-02-01"},
            {"action": "validate", "payment_method": {"kind": "sepa", "reference": "RUM-1", "signed_on": "2026-02-01"}},
        ),
        (
            {"action": "validate", "payment": "card", "token": "tok", "last4": "4242", "expiry_month": "2028-05"},
            {
                "action": "validate",
                "payment_method": {"kind": "card", "token": "tok", "last4": "4242", "expiry_month": "2028-05"},
            },
        ),
    ],
)
async def test_an_operator_answers_for_the_client(
    request_page: Console, fields: dict[str, str], body: dict[str, Any]
) -> None:
    request_page.answers["POST", f"/requests/{REQUEST}/validation"] = (200, {"state": "validated"})
    answer = await request_page.post(f"{PAGE}/validation", fields)
    assert answer.headers["location"] == f"{PAGE}?done={fields['action']}"
    assert request_page.sent("POST", f"/requests/{REQUEST}/validation") == body


async def test_what_can_no_longer_be_done_is_not_offered(request_page: Console) -> None:
    request_page.answers["GET", f"/requests/{REQUEST}"] = (200, {**READ, "state": "cancelled"})
    request_page.answers["GET", f"/requests/{REQUEST}/validation"] = (200, {"state": "ended"})
    request_page.answers["GET", f"/requests/{REQUEST}/broadcast"] = (200, {**BROADCAST, "state": "ended"})
    page = (await request_page.get(PAGE)).text
    assert f"{PAGE}/" not in page


async def test_without_a_service_the_page_shows_what_there_is(request_page: Console) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away")

    request_page.answers["GET", f"/requests/{REQUEST}/broadcast"] = away
    answer = await request_page.get(PAGE)
    assert (answer.status_code, "One of the services does not answer" in answer.text) == (200, True)


async def test_what_is_nobodys_is_absent_and_what_is_on_its_way_comes(console: Console) -> None:
    assert (await console.get(PAGE)).status_code == 404
    console.answers["GET", f"/requests/{REQUEST}"] = (200, READ)
    answer = await console.get(PAGE)
    assert (answer.status_code, "on its way to the board" in answer.text) == (202, True)


# The calendar


def an_entry(start: str, end: str, **values: Any) -> dict[str, Any]:
    day = "2026-03-02T"
    told = {"kind": "visit", "zone": "Europe/Paris", "request_id": str(REQUEST), "overlap_accepted": False}
    return {**told, "start": f"{day}{start}:00Z", "end": f"{day}{end}:00Z", **values}


async def test_a_day_has_a_row_for_each_active_worker(console: Console) -> None:
    await console.insert("board_organisations_v2", time_zone="Europe/Paris")
    await console.put()
    await console.put_worker(COLLEAGUE, "menage")
    await console.put_worker(CREATOR, "menage", active=False)
    console.answers["GET", "/calendar"] = (
        200,
        {"entries": [an_entry("08:00", "10:00"), an_entry("09:30", "10:30", kind="hold", overlap_accepted=True)]},
    )

    page = (await console.get("/console/calendar")).text

    asked = [dict(each.url.params) for each in console.asked if each.url.path == "/calendar"]
    assert asked == [
        {"worker_id": str(COLLEAGUE), "from": "2026-03-02T00:00:00+01:00", "to": "2026-03-03T00:00:00+01:00"}
    ]
    assert texts(page, r'<a class="entry.*?</a>') == [
        "09:00 – 11:00 Marie Dupont Cleaning · 69003 Lyon",
        "10:30 – 11:30 Marie Dupont Cleaning · 69003 Lyon held overlap accepted",
    ]
    assert 'rowspan="2">Worker 3f2a' in page
    lanes = [
        sum(map(int, re.findall(r'<td role="cell" colspan="(\d+)"', row)))
        for row in re.findall(r"<tr.*?</tr>", page, re.S)
    ]
    assert lanes == [0, 13 * 4, 13 * 4]


async def test_a_week_begins_on_its_monday(console: Console) -> None:
    await console.put()
    await console.put_worker(COLLEAGUE, "menage")
    console.answers["GET", "/calendar"] = (200, {"entries": [an_entry("22:30", "23:30")]})
    page = (await console.get("/console/calendar?view=week&day=2026-03-05")).text
    days = texts(page, r'<th role="columnheader"[^>]*>(.*?)</th>')
    assert (days[0], days[1], days[7]) == ("Worker", "Mon 2 Mar", "Sun 8 Mar")
    cells = texts(page, r'<td role="cell"[^>]*>(.*?)</td>')
    assert [bool(each) for each in cells] == [True, True, False, False, False, False, False]


async def test_a_calendar_that_cannot_be_read_says_so(console: Console) -> None:
    await console.put_worker(COLLEAGUE, "menage")
    console.answers["GET", "/calendar"] = (500, {"code": "internal"})
    assert "not readable at the moment" in (await console.get("/console/calendar?day=x&skip=x")).text


# The settings

SETTINGS = {
    "version": 7,
    "workers_may_create": False,
    "required_contact_fields": ["email"],
    "draft_lifetime_hours": 168,
}
POLICY = {"version": 7, "broadcast": True, "award": "operator_picks", "application_deadline_hours": 24}


@pytest.fixture
async def settings_page(console: Console) -> Console:
    console.answers["GET", "/settings"] = (200, SETTINGS)
    console.answers["GET", "/policy"] = (200, POLICY)
    return console


async def test_settings_are_saved_by_what_was_read(settings_page: Console) -> None:
    assert 'name="etag" value="&#34;7&#34;"' in (await settings_page.get("/console/settings")).text
    settings_page.answers["PUT", "/settings"] = (200, SETTINGS)
    settings_page.answers["PUT", "/policy"] = (200, POLICY)

    first = await settings_page.post(
        "/console/settings/requests",
        {"etag": '"7"', "workers_may_create": "on", "required": ["phone", "email", "x"], "draft_lifetime_hours": "48"},
    )
    second = await settings_page.post(
        "/console/settings/workers", {"etag": '"7"', "award": "first_come", "application_deadline_hours": "12"}
    )

    assert [(each.status_code, each.headers["location"]) for each in (first, second)] == [
        (303, "/console/settings?done=requests"),
        (303, "/console/settings?done=workers"),
    ]
    assert settings_page.sent("PUT", "/settings") == {
        "workers_may_create": True,
        "required_contact_fields": ["email", "phone"],
        "draft_lifetime_hours": 48,
    }
    assert settings_page.sent("PUT", "/policy") == {
        "broadcast": False,
        "award": "first_come",
        "application_deadline_hours": 12,
    }
    assert [each.headers["if-match"] for each in settings_page.asked if each.method == "PUT"] == ['"7"', '"7"']


async def test_who_was_overtaken_sees_what_the_other_has_set(settings_page: Console) -> None:
    settings_page.answers["PUT", "/settings"] = (412, {"code": "version_mismatch"})
    answer = await settings_page.post("/console/settings/requests", {"etag": '"6"', "draft_lifetime_hours": "48"})
    assert answer.status_code == 412
    assert "Somebody else has changed these settings meanwhile." in answer.text
    assert 'value="168"' in answer.text
    assert 'name="etag" value="&#34;7&#34;"' in answer.text


@pytest.mark.parametrize("hours", ["", "0", "-1", "1.5", "x", "٣", "9999999"])
async def test_hours_are_whole_numbers_above_zero(settings_page: Console, hours: str) -> None:
    answer = await settings_page.post("/console/settings/requests", {"etag": '"7"', "draft_lifetime_hours": hours})
    assert (answer.status_code, "Hours are a whole number above zero." in answer.text) == (422, True)
    assert [each.method for each in settings_page.asked] == ["GET", "GET"]


async def test_the_console_is_for_operators(console: Console) -> None:
    await console.sign_in("worker")
    paths = ("/console", PAGE, "/console/calendar", "/console/settings")
    assert [(await console.get(path)).status_code for path in paths] == [404, 404, 404, 404]
    assert console.asked == []
