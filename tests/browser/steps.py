"""The wizard as somebody clicks through it."""

import re
from collections.abc import Mapping
from datetime import datetime

from playwright.async_api import Page, expect

Words = Mapping[str, str]


async def to_the_client(page: Page, words: Words, *, performer: str, start: datetime) -> None:
    """« Nouvelle demande » up to the question for which client."""
    await page.get_by_role("link", name=words["new"]).first.click()
    await page.get_by_label(words[performer]).check()
    await page.get_by_role("button", name=words["continue"]).click()
    await page.get_by_label(words["postal_code"]).fill("69003")
    await page.get_by_role("button", name=words["continue"]).click()
    await page.get_by_label(words["cleaning"]).check()
    await page.get_by_role("button", name=words["continue"]).click()
    await page.get_by_label(words["date"]).fill(f"{start:%Y-%m-%d}")
    await page.get_by_label(words["time"]).fill(f"{start:%H:%M}")
    if performer == "self":
        await expect(page.get_by_text(words["free"])).to_be_visible()
    await page.get_by_role("button", name=words["continue"]).click()


async def type_client(page: Page, contact: Mapping[str, str]) -> None:
    """Somebody the worker never worked for."""
    for name, value in contact.items():
        await page.locator(f"#f-{name}").fill(value)


async def wizard(page: Page, words: Words, *, performer: str, start: datetime, contact: Mapping[str, str]) -> None:
    """Step by step, up to the question who validates: the draft is sent."""
    await to_the_client(page, words, performer=performer, start=start)
    await type_client(page, contact)
    await page.get_by_role("button", name=words["continue"]).last.click()
    await expect(page.get_by_label(words["by_client"])).to_be_visible()


async def choose(page: Page, words: Words, *, by: str, home: bool = False) -> None:
    """Who validates, and where it is."""
    await page.get_by_label(words[by]).check()
    if home:
        await page.locator("#f-line1").fill("12 rue de la Part-Dieu")
        await page.locator("#f-address_postal_code").fill("69003")
        await page.locator("#f-locality").fill("Lyon")


async def launched(page: Page) -> str:
    """The request's id, once its page is there."""
    await page.wait_for_url(re.compile(r"/requests/[0-9a-f-]{36}$"))
    return page.url.rsplit("/", 1)[1]


async def launch(page: Page, words: Words, *, by: str, home: bool = False) -> str:
    """« Lancer la demande »; the request's id."""
    await choose(page, words, by=by, home=home)
    await page.get_by_role("button", name=words["launch"]).click()
    return await launched(page)
