"""The description: every route has its row, every example is what its model says, every refusal is a code that exists."""

import json
from pathlib import Path
from typing import Any

import pytest
from gateway.description.build import Undescribed, description
from gateway.description.codes import REFUSALS
from gateway.description.examples import ANSWERS, BODIES
from gateway.description.operations import OPERATIONS
from gateway.openapi import described, main, text_of
from gateway.portals.docs import Docs, rich
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

DOCS = Path(__file__).parents[3] / "docs"
DESCRIBED = described()


def operations() -> dict[str, Any]:
    return {each["operationId"]: each for path in DESCRIBED["paths"].values() for each in path.values()}


def test_every_route_has_its_row_and_every_row_its_route() -> None:
    assert set(operations()) == set(OPERATIONS)


def test_a_route_without_a_row_is_named() -> None:
    said = {"paths": {"/v1/new": {"get": {"operationId": "new_one_v1_new_get", "tags": ["requests"]}}}}
    with pytest.raises(Undescribed, match=r"GET /v1/new \(new_one\)"):
        description(said)


def test_every_operation_says_all_that_a_program_needs() -> None:
    for name, each in operations().items():
        assert each["summary"], name
        assert each["description"], name
        assert {"401", "429", "431", "503"} < set(each["responses"]), name
        assert each["x-doorstep-roles"], name


@pytest.mark.parametrize("name", [name for name, row in OPERATIONS.items() if row.answer is not None])
def test_every_example_of_an_answer_is_what_its_model_says(name: str) -> None:
    adapter = TypeAdapter(OPERATIONS[name].answer)
    for example in ANSWERS[name].values():
        shown = adapter.dump_python(adapter.validate_python(example), mode="json", exclude_unset=True)
        assert shown == example


def test_every_example_of_a_body_is_one() -> None:
    taken = {name: each["requestBody"] for name, each in operations().items() if "requestBody" in each}
    assert set(taken) == set(BODIES)
    for name, body in taken.items():
        schema = {**body["content"]["application/json"]["schema"], "components": DESCRIBED["components"]}
        for example in BODIES[name].values():
            Draft202012Validator(schema).validate(example)


def test_refusals_are_the_errors_of_the_code() -> None:
    listed = json.loads((DOCS / "problems.json").read_text("utf-8"))
    known = {(each["code"], each["status"], each["title"]["en"], each["meaning"]["en"]) for each in listed}
    assert [code for code, refusal in REFUSALS.items() if (code, *refusal) not in known] == []


def test_every_refusal_is_somebodys() -> None:
    said = {
        code
        for each in (*operations().values(), {"responses": DESCRIBED["components"]["responses"]})
        for answer in each["responses"].values()
        for code in answer.get("x-doorstep-codes", [])
    }
    assert said == set(REFUSALS)


def test_the_files_are_what_the_code_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert (main(["check", "--folder", str(DOCS / "api")]), capsys.readouterr().out) == (
        0,
        "The description is what the code says.\n",
    )


def test_a_file_that_is_not_what_the_code_says_is_shown_with_the_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for what in ("generate", "release"):
        assert main([what, "--folder", str(tmp_path)]) == 0
    changed = json.loads(text_of(DESCRIBED))
    del changed["paths"]["/v1/board"]
    changed["paths"]["/v1/calls"]["get"]["summary"] = "Other words"
    (tmp_path / "openapi.json").write_text(text_of(changed), "utf-8")
    released = json.loads(text_of(DESCRIBED))
    released["paths"]["/v1/gone"] = released["paths"]["/v1/calls"]
    (tmp_path / "released" / "openapi.json").write_text(text_of(released), "utf-8")

    assert main(["check", "--folder", str(tmp_path)]) == 1

    told = capsys.readouterr().out
    assert '-        "summary": "Other words",\n+        "summary": "List my calls",\n' in told
    assert told.splitlines()[-2:] == [
        "openapi.json is not what the code says: run `python -m gateway.openapi generate` and commit what it writes",
        "breaks with the release: /v1/gone: the path is gone",
    ]


def test_a_folder_without_a_release_asks_for_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["generate", "--folder", str(tmp_path)])
    assert main(["check", "--folder", str(tmp_path)]) == 1
    assert "nothing is released: run `python -m gateway.openapi release`" in capsys.readouterr().out


def test_text_is_escaped_and_marked_up() -> None:
    assert rich("Say `a<b>` to **all**,\nor *some* & none.\n\nMore") == (
        "<p>Say <code>a&lt;b&gt;</code> to <b>all</b>, or <em>some</em> &amp; none.</p><p>More</p>"
    )


def test_the_pages_curl_is_the_first_example() -> None:
    docs = Docs(DESCRIBED, base="https://door.example.org")
    shown = {each["id"]: each for tag in docs.tags for each in tag["operations"]}
    assert set(shown) == set(OPERATIONS)
    assert shown["cancel_request"]["curl"] == (
        'curl -sS -X POST \\\n  -H "Authorization: Bearer $TOKEN" \\\n  -H "Idempotency-Key: $(uuidgen)" \\\n'
        '  -H "Content-Type: application/json" \\\n  -d \'{"reason_code": "client_ill"}\' \\\n'
        "  'https://door.example.org/v1/requests/5d0c1a52-3c0e-4a53-9a4e-6f0f4e8f1b21/cancel'"
    )
