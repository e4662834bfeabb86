"""How an organisation finds workers."""

from dispatch.domain.policy.errors import RankingNotAvailable
from dispatch.domain.policy.events import Award, PolicySet
from dispatch.domain.policy.state import Policy


def decide_set_policy(
    state: Policy, *, broadcast: bool, award: Award, application_deadline_hours: int
) -> tuple[PolicySet, ...]:
    """Each change is a new version; what already holds is none. RankingNotAvailable for `best_ranked`."""
    if award == "best_ranked":
        raise RankingNotAvailable(field="award")
    wanted = Policy(state.version, broadcast, award, application_deadline_hours)
    if wanted == state:
        return ()
    return (
        PolicySet(
            version=state.version + 1,
            broadcast=broadcast,
            award=award,
            application_deadline_hours=application_deadline_hours,
        ),
    )
