"""`Prefer: wait=N` (RFC 7240): answer with the state that the other services have brought a request to by then."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx

LONGEST_WAIT = 10.0
"""Seconds that anybody may ask for."""

FIRST_PAUSE, LONGEST_PAUSE = 0.005, 0.05

_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(?=$|[,;])", re.ASCII | re.IGNORECASE)

Row = Mapping[str, Any]
Look = Callable[[], Awaitable[httpx.Response]]
"""Asks intake for the request as the caller may see it."""


def wished_seconds(prefer: str | None) -> float | None:
    """How long the caller would wait, the longest wait at most; None when they would not."""
    found = _WAIT.search(prefer or "")
    return None if found is None else min(float(found[1]), LONGEST_WAIT)


def is_settled(request: Row, row: Row | None) -> bool:
    """Whether a request stands still until a person acts: both gates are decided, or it is confirmed or ended.

    Intake shows each gate shut until its owner has spoken; that the owner has spoken stands on the board.
    """
    if request["state"] in {"draft", "launching"}:
        return False
    if request["state"] != "launched":
        return True
    client, worker, row = request["client_gate"], request["worker_gate"], row or {}
    return (client["open"] or row.get("client_gate") == "shut") and (
        worker["open"]
        or (row.get("worker_gate") == "shut" and "slot" not in (*worker["missing"], *row["worker_lacks"]))
    )


async def until_settled(look: Look, row: Callable[[], Awaitable[Row | None]], *, seconds: float) -> httpx.Response:
    """The request as it stands once it is settled, or when the time is over, or as soon as it cannot be seen."""
    deadline = time.monotonic() + seconds
    pause = FIRST_PAUSE
    while True:
        seen = await look()
        left = deadline - time.monotonic()
        if not seen.is_success or left <= 0 or is_settled(seen.json(), await row()):
            return seen
        await asyncio.sleep(min(pause, left))
        pause = min(LONGEST_PAUSE, 2 * pause)
