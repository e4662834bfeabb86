"""Case 1 through the public API on the whole system, one process a service, beside the raw floor; and what a service costs."""

import asyncio
import json
import time
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psutil
from doorstep_local.kafka import LocalKafka
from doorstep_local.postgres import LocalPostgres
from doorstep_local.services import MODULES, Doorstep
from doorstep_local.stack import Stack
from psycopg import AsyncConnection

from tests.load import hops
from tests.load.example import Figures

WARM_UP_SECONDS = 3
IDLE_SECONDS = 15
SETTLE_SECONDS = 20
"""Until what the load left to do is done, the last mails among it."""
ADDRESS = {"line1": "12 rue de la République", "postal_code": "69002", "locality": "Lyon"}
CONTACT = {"first_name": "Jeanne", "last_name": "Martin", "email": "jeanne@example.org", "phone": "06 12 34 56 78"}
FIRST_DAY = date(2027, 1, 4)


class Door:
    """The public API as one organisation's operator and worker use it."""

    def __init__(self, client: httpx.AsyncClient, issuer: str) -> None:
        self._client = client
        self._issuer = issuer
        self.organisation, self.operator, self.worker = uuid4(), uuid4(), uuid4()
        self._tokens: dict[str, str] = {}

    def people(self) -> Mapping[str, Mapping[str, UUID | str]]:
        """Whom the issuer must know."""
        return {
            "bench-service": {"sub": uuid4(), "role": "service"},
            "bench-operator": {"sub": self.operator, "org": self.organisation, "role": "operator"},
            "bench-worker": {"sub": self.worker, "org": self.organisation, "role": "worker"},
        }

    async def call(self, who: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """One request; anything but a success ends the measurement."""
        if who not in self._tokens:
            issued = await self._client.post(f"{self._issuer}/token", json={"person": who})
            issued.raise_for_status()
            self._tokens[who] = issued.json()["access_token"]
        headers = {"Authorization": f"Bearer {self._tokens[who]}"}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid4())
        answer = await self._client.request(method, path, json=body, headers=headers)
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.json().get('code')}")
        return dict(answer.json())

    async def set_up(self) -> None:
        """An organisation that lets workers create requests, one worker, one known client with a valid card."""
        await self.call(
            "bench-service",
            "POST",
            "/v1/organisations",
            {
                "organisation_id": str(self.organisation),
                "slug": f"bench-{self.organisation.hex[:8]}",
                "time_zone": "Europe/Paris",
                "workers_may_create": True,
            },
        )
        await self.call(
            "bench-operator",
            "POST",
            "/v1/workers",
            {
                "worker_id": str(self.worker),
                "services": ["menage"],
                "postal_codes": [],
                "postal_prefixes": ["69"],
                "active": True,
            },
        )
        card = {"kind": "card", "token": "tok_bench", "last4": "4242", "expiry_month": "2031-12"}
        await self.call(
            "bench-operator", "POST", "/v1/clients", {**CONTACT, "address": ADDRESS, "payment_method": card}
        )

    async def draft(self, number: int) -> str:
        """A draft at a slot of its own."""
        day, hour = divmod(number, 10)
        start = datetime.combine(FIRST_DAY + timedelta(days=day), datetime.min.time()) + timedelta(hours=7 + hour)
        drafted = await self.call(
            "bench-worker",
            "POST",
            "/v1/requests",
            {
                "performer": "self",
                "postal_code": "69002",
                "offer_id": "lyon:menage",
                "start": start.isoformat(),
                "duration_minutes": 60,
                "client": {"typed": CONTACT},
            },
        )
        return str(drafted["request_id"])

    async def launch(self, request_id: str) -> None:
        """« Lancer la demande », the address typed as it is on file."""
        await self.call(
            "bench-worker",
            "POST",
            f"/v1/requests/{request_id}/launch",
            {"validation": "worker", "address_confirmed": True, "address": ADDRESS},
        )


