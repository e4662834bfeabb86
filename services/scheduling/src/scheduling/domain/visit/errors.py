"""Why a visit stays as it is."""

from doorstep_chassis.errors import Conflict


class VisitHasStarted(Conflict):
    """Only a visit that has not started can be cancelled."""

    code = "visit_has_started"
