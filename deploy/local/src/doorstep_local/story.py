"""The story that the demo plays through the public door: four cases, a double booking, a double submission.

Every step says what the interface would show, in its own French labels; every expectation is checked.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from operations.streams import chain
from operations.system import System

from doorstep_local.door import Answer, Door, Person

PARIS = ZoneInfo("Europe/Paris")
POSTAL_CODE, OFFER = "69003", "lyon:menage"
SETTLE_SECONDS = 10.0

Chain = Mapping[str, Sequence[str]]
"""Topic -> types of its events about one request, in order."""

STATES = {
    "draft": "Brouillon",
    "launching": "Lancée, vérification en cours",
    "launched": "Lancée",
    "confirmed": "Confirmée",
    "cancelled": "Annulée",
    "declined": "Refusée",
    "expired": "Expirée",
}

JEANNE = {
    "first_name": "Jeanne",
    "last_name": "Moulin",
    "email": "jeanne.moulin@exemple.test",
    "phone": "06 12 34 56 78",
}
PAUL = {"first_name": "Paul", "last_name": "Girard", "email": "paul.girard@exemple.test", "phone": "06 23 45 67 89"}
LUCIE = {
    "first_name": "Lucie",
    "last_name": "Bernard",
    "email": "lucie.bernard@exemple.test",
    "phone": "06 34 56 78 90",
}
JEANNES_HOME = {"line1": "12 rue de la Part-Dieu", "postal_code": POSTAL_CODE, "locality": "Lyon"}
PAULS_HOME = {"line1": "3 place Guichard", "postal_code": POSTAL_CODE, "locality": "Lyon"}
LUCIES_HOME = {"line1": "48 cours Lafayette", "postal_code": POSTAL_CODE, "locality": "Lyon"}


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Who is in the story: the organisation's people at the door."""

    organisation_id: UUID
    operator: Person
    worker: Person
    colleague: Person
    colleague_id: UUID


