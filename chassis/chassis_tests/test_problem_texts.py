"""A problem speaks the language that is asked for; its code stays the same."""

from typing import Any

import httpx
import pytest
from doorstep_chassis.errors import Conflict, Unavailable
from doorstep_chassis.http import create_app
from doorstep_chassis.problem_texts import accepted_language, meaning_of, title_of
from doorstep_chassis.problems import BodyTooLarge, problem_body

TOO_LARGE = (
    "The body is longer than any that the service takes.",
    "Le corps dépasse la longueur que le service accepte.",
)


class Unsaid(Conflict):
    code = "test_unsaid"


class TestAcceptLanguage:
    @pytest.mark.parametrize(
        ("header", "language"),
        [
            ("", "en"), ("fr", "fr"), ("FR-ca", "fr"), ("de, fr;q=0.5", "fr"), ("en;q=0.4, fr;q=0.9", "fr"),
            ("fr;q=0.9,en", "en"), ("de", "en"), ("*", "en"), ("fr;q=0", "en"), ("fr; q = 0.8 , en;q=0.3", "fr"),
            ("fr;q=nonsense", "en"), ("fr;q=7", "en"), ("fr;q=nan", "en"), ("fr;level=1", "fr"), (";;,,=", "en"),
        ],
    )  # fmt: skip
    def test_the_best_of_ours_is_chosen(self, header: str, language: str) -> None:
        assert accepted_language(header, default="en") == language

    def test_the_default_is_the_callers(self) -> None:
        assert accepted_language("de", default="fr") == "fr"


class TestTexts:
    def test_each_language_has_its_title_and_meaning(self) -> None:
        assert (title_of(BodyTooLarge, "en"), title_of(BodyTooLarge, "fr")) == ("Body too large", "Corps trop long")
        assert (meaning_of(BodyTooLarge, "en"), meaning_of(BodyTooLarge, "fr")) == TOO_LARGE

    def test_what_no_catalogue_knows_is_said_in_english(self) -> None:
        assert (title_of(Unsaid, "fr"), meaning_of(Unsaid, "fr")) == ("Test unsaid", None)

    def test_what_an_instance_says_is_english_alone(self) -> None:
        refusal = Unavailable("the consumer kept moving")
        assert problem_body(refusal)["detail"] == "the consumer kept moving"
        assert problem_body(refusal, language="fr")["detail"] == meaning_of(Unavailable, "fr")


async def ask(method: str, path: str, **options: Any) -> httpx.Response:
    app = create_app("test", max_body_bytes=100)

    @app.get("/fail")
    async def fail() -> None:
        raise RuntimeError

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        return await http.request(method, path, **options)


class TestAnswers:
    @pytest.mark.parametrize(
        ("method", "path", "content", "title"),
        [
            ("GET", "/nowhere", b"", "Route inconnue"),
            ("POST", "/fail", b"x" * 101, "Corps trop long"),
            ("GET", "/fail", b"", "Erreur interne"),
        ],
    )
    async def test_every_way_out_speaks_the_language_asked_for(
        self, method: str, path: str, content: bytes, title: str
    ) -> None:
        answer = await ask(method, path, content=content, headers={"Accept-Language": "fr-FR, en;q=0.5"})
        assert answer.json()["title"] == title
        assert (answer.headers["content-language"], answer.headers["vary"]) == ("fr", "Accept-Language")

    async def test_english_is_spoken_unless_asked(self) -> None:
        answer = await ask("GET", "/nowhere")
        assert (answer.json()["title"], answer.headers["content-language"]) == ("Route not found", "en")
