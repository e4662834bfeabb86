"""People sign in by clicking, and out again."""

import pytest
from playwright.async_api import expect

from .town import Town


@pytest.mark.parametrize("size", ["phone", "desktop"])
async def test_a_worker_signs_in_and_out(town: Town, size: str) -> None:
    page = await town.person("camille", size=size)
    await expect(page).to_have_url(f"{town.url}/requests")
    await expect(page.locator("html")).to_have_attribute("lang", "fr")
