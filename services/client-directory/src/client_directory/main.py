"""The composition root of the directory: `python -m client_directory.main` runs it."""

from doorstep_chassis.service import Context, Service, run
from doorstep_chassis.settings import load_settings

from client_directory.api import routes
from client_directory.publication import PUBLICATION
from client_directory.reactions import KEYS_TOPIC, reactions
from client_directory.settings import DirectorySettings
from client_directory.timers import ON_DUE, SCHEDULE
from client_directory.vault import Vault
from client_directory.views.clients import CLIENTS_VIEW
from client_directory.views.reviews import REVIEWS_VIEW
from client_directory.views.served import SERVED_VIEW


def _vault(context: Context) -> Vault:
    return Vault(context.keys, context.hmac_key)


SERVICE = Service(
    name="client-directory",
    routes=routes,
    publication=PUBLICATION,
    reactions=lambda context: reactions(_vault(context)),
    tombstones=(KEYS_TOPIC,),
    views=lambda context: (CLIENTS_VIEW, REVIEWS_VIEW, SERVED_VIEW),
    schedule=SCHEDULE,
    on_due=lambda context: ON_DUE,
)


def main() -> None:
    """Run until told to stop."""
    run(SERVICE, load_settings(DirectorySettings))


if __name__ == "__main__":
    main()
