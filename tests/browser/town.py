"""An organisation and its people at their browsers."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

import httpx
from doorstep_local.door import Door
from doorstep_local.services import Doorstep
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.flows.scene import Scene

Size = Literal["phone", "desktop"]
Scheme = Literal["light", "dark"]

SIZES: Mapping[Size, ViewportSize] = {
    "phone": {"width": 360, "height": 740},
    "desktop": {"width": 1280, "height": 860},
}
LOCALES = {"fr": "fr-FR", "en": "en-GB"}


@dataclass
class Town:
    """A scene, and the browser contexts that were opened in it: each is a person of their own."""

    scene: Scene
    browser: Browser
    url: str
    _contexts: list[BrowserContext] = field(default_factory=list)

    @classmethod
    def of(cls, doorstep: Doorstep, door: Door, browser: Browser) -> "Town":
        """A new organisation."""
        return cls(Scene.of(doorstep, door), browser, doorstep.url)

    async def somebody(self, *, size: Size = "phone", language: str = "fr", scheme: Scheme = "light") -> Page:
        """A browser that nobody has signed in at."""
        context = await self.browser.new_context(
            viewport=SIZES[size], locale=LOCALES[language], color_scheme=scheme, base_url=self.url
        )
        self._contexts.append(context)
        context.set_default_timeout(15_000)
        return await context.new_page()

    async def person(self, login: str, **look: Any) -> Page:
        """A person of the organisation, signed in by clicking."""
        page = await self.somebody(**look)
        await page.goto("/login")
        await page.locator(f'[data-person="{self.login(login)}"]').click()
        await expect(page.locator("main")).to_be_visible()
        return page

    def login(self, name: str) -> str:
        """The login of one of the scene's people: camille, driss, eva, odile."""
        return f"{name}-{self.scene.tag}"

    @property
    def organisation_id(self) -> UUID:
        """The organisation."""
        return self.scene.organisation_id

    async def mails_to(self, address: str, *, at_least: int = 1) -> Sequence[Mapping[str, Any]]:
        """The mails that somebody has got, the newest first, as soon as there are so many."""
        async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(15):
            while True:
                answer = await http.get(f"{self.scene.doorstep.mail}/api/messages", params={"to": address})
                found: Sequence[Mapping[str, Any]] = answer.json()
                if len(found) >= at_least:
                    return found
                await asyncio.sleep(0.1)

    async def link_to(self, address: str, *, at_least: int = 1) -> str:
        """The link in the newest mail of a client."""
        mails = await self.mails_to(address, at_least=at_least)
        found = re.search(r"http\S+/portal/[\w-]+", mails[0]["text"])
        assert found is not None, mails[0]["subject"]
        return found[0]

    async def leave(self) -> None:
        """Close what was opened."""
        while self._contexts:
            await self._contexts.pop().close()
