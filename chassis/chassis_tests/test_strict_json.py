"""A JSON body means one thing or is refused: by its own code and rule, before any route sees it, and never by a crash."""

import json
import time
from typing import Any

import httpx
import pytest
from doorstep_chassis.http import Body, create_app
from doorstep_chassis.problems import MalformedJson
from doorstep_chassis.strict_json import MAX_DEPTH, TooDeep, check_json
from fastapi import FastAPI, Form

CANARY = "canary@example.org"


def rule_of(content: bytes) -> str | None:
    with pytest.raises(MalformedJson) as refused:
        check_json(content)
    return refused.value.rule


class TestMeaning:
    @pytest.mark.parametrize(
        "content",
        [
            b"{}", b"[]", b"null", b'"text"', b' {"a": 1, "b": {"a": 1}} ', b'[{"a": 1}, {"a": 1}]',
            b'"\\ud800"',  # for the domain to refuse
            '{"é": "\u2028"}'.encode(), b'"[[[[{{{{"', b'{"a": "\\"[\\\\"}',
            b"9223372036854775807", b"-9223372036854775808", b"1.7976931348623157e308", b"-0.0", b"1e-400", b"1E+2",
        ],
    )  # fmt: skip
    def test_json_is_taken(self, content: bytes) -> None:
        check_json(content)

    @pytest.mark.parametrize(
        "content",
        [
            b"{", b" ", b"{'a': 1}", b'{"a": 1,}', b"[1,]", b"nonsense", b'{"a": 1} {}', b'{"a": "' + CANARY.encode(),
            b'"\x00"', b'"tab\there"', b"01", b"+1", b"1.", b".5", b"0x1", b"// no\n{}", b'"\\x"', b"[}", b"]", b'"\\',
        ],
    )  # fmt: skip
    def test_what_is_no_json_breaks_its_syntax(self, content: bytes) -> None:
        assert rule_of(content) == "syntax"

    @pytest.mark.parametrize(
        "content", [b'{"a": 1, "a": 1}', b'{"a": 1, "\\u0061": 2}', b'[{"b": {"c": 1, "d": 2, "c": 3}}]']
    )
    def test_a_member_stands_once(self, content: bytes) -> None:
        assert rule_of(content) == "duplicate_member"

    @pytest.mark.parametrize("content", [b"NaN", b'{"a": Infinity}', b"[-Infinity]"])
    def test_a_number_is_a_number(self, content: bytes) -> None:
        assert rule_of(content) == "number_not_finite"

    @pytest.mark.parametrize(
        "content",
        [b"9223372036854775808", b"-9223372036854775809", b"1" * 10_000, b'{"a": 1e309}', b"-1e999999999", b"9" * 400 + b".0"],
    )  # fmt: skip
    def test_a_number_is_one_that_every_program_can_hold(self, content: bytes) -> None:
        assert rule_of(content) == "number_out_of_range"

    @pytest.mark.parametrize(
        "content",
        [b"\xff\xfe{\x00}\x00", b'{"a": "\xe9"}', b'"\xc0\xaf"', b'"\xed\xa0\x80"', "{}".encode("utf-32-le")[:5]],
    )
    def test_text_is_utf_8(self, content: bytes) -> None:
        assert rule_of(content) in {"encoding", "syntax"}
        assert rule_of(b'{"a": "\xe9"}') == "encoding"

    def test_no_byte_order_mark_goes_before(self) -> None:
        assert rule_of(b"\xef\xbb\xbf{}") == "byte_order_mark"


class TestDepth:
    @pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
    def test_as_deep_as_the_limit_and_no_deeper(self, opens: str, closes: str) -> None:
        levels = MAX_DEPTH // (opens.count("[") + opens.count("{"))
        check_json(f"{opens * levels}1{closes * levels}".encode())
        with pytest.raises(TooDeep):
            check_json(f"[{opens * levels}1{closes * levels}]".encode())

    def test_width_is_no_depth(self) -> None:
        check_json(json.dumps([[{"a": [each]}] for each in range(1_000)]).encode())

    def test_brackets_in_texts_do_not_count(self) -> None:
        check_json(json.dumps({"a": "[" * 1_000, "b": ['"{' * 1_000]}).encode())

    @pytest.mark.parametrize(
        "content",
        [
            b"[" * 200_000, b'{"a":' * 50_000, b"[" * 100_000 + b"]" * 100_000, b'[{"a":' * 40_000, b"[" * 99 + b'"\\' * 90_000,
        ],
    )  # fmt: skip
    def test_however_deep_it_is_refused_and_quickly(self, content: bytes) -> None:
        began = time.process_time()
        with pytest.raises((TooDeep, MalformedJson)):
            check_json(content)
        assert time.process_time() - began < 1

    def test_the_depths_of_an_open_bracket_are_told_from_its_not_being_closed(self) -> None:
        assert rule_of(b"[" * 20) == "syntax"
        with pytest.raises(TooDeep):
            check_json(b"[" * 60)


