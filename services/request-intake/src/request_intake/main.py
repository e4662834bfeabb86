"""The composition root: `python -m request_intake.main` is one process of request-intake."""

from doorstep_chassis.service import Service, run
from doorstep_chassis.settings import ServiceSettings, load_settings

from request_intake.api import routes
from request_intake.catalogue_files import load_catalogue
from request_intake.publication import PUBLICATION
from request_intake.reactions import REACTIONS
from request_intake.timers import ON_DUE, SCHEDULE
from request_intake.views.requests import REQUESTS_VIEW

SERVICE = Service(
    name="request-intake",
    routes=lambda context: routes(context, load_catalogue()),
    publication=PUBLICATION,
    reactions=lambda context: REACTIONS,
    views=lambda context: (REQUESTS_VIEW,),
    schedule=SCHEDULE,
    on_due=lambda context: ON_DUE,
)


def main() -> None:
    """Run until told to stop."""
    run(SERVICE, load_settings(ServiceSettings))


if __name__ == "__main__":
    main()
