"""The composition root: `python -m scheduling.main` is one process of the scheduling service."""

from doorstep_chassis.service import Service, run
from doorstep_chassis.settings import ServiceSettings, load_settings

from scheduling.api import routes
from scheduling.publication import PUBLICATION
from scheduling.reactions import REACTIONS
from scheduling.views.calendar import CALENDAR_VIEW
from scheduling.views.visits import VISITS_VIEW

SERVICE = Service(
    name="scheduling",
    routes=routes,
    publication=PUBLICATION,
    reactions=lambda context: REACTIONS,
    views=lambda context: (CALENDAR_VIEW, VISITS_VIEW),
)


def main() -> None:
    """Run until told to stop."""
    run(SERVICE, load_settings(ServiceSettings))


if __name__ == "__main__":
    main()
