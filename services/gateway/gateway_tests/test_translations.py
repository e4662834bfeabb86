"""Every text of every portal stands in French too, and the catalogues hold nothing that no page says."""

from collections.abc import Iterator
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po

GATEWAY = Path(str(files("gateway")))
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "say": None, "say_many": (1, 2), "later": None}
PROBLEMS = "problems.po"
"""The titles of refusals, which no page and no template holds: they are the classes' own."""

Id = str | tuple[str, ...]


def said() -> dict[Id, str]:
    """All texts of the templates and of the code, with the place of one use."""
    found: dict[Id, str] = {}
    for file in sorted(GATEWAY.rglob("*")):
        method = {".html": "jinja2", ".txt": "jinja2", ".jinja": "jinja2", ".py": "python"}.get(file.suffix)
        if method is None or (file.suffix != ".py" and "templates" not in file.parts):
            continue
        content = BytesIO(file.read_bytes())
        options = {"extensions": "jinja2.ext.do", "trimmed": "false", "silent": "false"} if method == "jinja2" else {}
        for line, message, _, _ in extract(method, content, KEYWORDS, (), options):
            found.setdefault(message, f"{file.relative_to(GATEWAY)}:{line}")
    return found


def french() -> Iterator[tuple[str, Message]]:
    """All entries of the French catalogues."""
    for file in sorted((GATEWAY / "locale" / "fr").glob("*.po")):
        if file.name != PROBLEMS:
            for message in read_po(BytesIO(file.read_bytes()), locale="fr"):
                if message.id:
                    yield file.name, message


SAID, FRENCH = said(), tuple(french())


def test_the_texts_are_found_at_all() -> None:
    assert {"Skip to the content", ("%(count)s day", "%(count)s days"), "Draft", "Apply"} <= set(SAID)


def test_every_text_stands_in_french() -> None:
    known = {message.id for _, message in FRENCH}
    assert {message: place for message, place in SAID.items() if message not in known} == {}


def test_no_translation_is_empty_or_only_guessed() -> None:
    lacking = [
        (file, message.id)
        for file, message in FRENCH
        if message.fuzzy or not all([message.string] if isinstance(message.string, str) else message.string or [""])
    ]
    assert lacking == []


def test_no_translation_is_left_over() -> None:
    assert [(file, message.id) for file, message in FRENCH if message.id not in SAID] == []


def test_a_text_is_the_same_in_french_wherever_it_stands() -> None:
    texts: dict[Id, set[Id]] = {}
    for _, message in FRENCH:
        texts.setdefault(_frozen(message.id), set()).add(_frozen(message.string or ""))
    assert {message: strings for message, strings in texts.items() if len(strings) > 1} == {}


def _frozen(text: str | list[str] | tuple[str, ...]) -> Id:
    return text if isinstance(text, str) else tuple(text)


@pytest.mark.parametrize("entry", FRENCH, ids=lambda entry: f"{entry[0]}:{entry[1].id}")
def test_a_translation_has_the_same_values_to_fill_in(entry: tuple[str, Message]) -> None:
    message = entry[1]
    assert not list(message.check())
