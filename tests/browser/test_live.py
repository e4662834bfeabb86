"""Pages follow what others do, say when they cannot, and catch up."""

import asyncio

import pytest
from playwright.async_api import Page, expect

from .town import Town

COUNT = """
  window.heard = [];
  document.addEventListener("DOMContentLoaded", () =>
    document.body.addEventListener("changed", (event) => window.heard.push(event.detail)));
"""


async def listening(town: Town, who: str) -> Page:
    """A page of this person that writes down what it is told; its stream has begun."""
    page = await town.person(who)
    await page.add_init_script(COUNT)
    async with page.expect_response(lambda answer: answer.url.endswith("/events")):
        await page.goto("/requests")
    await until_quiet(page)
    return page


async def heard(page: Page) -> list[dict[str, str | None]]:
    found: list[dict[str, str | None]] = await page.evaluate("window.heard")
    return found


async def until_quiet(page: Page) -> None:
    """Until what was told before the page was opened has been told, the second look too; then forget it."""
    seen = -1
    while seen != (seen := len(await heard(page))):
        await asyncio.sleep(3)
    await page.evaluate("window.heard.length = 0")


async def until_heard(page: Page, hint: dict[str, str | None]) -> None:
    await page.wait_for_function(
        "wanted => window.heard.some(each => each.kind === wanted.kind && each.request_id === wanted.request_id)",
        arg=hint,
    )


async def test_a_page_is_told_of_its_persons_changes_and_not_of_others(town: Town) -> None:
    mine, theirs = await listening(town, "camille"), await listening(town, "driss")
    request = await asyncio.to_thread(town.scene.draft, town.scene.contact())
    await until_heard(mine, {"kind": "request", "request_id": request})
    await expect(mine.locator("#list")).to_contain_text("69003")
    await expect(mine.locator("[data-offline]")).to_be_hidden()
    await asyncio.sleep(1)
    assert await heard(theirs) == []


async def test_a_burst_is_told_a_few_times_not_each_time(town: Town) -> None:
    page = await listening(town, "camille")
    contacts = [town.scene.contact(name, "Blanc") for name in ("Anne", "Luc", "Marie", "Paul", "Jean", "Rose") * 3]
    await asyncio.gather(*(asyncio.to_thread(town.scene.draft, contact) for contact in contacts))
    await until_heard(page, {"kind": "request", "request_id": None})
    await asyncio.sleep(4)
    assert 2 <= len(await heard(page)) < len(contacts)  # the second look too


@pytest.mark.timeout(180)
async def test_a_page_says_that_it_hears_nothing_and_catches_up(town: Town) -> None:
    page = await listening(town, "camille")
    stack = town.scene.doorstep.stack
    gateway = stack.service("gateway")
    spec = next(each for each in town.scene.doorstep.specs() if each.name == "gateway")
    await asyncio.to_thread(gateway.stop)
    await expect(page.locator("[data-offline]")).to_be_visible()
    await asyncio.to_thread(gateway.start)
    await asyncio.to_thread(stack.wait_ready, spec)
    request = await asyncio.to_thread(town.scene.draft, town.scene.contact())
    await until_heard(page, {"kind": "request", "request_id": request})
    await expect(page.locator("[data-offline]")).to_be_hidden()
