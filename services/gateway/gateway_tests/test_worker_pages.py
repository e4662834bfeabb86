"""What a worker sees: their requests with both gates, calls, calendar; and what the portal never shows or does twice."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from .worker_scene import (
    CAMILLE,
    FILE,
    JEANNE,
    LAUNCHED,
    NOW,
    REQUEST,
    SETTINGS,
    Portal,
    answer,
    at_the_portal,
    card,
    refusal,
    text,
)

OPEN = {"open": True, "missing": []}
CHECKED = {"open": False, "missing": ["verification"]}
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
async def portal() -> AsyncIterator[Portal]:
    async with at_the_portal() as made:
        yield made


def shows(portal: Portal, *rows: Any, cursor: str | None = None) -> None:
    portal.says["GET request-intake/requests"] = answer({"requests": list(rows), "next_cursor": cursor})


def call(**changed: Any) -> dict[str, Any]:
    return {
        "request_id": REQUEST,
        "service": "menage",
        "postal_code": "69003",
        "start": "2027-03-01T08:00:00Z",
        "end": "2027-03-01T10:00:00Z",
        "zone": "Europe/Paris",
        "rate_cents": 2590,
        "currency": "EUR",
        "deadline": "2027-02-20T12:30:00Z",
        "state": "open",
        "reasons": [],
        **changed,
    }


def entry(**changed: Any) -> dict[str, Any]:
    return {
        "kind": "visit",
        "start": "2027-02-16T08:00:00Z",
        "end": "2027-02-16T10:00:00Z",
        "zone": "Europe/Paris",
        "request_id": REQUEST,
        "visit_id": None,
        "overlap_accepted": False,
        **changed,
    }


# The bars


async def test_a_new_request_can_be_begun_on_every_screen(portal: Portal) -> None:
    shows(portal)
    portal.says["GET dispatch/calls"] = answer({"calls": []})
    portal.says["GET scheduling/calendar"] = answer({"entries": []})
    for path in ("/requests", "/calls", "/calendar", "/me", "/requests/new"):
        assert '<a class="button button-main" href="/requests/new">' in (await portal.get(path)).text


async def test_where_workers_may_not_create_the_button_is_absent_and_the_wizard_shut(portal: Portal) -> None:
    portal.says["GET request-intake/settings"] = answer({**SETTINGS, "workers_may_create": False})
    shows(portal)
    page, wizard = await portal.get("/requests"), await portal.get("/requests/new")
    assert 'href="/requests/new"' not in page.text
    assert (wizard.status_code, "ne permet pas aux intervenants" in text(wizard)) == (403, True)


async def test_the_bars_say_where_one_is(portal: Portal) -> None:
    page = await portal.get("/me")
    assert [line for line in page.text.splitlines() if 'aria-current="page"' in line and "/me" in line]
    assert page.text.count('aria-current="page"') == 1


async def test_an_operator_has_no_worker_pages() -> None:
    async with at_the_portal("operator") as portal:
        assert (await portal.get("/requests")).status_code == 404


# My requests


async def test_a_request_shows_its_state_and_both_gates_in_plain_words(portal: Portal) -> None:
    shows(portal, card(**LAUNCHED))
    page = text(await portal.get("/requests"))
    assert "Ménage Lancée lun. 1er mars, 09:00 – 11:00 69003 Lyon Réalisée par moi" in page
    assert "Client : validation attendue, moyen de paiement à compléter" in page
    assert "Intervenant : assigné, le créneau est réservé" in page


async def test_the_same_in_english(portal: Portal) -> None:
    shows(portal, card(**LAUNCHED, performer="other"))
    page = text(await portal.get("/requests", **ENGLISH))
    assert "Cleaning Launched Mon 1 Mar, 09:00 – 11:00 69003 Lyon Done by somebody else" in page
    assert "Client: to be validated, payment method to be completed" in page


@pytest.mark.parametrize(
    ("state", "label"),
    [
        ("draft", "Brouillon"),
        ("launching", "Lancée, vérification en cours"),
        ("confirmed", "Confirmée"),
        ("cancelled", "Annulée"),
        ("declined", "Refusée"),
        ("expired", "Expirée"),
    ],
)
async def test_states_have_the_names_of_the_interface(portal: Portal, state: str, label: str) -> None:
    shows(portal, card(state=state))
    assert f"Ménage {label} lun." in text(await portal.get("/requests"))


async def test_a_request_that_is_being_checked_tells_nothing_else(portal: Portal) -> None:
    shows(portal, card(state="launching", client_gate=CHECKED, worker_gate=CHECKED))
    page = text(await portal.get("/requests"))
    assert "Client : vérification en cours Intervenant : vérification en cours" in page


async def test_a_lack_that_has_no_words_yet_is_waited_for(portal: Portal) -> None:
    shows(portal, card(state="launched", client_gate=OPEN, worker_gate={"open": False, "missing": ["something_new"]}))
    assert "Intervenant : en attente" in text(await portal.get("/requests"))


async def test_an_ended_request_has_no_gates(portal: Portal) -> None:
    shows(portal, card(state="cancelled", client_gate=CHECKED, worker_gate=OPEN))
    assert "Intervenant" not in text(await portal.get("/requests"))


async def test_requests_are_paged(portal: Portal) -> None:
    shows(portal, card(), cursor="a/b=")
    first = await portal.get("/requests")
    assert 'href="/requests?cursor=a/b%3D"' in first.text
    await portal.get("/requests?cursor=a/b%3D")
    assert portal.queries("/requests") == [{"limit": ["20"]}, {"limit": ["20"], "cursor": ["a/b="]}]


async def test_a_part_is_the_list_alone(portal: Portal) -> None:
    shows(portal, card())
    part = await portal.get("/requests?part=list", **{"HX-Request": "true"})
    assert part.text.lstrip().startswith('<section id="list"')
    assert "<html" not in part.text


async def test_the_names_of_the_catalogue_are_asked_for_once(portal: Portal) -> None:
    shows(portal, card(), card(), card(postal_code="69009"))
    await portal.get("/requests")
    await portal.get("/requests")
    assert portal.queries("/catalogue") == [{"postal_code": ["69003"]}, {"postal_code": ["69009"]}]


async def test_a_service_that_the_catalogue_no_longer_knows_shows_its_code(portal: Portal) -> None:
    portal.says["GET request-intake/catalogue"] = refusal(422, "postal_code_not_covered")
    shows(portal, card())
    assert "menage Brouillon" in text(await portal.get("/requests"))


# One request


async def test_a_request_of_a_client_that_the_worker_picked_shows_their_name(portal: Portal) -> None:
    portal.says[f"GET request-intake/requests/{REQUEST}"] = answer(card(**LAUNCHED, picked_client_id=JEANNE))
    portal.says[f"GET client-directory/clients/{JEANNE}"] = answer(FILE)
    page = text(await portal.get(f"/requests/{REQUEST}"))
    assert "Lundi 1er mars 2027 09:00 – 11:00 (2 h)" in page
    assert "Client Jeanne Moulin Tarif 25,90 € de l’heure (51,80 € au total)" in page


async def test_a_client_whom_the_worker_may_not_see_has_no_name(portal: Portal) -> None:
    portal.says[f"GET request-intake/requests/{REQUEST}"] = answer(card(**LAUNCHED, picked_client_id=JEANNE))
    page = await portal.get(f"/requests/{REQUEST}")
    assert (page.status_code, "<dt>Client</dt>" in page.text) == (200, False)


async def test_names_are_escaped(portal: Portal) -> None:
    portal.says[f"GET request-intake/requests/{REQUEST}"] = answer(card(**LAUNCHED, picked_client_id=JEANNE))
    portal.says[f"GET client-directory/clients/{JEANNE}"] = answer({**FILE, "first_name": "<script>alert(1)</script>"})
    page = (await portal.get(f"/requests/{REQUEST}")).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


async def test_somebody_elses_request_is_not_there(portal: Portal) -> None:
    assert (await portal.get(f"/requests/{REQUEST}")).status_code == 404


async def test_a_request_can_be_cancelled_before_confirmation(portal: Portal) -> None:
    portal.says[f"POST request-intake/requests/{REQUEST}/cancel"] = answer({"state": "cancelled"})
    gone = await portal.post(f"/requests/{REQUEST}/cancel", {"key": "k1"})
    assert (gone.status_code, gone.headers["location"]) == (303, f"/requests/{REQUEST}")
    assert portal.sent("POST", f"/requests/{REQUEST}/cancel") == [({}, "k1")]


async def test_a_refused_cancellation_is_explained(portal: Portal) -> None:
    portal.says[f"GET request-intake/requests/{REQUEST}"] = answer(card(state="confirmed"))
    portal.says[f"POST request-intake/requests/{REQUEST}/cancel"] = refusal(409, "request_confirmed")
    page = await portal.post(f"/requests/{REQUEST}/cancel", {"key": "k1"})
    assert (page.status_code, "seul un opérateur peut encore l’annuler" in text(page)) == (409, True)


async def test_a_confirmed_request_offers_no_cancellation(portal: Portal) -> None:
    portal.says[f"GET request-intake/requests/{REQUEST}"] = answer(
        card(state="confirmed", client_gate=OPEN, worker_gate=OPEN)
    )
    assert "/cancel" not in (await portal.get(f"/requests/{REQUEST}")).text


async def test_a_form_from_elsewhere_is_refused(portal: Portal) -> None:
    answered = await portal.http.post(f"/requests/{REQUEST}/cancel", data={"csrf": "guessed", "key": "k"})
    assert (answered.status_code, answered.json()["code"], portal.asked) == (403, "cross_site", [])


# Calls


async def test_an_open_call_shows_what_where_when_and_how_much(portal: Portal) -> None:
    portal.says["GET dispatch/calls"] = answer({"calls": [call()]})
    page = text(await portal.get("/calls"))
    assert "Ménage encore 3 h 30 lun. 1er mars, 09:00 – 11:00 69003 Lyon 25,90 €" in page
    assert "(51,80 € au total) Postuler jusqu’au 20 févr. 2027, 13:30" in page


async def test_an_application_is_sent_under_the_forms_key(portal: Portal) -> None:
    portal.says[f"POST dispatch/requests/{REQUEST}/applications"] = answer({"state": "applied"}, 201)
    sent = await portal.post(f"/calls/{REQUEST}", {"key": "k7"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/calls?sent=1")
    assert portal.sent("POST", f"/requests/{REQUEST}/applications") == [(None, "k7")]


async def test_a_double_click_waits_for_the_first_answer(portal: Portal) -> None:
    answers = iter([refusal(409, "idempotency_key_in_flight"), answer({"state": "applied"}, 201)])
    portal.says[f"POST dispatch/requests/{REQUEST}/applications"] = lambda request: next(answers)
    assert (await portal.post(f"/calls/{REQUEST}", {"key": "k7"})).status_code == 303


async def test_why_an_application_is_refused_is_said(portal: Portal) -> None:
    portal.says["GET dispatch/calls"] = answer({"calls": []})
    portal.says[f"POST dispatch/requests/{REQUEST}/applications"] = refusal(
        403, "not_eligible", reasons=["service_not_held", "unheard_of"]
    )
    page = text(await portal.post(f"/calls/{REQUEST}", {"key": "k7"}))
    assert "Vous ne pouvez pas postuler à cet appel. Vous ne proposez pas ce service." in page


async def test_applications_say_what_became_of_them(portal: Portal) -> None:
    portal.says["GET dispatch/calls"] = answer(
        {
            "calls": [
                call(state="applied"),
                call(state="assigned"),
                call(state="not_chosen", reasons=["another_chosen"]),
                call(state="ended"),
            ]
        }
    )
    page = text(await portal.get("/calls"))
    labels = ["Candidature envoyée", "Vous êtes retenu", "Vous n’êtes pas retenu", "Appel terminé"]
    assert [label for label in labels if f"Ménage {label}" in page] == labels
    assert "Un autre intervenant a été retenu." in page
    assert "Postuler" not in page


# My calendar


async def test_a_week_begins_on_monday_and_names_what_stands_in_it(portal: Portal) -> None:
    portal.says["GET scheduling/calendar"] = answer({"entries": [entry()]})
    portal.says[f"GET request-intake/requests/{REQUEST}"] = answer(card())
    portal.says["GET dispatch/calls"] = answer({"calls": []})
    page = text(await portal.get("/calendar"))
    assert "Lun. 15 févr. – dim. 21 févr. 2027" in page
    assert "Mar. 16 févr. 09:00 – 11:00 Ménage 69003 Lyon Mer. 17 févr. Rien de prévu" in page
    assert portal.queries("/calendar") == [
        {
            "worker_id": [str(CAMILLE)],
            "from": ["2027-02-14T00:00:00+00:00"],
            "to": ["2027-02-23T00:00:00+00:00"],
        }
    ]


async def test_an_entry_stands_at_its_own_places_time(portal: Portal) -> None:
    late = entry(start="2027-02-16T21:00:00Z", end="2027-02-16T22:00:00Z", zone="Indian/Reunion")
    portal.says["GET scheduling/calendar"] = answer({"entries": [late]})
    portal.says["GET dispatch/calls"] = answer({"calls": []})
    page = text(await portal.get("/calendar?view=day&on=2027-02-17"))
    assert "Mer. 17 févr. 01:00 – 02:00 Passage" in page


async def test_a_slot_held_for_a_call_is_named_by_the_call(portal: Portal) -> None:
    portal.says["GET scheduling/calendar"] = answer({"entries": [entry(kind="hold")]})
    portal.says["GET dispatch/calls"] = answer({"calls": [call(state="assigned")]})
    page = await portal.get("/calendar?view=day&on=2027-02-16")
    assert "09:00 – 11:00 Ménage 69003 Lyon réservé" in text(page)
    assert f"/requests/{REQUEST}" not in page.text


async def test_a_visit_of_somebody_elses_request_is_named_by_the_visit(portal: Portal) -> None:
    visit = "00000000-0000-4000-8000-0000000000ff"
    portal.says["GET scheduling/calendar"] = answer({"entries": [entry(visit_id=visit)]})
    portal.says[f"GET scheduling/visits/{visit}"] = answer({"service": "menage", "postal_code": "69003"})
    portal.says["GET dispatch/calls"] = answer({"calls": []})
    assert "Ménage 69003 Lyon" in text(await portal.get("/calendar?view=day&on=2027-02-16"))


async def test_overlapping_entries_stand_side_by_side(portal: Portal) -> None:
    portal.says["GET scheduling/calendar"] = answer(
        {"entries": [entry(), entry(start="2027-02-16T09:00:00Z", end="2027-02-16T09:30:00Z", overlap_accepted=True)]}
    )
    portal.says["GET dispatch/calls"] = answer({"calls": []})
    page = (await portal.get("/calendar?view=day&on=2027-02-16")).text
    assert "entry-visit at-8 for-8 lane-1-2" in page
    assert "entry-visit at-12 for-2 lane-2-2" in page


@pytest.mark.parametrize(
    ("view", "before", "after"), [("day", "2027-02-19", "2027-02-21"), ("week", "2027-02-08", "2027-02-22")]
)
async def test_one_goes_on_and_back(portal: Portal, view: str, before: str, after: str) -> None:
    portal.says["GET scheduling/calendar"] = answer({"entries": []})
    page = (await portal.get(f"/calendar?view={view}&on={NOW.date()}")).text
    assert f'href="/calendar?view={view}&amp;on={before}"' in page
    assert f'href="/calendar?view={view}&amp;on={after}"' in page


# The app on the phone


async def test_the_portal_can_be_installed(portal: Portal) -> None:
    manifest = (await portal.get("/manifest.webmanifest")).json()
    assert (manifest["lang"], manifest["start_url"], manifest["display"]) == ("fr", "/requests", "standalone")
    assert [icon["sizes"] for icon in manifest["icons"]] == ["192x192", "512x512", "512x512"]


async def test_the_service_worker_keeps_no_page_of_anybodys(portal: Portal) -> None:
    answered = await portal.get("/sw.js")
    kept = json.loads(answered.text.splitlines()[0].removeprefix("const KEPT = ").removesuffix(";"))
    assert (kept[0], {path.split("/")[1] for path in kept[1:]}) == ("/offline", {"static"})
    assert answered.headers["cache-control"] == "no-cache"


async def test_the_page_for_no_connection_is_nobodys(portal: Portal) -> None:
    page = await portal.get("/offline")
    assert "Camille" not in page.text
    assert "Pas de connexion" in text(page)


async def test_pages_are_kept_by_nobody(portal: Portal) -> None:
    shows(portal)
    assert (await portal.get("/requests")).headers["cache-control"] == "no-store"


async def test_a_service_that_is_away_is_said_to_be(portal: Portal) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away", request=request)

    portal.says["GET request-intake/requests"] = away
    answered = await portal.get("/requests")
    assert (answered.status_code, answered.json()["code"]) == (503, "service_unavailable")
