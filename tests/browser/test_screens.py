"""Each main page, phone and desktop, light and dark: a picture in var/screenshots/, and nothing that axe calls serious."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from doorstep_local.places import make_directory, var
from playwright.async_api import Page

from .town import SIZES, Scheme, Size, Town

WORKER: Mapping[str, str] = {
    "requests": "/requests",
    "wizard": "/requests/new",
    "wizard-place": "/requests/new/place?performer=self",
    "calls": "/calls",
    "calendar-day": "/calendar?view=day",
    "calendar-week": "/calendar",
    "me": "/me",
}
OPERATOR: Mapping[str, str] = {
    "board": "/console",
    "calendar": "/console/calendar",
    "settings": "/console/settings",
}
LOOKS: Sequence[tuple[Size, Scheme]] = [(size, scheme) for size in SIZES for scheme in ("light", "dark")]


async def picture(page: Page, name: str, *, whole: bool = True) -> list[str]:
    """Take it, and tell what axe finds serious or worse."""
    await page.wait_for_load_state("load")
    await page.screenshot(path=make_directory(var() / "screenshots") / f"{name}.png", full_page=whole)
    found = await Axe().run(page)
    return [
        f"{name}: {each['id']}: {each['nodes'][0]['html'][:120]}"
        for each in found.response["violations"]
        if each["impact"] in ("serious", "critical")
    ]


def busy(town: Town) -> dict[str, Any]:
    """An organisation in the middle of its week: requests in every state."""
    scene = town.scene
    scene.policy(broadcast=True)
    made: dict[str, Any] = {}
    scene.known(scene.contact("Jeanne", "Moulin"))
    scene.known(scene.contact("Paul", "Girard"), card=False)
    for number, (name, last) in enumerate((("Jeanne", "Moulin"), ("Paul", "Girard"), ("Lucie", "Faure"))):
        start = scene.monday(9 + 3 * number)
        made[name] = scene.draft(scene.contact(name, last), start=start)
        scene.launch(made[name])
    for number, name in enumerate(("Aline", "Bruno", "Chloé", "Denis", "Élise")):
        start = scene.monday(8, week=2) + timedelta(days=number, hours=number)
        made[name] = scene.draft(scene.contact(name, "Perrin"), start=start, performer="other")
        scene.launch(made[name], "client")
    made["draft"] = scene.draft(scene.contact("Fanny", "Roche"), start=scene.monday(16))
    return made


@pytest.mark.timeout(300)
async def test_every_page_looks_like_one_to_work_with(town: Town) -> None:
    made, scene = busy(town), town.scene
    serious: list[str] = []
    for size, scheme in LOOKS:
        worker = await town.person("camille", size=size, scheme=scheme)
        pages = {**WORKER, "request": f"/requests/{made['Jeanne']}", "launch": f"/requests/{made['draft']}/launch"}
        for name, path in pages.items():
            await worker.goto(path)
            serious += await picture(worker, f"worker-{name}-{size}-{scheme}")
        colleague = await town.person("driss", size=size, scheme=scheme)
        await colleague.goto("/calls")
        serious += await picture(colleague, f"worker-calls-open-{size}-{scheme}")
        operator = await town.person("odile", size=size, scheme=scheme)
        for name, path in {**OPERATOR, "request": f"/console/requests/{made['Aline']}"}.items():
            await operator.goto(path)
            serious += await picture(operator, f"console-{name}-{size}-{scheme}")
        stranger = await town.somebody(size=size, scheme=scheme)
        await stranger.goto("/portal/nothing")
        serious += await picture(stranger, f"portal-absent-{size}-{scheme}")
        client = scene.contact("Lucie", "Faure")
        await stranger.goto(await town.link_to(client["email"]))
        serious += await picture(stranger, f"portal-asking-{size}-{scheme}")
        await stranger.goto("/docs")
        serious += await picture(stranger, f"docs-{size}-{scheme}", whole=False)
        await town.leave()
    assert serious == []
