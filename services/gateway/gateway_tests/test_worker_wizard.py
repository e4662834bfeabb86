"""« Nouvelle demande »: its order, refusals at their fields, going back, and nothing made twice."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from gateway.portals.local_time import NoLocalTime, instant_of, iso_start

from .worker_scene import (
    BUSY,
    CATALOGUE,
    CLIENT,
    FILE,
    JEANNE,
    LAUNCHED,
    OFFER,
    REQUEST,
    Portal,
    answer,
    at_the_portal,
    card,
    hidden,
    refusal,
    text,
)

DRAFT = "0123456789abcdef0123456789abcdef"
WISH = {
    "draft": DRAFT,
    "performer": "self",
    "postal_code": "69003",
    "offer_id": "lyon:menage",
    "date": "2027-03-01",
    "time": "09:00",
    "duration_minutes": "120",
}
LEA = {
    "client": "new",
    "first_name": "Léa",
    "last_name": "Petit",
    "email": "lea.petit@exemple.test",
    "phone": "06 12 34 56 78",
}
BODY = {
    "performer": "self",
    "postal_code": "69003",
    "offer_id": "lyon:menage",
    "start": "2027-03-01T09:00",
    "duration_minutes": 120,
    "accept_overlap": False,
}
ADDRESS = {"line1": "3 place Guichard", "line2": "", "address_postal_code": "69003", "locality": "Lyon"}


@pytest.fixture
async def portal() -> AsyncIterator[Portal]:
    async with at_the_portal() as made:
        made.says["POST request-intake/requests"] = answer({"request_id": REQUEST, "state": "draft"}, 201)
        yield made


def at(step: str, **changed: str) -> str:
    """The address of a step with the usual answers up to it."""
    query = {name: value for name, value in {**WISH, **changed}.items() if value}
    return f"/requests/new{step}?{httpx.QueryParams(query)}"


# The order


async def test_the_first_step_asks_who_does_it_in_the_articles_words(portal: Portal) -> None:
    page = text(await portal.get("/requests/new"))
    assert "Prendre en charge la demande" in page
    assert "Créer la demande pour qu’elle soit réalisée par un autre intervenant" in page
    assert "étape 1 sur 6" in page


async def test_each_step_carries_what_was_entered_before(portal: Portal) -> None:
    page = await portal.get(at("/client"))
    assert {name: value for name, value in hidden(page).items() if name in WISH} == WISH


async def test_a_draft_is_named_once_and_keeps_its_name(portal: Portal) -> None:
    first = hidden(await portal.get("/requests/new"))["draft"]
    second = hidden(await portal.get(f"/requests/new/place?draft={first}&performer=self"))["draft"]
    assert (len(first), second) == (32, first)


async def test_back_goes_to_the_step_before_with_all_that_was_entered(portal: Portal) -> None:
    page = (await portal.get(at("/time"))).text
    back = page.split('class="back" href="')[1].split('"')[0].replace("&amp;", "&")
    assert urlsplit(back).path == "/requests/new/service"
    assert {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()} == WISH


@pytest.mark.parametrize(
    ("lacking", "step", "said"),
    [
        ({"performer": ""}, "étape 1", "Choisissez l’une des deux possibilités."),
        ({"offer_id": ""}, "étape 3", "Choisissez un service."),
        ({"offer_id": "paris:menage"}, "étape 3", "Choisissez un service."),
        ({"date": ""}, "étape 4", "Indiquez une date et une heure."),
        ({"time": "9 h"}, "étape 4", "Indiquez une date et une heure."),
        ({"date": "2027-02-01"}, "étape 4", "Choisissez un moment à venir."),
        ({"duration_minutes": "75"}, "étape 4", "Le service ne peut pas avoir cette durée."),
    ],
)
async def test_who_jumps_ahead_lands_on_the_first_step_that_lacks_something(
    portal: Portal, lacking: dict[str, str], step: str, said: str
) -> None:
    page = await portal.get(at("/client", **lacking))
    assert (page.status_code, step in text(page), said in text(page)) == (422, True, True)


# The place


async def test_a_postal_code_that_does_not_exist_is_refused_at_its_field_with_near_ones(portal: Portal) -> None:
    portal.says["GET request-intake/catalogue"] = refusal(
        422,
        "postal_code_unknown",
        field="postal_code",
        suggestions=[{"postal_code": "69003", "locality": "Lyon"}, {"postal_code": "69009", "locality": "Lyon"}],
    )
    page = await portal.get(at("/service", postal_code="69993"))
    assert page.status_code == 422
    assert '<p class="error" id="d-postal_code">Ce code postal n’existe pas.</p>' in page.text
    assert 'aria-describedby="d-postal_code" aria-invalid="true"' in page.text
    assert 'name="postal_code" value="69009"' in page.text


async def test_the_same_refusal_in_english(portal: Portal) -> None:
    portal.says["GET request-intake/catalogue"] = refusal(422, "postal_code_not_covered", field="postal_code")
    page = text(await portal.get(at("/service"), **{"Accept-Language": "en"}))
    assert "Nothing is offered at this postal code yet." in page


async def test_services_stand_with_their_rate(portal: Portal) -> None:
    page = text(await portal.get(at("/service")))
    assert "69003, Lyon (Lyon et sa métropole)" in page
    assert "Ménage 25,90 € de l’heure" in page.replace("\xa0", " ")


# The slot


async def test_the_worker_who_does_it_sees_whether_they_are_free(portal: Portal) -> None:
    page = text(await portal.get(at("/time")))
    assert "Lun. 1er mars, 09:00 – 11:00 Vous êtes libre à ce moment-là." in page
    assert portal.queries("/availability") == [
        {"start": ["2027-03-01T08:00:00+00:00"], "end": ["2027-03-01T10:00:00+00:00"]}
    ]


async def test_for_somebody_else_the_own_calendar_is_not_asked(portal: Portal) -> None:
    page = text(await portal.get(at("/time", performer="other")))
    assert "Vous êtes libre" not in page
    assert portal.queries("/availability") == []


async def test_an_overlap_is_shown_and_stops_until_it_is_accepted(portal: Portal) -> None:
    portal.says["GET scheduling/availability"] = answer(BUSY)
    stopped = await portal.get(at("/client"))
    assert (stopped.status_code, 'name="accept_overlap"' in stopped.text) == (422, True)
    assert "Vous êtes déjà pris : lun. 1er mars, 10:00 – 11:00." in text(stopped).replace("\xa0", " ")
    accepted = await portal.get(at("/client", accept_overlap="1"))
    assert (accepted.status_code, "étape 5" in text(accepted)) == (200, True)


async def test_availability_is_a_part_of_its_own(portal: Portal) -> None:
    part = await portal.get(at("/availability"), **{"HX-Request": "true"})
    assert "Vous êtes libre" in part.text
    assert "<html" not in part.text


async def test_a_time_that_the_clocks_skip_is_refused(portal: Portal) -> None:
    page = text(await portal.get(at("/client", date="2027-03-28", time="02:30")))
    assert "cette heure n’existe pas." in page


async def test_a_time_that_comes_twice_asks_which_one(portal: Portal) -> None:
    twice = await portal.get(at("/client", date="2027-10-31", time="02:30"))
    assert 'name="offset" value="+02:00"' in twice.text
    assert 'name="offset" value="+01:00"' in twice.text
    await portal.post(
        "/requests/new/client", {**WISH, **LEA, "date": "2027-10-31", "time": "02:30", "offset": "+01:00"}
    )
    assert portal.sent("POST", "/requests")[0][0]["start"] == "2027-10-31T02:30+01:00"


def test_an_offset_stands_only_where_it_is_needed() -> None:
    assert iso_start("2027-03-01", "09:00", "Europe/Paris", "+05:00") == "2027-03-01T09:00"
    assert instant_of("2027-10-31", "02:30", "Europe/Paris", "+01:00").isoformat() == "2027-10-31T01:30:00+00:00"
    with pytest.raises(NoLocalTime) as twice:
        instant_of("2027-10-31", "02:30", "Europe/Paris")
    assert twice.value.offsets == ("+02:00", "+01:00")


# The client


async def test_clients_served_at_the_postal_code_are_offered(portal: Portal) -> None:
    portal.says["GET client-directory/clients"] = answer({"clients": [CLIENT], "next_cursor": None})
    page = await portal.get(at("/client"))
    assert f'name="client" value="{JEANNE}"' in page.text
    assert portal.queries("/clients") == [{"postal_code": ["69003"], "limit": ["100"]}]


async def test_a_client_is_found_by_name_at_any_postal_code_and_the_name_is_in_no_address(portal: Portal) -> None:
    elsewhere = {**CLIENT, "client_id": REQUEST, "first_name": "Paul", "last_name": "Girard", "postal_code": "20000"}
    portal.says["GET client-directory/clients"] = answer({"clients": [CLIENT, elsewhere], "next_cursor": None})
    page = await portal.post("/requests/new/client", {**WISH, "act": "search", "search": "gir"})
    assert ("Paul Girard 20000" in text(page), "Jeanne" in text(page)) == (True, False)
    assert portal.queries("/clients") == [{"limit": ["100"]}]
    assert portal.sent("POST", "/requests") == []


async def test_a_typed_client_makes_a_draft_and_leads_to_its_launch(portal: Portal) -> None:
    made = await portal.post("/requests/new/client", {**WISH, **LEA, "phone": ""})
    assert (made.status_code, made.headers["location"]) == (303, f"/requests/{REQUEST}/launch?draft={DRAFT}")
    ((body, key),) = portal.sent("POST", "/requests")
    typed = {"first_name": "Léa", "last_name": "Petit", "email": "lea.petit@exemple.test", "phone": None}
    assert body == {**BODY, "client": {"typed": typed}}
    assert key.startswith(f"{DRAFT}-")


async def test_a_picked_client_makes_a_draft_too(portal: Portal) -> None:
    await portal.post("/requests/new/client", {**WISH, "client": JEANNE, "performer": "other"})
    assert portal.sent("POST", "/requests")[0][0] == {**BODY, "performer": "other", "client": {"picked": JEANNE}}


async def test_the_same_sent_again_has_the_same_key_and_something_changed_another(portal: Portal) -> None:
    for typed in (LEA, LEA, {**LEA, "first_name": "Lou"}):
        await portal.post("/requests/new/client", {**WISH, **typed})
    first, again, changed = (key for _, key in portal.sent("POST", "/requests"))
    assert (first == again, first == changed) == (True, False)
    assert "lea" not in (first + changed).lower()


async def test_a_draft_that_takes_the_place_of_another_ends_it(portal: Portal) -> None:
    was = "00000000-0000-4000-8000-0000000000ee"
    portal.says[f"GET request-intake/requests/{was}"] = answer(card(request_id=was))
    portal.says[f"POST request-intake/requests/{was}/cancel"] = answer({"state": "cancelled"})
    await portal.post("/requests/new/client", {**WISH, **LEA, "was": was})
    assert portal.sent("POST", f"/requests/{was}/cancel") == [({}, f"{DRAFT}-dropped")]


async def test_what_has_been_launched_is_never_ended_by_going_back(portal: Portal) -> None:
    was = "00000000-0000-4000-8000-0000000000ee"
    portal.says[f"GET request-intake/requests/{was}"] = answer(card(request_id=was, state="launched"))
    await portal.post("/requests/new/client", {**WISH, **LEA, "was": was})
    assert portal.sent("POST", f"/requests/{was}/cancel") == []


@pytest.mark.parametrize(
    ("code", "field", "said"),
    [
        ("email_invalid", "email", "Ce n’est pas une adresse e-mail."),
        ("phone_invalid", "phone", "Ce n’est pas un numéro de téléphone."),
        ("contact_field_missing", "last_name", "Votre entreprise demande cette information."),
        ("text_holds_iban", "first_name", "N’indiquez jamais d’IBAN ici."),
        ("text_too_long", "last_name", "C’est trop long."),
    ],
)
async def test_a_refusal_stands_at_its_field_and_keeps_what_was_typed(
    portal: Portal, code: str, field: str, said: str
) -> None:
    portal.says["POST request-intake/requests"] = refusal(422, code, field=field)
    page = await portal.post("/requests/new/client", {**WISH, **LEA})
    assert page.status_code == 422
    assert f'<p class="error" id="d-{field}">{said}</p>' in page.text
    assert 'value="lea.petit@exemple.test"' in page.text


async def test_a_client_who_cannot_be_reached_is_refused_at_the_e_mail(portal: Portal) -> None:
    portal.says["POST request-intake/requests"] = refusal(422, "contact_unreachable")
    page = await portal.post("/requests/new/client", {**WISH, **LEA})
    assert 'id="d-email">Indiquez une adresse e-mail ou un numéro de téléphone.' in page.text


async def test_a_refused_slot_leads_back_to_its_step(portal: Portal) -> None:
    portal.says["POST request-intake/requests"] = refusal(422, "slot_in_past", field="start")
    page = text(await portal.post("/requests/new/client", {**WISH, **LEA}))
    assert ("étape 4" in page, "Choisissez un moment à venir." in page) == (True, True)


async def test_a_refusal_without_a_field_or_words_stands_above_the_form(portal: Portal) -> None:
    portal.says["POST request-intake/requests"] = refusal(422, "something_new")
    page = await portal.post("/requests/new/client", {**WISH, **LEA})
    assert 'role="alert">Cela n’a pas pu être accepté. Vérifiez votre saisie.' in page.text


async def test_no_client_at_all_is_refused(portal: Portal) -> None:
    page = await portal.post("/requests/new/client", WISH)
    assert (page.status_code, "Indiquez qui est le client." in text(page)) == (422, True)
    assert portal.sent("POST", "/requests") == []


async def test_what_was_typed_is_escaped(portal: Portal) -> None:
    portal.says["POST request-intake/requests"] = refusal(422, "email_invalid", field="email")
    page = await portal.post("/requests/new/client", {**WISH, **LEA, "email": '"><script>alert(1)</script>'})
    assert "<script>alert" not in page.text


# The launch


def drafted(portal: Portal, **changed: Any) -> None:
    portal.says[f"GET request-intake/requests/{REQUEST}"] = answer(card(**changed))


async def test_the_launch_asks_in_the_articles_words(portal: Portal) -> None:
    drafted(portal)
    page = text(await portal.get(f"/requests/{REQUEST}/launch?draft={DRAFT}"))
    for label in ("Ne pas solliciter le client", "Laisser cette étape au client", "Lancer la demande"):
        assert label in page


async def test_who_picked_the_client_confirms_the_address_on_file(portal: Portal) -> None:
    drafted(portal, picked_client_id=JEANNE)
    portal.says[f"GET client-directory/clients/{JEANNE}"] = answer(FILE)
    assert "Je confirme cette adresse 12 rue de la Part-Dieu 69003 Lyon" in text(
        await portal.get(f"/requests/{REQUEST}/launch")
    )


async def test_who_typed_the_client_sees_no_address(portal: Portal) -> None:
    drafted(portal)
    page = await portal.get(f"/requests/{REQUEST}/launch")
    assert 'name="at" value="file"' not in page.text
    assert 'name="line1"' in page.text


async def test_back_from_the_launch_has_the_wish_again(portal: Portal) -> None:
    drafted(portal)
    page = (await portal.get(f"/requests/{REQUEST}/launch?draft={DRAFT}")).text
    back = page.split('class="back" href="')[1].split('"')[0].replace("&amp;", "&")
    found = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    assert found == {**WISH, "offset": "+01:00", "was": REQUEST}


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ({"validation": "client"}, {"validation": "client"}),
        (
            {"validation": "worker", "at": "file", **ADDRESS},
            {"validation": "worker", "address_confirmed": True, "address": None},
        ),
        (
            {"validation": "worker", **ADDRESS},
            {
                "validation": "worker",
                "address_confirmed": True,
                "address": {
                    "line1": "3 place Guichard",
                    "line2": None,
                    "postal_code": "69003",
                    "locality": "Lyon",
                },
            },
        ),
    ],
)
async def test_a_launch_waits_for_what_becomes_of_it(
    portal: Portal, fields: dict[str, str], body: dict[str, Any]
) -> None:
    states = [card(state="launching"), card(state="launching"), card(state="confirmed")]
    portal.says[f"GET request-intake/requests/{REQUEST}"] = lambda request: answer(states.pop(0))
    portal.says[f"POST request-intake/requests/{REQUEST}/launch"] = answer({"state": "launching"})
    launched = await portal.post(f"/requests/{REQUEST}/launch", {**fields, "key": "k3"})
    assert (launched.status_code, launched.headers["location"], states) == (303, f"/requests/{REQUEST}", [])
    assert portal.sent("POST", f"/requests/{REQUEST}/launch") == [(body, "k3")]


async def test_a_launch_whose_outcome_takes_long_shows_the_request_as_it_stands(portal: Portal) -> None:
    drafted(portal, state="launching")
    portal.says[f"POST request-intake/requests/{REQUEST}/launch"] = answer({"state": "launching"})
    launched = await portal.post(f"/requests/{REQUEST}/launch", {"validation": "client", "key": "k3"})
    assert launched.status_code == 303


async def test_a_launch_without_a_choice_is_refused_before_it_is_sent(portal: Portal) -> None:
    drafted(portal)
    page = await portal.post(f"/requests/{REQUEST}/launch", {"key": "k3"})
    assert (page.status_code, 'id="d-validation">Choisissez l’une' in page.text) == (422, True)
    assert portal.sent("POST", f"/requests/{REQUEST}/launch") == []


@pytest.mark.parametrize(
    ("code", "field", "shown_at"),
    [
        ("address_incomplete", "address.line1", "line1"),
        ("address_incomplete", "address.locality", "locality"),
        ("postal_code_malformed", "address.postal_code", "address_postal_code"),
        ("address_never_shown", "address_confirmed", "line1"),
    ],
)
async def test_a_refused_address_stands_at_its_field(portal: Portal, code: str, field: str, shown_at: str) -> None:
    drafted(portal)
    portal.says[f"POST request-intake/requests/{REQUEST}/launch"] = refusal(422, code, field=field)
    page = await portal.post(f"/requests/{REQUEST}/launch", {"validation": "worker", **ADDRESS, "key": "k3"})
    assert (page.status_code, f'class="error" id="d-{shown_at}"' in page.text) == (422, True)
    assert 'value="3 place Guichard"' in page.text


async def test_what_is_launched_already_shows_its_own_page(portal: Portal) -> None:
    drafted(portal, **LAUNCHED)
    page = await portal.get(f"/requests/{REQUEST}/launch")
    assert (page.status_code, page.headers["location"]) == (303, f"/requests/{REQUEST}")


async def test_a_place_overseas_says_whose_time_it_is(portal: Portal) -> None:
    zone = {"id": "reunion", "label": "La Réunion", "time_zone": "Indian/Reunion"}
    portal.says["GET request-intake/catalogue"] = answer({**CATALOGUE, "zone": zone, "offers": [OFFER]})
    page = text(await portal.get(at("/time")))
    assert "L’heure est celle du lieu. (Indian/Reunion)" in page
    assert portal.queries("/availability")[0]["start"] == ["2027-03-01T05:00:00+00:00"]
