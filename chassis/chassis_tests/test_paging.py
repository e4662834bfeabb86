"""Cursors: each good for the list that gave it alone, and pages that neither skip nor repeat."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from doorstep_chassis.paging import CursorInvalid, Listing, Page, Point
from hypothesis import given
from hypothesis import strategies as st

KEY = bytes(range(32))
ORGANISATION, ELSEWHERE = UUID(int=1), UUID(int=2)
NOW = datetime(2026, 5, 20, 8, 0, 0, 123456, tzinfo=UTC)


def row(minute: int, number: int) -> Mapping[str, Any]:
    return {"made_at": NOW + timedelta(minutes=minute), "row_id": UUID(int=number)}


def listing(**changed: Any) -> Listing:
    values: dict[str, Any] = {"key": KEY, "name": "notes", "organisation_id": ORGANISATION, "state": "open"} | changed
    return Listing(values.pop("key"), values.pop("name"), values.pop("organisation_id"), **values)


def page_of(rows: list[Mapping[str, Any]], limit: int, cursor: str | None = None) -> Page[Mapping[str, Any]]:
    """What a database does with a point: rows in order, from behind it, one more than the page holds."""
    after = listing().after(cursor)
    found = sorted((each for each in rows if after is None or key_of(each) > after), key=key_of)
    return listing().page(found[: limit + 1], limit, at="made_at", id="row_id")


def key_of(row: Mapping[str, Any]) -> Point:
    return Point(row["made_at"], row["row_id"])


def cursor_of(minute: int = 0, number: int = 7) -> str:
    made = listing().page([row(minute, number), row(minute, number + 1)], 1, at="made_at", id="row_id").next_cursor
    assert made is not None
    return made


class TestCursor:
    def test_it_names_the_last_row_of_its_page(self) -> None:
        assert listing().after(cursor_of()) == (NOW, UUID(int=7))

    def test_without_one_a_list_begins_at_its_beginning(self) -> None:
        assert listing().after(None) is None

    def test_it_shows_nothing_where_there_is_nothing_more(self) -> None:
        assert listing().page([row(0, 1)], 1, at="made_at", id="row_id") == Page([row(0, 1)], None)
        assert listing().page([], 1, at="made_at", id="row_id") == Page([], None)

    def test_the_zone_that_a_database_speaks_in_does_not_matter(self) -> None:
        local = {"made_at": NOW.astimezone(timezone(timedelta(hours=4))), "row_id": UUID(int=7)}
        cursor = listing().page([local, local], 1, at="made_at", id="row_id").next_cursor
        assert listing().after(cursor) == (NOW, UUID(int=7))

    @pytest.mark.parametrize(
        "other",
        [
            {"name": "tasks"}, {"organisation_id": ELSEWHERE}, {"state": "closed"}, {"state": None},
            {"worker_id": UUID(int=3)}, {"key": bytes(32)},
        ],
    )  # fmt: skip
    def test_another_list_does_not_take_it(self, other: dict[str, Any]) -> None:
        with pytest.raises(CursorInvalid):
            listing(**other).after(cursor_of())

    def test_a_filter_does_not_pass_for_another(self) -> None:
        cursor = Listing(KEY, "notes", ORGANISATION, a="1", b=None).page(
            [row(0, 1), row(0, 2)], 1, at="made_at", id="row_id"
        )
        with pytest.raises(CursorInvalid):
            Listing(KEY, "notes", ORGANISATION, a=None, b="1").after(cursor.next_cursor)

    def test_a_changed_one_is_refused_at_every_place(self) -> None:
        cursor = cursor_of()
        for at in range(len(cursor) - 1):  # the last character has bits that say nothing
            changed = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]
            with pytest.raises(CursorInvalid):
                listing().after(changed)

    @pytest.mark.parametrize("text", ["", ".", "a.b", "é", "\x00", "x" * 100_000, "W10.x", "." * 100, "1e6"])
    def test_what_no_list_gave_is_refused(self, text: str) -> None:
        with pytest.raises(CursorInvalid) as refused:
            listing().after(text)
        assert (refused.value.status, refused.value.field) == (422, "cursor")

    @given(st.text())
    def test_no_text_makes_it_fail_otherwise(self, text: str) -> None:
        with pytest.raises(CursorInvalid):
            listing().after(text)


class TestPages:
    def test_rows_of_one_instant_are_all_shown_once(self) -> None:
        rows = [row(0, number) for number in range(10)]
        seen: list[Mapping[str, Any]] = []
        cursor: str | None = None
        for _ in range(4):
            page = page_of(rows, 3, cursor)
            seen += page.rows
            cursor = page.next_cursor
        assert (seen, cursor) == (rows, None)

    def test_rows_that_come_and_go_skip_and_repeat_none(self) -> None:
        rows = [row(minute, minute) for minute in range(6)]
        first = page_of(rows, 2)
        # Then one that was seen goes, as does the one that the cursor names, and some come on both sides
        later = [rows[0], row(-1, 50), row(1, 0), *rows[2:], row(9, 51)]
        second = page_of(later, 10, first.next_cursor)
        assert ([*first.rows, *second.rows], second.next_cursor) == ([*rows, row(9, 51)], None)
