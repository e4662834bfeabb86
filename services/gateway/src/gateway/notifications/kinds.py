"""Every kind of notification in one table: a new one is a line here, a template, and its French in locale/fr/mail.po.

A client is written to in the language on their file, French where none is known; workers and operators in the one they
signed in with.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """The template under `templates/mail/`, and where its button leads.

    `leads`: `validation` is the client's own link to what is asked, a path is a page of the portals. `switchable`: a
    worker can do without.
    """

    template: str
    leads: str | None = None
    switchable: bool = False


KINDS: Mapping[str, Kind] = {
    "client_asked": Kind("client_asked", leads="validation"),
    "client_confirmed": Kind("client_confirmed"),
    "client_cancelled": Kind("client_ended"),
    "client_declined": Kind("client_ended"),
    "client_expired": Kind("client_ended"),
    "worker_call": Kind("worker_call", leads="/calls", switchable=True),
    "worker_won": Kind("worker_won", leads="/calendar"),
    "worker_lost": Kind("worker_lost", leads="/calls"),
    "worker_call_ended": Kind("worker_lost", leads="/calls"),
    "worker_cancelled": Kind("worker_ended", leads="/calendar"),
    "worker_declined": Kind("worker_ended", leads="/calendar"),
    "worker_expired": Kind("worker_ended", leads="/calendar"),
    "operator_digest": Kind("operator_digest", leads="/console"),
}
