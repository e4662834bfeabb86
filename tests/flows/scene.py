"""An organisation and its people, as the flows play them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import psycopg
from doorstep_local.door import Answer, Door, Person
from doorstep_local.services import OPERATIONS, Doorstep
from operations.streams import chain
from operations.system import System

PARIS = ZoneInfo("Europe/Paris")
SETTLE_SECONDS = 15.0
HOME = {"line1": "12 rue de la Part-Dieu", "line2": None, "postal_code": "69003", "locality": "Lyon"}
CARD = {"kind": "card", "token": "tok_flow_4242", "last4": "4242", "expiry_month": "2032-12"}
NAMES = {"camille": "Camille Moreau", "driss": "Driss Benali", "eva": "Eva Laurent", "odile": "Odile Marchand"}
MENAGE, JARDINAGE = "lyon:menage", "lyon:jardinage"
"""One offer that requires a payment method, one that does not."""


@dataclass(frozen=True, kw_only=True)
class Employee:
    """A worker and their id."""

    worker_id: UUID
    at: Person


@dataclass
class Scene:
    """One organisation. `camille` creates requests; `driss` and `eva` are her colleagues. `tag` ends every login."""

    doorstep: Doorstep
    door: Door
    tag: str
    organisation_id: UUID
    operator: Person
    camille: Employee
    driss: Employee
    eva: Employee
    service: Person
    system: System = field(repr=False)

    @classmethod
    def of(
        cls, doorstep: Doorstep, door: Door, *, workers_may_create: bool = True, zone: str = "Europe/Paris"
    ) -> "Scene":
        """A new organisation with an operator and three workers."""
        organisation_id, tag = uuid4(), uuid4().hex[:10]
        ids = {name: uuid4() for name in ("camille", "driss", "eva")}
        people: dict[str, dict[str, UUID | str]] = {
            f"{name}-{tag}": {"sub": each, "org": organisation_id, "role": "worker", "name": NAMES[name]}
            for name, each in ids.items()
        }
        people[f"odile-{tag}"] = {
            "sub": uuid4(),
            "org": organisation_id,
            "role": "operator",
            "name": NAMES["odile"],
        }
        doorstep.add_people(people)
        service, operator = door.person(OPERATIONS), door.person(f"odile-{tag}")
        added = service.post(
            "/organisations",
            {
                "organisation_id": str(organisation_id),
                "slug": f"flow-{tag}",
                "time_zone": zone,
                "workers_may_create": workers_may_create,
            },
        )
        assert added.status == 201, added
        for worker_id in ids.values():
            registered = operator.post(
                "/workers",
                {
                    "worker_id": str(worker_id),
                    "services": ["menage", "jardinage"],
                    "postal_prefixes": ["69", "974"],
                    "active": True,
                },
            )
            assert registered.status == 201, registered
        workers = {name: Employee(worker_id=ids[name], at=door.person(f"{name}-{tag}")) for name in ids}
        made = cls(
            doorstep,
            door,
            tag,
            organisation_id,
            operator,
            workers["camille"],
            workers["driss"],
            workers["eva"],
            service,
            System(doorstep.file),
        )
        made.until(lambda: made.written("client-directory") > 0, True)  # the last to hear of an organisation
        return made

    # Who is who

    def contact(self, name: str = "Jeanne", last_name: str = "Moulin") -> dict[str, str]:
        """Somebody whom nobody else has typed; the same name is the same person within this organisation."""
        number = sum(map(ord, name + last_name)) % 90 + 10
        return {
            "first_name": name,
            "last_name": last_name,
            "email": f"{name}.{last_name}@exemple.test".lower(),
            "phone": f"06 12 34 56 {number}",
        }

    def known(self, contact: Mapping[str, str], *, card: bool = True, home: bool = True) -> UUID:
        """Put a client on file."""
        file = {**contact, **({"address": HOME} if home else {}), **({"payment_method": CARD} if card else {})}
        made = self.operator.post("/clients", file)
        assert made.status == 201, made
        return UUID(made.body["client_id"])

    def client(self, request: str, client_id: UUID | str) -> Person:
        """The client, with the token for this request."""
        return self.door.client(
            organisation_id=self.organisation_id,
            client_id=UUID(str(client_id)),
            request_id=UUID(request),
        )

    def policy(self, *, broadcast: bool, award: str = "operator_picks") -> None:
        """How workers are found."""
        set_to = self.operator.put("/policy", {"broadcast": broadcast, "award": award})
        assert (set_to.status, set_to.body["broadcast"]) == (200, broadcast), set_to

    # What they do

    def monday(self, hour: int, minute: int = 0, *, week: int = 2) -> datetime:
        """A Monday some weeks from now, at this hour in Lyon."""
        today = datetime.now(PARIS).replace(hour=hour, minute=minute, second=0, microsecond=0)
        return today + timedelta(days=7 * week - today.weekday())

    def wish(self, client: Mapping[str, Any], start: datetime | str, **more: Any) -> dict[str, Any]:
        """The body of a draft."""
        local = start if isinstance(start, str) else start.strftime("%Y-%m-%dT%H:%M")
        return {
            "performer": "self",
            "postal_code": "69003",
            "offer_id": MENAGE,
            "start": local,
            "client": client,
            **more,
        }

    def draft(
        self, contact: Mapping[str, str], *, start: datetime | None = None, who: Person | None = None, **more: Any
    ) -> str:
        """« Nouvelle demande » for somebody typed."""
        body = self.wish({"typed": dict(contact)}, start or self.monday(9), **more)
        drafted = (who or self.camille.at).post("/requests", body)
        assert (drafted.status, drafted.body.get("state")) == (201, "draft"), drafted
        request: str = drafted.body["request_id"]
        return request

    def launch(self, request: str, validation: str = "worker", *, address: Any = HOME, wait: int | None = 10) -> Any:
        """« Lancer la demande »; what the creator is told."""
        body = {"validation": validation, **({"address": address} if validation == "worker" and address else {})}
        launched = self.camille.at.post(f"/requests/{request}/launch", body, wait=wait)
        assert launched.status == 200, launched
        return launched.body

    def validate(self, request: str, client_id: UUID | str, **given: Any) -> Answer:
        """The client completes and validates."""
        return self.client(request, client_id).post(f"/requests/{request}/validation", {"action": "validate", **given})

    def select(self, request: str, worker: Employee) -> Answer:
        """The operator chooses a worker."""
        return self.operator.post(f"/requests/{request}/selection", {"worker_id": str(worker.worker_id)})

    # What is seen

    def shown(self, request: str, who: Person | None = None) -> Any:
        """The request, as the operator sees it."""
        seen = (who or self.operator).get(f"/requests/{request}")
        assert seen.status == 200, seen
        return seen.body

    def until(self, look: Callable[[], Any], wanted: Any, *, seconds: float = SETTLE_SECONDS) -> None:
        """Wait until it is so; in the end it must be."""
        deadline = time.monotonic() + seconds
        while (found := look()) != wanted and time.monotonic() < deadline:
            time.sleep(0.03)
        assert found == wanted

    def until_state(self, request: str, state: str) -> Any:
        """Wait for the request's state."""
        self.until(lambda: self.shown(request)["state"], state)
        return self.shown(request)

    def gates(self, request: str) -> tuple[Sequence[str], Sequence[str]]:
        """What the client gate and the worker gate lack, as the operator sees it; nothing = open."""
        shown = self.shown(request)
        return shown["client_gate"]["missing"], shown["worker_gate"]["missing"]

    def visits(self, request: str) -> list[tuple[str, str]]:
        """Worker and status of the request's visits."""
        found = self.operator.get("/visits", request_id=request).body["visits"]
        return [(visit["worker_id"], visit["status"]) for visit in found]

    def called(self, worker: Employee) -> list[str]:
        """The requests that a worker is called for."""
        return [call["request_id"] for call in worker.at.get("/calls").body["calls"]]

    def calendar(self, worker: Employee) -> list[tuple[str, str]]:
        """What stands in a worker's calendar: kind and request."""
        start, end = self.monday(0, week=0), self.monday(0, week=8)
        found = self.operator.get("/calendar", worker_id=str(worker.worker_id), **{"from": utc(start), "to": utc(end)})
        assert found.status == 200, found
        return [(entry["kind"], entry["request_id"]) for entry in found.body["entries"]]

    def chain(self, request: str) -> dict[str, list[str]]:
        """The public events about the request, topic by topic in their order."""
        rows, away = chain(self.system, UUID(request), follow=False)
        assert away == []
        found: dict[str, list[tuple[int, str]]] = {}
        for row in rows:
            for topic, kind in zip(row["topics"], row["public"], strict=True):
                found.setdefault(topic, []).append((row["position"], kind.split(".")[-2]))
        return {topic: [kind for _, kind in sorted(events)] for topic, events in found.items()}

    def written(self, *services: str) -> int:
        """How many events the services together hold of this organisation, remembered answers among them.

        Without the gateway, unless it is named: it writes a moment later what it heard of the others.
        """
        total = 0
        for service in services or [name for name in self.system.services if name != "gateway"]:
            with psycopg.connect(self.system.database(service)) as connection:
                row = connection.execute(
                    "SELECT count(*) FROM stored_events WHERE position(%b::bytea IN state) > 0",
                    (str(self.organisation_id).encode(),),
                ).fetchone()
                assert row is not None
                total += row[0]
        return total

    def quiet(self) -> int:
        """The same, once what has been set going has come to rest, the gateway too."""
        found, calm = self.written(*self.system.services), 0
        while calm < 3:
            time.sleep(0.15)
            now = self.written(*self.system.services)
            calm, found = (calm + 1 if now == found else 0), now
        return self.written()


def utc(instant: datetime) -> str:
    """An instant as a query takes it."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
