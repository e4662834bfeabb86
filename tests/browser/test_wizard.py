"""« Nouvelle demande » by clicking only: back without loss, a lost connection, a double click, and the way to the end."""

import re

import pytest
from playwright.async_api import Page, Route, expect

from .steps import launch, wizard
from .town import Town
from .words import WORDS

pytestmark = pytest.mark.timeout(240)
FR = WORDS["fr"]


async def go_on(page: Page) -> None:
    await page.locator("main form .actions button").click()


async def up_to_the_client(page: Page, town: Town, *, performer: str = "self") -> None:
    """The first four steps."""
    await page.goto("/requests")
    await page.locator('.top a[href="/requests/new"]').click()
    await page.locator(f'[name="performer"][value="{performer}"]').check()
    await go_on(page)
    await page.locator('[name="postal_code"]').fill("69003")
    await go_on(page)
    await page.locator('[value="lyon:menage"]').check()
    await go_on(page)
    await page.locator('[name="date"]').fill(f"{town.scene.monday(9):%Y-%m-%d}")
    await page.locator('[name="time"]').fill("09:00")
    await page.locator('[name="time"]').blur()
    if performer == "self":
        await expect(page.locator("#availability .notice-good")).to_be_visible()
    await go_on(page)
    await expect(page).to_have_url(re.compile("/requests/new/client"))


async def type_client(page: Page, contact: dict[str, str]) -> None:
    await page.locator("#client-new").check()
    for name, value in contact.items():
        await page.locator(f'[name="{name}"]').fill(value)


async def drafted(page: Page) -> None:
    await expect(page).to_have_url(re.compile(r"/requests/[0-9a-f-]{36}/launch"))


def own_requests(town: Town) -> list[str]:
    found = town.scene.camille.at.get("/requests").body["requests"]
    return [each["state"] for each in found if each["state"] != "cancelled"]


async def test_a_known_client_is_confirmed_at_once(town: Town) -> None:
    contact = town.scene.contact()
    town.scene.known(contact)
    page = await town.person("camille")
    await up_to_the_client(page, town)
    await type_client(page, contact)
    await go_on(page)
    await drafted(page)
    await page.locator("#by-worker").check()
    await page.locator('[name="line1"]').fill("12 rue de la Part-Dieu")
    await go_on(page)
    await expect(page.locator("#state .badge").first).to_have_text("Confirmée", timeout=20_000)
    assert own_requests(town) == ["confirmed"]


async def test_back_loses_nothing_and_leaves_one_draft(town: Town) -> None:
    page = await town.person("camille")
    await up_to_the_client(page, town)
    await type_client(page, town.scene.contact("Nadia", "Benali"))
    await page.go_back()
    await expect(page.locator('[name="time"]')).to_have_value("09:00")
    await page.locator('[name="time"]').fill("10:30")
    await page.locator('[name="time"]').blur()
    await go_on(page)
    await expect(page.locator('[name="last_name"]')).to_have_value("Benali")
    await go_on(page)
    await drafted(page)
    await page.locator("a.back").click()
    await expect(page.locator('[name="last_name"]')).to_have_value("Benali")
    await page.locator('[name="first_name"]').fill("Nadine")
    await go_on(page)
    await drafted(page)
    town.scene.until(lambda: own_requests(town), ["draft"])


async def test_a_lost_connection_loses_and_doubles_nothing(town: Town) -> None:
    page = await town.person("camille")
    await up_to_the_client(page, town)
    await type_client(page, town.scene.contact("Iris", "Leroy"))
    await page.context.set_offline(True)
    await go_on(page)
    await expect(page.locator("[data-bad-connection]")).to_be_visible()
    await page.context.set_offline(False)
    await drafted(page)
    await page.locator("#by-client").check()
    await page.context.set_offline(True)
    await go_on(page)
    await expect(page.locator("[data-bad-connection]")).to_be_visible()
    await page.context.set_offline(False)
    await expect(page.locator("#state .badge").first).to_have_text("Lancée", timeout=20_000)
    town.scene.until(lambda: own_requests(town), ["launched"])
    assert await page.evaluate("localStorage.length") == 0


async def test_an_answer_that_never_arrived_is_sent_again_and_acts_once(town: Town) -> None:
    page = await town.person("camille")
    await up_to_the_client(page, town)
    await type_client(page, town.scene.contact("Rose", "Martin"))
    lost: list[str] = []

    async def lose(route: Route) -> None:
        if lost:
            await route.continue_()
            return
        lost.append("answer")
        await route.fetch(max_redirects=0)
        await route.abort()

    await page.route("**/requests/new/client", lose)
    await go_on(page)
    await drafted(page)
    assert lost == ["answer"]
    town.scene.until(lambda: own_requests(town), ["draft"])


async def test_a_double_click_on_launch_acts_once(town: Town) -> None:
    page = await town.person("camille")
    await up_to_the_client(page, town, performer="other")
    await type_client(page, town.scene.contact("Hugo", "Petit"))
    await go_on(page)
    await drafted(page)
    await page.locator("#by-client").check()
    await page.locator("main form .actions button").dblclick()
    await expect(page.locator("#state .badge").first).to_have_text("Lancée", timeout=20_000)
    town.scene.until(lambda: own_requests(town), ["launched"])


async def test_what_was_begun_is_offered_again(town: Town) -> None:
    page = await town.person("camille")
    await up_to_the_client(page, town)
    await type_client(page, town.scene.contact("Zoé", "Faure"))
    await page.goto("/requests")
    await page.locator("[data-resume]").click()
    await expect(page.locator('[name="last_name"]')).to_have_value("Faure")
    await page.goto("/requests")
    await page.locator("[data-discard]").click()
    await page.reload()
    await expect(page.locator("[data-kept]")).to_be_hidden()


async def test_back_after_the_draft_changes_it_and_makes_no_second(town: Town) -> None:
    scene = town.scene
    camille = await town.person("camille")
    await wizard(
        camille, FR, performer="other", start=scene.monday(10), contact=scene.contact("Zoé", f"Vert-{scene.tag}")
    )
    await camille.go_back()
    await expect(camille.locator("#f-first_name")).to_have_value("Zoé")
    await camille.get_by_role("button", name=FR["continue"]).last.click()
    await expect(camille.get_by_label(FR["by_client"])).to_be_visible()
    await launch(camille, FR, by="by_client")
    town.scene.until(lambda: own_requests(town), ["launched"])


async def test_where_workers_may_not_create_there_is_no_button(town: Town) -> None:
    settings = town.scene.operator.get("/settings").body
    wanted = {name: settings[name] for name in ("required_contact_fields", "draft_lifetime_hours")}
    assert town.scene.operator.put("/settings", {**wanted, "workers_may_create": False}).status == 200
    camille = await town.person("camille")
    await expect(camille.get_by_role("heading", level=1)).to_be_visible()
    assert await camille.get_by_role("link", name=FR["new"]).count() == 0
