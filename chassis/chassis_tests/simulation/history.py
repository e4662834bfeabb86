"""One history: real relays, engines, redrivers and commands as processes, held up, doubled and killed by a seeded driver."""

import random
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from doorstep_chassis.clock import FixedClock
from doorstep_chassis.store.model import Partition

from .actions import ACTIONS
from .check import Broken, Checker
from .ending import end
from .plan import Parts, Plan
from .ports import Broker, Crash, Genuine, SimulatedStore, at_once
from .processes import CONSUMERS, Client, Command, Instance, Process, RelayProcess
from .stream import NEW, NOW, OLD, TOPIC, Noted, Surroundings


@dataclass(slots=True, eq=False)
class Task:
    """One thing that a process is doing, held up at `at`."""

    name: str
    process: Process
    coroutine: Coroutine[Any, Any, None]
    at: str = "start"
    stopped_until: int = 0
    """The step before which it does not go on."""


class History:
    """The stores, the broker, the processes, and the driver that says whose turn it is."""

    def __init__(self, seed: int, parts: Parts | None = None, *, steps: int | None = None) -> None:
        """`steps` cuts it short: the same beginning, then the ending."""
        self.seed = seed
        self.rng = random.Random(seed)
        self.parts = parts or Parts()
        self.plan = Plan.of(self.rng)
        self.steps = self.plan.steps if steps is None else steps
        self.step = 0
        self.trace: list[str] = []
        self.met: Counter[str] = Counter()
        """What stood in the way: faults, conflicts, and what became of dead letters."""
        self.problem: str | None = None
        self.clock = FixedClock(NOW)
        self.around = Surroundings(tally=self.plan.tally)
        self.code = OLD
        self.broker = Broker(self.plan.partitions)
        self.known: dict[tuple[str, int], Genuine] = {}
        self.checker = Checker(self)
        self.reader = SimulatedStore(self.parts.store(), self._reader_changed, self.meet)
        self.writers = {
            source: SimulatedStore(self.parts.store(), self._writer_changed, self.meet) for source in self.plan.sources
        }
        self._learned = dict.fromkeys(self.plan.sources, 0)
        self.commands = [Command(number, *note) for number, note in enumerate(self.plan.notes, 1)]
        self.offsets: dict[tuple[str, int, int], int] = {}
        """What has been committed to Kafka, by consumer, generation and partition."""
        self.forged = 0
        self.relays: list[RelayProcess] = []
        self.instances: list[Instance] = []
        self.tasks: list[Task] = []

    def run(self) -> str | None:
        """Play the history and its fair ending; what is broken, or None."""
        try:
            for command in self.commands[: self.plan.given]:
                client = Client(self, "client")
                self.finish(self.begin(f"{command.kind} note of {command.key}", client, client.ask(command)))
            while self.step < self.steps:
                self._step()
                self.step += 1
            end(self)
            self.met.update(self.checker.fates())
        except Broken as broken:
            return str(broken)
        finally:
            for task in self.tasks:
                task.coroutine.close()
        return None

    def _step(self) -> None:
        ready = [task for task in self.tasks if task.stopped_until <= self.step]
        if ready and self.rng.random() < 0.6:
            self.advance(self.rng.choice(ready))
        else:
            for action in self.rng.choices(list(self.plan.weights), list(self.plan.weights.values()), k=4):
                if ACTIONS[action](self):
                    break
        self.judge()

    # What happens

    def say(self, what: str) -> None:
        self.trace.append(what)

    def meet(self, what: str) -> None:
        self.met[what] += 1

    def begin(self, name: str, process: Process, coroutine: Coroutine[Any, Any, None]) -> Task:
        """Let a process begin something."""
        task = Task(name, process, coroutine)
        self.tasks.append(task)
        process.busy += 1
        self.advance(task)
        return task

    def advance(self, task: Task, fault: BaseException | None = None) -> None:
        """Let a task go on to its next call, or meet a fault where it stands."""
        try:
            task.at = task.coroutine.send(None) if fault is None else task.coroutine.throw(fault)
        except StopIteration:
            self.say(f"{task.name} ends")
        except Crash:
            self._kill(task.process)
        except Exception as problem:
            self.problem = f"{task.name} failed with {problem!r}"
        else:
            self.say(f"{task.name} is at {task.at}")
            return
        if task in self.tasks:
            self.tasks.remove(task)
        task.process.busy -= 1

    def finish(self, task: Task) -> None:
        """Let a task go on to its end."""
        while task in self.tasks:
            self.advance(task)
            self.judge()

    def _kill(self, process: Process) -> None:
        self.say(f"{process.name} dies")
        process.alive = False
        for other in [task for task in self.tasks if task.process is process]:
            other.coroutine.close()
            self.tasks.remove(other)
        if isinstance(process, Instance):
            self.instances.remove(process)
        if isinstance(process, RelayProcess):
            self.relays.remove(process)

    def new_instance(self, consumer: str) -> Instance:
        """Another process of this consumer, of today's code or of yesterday's."""
        instance = Instance(self, consumer, f"C{len(self.trace)}")
        self.instances.append(instance)
        return instance

    def new_relay(self, source: str, *, at_last: bool = False) -> RelayProcess:
        """Another relay for this source; those that were there do not know. The last one is of the new code."""
        code = self.rng.randint(OLD, self.code) if not at_last else NEW
        relay = RelayProcess(self, source, code, f"R{len(self.trace)}")
        self.relays.append(relay)
        return relay

    def republish(self) -> None:
        """What the command will do (rule 7): a new generation, the log from its start, all positions raised and at 0."""
        self.broker.generation += 1
        for writer in self.writers.values():
            epoch, _ = writer.inner._relay
            writer.inner._relay = (epoch + 1, 0)
        positions = self.reader.inner._positions
        for consumer in CONSUMERS:
            for number in range(self.broker.partitions):
                at = (consumer, Partition(TOPIC, number))
                version, _, _ = positions.get(at, (0, 0, 0))
                positions[at] = (version + 1, 0, self.broker.generation)

    # What is watched

    def _writer_changed(self) -> None:
        for source, writer in self.writers.items():
            for entry in at_once(writer.inner.log_after(self._learned[source], 100)):
                self._learned[source] = entry.position
                if isinstance(event := entry.event, Noted):
                    genuine = Genuine(source, entry.position, event.key, event.kind, event.number)
                    self.known[source, entry.position] = genuine
        self._watch(self.checker.writers)

    def _reader_changed(self) -> None:
        self._watch(self.checker.reader)

    def _watch(self, check: Any) -> None:
        try:
            check()
        except Broken as broken:
            self.problem = self.problem or str(broken)

    def judge(self) -> None:
        """Stop at the first thing that does not hold."""
        if self.problem is not None:
            raise Broken(self.problem)
