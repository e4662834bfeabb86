"""One service out of its parts: what `main.py` declares here becomes a process with a door, a relay, consumers and timers."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
import structlog
import uvloop
from aiokafka.errors import KafkaError
from doorstep_contracts.base import PublicEvent
from doorstep_contracts.registry import EVENT_CLASSES, topic_of
from fastapi import APIRouter, FastAPI
from psycopg import AsyncConnection

from doorstep_chassis import failpoints, metrics
from doorstep_chassis.auth import DOORS_ROLES, PEOPLES_ROLES, TokenVerifier, TrustedIssuer, key_source
from doorstep_chassis.backoff import pause_after
from doorstep_chassis.clock import Clock
from doorstep_chassis.consumer.decoding import EventDecoder, Tombstone
from doorstep_chassis.consumer.engine import Engine, Handler, PoisonLimit
from doorstep_chassis.consumer.log_feed import follow, log_decoder
from doorstep_chassis.consumer.records import Decoder, Record
from doorstep_chassis.feeds import LogFeed, TopicFeed
from doorstep_chassis.http import create_app, serve, stop_on_signals
from doorstep_chassis.kafka import KafkaConsumer, TopicMissing, check_topics
from doorstep_chassis.logging import configure_logging
from doorstep_chassis.operations_api import Operated, Part, ViewPart, operations_router
from doorstep_chassis.privacy import KeyRing
from doorstep_chassis.publisher import KafkaPublisher
from doorstep_chassis.relay import Publication, Relay, RelayDeposed
from doorstep_chassis.remembered import Remembered
from doorstep_chassis.runtime import tune_collector
from doorstep_chassis.settings import ServiceSettings
from doorstep_chassis.store.model import StoreUnavailable
from doorstep_chassis.store.postgres import PostgresStore
from doorstep_chassis.store.recorder import create_tables
from doorstep_chassis.tail import LogTail
from doorstep_chassis.telemetry import set_up_telemetry
from doorstep_chassis.timers import OnDue, Schedule, TimerLoop, timer_view
from doorstep_chassis.units import Units
from doorstep_chassis.views import View, create_view_tables

log = structlog.get_logger()


MEASURE_SECONDS = 5.0
"""How often the gauges of lag and parked records are taken."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a service's own code is given: its store, clock, keys and the way to run commands."""

    settings: ServiceSettings
    store: PostgresStore
    units: Units
    clock: Clock
    keys: KeyRing
    hmac_key: bytes
    tail: LogTail = field(init=False)
    """The end of the service's own log, for all who follow it in this process."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "tail", LogTail(self.store))


def contract_topic(cls: type[PublicEvent]) -> str:
    """The topic that the contracts give to a public event."""
    return topic_of(cls).name


Routes = Callable[[Context], APIRouter]
Reactions = Mapping[type, Handler]


@dataclass(frozen=True)
class Service:
    """The declaration of a service: every file of the package has its line here."""

    name: str
    routes: Routes
    publication: Publication = field(default_factory=dict)
    reactions: Callable[[Context], Reactions] = lambda context: {}
    reactions_gather: bool = False
    """Whether its reactions wait, as views over topics do, for more to come: where nobody's next step waits for them."""
    tombstones: Sequence[str] = ()
    """Compacted topics whose null records the reactions also take, as `Tombstone`."""
    views: Callable[[Context], Sequence[View]] = lambda context: ()
    schedule: Schedule = field(default_factory=dict)
    on_due: Callable[[Context], Mapping[str, OnDue]] = lambda context: {}
    led: Callable[[Context], Sequence[Coroutine[Any, Any, None]]] = lambda context: ()
    """Further work that only one instance does, for as long as it leads."""
    around: Callable[[FastAPI, Context], None] = lambda app, context: None
    """What else is to stand around its routes: middleware and handlers of its own."""
    classes: Mapping[str, type[PublicEvent]] = field(default_factory=lambda: EVENT_CLASSES)
    """The public language it speaks and understands: by default all of the contracts, in their topics."""
    topic_of: Callable[[type[PublicEvent]], str] = contract_topic

    @property
    def source(self) -> str:
        """The name of its log in `ce_source`; the shard is part of it."""
        return f"/doorstep/{self.name}/main"

    def topics_of(self, handlers: Mapping[type, Handler]) -> list[str]:
        """The topics that its reactions are found in."""
        named = {self.topic_of(cls) for cls in handlers if issubclass(cls, PublicEvent)}
        return sorted(named | set(self.tombstones))


