"""What topics.yaml says of consumers is what services really subscribe to."""

from importlib import import_module

from doorstep_chassis.clock import SystemClock
from doorstep_chassis.privacy import KeyRing
from doorstep_chassis.service import Context, Service
from doorstep_chassis.settings import ServiceSettings
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.units import Units
from doorstep_contracts.check import check_consumers
from doorstep_local.services import MODULES


def subscriptions(service: Service) -> dict[str, set[str]]:
    """Topics by consumer, as the service's composition root declares them."""
    store, clock = PostgresStore("postgresql://127.0.0.1:1/none"), SystemClock()
    context = Context(
        settings=ServiceSettings.model_construct(),
        store=store,
        units=Units(store, clock, service.name),
        clock=clock,
        keys=KeyRing(bytes(32), "test"),
        hmac_key=bytes(32),
    )
    found = {f"{service.name}.view.{view.name}": set(view.topics) for view in service.views(context) if view.topics}
    reactions = service.reactions(context)
    if reactions:
        found[f"{service.name}.reactions"] = set(service.topics_of(reactions))
    return found


def test_every_consumer_that_is_named_subscribes_and_every_one_that_subscribes_is_named() -> None:
    subscribed: dict[str, set[str]] = {}
    for module in MODULES.values():
        subscribed |= subscriptions(import_module(f"{module}.main").SERVICE)
    assert check_consumers(subscribed) == ()
