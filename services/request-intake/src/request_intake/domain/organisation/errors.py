"""Every refusal of an organisation's rules."""

from doorstep_chassis.errors import Conflict, Forbidden, NotFound


class OrganisationUnknown(NotFound):
    """No organisation has this id."""

    code = "organisation_unknown"


class OrganisationExists(Conflict):
    """The id belongs to an organisation of another slug or time zone."""

    code = "organisation_exists"


class WorkersMayNotCreate(Forbidden):
    """The organisation does not let workers create requests."""

    code = "workers_may_not_create"
