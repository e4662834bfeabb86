"""The names of clients, asked of the directory when a page is made and kept nowhere."""

import asyncio
import unicodedata
from collections.abc import Iterable, Mapping
from uuid import UUID

from gateway.portals.calls import Calls, Refused
from gateway.upstream import ServiceUnavailable

BATCH = 100
"""How many clients the directory names in one answer."""


async def client_names(calls: Calls, client_ids: Iterable[UUID | None]) -> Mapping[UUID, str]:
    """First and last name of each; who is erased, or not for this person to see, is left out.

    While the directory is away, nobody is named: a list without names is better than none.
    """
    wanted = sorted({client_id for client_id in client_ids if client_id is not None})
    batches = [wanted[at : at + BATCH] for at in range(0, len(wanted), BATCH)]
    try:
        answers = await asyncio.gather(
            *(calls.get("client-directory", "/client-names", ids=[str(each) for each in batch]) for batch in batches)
        )
    except (Refused, ServiceUnavailable):
        return {}
    return {UUID(each["client_id"]): full_name(each) for answer in answers for each in answer["names"]}


def full_name(client: Mapping[str, str | None]) -> str:
    """First name, then last name, as far as they are known."""
    return " ".join(part for part in (client["first_name"], client["last_name"]) if part)


def fits(name: str, words: str) -> bool:
    """Whether a name has each of these words in it, whatever their case and accents."""
    plain = _plain(name)
    return all(word in plain for word in _plain(words).split())


def _plain(text: str) -> str:
    parted = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in parted if not unicodedata.combining(letter))
