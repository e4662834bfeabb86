"""`/docs`: all of the description on one page that runs and styles nothing of its own, whose links lead somewhere."""

import re
from html.parser import HTMLParser

import httpx
import pytest
from doorstep_chassis.http import create_app
from gateway.description.codes import REFUSALS
from gateway.description.operations import OPERATIONS
from gateway.openapi import described
from gateway.portals.docs import docs_routes


class Seen(HTMLParser):
    """What a page has: ids, links, and whatever a content policy would forbid."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.forbidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links |= {value for name, value in attrs if name == "href" and value and value.startswith("#")}
        loaded = given.get("src") or (given.get("href") if tag == "link" else None)
        if (
            tag == "style"
            or (tag == "script" and "src" not in given)
            or any(name == "style" or name.startswith("on") for name in given)
            or (loaded is not None and not loaded.startswith("/static/"))
        ):
            self.forbidden.append(tag)


@pytest.fixture(scope="module")
async def text() -> str:
    described_so = described()
    app = create_app("gateway")
    app.openapi = lambda: described_so  # type: ignore[method-assign]
    app.include_router(docs_routes())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door.test") as http:
        answer = await http.get("/docs")
    assert answer.status_code == 200
    return answer.text


@pytest.fixture(scope="module")
def seen(text: str) -> Seen:
    found = Seen()
    found.feed(text)
    return found


def test_everything_is_there(seen: Seen) -> None:
    assert {*OPERATIONS, *(f"code-{code}" for code in REFUSALS)} <= set(seen.ids)


def test_links_lead_somewhere_and_ids_are_unique(seen: Seen) -> None:
    assert sorted(link for link in seen.links if link[1:] not in seen.ids) == []
    assert sorted({each for each in seen.ids if seen.ids.count(each) > 1}) == []


def test_nothing_is_inline_or_from_elsewhere(seen: Seen) -> None:
    assert seen.forbidden == []


def test_commands_name_this_door(text: str) -> None:
    assert "http://door.test/v1/requests/5d0c1a52-3c0e-4a53-9a4e-6f0f4e8f1b21/launch" in text
    assert re.search(r"<pre[^>]*><code>curl -sS -X POST", text)
