"""The client's link: it runs out while the clock moves on, and a new one comes by mail."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from doorstep_local.services import Doorstep
from operations.stack_file import VARIABLE
from playwright.async_api import expect

from .steps import launch, wizard
from .town import Town
from .words import WORDS

FR = WORDS["fr"]


def advance(doorstep: Doorstep, directory: Path, by: str) -> None:
    """`doorstep clock advance`, as a person types it."""
    doorstep.file.write(directory / "stack.json")
    done = subprocess.run(
        [sys.executable, "-m", "operations.main", "clock", "advance", by, "--json"],
        env={**os.environ, VARIABLE: str(directory / "stack.json")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)


async def test_an_expired_link_is_renewed(town: Town, doorstep: Doorstep, tmp_path: Path) -> None:
    scene = town.scene
    lucie = scene.contact("Lucie", f"Gris-{scene.tag}")
    camille = await town.person("camille")
    await wizard(camille, FR, performer="other", start=scene.monday(10), contact=lucie)
    await launch(camille, FR, by="by_client")
    first = await town.link_to(lucie["email"])
    advance(doorstep, tmp_path, "49h")
    client = await town.somebody()
    await client.goto(first)
    await client.get_by_role("button", name=re.compile(FR["new_link"])).click()
    second = await town.link_to(lucie["email"], at_least=2)
    assert second != first
    await client.goto(second)
    await client.locator("#f-line1").fill("48 cours Lafayette")
    await client.locator("#f-postal_code").fill("69003")
    await client.locator("#f-locality").fill("Lyon")
    await client.get_by_label(re.compile("4242")).check()
    await client.get_by_role("button", name=FR["approve"]).click()
    await expect(client.locator('[data-standing="validated"]')).to_be_visible()
    await client.goto(second)  # used once: it still shows what became of it
    await expect(client.locator('[data-standing="validated"]')).to_be_visible()


async def test_who_does_not_answer_in_time_ends_the_request(town: Town, doorstep: Doorstep, tmp_path: Path) -> None:
    scene = town.scene
    request = scene.draft(scene.contact("Marc", f"Brun-{scene.tag}"), start=scene.monday(10, week=4), performer="other")
    scene.launch(request, "client")
    advance(doorstep, tmp_path, "73h")
    odile = await town.person("odile", size="desktop")
    await odile.goto(f"/console/requests/{request}")
    await expect(odile.locator("main")).to_contain_text("Expirée")
