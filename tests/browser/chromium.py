"""The browser of the tests: the machine's own Chromium, driven by Playwright."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class NoBrowser(Exception):
    """There is no Chromium on the path."""


def executable() -> str:
    """Where Chromium is. Errors: NoBrowser, which says how to get one."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    raise NoBrowser("the browser tests need Chromium: apt-get install chromium (or Google Chrome on the path)")


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A headless Chromium that asks nothing of the world outside."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable(), args=list(_QUIET))
        try:
            yield browser
        finally:
            await browser.close()
