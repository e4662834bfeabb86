"""What a search for a worker refuses, and to whom."""

from doorstep_chassis.errors import Conflict, Forbidden


class NotEligible(Forbidden):
    """A worker may only apply for what they may do; `reasons` says what stands against them."""

    code = "not_eligible"


class ApplicationsClosed(Conflict):
    """The call takes no more applications; `reason` says why, the instant since when if it is the deadline."""

    code = "applications_closed"


class AwardOver(Conflict):
    """The request has ended: nobody can be chosen for it."""

    code = "award_over"


class SelectionPending(Conflict):
    """Somebody else has been chosen, and whether their slot can be held is not known yet."""

    code = "selection_pending"


class AlreadyAssigned(Conflict):
    """Somebody else is assigned."""

    code = "already_assigned"


class SelectionTooLate(Conflict):
    """The slot has begun: nobody can be chosen for it any more."""

    code = "selection_too_late"


class WorkerInactive(Conflict):
    """Only an active worker can be chosen."""

    code = "worker_inactive"
