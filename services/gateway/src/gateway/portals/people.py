"""How workers are named on pages."""

from collections.abc import Mapping
from uuid import UUID

from gateway.portals.texts import Texts


def worker_label(texts: Texts, worker_id: UUID, names: Mapping[UUID, str]) -> str:
    """A worker's name; before they have ever signed in, a short label that stays the same: the register holds no names."""
    return names.get(worker_id) or texts.say("Worker %(short)s", short=worker_id.hex[:4])
