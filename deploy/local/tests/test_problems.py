"""The list of problem codes is current, and every problem speaks French."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from doorstep_chassis.problem_texts import french, meaning_in_english
from doorstep_local.problems import EVERY_SERVICE, as_json, files, problems


def test_the_committed_list_is_current() -> None:
    """`python -m doorstep_local.problems` writes it anew."""
    assert {file.name: file.read_text(encoding="utf-8") for file in files()} == {
        file.name: text for file, text in files().items()
    }


def test_every_problem_says_in_french_what_it_means() -> None:
    silent = [
        (problem.__module__, problem.code, text)
        for problem in problems()
        for text in (problem.title, meaning_in_english(problem))
        if text is None or text not in french(problem.__module__.partition(".")[0])
    ]
    assert silent == []


def test_no_french_is_left_over() -> None:
    said: dict[str, set[str | None]] = {}
    for problem in problems():
        package = problem.__module__.partition(".")[0]
        said.setdefault(package, set()).update({problem.title, meaning_in_english(problem)})
    assert {package: set(french(package)) - texts for package, texts in said.items()} == {
        package: set() for package in said
    }


def test_each_code_has_one_status_and_what_every_service_says_no_service_says_otherwise() -> None:
    listed: Sequence[Mapping[str, Any]] = json.loads(as_json())
    statuses: dict[str, set[int]] = {}
    owners: dict[str, list[str]] = {}
    for each in listed:
        statuses.setdefault(each["code"], set()).add(each["status"])
        owners.setdefault(each["code"], []).append(each["service"])
    assert {code: found for code, found in statuses.items() if len(found) > 1} == {}
    assert {code: found for code, found in owners.items() if EVERY_SERVICE in found and len(found) > 1} == {}
