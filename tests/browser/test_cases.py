"""The three cases of a request by clicking only: the worker at the door, the operator, the client from their mail."""

import re

import pytest
from playwright.async_api import expect

from .steps import launch, wizard
from .town import Size, Town
from .words import WORDS, Language

EACH = pytest.mark.parametrize(("size", "language"), [("phone", "fr"), ("desktop", "en")])


@EACH
async def test_case_1_is_confirmed_at_once(town: Town, size: Size, language: Language) -> None:
    words, scene = WORDS[language], town.scene
    jeanne = scene.contact("Jeanne", f"Moulin-{scene.tag}")
    scene.known(jeanne)
    camille = await town.person("camille", size=size, language=language)
    await wizard(camille, words, performer="self", start=scene.monday(9), contact=jeanne)
    await launch(camille, words, by="by_worker", home=True)
    await expect(camille.get_by_text(words["in_place"])).to_be_visible()
    await camille.goto(f"/calendar?on={scene.monday(9):%Y-%m-%d}")
    await expect(camille.locator("main")).to_contain_text(words["cleaning"])


@EACH
async def test_case_2_the_client_completes_a_payment_method(town: Town, size: Size, language: Language) -> None:
    words, scene = WORDS[language], town.scene
    paul = scene.contact("Paul", f"Girard-{scene.tag}")
    scene.known(paul, card=False)
    camille = await town.person("camille", size=size, language=language)
    await wizard(camille, words, performer="self", start=scene.monday(12), contact=paul)
    await launch(camille, words, by="by_worker", home=True)
    await expect(camille.locator("#state")).to_contain_text(words["payment_lacks"])
    client = await town.somebody(size=size, language=language)
    await client.goto(await town.link_to(paul["email"]))
    await client.get_by_label(re.compile("4242")).check()
    await client.get_by_role("button", name=words["approve"]).click()
    await expect(client.locator("[data-standing]")).to_be_visible()
    await expect(camille.get_by_text(words["in_place"])).to_be_visible()  # by itself: the page is live


@EACH
async def test_case_3_a_colleague_applies_and_the_operator_picks(town: Town, size: Size, language: Language) -> None:
    words, scene = WORDS[language], town.scene
    scene.policy(broadcast=True)
    lucie = scene.contact("Lucie", f"Faure-{scene.tag}")
    camille = await town.person("camille", size=size, language=language)
    driss = await town.person("driss", size=size, language=language)
    odile = await town.person("odile", size="desktop", language=language)
    await driss.goto("/calls")
    await wizard(camille, words, performer="other", start=scene.monday(14), contact=lucie)
    request = await launch(camille, words, by="by_client")
    await driss.get_by_role("button", name=re.compile(words["apply"])).click()  # the call appears by itself
    await expect(driss.locator("#my-applications")).to_be_visible()
    await odile.goto(f"/console/requests/{request}")
    await odile.get_by_role("button", name=re.compile(words["choose"])).click()
    client = await town.somebody(size=size, language=language)
    await client.goto(await town.link_to(lucie["email"]))
    await client.locator("#f-line1").fill("48 cours Lafayette")
    await client.locator("#f-postal_code").fill("69003")
    await client.locator("#f-locality").fill("Lyon")
    await client.get_by_label(re.compile("4242")).check()
    await client.get_by_role("button", name=words["approve"]).click()
    await expect(client.locator("[data-standing]")).to_be_visible()
    await expect(camille.get_by_text(words["in_place"])).to_be_visible()
    await driss.goto(f"/calendar?on={scene.monday(14):%Y-%m-%d}")
    await expect(driss.locator("main")).to_contain_text(words["cleaning"])
