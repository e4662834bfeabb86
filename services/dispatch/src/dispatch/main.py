"""Dispatch as a process: `python -m dispatch.main`."""

from doorstep_chassis.service import Service, run
from doorstep_chassis.settings import ServiceSettings, load_settings

from dispatch.api import routes
from dispatch.publication import PUBLICATION
from dispatch.reactions import REACTIONS
from dispatch.timers import ON_DUE, SCHEDULE
from dispatch.views.calls import CALLS_VIEW

SERVICE = Service(
    name="dispatch",
    routes=routes,
    publication=PUBLICATION,
    reactions=lambda context: REACTIONS,
    views=lambda context: (CALLS_VIEW,),
    schedule=SCHEDULE,
    on_due=lambda context: ON_DUE,
)


def main() -> None:
    """Run dispatch until it is told to stop."""
    run(SERVICE, load_settings(ServiceSettings))


if __name__ == "__main__":
    main()