@dataclass
class Story:
    """Plays the chapters, tells them, and counts what did not hold."""

    door: Door
    system: System
    cast: Cast
    tell: Callable[[str], None] = print
    failures: list[str] = field(default_factory=list)
    requests: dict[str, str] = field(default_factory=dict)
    clients: dict[str, str] = field(default_factory=dict)
    _current: str = "prepare"

    def play(self) -> bool:
        """All chapters; whether every expectation held."""
        self._prepare()
        for chapter in (
            self.case_1,
            self.case_2,
            self.case_3_with_broadcast,
            self.case_3_without_broadcast,
            self.double_booking,
            self.double_submission,
        ):
            with self._chapter(chapter.__name__):
                chapter()
        return not self.failures

    # The chapters

    def case_1(self) -> None:
        """Case 1: Jeanne is known and her card is valid, so the request is confirmed at once."""
        request = self._draft(self.cast.worker, "self", JEANNE, hour=9)
        launched = self._launch(request, {"validation": "worker", "address": JEANNES_HOME})
        self._expect("the state reached", launched.body["state"], "confirmed")
        self._expect("its case", launched.body["case"], 1)
        self._visit(request)
        self._chain(request, {"directory.clients.v1": ["ClientResolved", "ClientValidated"]}, selected_by=1)

    def case_2(self) -> None:
        """Case 2: Paul is known without a payment method, so he completes it on his portal."""
        request = self._draft(self.cast.worker, "self", PAUL, hour=12)
        launched = self._launch(request, {"validation": "worker", "address": PAULS_HOME})
        self._expect("the state reached", launched.body["state"], "launched")
        self._expect("its case", launched.body["case"], 2)
        self._expect("the worker gate", launched.body["worker_gate"]["open"], True)
        self._expect(
            "what the client gate lacks, among others",
            "payment_method" in launched.body["client_gate"]["missing"],
            True,
        )
        asked = self._client_answers(request, self.clients["paul"], {"payment_method": _card("4242")})
        self._expect("what Paul was asked for, among others", "payment_method" in asked["missing"], True)
        self._confirmed(request, case=2)
        self._visit(request)
        self._chain(
            request,
            {"directory.clients.v1": ["ClientResolved", "ClientValidationRequested", "ClientValidated"]},
            selected_by=1,
        )

    def case_3_with_broadcast(self) -> None:
        """Case 3 with a broadcast: a colleague applies, the operator picks, Lucie validates."""
        self._policy(broadcast=True)
        request = self._draft(self.cast.worker, "other", LUCIE, hour=14)
        launched = self._launch(request, {"validation": "client"})
        self._expect("its case", launched.body["case"], 3)
        self._expect("what the worker gate lacks", launched.body["worker_gate"]["missing"], ["applications"])
        self._until(
            "the call reaches the colleague",
            lambda: [call["request_id"] for call in self.cast.colleague.get("/calls").body["calls"]],
            [request],
        )
        applied = self.cast.colleague.post(f"/requests/{request}/applications")
        self._told("Driss", "« Postuler »", applied)
        self._expect("the application", applied.status, 201)
        self._until(
            "the creator, whom nobody asked, is not called", lambda: self.cast.worker.get("/calls").body["calls"], []
        )
        self._select(request)
        found = self.cast.operator.get(f"/requests/{request}").body["client"]
        self._expect("Lucie is new", found["known"], False)
        answer = {"address": LUCIES_HOME, "payment_method": _card("1881")}
        asked = self._client_answers(request, found["client_id"], answer)
        self._expect("what Lucie was asked for", sorted(asked["missing"]), ["address", "payment_method", "validation"])
        self._confirmed(request, case=3)
        self._visit(request)
        self._chain(
            request,
            {
                "directory.clients.v1": ["ClientResolved", "ClientValidationRequested", "ClientValidated"],
                "dispatch.assignments.v1": [
                    "BroadcastOpened",
                    "WorkerGateShut",
                    "ApplicationReceived",
                    "WorkerGateShut",
                    "WorkerSelected",
                    "WorkerAssigned",
                    "BroadcastClosed",
                ],
            },
        )

    def case_3_without_broadcast(self) -> None:
        """Case 3 without a broadcast: the operator assigns a colleague."""
        self._policy(broadcast=False)
        request = self._draft(self.cast.worker, "other", JEANNE, hour=17)
        launched = self._launch(request, {"validation": "worker", "address": JEANNES_HOME})
        self._expect("its case", launched.body["case"], 3)
        self._expect("the client gate", launched.body["client_gate"]["open"], True)
        self._expect("what the worker gate lacks", launched.body["worker_gate"]["missing"], ["operator"])
        self._select(request)
        self._confirmed(request, case=3)
        self._visit(request)
        self._chain(
            request,
            {
                "directory.clients.v1": ["ClientResolved", "ClientValidated"],
                "dispatch.assignments.v1": ["WorkerGateShut", "WorkerSelected", "WorkerAssigned"],
            },
        )

    def double_booking(self) -> None:
        """A double booking: the worker's slot of case 1 is taken, so the second request waits."""
        start = self._start(9)
        free = self.cast.worker.get(
            "/availability", start=start.isoformat(), end=(start + timedelta(hours=2)).isoformat()
        )
        self._expect("the slot is shown as free", free.body["free"], False)
        request = self._draft(self.cast.worker, "self", JEANNE, hour=10)
        launched = self._launch(request, {"validation": "worker", "address": JEANNES_HOME})
        self._expect("the state reached", launched.body["state"], "launched")
        self._expect("what the worker gate lacks", launched.body["worker_gate"]["missing"], ["slot_refused"])
        self._expect("visits", self.cast.operator.get("/visits", request_id=request).body["visits"], [])
        self._chain(
            request,
            {
                "intake.requests.v1": ["RequestDrafted", "RequestLaunched"],
                "directory.clients.v1": ["ClientResolved", "ClientValidated"],
                "dispatch.assignments.v1": ["WorkerSelected", "WorkerGateShut"],
                "scheduling.visits.v1": ["SlotRefused"],
            },
        )

    def double_submission(self) -> None:
        """A double submission: the same draft under the same Idempotency-Key is one request."""
        before = self._drafts()
        key = str(uuid4())
        first, second = (
            self.cast.worker.post("/requests", self._wish("self", PAUL, self._start(8, week=1)), key=key)
            for _ in range(2)
        )
        self._told("Camille", "« Créer » twice, one click too many", second)
        self._expect("both answers", (first.status, second.status), (201, 201))
        self._expect("the request", second.body["request_id"], first.body["request_id"])
        self._until("drafts that are new", lambda: len(self._drafts() - before), 1)
        self._chain(
            first.body["request_id"],
            {"intake.requests.v1": ["RequestDrafted"], "directory.clients.v1": ["ClientResolved"]},
        )

    # What the chapters are made of

    def _prepare(self) -> None:
        self.clients = {
            "jeanne": self._client({**JEANNE, "address": JEANNES_HOME, "payment_method": _card("4444")}),
            "paul": self._client({**PAUL, "address": PAULS_HOME}),
        }

    def _client(self, file: Mapping[str, Any]) -> str:
        made = self.cast.operator.post("/clients", file)
        self._expect(f"{file['first_name']} is on file", made.status, 201)
        client_id: str = made.body["client_id"]
        return client_id

    def _policy(self, *, broadcast: bool) -> None:
        answer = self.cast.operator.put("/policy", {"broadcast": broadcast})
        self._told("Odile", f"diffusion {'activée' if broadcast else 'désactivée'}", answer)
        self._expect("the policy", answer.body["broadcast"], broadcast)

    def _draft(self, who: Person, performer: str, client: Mapping[str, str], *, hour: int) -> str:
        start = self._start(hour)
        answer = who.post("/requests", self._wish(performer, client, start))
        label = {
            "self": "« Prendre en charge la demande »",
            "other": "« Créer la demande pour qu'elle soit réalisée par un autre intervenant »",
        }[performer]
        self._told("Camille", f"« Nouvelle demande », {label}", answer)
        self.tell(
            f"           {POSTAL_CODE}, ménage, {start:%d/%m/%Y %H:%M}, {client['first_name']} {client['last_name']}"
        )
        self._expect("the draft", (answer.status, answer.body["state"]), (201, "draft"))
        request: str = answer.body["request_id"]
        self.requests[self._current] = request
        return request

    def _wish(self, performer: str, client: Mapping[str, str], start: datetime) -> Mapping[str, Any]:
        return {
            "performer": performer,
            "postal_code": POSTAL_CODE,
            "offer_id": OFFER,
            "start": start.strftime("%Y-%m-%dT%H:%M"),
            "client": {"typed": client},
        }

    def _launch(self, request: str, body: Mapping[str, Any]) -> Answer:
        began = time.perf_counter()
        answer = self.cast.worker.post(f"/requests/{request}/launch", body, wait=10)
        milliseconds = (time.perf_counter() - began) * 1000
        label = (
            "« Ne pas solliciter le client »" if body["validation"] == "worker" else "« Laisser cette étape au client »"
        )
        self._told("Camille", f"{label}, « Lancer la demande »", answer, f"after {milliseconds:.0f} ms")
        self._expect("the launch", answer.status, 200)
        return answer

    def _select(self, request: str) -> None:
        answer = self.cast.operator.post(f"/requests/{request}/selection", {"worker_id": str(self.cast.colleague_id)})
        self._told("Odile", "assigne Driss", answer)
        self._expect("the selection", answer.status, 202)

    def _client_answers(self, request: str, client_id: str, given: Mapping[str, Any]) -> Any:
        client = self.door.client(
            organisation_id=self.cast.organisation_id,
            client_id=UUID(client_id),
            request_id=UUID(request),
        )
        asked = client.get(f"/requests/{request}/validation").body
        answer = client.post(f"/requests/{request}/validation", {"action": "validate", **given})
        self._told("the client", f"portail : complète et valide ({', '.join(asked['missing'])})", answer)
        self._expect("the client's answer", (answer.status, answer.body["state"]), (200, "validated"))
        return asked

    def _confirmed(self, request: str, *, case: int) -> None:
        self._until(
            "the state and case",
            lambda: tuple(self.cast.operator.get(f"/requests/{request}").body[name] for name in ("state", "case")),
            ("confirmed", case),
        )

    def _visit(self, request: str) -> None:
        self._until(
            "the visit in the calendar",
            lambda: [visit["status"] for visit in self.cast.operator.get("/visits", request_id=request).body["visits"]],
            ["scheduled"],
        )

    def _drafts(self) -> set[str]:
        return {
            each["request_id"] for each in self.cast.worker.get("/requests", state="draft", limit=100).body["requests"]
        }

    def _chain(self, request: str, expected: Chain, *, selected_by: int = 0) -> None:
        """Show the request's event chain, and check it topic by topic: each is in order, between them any order is right."""
        wanted = {
            "intake.keys.v1": ["DataKeyIssued"],
            "intake.requests.v1": ["RequestDrafted", "RequestLaunched", "RequestConfirmed"],
            "scheduling.visits.v1": ["SlotHeld", "VisitScheduled"],
            **({"dispatch.assignments.v1": ["WorkerSelected", "WorkerAssigned"]} if selected_by else {}),
            **expected,
        }
        if "RequestLaunched" not in wanted["intake.requests.v1"]:
            del wanted["scheduling.visits.v1"]
        self._until(
            "the event chain", lambda: _by_topic(self._events(request)), {k: list(v) for k, v in wanted.items()}
        )
        self.tell("   events  topic                      type                        sequence")
        for topic, kind, sequence in self._events(request):
            self.tell(f"           {topic:<26} {kind:<27} {sequence:>8}")

    def _events(self, request: str) -> list[tuple[str, str, int]]:
        rows, _ = chain(self.system, UUID(request), follow=False)
        return [
            (topic, kind.split(".")[-2], row["position"])
            for row in rows
            for topic, kind in zip(row["topics"], row["public"], strict=True)
        ]

    def _start(self, hour: int, week: int = 0) -> datetime:
        """The Monday after next at this hour in Lyon."""
        today = datetime.now(PARIS).replace(hour=hour, minute=0, second=0, microsecond=0)
        return today + timedelta(days=14 - today.weekday() + 7 * week)

    # Telling and checking

    @contextmanager
    def _chapter(self, name: str) -> Iterator[None]:
        self._current = name
        self.tell("")
        self.tell((getattr(type(self), name).__doc__ or "").splitlines()[0])
        try:
            yield
        except Exception as problem:
            self.failures.append(f"{name}: {type(problem).__name__}: {problem}")
            self.tell(f"   FAILED  {type(problem).__name__}: {problem}")

    def _told(self, who: str, what: str, answer: Answer, when: str = "") -> None:
        state = STATES.get((answer.body or {}).get("state", ""), "") if isinstance(answer.body, dict) else ""
        outcome = state or answer.code or ""
        self.tell(f"   {who:<11}{what}" + (f" → {outcome}" if outcome else "") + (f" {when}" if when else ""))

    def _expect(self, what: str, found: Any, wanted: Any) -> None:
        if found != wanted:
            self.failures.append(f"{self._current}: {what}: expected {wanted!r}, found {found!r}")
            self.tell(f"   FAILED  {what}: expected {wanted!r}, found {found!r}")

    def _until(self, what: str, look: Callable[[], Any], wanted: Any) -> None:
        deadline = time.monotonic() + SETTLE_SECONDS
        while (found := look()) != wanted and time.monotonic() < deadline:
            time.sleep(0.05)
        self._expect(what, found, wanted)


def _by_topic(events: Sequence[tuple[str, str, int]]) -> dict[str, list[str]]:
    found: dict[str, list[tuple[int, str]]] = {}
    for topic, kind, sequence in events:
        found.setdefault(topic, []).append((sequence, kind))
    return {topic: [kind for _, kind in sorted(pairs)] for topic, pairs in found.items()}


def _card(last4: str) -> Mapping[str, str]:
    return {"kind": "card", "token": f"tok_demo_{last4}", "last4": last4, "expiry_month": "2032-12"}
