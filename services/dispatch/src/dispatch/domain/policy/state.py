"""The policy as it stands."""

from dataclasses import dataclass

from doorstep_chassis.domain import Stream

from dispatch.domain.policy.events import Award, PolicyEvent


@dataclass(frozen=True, slots=True)
class Policy:
    """Until somebody sets one: no broadcasts, an operator picks, applications for a day. That is version 0."""

    version: int = 0
    broadcast: bool = False
    award: Award = "operator_picks"
    application_deadline_hours: int = 24


def evolve(state: Policy, event: PolicyEvent) -> Policy:
    """The policy is what was set last."""
    return Policy(event.version, event.broadcast, event.award, event.application_deadline_hours)


POLICY: Stream[Policy] = Stream("dispatch.policy", Policy(), evolve)
