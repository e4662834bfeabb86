"""Streams as this process last saw them. Nothing rests on it: the store refuses a unit whose streams have moved on."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

ENOUGH = 500
"""How many streams a process remembers: what a chain of reactions comes back to within seconds, in a megabyte or two."""


class Seen(NamedTuple):
    """A stream's version and the state that its events fold to; states are never changed in place."""

    version: int
    state: Any


class Remembered:
    """The streams used last. Shared by all who decide in one process, so that one does not read what another wrote."""

    def __init__(self, size: int = ENOUGH) -> None:
        self._size = size
        self._seen: OrderedDict[UUID, Seen] = OrderedDict()

    def get(self, stream_id: UUID) -> Seen | None:
        """The stream as it was seen last."""
        seen = self._seen.get(stream_id)
        if seen is not None:
            self._seen.move_to_end(stream_id)
        return seen

    def put(self, stream_id: UUID, version: int, state: Any) -> None:
        """Seen at this version; a commit whose answer comes late does not make it older."""
        seen = self._seen.get(stream_id)
        if seen is not None and seen.version > version:
            return
        self._seen[stream_id] = Seen(version, state)
        self._seen.move_to_end(stream_id)
        if len(self._seen) > self._size:
            self._seen.popitem(last=False)

    def forget(self, stream_ids: Iterable[UUID]) -> None:
        """One of them has moved on: read them when they are asked for."""
        for stream_id in stream_ids:
            self._seen.pop(stream_id, None)
