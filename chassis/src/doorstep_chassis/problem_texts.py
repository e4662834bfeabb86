"""What a problem says to people, in English and French; its code is the same in every language.

The English title and meaning are the error class's own: its `title` and the first paragraph of its docstring. They are
the message ids of `locale/fr/problems.po` in the package that the class belongs to.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from inspect import cleandoc
from io import BytesIO
from typing import Literal, get_args

from babel.messages.pofile import read_po
from starlette.datastructures import Headers
from starlette.types import Scope

from doorstep_chassis.errors import DomainError

Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def language_of(scope: Scope) -> Language:
    """The best of ours by the request's `Accept-Language`; English when none is wished."""
    return accepted_language(", ".join(Headers(scope=scope).getlist("accept-language")), default="en")


def accepted_language(header: str, *, default: Language) -> Language:
    """The best of ours by RFC 9110 `Accept-Language`, the first of equals; else the default."""
    wishes: list[tuple[float, Language]] = []
    for part in header.split(","):
        tag, _, weight = part.partition(";")
        name = tag.strip().lower().partition("-")[0]
        wishes += [(_quality(weight), language) for language in LANGUAGES if language == name]
    best = max(wishes, key=lambda wish: wish[0], default=(0.0, default))
    return best[1] if best[0] > 0 else default


def _quality(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        quality = float(value)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0


def title_of(error: type[DomainError], language: Language) -> str:
    """The short text of a kind of problem."""
    return _said(error, error.title, language)


def meaning_of(error: type[DomainError], language: Language) -> str | None:
    """The rule that a kind of problem tells of; None where the class says nothing."""
    english = meaning_in_english(error)
    return None if english is None else _said(error, english, language)


def meaning_in_english(error: type[DomainError]) -> str | None:
    """The first paragraph of the class's docstring, on one line."""
    if not error.__doc__:
        return None
    return " ".join(cleandoc(error.__doc__).partition("\n\n")[0].split())


def _said(error: type[DomainError], text: str, language: Language) -> str:
    return text if language == "en" else french(error.__module__.partition(".")[0]).get(text, text)


@cache
def french(package: str) -> Mapping[str, str]:
    """A package's problems in French, by their English."""
    file = files(package) / "locale" / "fr" / "problems.po"
    if not file.is_file():
        return {}
    catalogue = read_po(BytesIO(file.read_bytes()), locale="fr")
    return {str(message.id): str(message.string) for message in catalogue if message.id and message.string}
