"""Nothing that a person typed reaches a log, whoever writes it."""

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import structlog
from doorstep_chassis.errors import Conflict
from doorstep_chassis.http import create_app
from doorstep_chassis.logging import configure_logging
from httpx import ASGITransport, AsyncClient

CANARY = "Jean Dupont <jean.dupont@example.org> +33612345678"
SUBJECT = UUID("11111111-1111-4111-8111-111111111111")


class Lines(io.StringIO):
    """What was logged, as parsed lines."""

    def parsed(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def only(self) -> dict[str, Any]:
        """The one line logged, without its time stamp; nothing personal in it."""
        (line,) = self.parsed()
        assert datetime.fromisoformat(line.pop("timestamp")).tzinfo is not None
        for part in ("Jean", "Dupont", "example.org", "612345678"):
            assert part not in self.getvalue()
        return line


@pytest.fixture
def lines() -> Iterator[Lines]:
    root = logging.getLogger()
    before = root.handlers, root.level, logging.raiseExceptions, sys.excepthook, threading.excepthook
    stream = Lines()
    configure_logging("scheduling", "INFO", stream)
    yield stream
    root.handlers, level, logging.raiseExceptions, sys.excepthook, threading.excepthook = before
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


log = structlog.get_logger()


class TestOurs:
    def test_ids_codes_counts_and_durations_get_through(self, lines: Lines) -> None:
        log.info(
            "slot.refused",
            subject_id=SUBJECT,
            code="slot_taken",
            count=3,
            duration_ms=1.5,
            topic="scheduling.visits.v1",
            route="/v1/requests/{request_id}",
            head=None,
            offset=0,
        )
        assert lines.only() == {
            "event": "slot.refused",
            "level": "info",
            "service": "scheduling",
            "subject_id": str(SUBJECT),
            "code": "slot_taken",
            "count": 3,
            "duration_ms": 1.5,
            "topic": "scheduling.visits.v1",
            "route": "/v1/requests/{request_id}",
            "offset": 0,
        }

    def test_any_other_field_is_dropped_and_counted(self, lines: Lines) -> None:
        log.warning("client.resolved", name=CANARY, email="a", body={"name": CANARY}, count=1)
        assert lines.only() == {
            "event": "client.resolved",
            "level": "warning",
            "service": "scheduling",
            "count": 1,
            "dropped": 3,
        }

    @pytest.mark.parametrize(
        "value",
        [CANARY, {"name": CANARY}, object(), b"Dupont", float("nan"), datetime(2026, 1, 1), "x" * 201],  # noqa: DTZ001
    )
    def test_a_value_that_is_no_id_is_dropped_from_a_listed_field(self, lines: Lines, value: object) -> None:
        log.info("client.resolved", client_id=value)
        assert lines.only() == {"event": "client.resolved", "level": "info", "service": "scheduling", "dropped": 1}

    def test_lists_keep_what_may_be_kept(self, lines: Lines) -> None:
        log.info("topics.missing", topic=["a.v1", CANARY, SUBJECT], window=datetime(2026, 3, 1, tzinfo=UTC))
        kept = lines.only()
        assert (kept["topic"], kept["window"]) == (["a.v1", str(SUBJECT)], "2026-03-01T00:00:00+00:00")

    @pytest.mark.parametrize("event", [CANARY, "resolved", "Client resolved", "client.", 7])
    def test_an_event_is_noun_and_verb_or_has_no_name(self, lines: Lines, event: Any) -> None:
        log.info(event, count=1)
        line = lines.only()
        assert (line["event"], line["count"]) == ("log.unnamed", 1)

    def test_an_exception_is_its_type_and_the_places_it_passed(self, lines: Lines) -> None:
        try:
            int(CANARY)
        except ValueError:
            log.exception("unit.failed")
        line = lines.only()
        (place,) = line.pop("trace")
        assert place.rpartition(":")[0].endswith("test_logging:test_an_exception_is_its_type_and_the_places_it_passed")
        assert line == {
            "event": "unit.failed",
            "level": "error",
            "service": "scheduling",
            "error_type": "ValueError",
        }

    def test_a_refusal_also_has_its_code(self, lines: Lines) -> None:
        log.info("timer.refused", exc_info=Conflict(CANARY))
        line = lines.only()
        assert (line["error_type"], line["error_code"], line["trace"]) == ("Conflict", "conflict", [])

    def test_the_level_counts(self, lines: Lines) -> None:
        log.debug("unit.committed")
        assert lines.getvalue() == ""


class TestLibraries:
    def test_a_message_gives_its_place_and_its_template(self, lines: Lines) -> None:
        logging.getLogger("somelib.client").warning("cannot read %s at %d", CANARY, 7)
        line = lines.only()
        module, _, number = line.pop("where").partition(":")
        assert module == "test_logging"
        assert int(number) > 0
        assert line == {
            "event": "library.logged",
            "level": "warning",
            "service": "scheduling",
            "logger": "somelib.client",
            "template": "cannot read %s at %d",
        }

    def test_a_message_put_together_by_the_library_is_not_shown(self, lines: Lines) -> None:
        logging.getLogger("somelib").error(f"cannot read {CANARY}")
        assert "template" not in lines.only()

    def test_values_by_name_are_not_shown(self, lines: Lines) -> None:
        logging.getLogger("somelib").error("cannot read %(name)s", {"name": CANARY}, extra={"client": CANARY})
        assert "template" not in lines.only()

    def test_an_exception_gives_its_type(self, lines: Lines) -> None:
        try:
            int(CANARY)
        except ValueError:
            logging.getLogger("asyncio").exception("Task exception was never retrieved: %r", CANARY)
        assert lines.only()["error_type"] == "ValueError"

    @pytest.mark.parametrize(("number", "name"), [(5, None), (15, None), (20, "info"), (25, "info"), (55, "critical")])
    def test_levels_between_the_usual_ones_are_known(self, lines: Lines, number: int, name: str | None) -> None:
        logging.getLogger("somelib").log(number, "x")
        assert [line["level"] for line in lines.parsed()] == ([name] if name else [])

    @pytest.mark.parametrize("name", ["httpx", "aiokafka.consumer", "uvicorn.error", "faststream"])
    def test_chatty_ones_are_heard_from_warnings_on(self, lines: Lines, name: str) -> None:
        logging.getLogger(name).info("HTTP Request: %s", CANARY)
        assert lines.getvalue() == ""
        logging.getLogger(name).warning("%s", CANARY)
        assert lines.only()["logger"] == name

    def test_a_broken_call_prints_nothing(self, lines: Lines, capsys: pytest.CaptureFixture[str]) -> None:
        logging.getLogger("somelib").warning("%d", CANARY)
        lines.only()
        assert capsys.readouterr() == ("", "")

    def test_warnings_go_the_same_way(self, lines: Lines, capsys: pytest.CaptureFixture[str]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(True)
            warnings.warn(CANARY, stacklevel=1)
        assert lines.only()["logger"] == "py.warnings"
        assert capsys.readouterr() == ("", "")


class TestCrashes:
    def test_a_crash_is_logged_by_type(self, lines: Lines, capsys: pytest.CaptureFixture[str]) -> None:
        error = ValueError(CANARY)
        sys.excepthook(ValueError, error, None)
        line = lines.only()
        assert (line["event"], line["level"], line["error_type"]) == ("process.crashed", "critical", "ValueError")
        assert capsys.readouterr() == ("", "")

    def test_a_threads_too(self, lines: Lines, capsys: pytest.CaptureFixture[str]) -> None:
        def crash() -> None:
            raise ValueError(CANARY)

        thread = threading.Thread(target=crash)
        thread.start()
        thread.join()
        line = lines.only()
        assert (line["event"], line["error_type"]) == ("thread.crashed", "ValueError")
        assert capsys.readouterr() == ("", "")


async def test_a_request_is_followed_by_its_id(lines: Lines) -> None:
    app = create_app("test")

    @app.post("/fail")
    async def fail() -> None:
        log.info("unit.started")
        raise RuntimeError(CANARY)

    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        await client.post("/fail", headers={"X-Request-Id": "r-1"})
    log.info("unit.ended")
    assert [(line["event"], line.get("request_id"), line.get("error_type")) for line in lines.parsed()] == [
        ("unit.started", "r-1", None),
        ("request.failed", "r-1", "RuntimeError"),
        ("unit.ended", None, None),
    ]
    assert lines.parsed()[1]["trace"][-1].rpartition(":")[0].endswith("test_logging:fail")
    assert "Dupont" not in lines.getvalue()


async def test_a_check_that_breaks_is_named(lines: Lines) -> None:
    async def broken() -> bool:
        raise RuntimeError(CANARY)

    app = create_app("test", readiness={"database": broken})
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        await client.get("/readyz")
    line = lines.only()
    assert (line["event"], line["check"], line["error_type"]) == ("check.failed", "database", "RuntimeError")
