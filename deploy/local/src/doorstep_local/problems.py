"""The list of all problem codes: `python -m doorstep_local.problems` writes docs/problems.md and docs/problems.json."""

import json
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

from doorstep_chassis.errors import DomainError, error_catalogue
from doorstep_chassis.problem_texts import LANGUAGES, meaning_of, title_of

from doorstep_local.services import MODULES

EVERY_SERVICE = "every service"
_PACKAGES = {"doorstep_chassis": EVERY_SERVICE} | {module.partition(".")[0]: name for name, module in MODULES.items()}
_ISSUERS = ("doorstep_chassis.issuer", "doorstep_chassis.issuer_login")
DOCS = Path(__file__).resolve().parents[4] / "docs"


def problems() -> Sequence[type[DomainError]]:
    """Every kind of problem, by its code, then by the service whose it is."""
    for package in _PACKAGES:
        for module in walk_packages(import_module(package).__path__, f"{package}."):
            import_module(module.name)
    return [each for each in error_catalogue() if each.__module__.partition(".")[0] in _PACKAGES]


def described(problem: type[DomainError]) -> dict[str, Any]:
    """A kind of problem as the list has it."""
    return {
        "code": problem.code,
        "status": problem.status,
        "service": "issuer" if problem.__module__ in _ISSUERS else _PACKAGES[problem.__module__.partition(".")[0]],
        "title": {language: title_of(problem, language) for language in LANGUAGES},
        "meaning": {language: meaning_of(problem, language) for language in LANGUAGES},
    }


def as_json() -> str:
    """The list for programs."""
    return json.dumps([described(each) for each in problems()], ensure_ascii=False, indent=2) + "\n"


def as_markdown() -> str:
    """The list for people."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Problem codes"
    yield ""
    yield "Every refusal is an RFC 9457 problem. Its `code` is stable; `title` and `detail` are English or French, by"
    yield "`Accept-Language`. Made by `python -m doorstep_local.problems`."
    yield ""
    yield "| code | status | service | title | meaning |"
    yield "| --- | --- | --- | --- | --- |"
    for problem in problems():
        shown = described(problem)
        cells = (
            f"`{shown['code']}`",
            str(shown["status"]),
            shown["service"],
            *map(_both, (shown["title"], shown["meaning"])),
        )
        yield f"| {' | '.join(cells)} |"


def _both(text: dict[str, str]) -> str:
    return "<br>".join(text[language].replace("|", "\\|") for language in LANGUAGES)


def files() -> dict[Path, str]:
    """What the committed files must hold."""
    return {DOCS / "problems.json": as_json(), DOCS / "problems.md": as_markdown()}


def main() -> int:
    """Write the list."""
    for file, text in files().items():
        file.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
