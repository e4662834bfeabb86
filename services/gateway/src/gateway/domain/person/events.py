"""A worker or operator of one organisation: name and e-mail sealed under a key of their own."""

from typing import ClassVar, Literal

from doorstep_chassis.domain import Event


class PersonSeen(Event):
    """They signed in; this is what their identity provider says of them."""

    TOPIC: ClassVar[str] = "gateway.person-seen"

    role: Literal["worker", "operator"]
    details: str
    language: Literal["fr", "en"]


class CallMailsSwitched(Event):
    """They want mails about open calls, or want none."""

    TOPIC: ClassVar[str] = "gateway.call-mails-switched"

    on: bool


PersonEvent = PersonSeen | CallMailsSwitched