class Note(Body):
    text: str
    number: int = 0


def the_app() -> FastAPI:
    app = create_app("test", max_body_bytes=1_000)

    @app.post("/notes")
    async def note(body: Note) -> str:
        return body.text

    @app.post("/forms")
    async def form(text: str = Form()) -> str:
        return text

    @app.post("/bare")
    async def bare() -> str:
        return "done"

    return app


async def post(path: str, content: Any, kind: str | None = "application/json", **headers: str) -> httpx.Response:
    given = {**headers, **({} if kind is None else {"content-type": kind})}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(the_app()), base_url="http://test") as http:
        return await http.post(path, content=content, headers=given)


def problem(answer: httpx.Response) -> tuple[int, str, str | None]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert CANARY not in answer.text
    return answer.status_code, answer.json()["code"], answer.json().get("rule")


class TestDoor:
    async def test_a_sound_body_goes_through(self) -> None:
        answer = await post("/notes", b'{"text": "A"}')
        assert (answer.status_code, answer.json()) == (200, "A")

    async def test_a_body_in_parts_goes_through(self) -> None:
        async def parts() -> Any:
            yield b'{"text": '
            yield b'"A"}'

        assert (await post("/notes", parts())).json() == "A"

    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            (b'{"text": "canary@example.org", "text": "B"}', (400, "malformed_json", "duplicate_member")),
            (b'{"text": "canary@example.org"', (400, "malformed_json", "syntax")),
            (b'{"text": "A", "number": 1e999}', (400, "malformed_json", "number_out_of_range")),
            (b'{"text": "A", "number": NaN}', (400, "malformed_json", "number_not_finite")),
            (b'\xef\xbb\xbf{"text": "A"}', (400, "malformed_json", "byte_order_mark")),
            (b'{"text": "\xe9"}', (400, "malformed_json", "encoding")),
            (b"[" * 900, (400, "too_deep", None)),
            (b"", (422, "invalid_body", None)),
            (b"x" * 1_001, (413, "body_too_large", None)),
        ],
    )
    async def test_each_fault_has_its_code(self, content: bytes, expected: tuple[int, str, str | None]) -> None:
        assert problem(await post("/notes", content)) == expected

    async def test_a_long_body_that_does_not_say_so_is_refused(self) -> None:
        async def parts() -> Any:
            for _ in range(20):
                yield b"x" * 100

        assert problem(await post("/notes", parts())) == (413, "body_too_large", None)

    @pytest.mark.parametrize(
        "kind",
        [
            None, "", "text/plain", "application/x-www-form-urlencoded", "application/vnd.api+json", "application/jsonx",
            "application/json; charset=iso-8859-1", "application/merge-patch+json", "json",
        ],
    )  # fmt: skip
    async def test_a_body_says_that_it_is_json(self, kind: str | None) -> None:
        assert problem(await post("/notes", b'{"text": "A"}', kind)) == (415, "unsupported_media_type", None)

    @pytest.mark.parametrize(
        "kind",
        ["application/json", "Application/JSON", "application/json; charset=utf-8", 'application/json;charset="UTF-8"'],
    )
    async def test_it_may_say_so_in_every_spelling(self, kind: str) -> None:
        assert (await post("/notes", b'{"text": "A"}', kind)).status_code == 200

    async def test_a_compressed_body_is_not_taken(self) -> None:
        answer = await post("/notes", b'{"text": "A"}', **{"content-encoding": "gzip"})
        assert problem(answer) == (415, "unsupported_media_type", None)

    async def test_a_form_is_none_of_this(self) -> None:
        answer = await post("/forms", b"text=A", "application/x-www-form-urlencoded")
        assert (answer.status_code, answer.json()) == (200, "A")

    async def test_a_route_without_a_body_takes_none(self) -> None:
        assert (await post("/bare", b"", None)).status_code == 200