async def watch_visits(url: str, ended: dict[str, float]) -> None:
    """The instant at which each request's visit stands in the scheduling log."""
    async with (
        await AsyncConnection.connect(url, autocommit=True) as connection,
        await AsyncConnection.connect(url, autocommit=True) as reader,
    ):
        await connection.execute("LISTEN stored_events")
        position = 0
        async for _ in connection.notifies():
            heard = time.perf_counter()
            cursor = await reader.execute(
                "SELECT notification_id, topic, state FROM stored_events WHERE notification_id > %s"
                " ORDER BY notification_id",
                (position,),
            )
            for number, topic, state in await cursor.fetchall():
                position = number
                if topic.startswith("scheduling.visit-scheduled/"):
                    ended[json.loads(state)["data"]["request_id"]] = heard


async def ours(doorstep: Doorstep, visits_url: str, *, rate: int, seconds: float) -> list[float]:
    """Seconds from sending the launch to the visit's commit, for each of rate x seconds requests."""
    limits = httpx.Limits(max_connections=50, max_keepalive_connections=50)
    async with httpx.AsyncClient(base_url=doorstep.url, limits=limits, timeout=30, trust_env=False) as client:
        door = Door(client, doorstep.issuer)
        doorstep.add_people(door.people())
        await door.set_up()
        total = int(rate * (seconds + WARM_UP_SECONDS))
        requests = [await door.draft(number) for number in range(total)]
        await asyncio.sleep(2)
        ended: dict[str, float] = {}
        watcher = asyncio.create_task(watch_visits(visits_url, ended))
        await asyncio.sleep(0.2)
        begun = await hops.paced(door.launch, requests, rate)
        await hops.all_ended(begun, ended)
        watcher.cancel()
        return [ended[key] - at for key, at in list(begun.items())[rate * WARM_UP_SECONDS :]]


def costs(doorstep: Doorstep) -> Figures:
    """Memory after the load (resident, and its share of what processes have in common), and an idle service's CPU."""
    processes = {name: psutil.Process(doorstep.stack.service(name).pid) for name in MODULES}
    time.sleep(SETTLE_SECONDS)
    before = {name: sum(process.cpu_times()[:2]) for name, process in processes.items()}
    time.sleep(IDLE_SECONDS)
    idle = {
        name: 100 * (sum(process.cpu_times()[:2]) - before[name]) / IDLE_SECONDS for name, process in processes.items()
    }
    memory = {name: process.memory_info().rss / 2**20 for name, process in processes.items()}
    shared = {name: process.memory_full_info().pss / 2**20 for name, process in processes.items()}
    return {
        **{f"memory_mb {name}": value for name, value in memory.items()},
        **{f"memory_share_mb {name}": value for name, value in shared.items()},
        **{f"idle_cpu_percent {name}": value for name, value in idle.items()},
        "service_memory_mb_max": max(memory.values()),
        "service_memory_share_mb_max": max(shared.values()),
        "service_idle_cpu_percent_max": max(idle.values()),
    }


async def measure(postgres: LocalPostgres, kafka: LocalKafka, directory: Path, *, rate: int, seconds: float) -> Figures:
    """The floor, then ours, on the same broker and server."""
    raw = await hops.floor(
        {name: postgres.create_database(f"floor_{name}") for name in hops.ROUTES},
        kafka.bootstrap,
        rate=rate,
        seconds=seconds + WARM_UP_SECONDS,
    )
    floor_p50, floor_p99 = hops.percentiles(raw[rate * WARM_UP_SECONDS :])
    stack = Stack(directory, broker=kafka.bootstrap, postgres=postgres.url(), report=lambda line: None)
    doorstep = Doorstep(stack, database_prefix="bench_")
    try:
        await asyncio.to_thread(doorstep.start)
        taken = await ours(doorstep, postgres.url(doorstep.database("scheduling")), rate=rate, seconds=seconds)
        spent = await asyncio.to_thread(costs, doorstep)
    finally:
        await asyncio.to_thread(stack.stop)
    p50, p99 = hops.percentiles(taken)
    return {
        "launch_to_visit_p50_ms": p50,
        "launch_to_visit_p99_ms": p99,
        "launch_to_visit_floor_p50_ms": floor_p50,
        "launch_to_visit_floor_p99_ms": floor_p99,
        "launch_to_visit_p50_vs_floor": p50 / floor_p50,
        **spent,
    }
