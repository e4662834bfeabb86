"""Sessions at a browser: begun and ended by clicking, and what another site's page cannot do to somebody who has signed in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, expect

from .town import Town


@asynccontextmanager
async def another_site(html: str) -> AsyncIterator[str]:
    """A page under another origin."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(html)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + html.encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://localhost:{server.sockets[0].getsockname()[1]}/"


async def signed_in(page: Page) -> bool:
    """Whether the start leads anywhere but to the issuer."""
    await page.goto("/logout")
    return await page.locator("form[action='/logout']").count() == 1


@pytest.mark.parametrize(("language", "question"), [("fr", "Qui êtes-vous ?"), ("en", "Who are you?")])
async def test_a_person_signs_in_and_out(town: Town, language: str, question: str) -> None:
    page = await town.somebody(language=language)
    await page.goto("/login?next=/logout")
    await expect(page.get_by_role("heading", name=question)).to_be_visible()
    await page.locator(f'[data-person="{town.login("camille")}"]').click()

    await expect(page).to_have_url(f"{town.url}/logout")
    await page.get_by_role("main").get_by_role("button").click()

    await expect(page).to_have_url(f"{town.url}/logout")
    await expect(
        page.get_by_role("link", name="Se reconnecter" if language == "fr" else "Sign in again")
    ).to_be_visible()
    assert not await signed_in(page)


async def test_another_sites_page_changes_and_reads_nothing(town: Town) -> None:
    page = await town.person("camille")
    form = f'<form method="post" action="{town.url}/logout"><input name="csrf" value="x"></form>'
    async with another_site(f"{form}<script>document.forms[0].submit()</script>") as evil:
        async with page.expect_response(f"{town.url}/logout") as sent:
            await page.goto(evil, wait_until="commit")
        assert (await sent.value).status == 403
        await expect(page.get_by_role("heading", name="Ce formulaire n’a pas pu être accepté")).to_be_visible()
    assert await signed_in(page)

    async with another_site("<p>evil</p>") as evil:
        await page.goto(evil)
        read = """async (url) => {
            try { return (await fetch(url, {credentials: "include"})).status } catch (error) { return error.name }
        }"""
        write = """async (url) => {
            try { return (await fetch(url, {method: "POST", headers: {"Content-Type": "application/json"}})).status }
            catch (error) { return error.name }
        }"""
        tried = [
            await page.evaluate(read, f"{town.url}/v1/requests"),
            await page.evaluate(write, f"{town.url}/v1/requests"),
        ]
        await page.evaluate(
            """async (url) => {
                const frame = document.createElement("iframe");
                frame.src = url;
                const loaded = new Promise((done) => { frame.onload = done });
                document.body.append(frame);
                await loaded;
            }""",
            f"{town.url}/logout",
        )
        framed = [frame.url for frame in page.frames[1:]]
    assert (tried, framed) == (["TypeError", "TypeError"], ["chrome-error://chromewebdata/"])
