"""What a policy may not be."""

from doorstep_chassis.errors import Invalid


class RankingNotAvailable(Invalid):
    """A broadcast cannot be won by rank: nothing ranks applicants."""

    code = "ranking_not_available"