class Running:
    """A service at work."""

    def __init__(self, service: Service, settings: ServiceSettings) -> None:
        self.service = service
        self.settings = settings
        clock = settings.clock()
        self.store = PostgresStore(settings.database_url.get_secret_value())
        self.remembered = Remembered()
        self.context = Context(
            settings=settings,
            store=self.store,
            units=Units(self.store, clock, service.name, self.remembered),
            clock=clock,
            keys=KeyRing(settings.kek_bytes(), settings.kek_id),
            hmac_key=settings.hmac_key_bytes(),
        )
        self.tail = self.context.tail
        self.consumers: list[KafkaConsumer] = []
        self.views = list(service.views(self.context))
        self.relay: Relay | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def app(self) -> FastAPI:
        """The HTTP door."""
        settings = self.settings
        verifier = TokenVerifier(
            TrustedIssuer(settings.issuer, key_source(settings.jwks, settings.issuer), PEOPLES_ROLES),
            TrustedIssuer(settings.door_issuer, key_source(settings.door_jwks, settings.door_issuer), DOORS_ROLES),
            audience=settings.audience,
            clock=self.context.clock,
        )
        app = create_app(
            f"Doorstep {self.service.name}",
            verifier=verifier,
            readiness={
                "database": self._database_answers,
                "broker": self._broker_answers,
                "consumers": self._consumers_run,
                "lag": self._lag_is_bounded,
            },
            liveness={"consumers": self._consumers_move},
            lifespan=self._lifespan,
        )
        app.include_router(self.service.routes(self.context))
        app.include_router(operations_router(self._operated()))
        self.service.around(app, self.context)
        return app

    def _operated(self) -> Operated:
        """What people who run the system may look into and mend."""
        from_topics, from_log = EventDecoder(self.service.classes), log_decoder(self.service.source)
        topics = TopicFeed(self.settings.kafka_bootstrap_servers)
        log_feed = LogFeed(self.store)
        views = {
            view.name: ViewPart(view, from_topics, topics) if view.topics else ViewPart(view, from_log, log_feed)
            for view in [*self.views, *self._timer_views()]
        }
        parts = {
            part.view.consumer(self.service.name): Part(part.view.handlers, part.decode) for part in views.values()
        }
        reactions = Part(self.service.reactions(self.context), from_topics)
        return Operated(
            service=self.service.name,
            source=self.service.source,
            store=self.store,
            database_url=self.settings.database_url.get_secret_value(),
            now=self.context.clock.now,
            publication=self.service.publication,
            parts={**parts, f"{self.service.name}.reactions": reactions},
            views=views,
        )

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        try:
            await self.start()
            yield
        finally:
            await self.stop()

    async def start(self) -> None:
        """Make what is missing in the database, check that the topics are there, and set everything going."""
        await asyncio.to_thread(create_tables, self.settings.database_url.get_secret_value())
        await self.store.open()
        await self._start_views()
        await self._check_topics()
        reactions = self.service.reactions(self.context)
        if reactions:
            self._consume(
                f"{self.service.name}.reactions",
                reactions,
                self.service.topics_of(reactions),
                linger=self.settings.topic_view_linger if self.service.reactions_gather else 0.0,
            )
        for view in self.views:
            if view.topics:
                self._consume(
                    view.consumer(self.service.name), view.handlers, view.topics, linger=self.settings.topic_view_linger
                )
        for consumer in self.consumers:
            await consumer.start()
        self._spawn("tail", self.tail.run())
        self._spawn("leader", self._lead())
        self._spawn("gauges", self._measure())

    async def stop(self) -> None:
        """Finish what is in hand and let go."""
        await asyncio.gather(*(consumer.stop() for consumer in self.consumers), return_exceptions=True)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.store.close()

    async def _start_views(self) -> None:
        for view in [*self.views, *self._timer_views()]:
            await create_view_tables(self.store, view)

    def _timer_views(self) -> list[View]:
        return [timer_view(self.service.schedule)] if self.service.schedule else []

    async def _check_topics(self) -> None:
        topics = {self.service.topic_of(cls) for cls in self.service.classes.values()}
        try:
            await check_topics(self.settings.kafka_bootstrap_servers, topics)
        except TopicMissing as missing:
            log.error("topics.missing", topic=list(missing.topics))
            raise

    def _consume(
        self, name: str, handlers: Mapping[type, Handler], topics: Sequence[str], *, linger: float = 0.0
    ) -> None:
        self.consumers.append(
            KafkaConsumer(
                self._engine(name, handlers, EventDecoder(self.service.classes)),
                topics,
                self.settings.kafka_bootstrap_servers,
                instance=self.settings.instance,
                max_batch=self.settings.consumer_max_batch,
                linger=linger,
                session_timeout_ms=self.settings.consumer_session_timeout_ms,
                failed=lambda problem: metrics.CONSUMER_STOPPED.labels(name).set(1),
            )
        )

    def _engine(self, name: str, handlers: Mapping[type, Handler], decode: Decoder) -> Engine:
        settings = self.settings

        def observe(record: Record, outcome: str) -> None:
            if outcome == "unknown_type":
                metrics.unknown_type(name)
            elif outcome not in ("applied", "skipped", "ignored"):
                metrics.parked(name, outcome.lstrip("!"))

        return Engine(
            name,
            self.store,
            handlers,
            decode,
            self.context.clock.now,
            remembered=self.remembered,
            poison=PoisonLimit(settings.consumer_poison_share, settings.consumer_poison_window),
            observe=observe,
        )

    # What only one instance does: publish the log, follow it into views, run timers

    async def _lead(self) -> None:
        """Lead while the lock is held; when it is lost, everything it covers is dropped and waits for it again."""
        tries = 0
        while True:
            try:
                async with self.store.leadership(f"doorstep.{self.service.name}") as lock, asyncio.TaskGroup() as group:
                    tries = 0
                    group.create_task(self._watch(lock))
                    for work in self._led():
                        group.create_task(work)
            except (StoreUnavailable, RelayDeposed) as problem:
                log.warning("leader.waiting", exc_info=problem)
            except BaseExceptionGroup as problems:
                lasting = problems.split((StoreUnavailable, RelayDeposed))[1]
                if lasting is not None:
                    raise lasting from problems
                log.warning("leader.lost", exc_info=problems.exceptions[0])
            tries += 1
            await asyncio.sleep(pause_after(tries))

    @staticmethod
    async def _watch(lock: AsyncConnection[Any]) -> None:
        """The lock lives in one session: notice when it is gone."""
        while True:
            await asyncio.sleep(2)
            try:
                await lock.execute("SELECT 1")
            except psycopg.Error as problem:
                raise StoreUnavailable(type(problem).__name__) from problem

    def _led(self) -> list[Coroutine[Any, Any, None]]:
        led: list[Coroutine[Any, Any, None]] = []
        if self.service.publication:
            led.append(self._relay())
        own = [view for view in self.views if not view.topics]
        for view in own:
            led.append(self._follow(view, view.changed))
        if self.service.schedule:
            timers = TimerLoop(self.store, self.context.units, self.context.clock, self.service.on_due(self.context))
            led.extend(self._follow(view, timers.changed) for view in self._timer_views())
            led.append(timers.run())
        return [*led, *self.service.led(self.context)]

    async def _relay(self) -> None:
        """Publish for as long as this instance leads. A broker that is away stops nothing else of what it leads."""
        while True:
            try:
                await self._publish()
            except KafkaError as problem:
                log.warning("relay.waiting", exc_info=problem)
                await asyncio.sleep(1)

    async def _publish(self) -> None:
        publisher = KafkaPublisher(self.settings.kafka_bootstrap_servers, client_id=f"{self.service.name}.relay")

        def observe(position: int, sent: int) -> None:
            metrics.relayed(self.service.source, position=position, head=self.tail.head)

        self.relay = Relay(
            self.service.source,
            self.store,
            publisher,
            self.service.publication,
            topics=self.service.topic_of,
            observe=observe,
        )
        try:
            await self.relay.run(self.tail.after, batch=self.settings.relay_batch)
        finally:
            with contextlib.suppress(StoreUnavailable, RelayDeposed):
                await self.relay.settle()
            await publisher.stop()

    async def _follow(self, view: View, done: Callable[[], None]) -> None:
        engine = self._engine(view.consumer(self.service.name), view.handlers, log_decoder(self.service.source))
        settings = self.settings
        await follow(engine, self.tail, batch=settings.consumer_max_batch, linger=settings.view_linger, done=done)

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        async def run() -> None:
            try:
                await work
            except asyncio.CancelledError:
                raise
            except BaseException as problem:
                # Half a service is worse than none: end, and let the supervisor start it again.
                log.error("service.failed", part=name, exc_info=problem)
                os._exit(70)

        self._tasks.append(asyncio.create_task(run()))

    # Health

    async def _database_answers(self) -> bool:
        return await self.store.head() >= 0

    async def _broker_answers(self) -> bool:
        for server in self.settings.kafka_bootstrap_servers:
            host, _, port = server.rpartition(":")
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(host, int(port))
                writer.close()
                return True
        return False

    async def _consumers_run(self) -> bool:
        return all(consumer.failure is None for consumer in self.consumers)

    async def _lag_is_bounded(self) -> bool:
        return all(sum(consumer.lag().values()) <= self.settings.ready_lag for consumer in self.consumers)

    async def _consumers_move(self) -> bool:
        return not any(consumer.stuck() for consumer in self.consumers)

    async def _measure(self) -> None:
        """Gauges that nobody counts up: how far each consumer is behind, and what waits parked."""
        while True:
            for consumer in self.consumers:
                name = consumer.engine.name
                age = self._age(consumer.handled_time)
                for topic, lag in consumer.lag().items():
                    metrics.behind(name, topic, lag=lag, age_seconds=age if lag else 0.0)
                with contextlib.suppress(StoreUnavailable):
                    metrics.PARKED_OPEN.labels(name).set(await self.store.open_count(name))
            await asyncio.sleep(MEASURE_SECONDS)

    def _age(self, handled: datetime | None) -> float:
        return 0.0 if handled is None else max(0.0, (self.context.clock.now() - handled).total_seconds())


def run(service: Service, settings: ServiceSettings) -> None:
    """Run the service until SIGTERM or SIGINT."""
    configure_logging(service.name, settings.log_level)
    if settings.environment == "production":
        failpoints.refuse_in_production()
    tune_collector()
    end_telemetry = set_up_telemetry(service.name, settings.otlp_endpoint)
    running = Running(service, settings)

    async def main() -> None:
        app = running.app()
        app.state.stopping = stop_on_signals()
        await serve(app, settings.http_host, settings.http_port, stop=app.state.stopping)

    try:
        uvloop.run(main())
    finally:
        end_telemetry()


__all__ = ["Context", "Running", "Service", "Tombstone", "run"]
