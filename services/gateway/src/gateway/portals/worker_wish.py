"""What a worker has entered so far: it goes from page to page in the address, and none of it is about the client."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from gateway.portals.amounts import minutes_between
from gateway.portals.worker_words import when

_KEY = re.compile(r"[0-9a-f]{32}")
_LONGEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """« Nouvelle demande » up to the client. `draft` is made once for each; `was` is the draft that it takes the place of."""

    draft: str
    performer: str = ""
    postal_code: str = ""
    offer_id: str = ""
    date: str = ""
    time: str = ""
    offset: str = ""
    duration_minutes: str = ""
    accept_overlap: str = ""
    was: str = ""

    @classmethod
    def of(cls, entered: Mapping[str, Any]) -> "Wish":
        """From a query or a form."""
        texts = {each.name: entered.get(each.name) for each in fields(cls)}
        found = {name: text.strip()[:_LONGEST] for name, text in texts.items() if isinstance(text, str)}
        if not _KEY.fullmatch(found.get("draft", "")):
            found["draft"] = uuid4().hex
        return cls(**found)

    @classmethod
    def of_draft(cls, row: Mapping[str, Any], draft: str) -> "Wish":
        """From a request that was drafted, to change it."""
        slot = row["slot"]
        local = slot["local_start"]
        minutes = minutes_between(when(slot["start"]), when(slot["end"]))
        made = cls.of({"draft": draft})
        return replace(
            made,
            performer=row["performer"],
            postal_code=row["postal_code"],
            offer_id=row["offer_id"],
            date=local[:10],
            time=local[11:16],
            offset=local[-6:],
            duration_minutes=str(minutes),
            accept_overlap="1" if row["accept_overlap"] else "",
            was=row["request_id"],
        )

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """All that was entered, by the names of the fields."""
        named = ((each.name, getattr(self, each.name)) for each in fields(self))
        return ((name, value) for name, value in named if value)

    @property
    def query(self) -> str:
        """As the query of the next page's address."""
        return urlencode(list(self))
