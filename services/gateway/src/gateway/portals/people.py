"""How people are named on pages."""

from uuid import UUID

from gateway.portals.texts import Texts


def worker_label(texts: Texts, worker_id: UUID) -> str:
    """A worker, by a short label that stays the same: the register of workers holds no names."""
    return texts.say("Worker %(short)s", short=worker_id.hex[:4])
