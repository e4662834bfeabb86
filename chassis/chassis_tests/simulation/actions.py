"""What may happen at a step of a history. Each action says whether it found anything to do."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from doorstep_chassis.store.model import StoreUnavailable

from .forgery import forge
from .ports import BrokerAway, Crash, at_once, wired
from .processes import CONSUMERS, Client, Operator
from .stream import NEW, OLD, TOPIC

if TYPE_CHECKING:
    from .history import History

_OF_THE_BROKER = ("send", "acknowledged")


def _fault(history: "History") -> bool:
    if not history.tasks:
        return False
    task = history.rng.choice(history.tasks)
    fault: BaseException
    if task.at != "pause" and history.rng.random() < 0.6:
        fault = BrokerAway() if task.at.startswith(_OF_THE_BROKER) else StoreUnavailable()
    else:
        fault = Crash()
    history.say(f"{type(fault).__name__} strikes {task.name} at {task.at}")
    history.meet(f"{type(fault).__name__} at {task.at.partition(' to ')[0]}")
    history.advance(task, fault)
    return True


def _ask(history: "History") -> bool:
    open_commands = [command for command in history.commands if not command.answered]
    if not open_commands:
        return False
    command = history.rng.choice(open_commands[:3])
    client = Client(history, f"client {command.number}")
    history.begin(f"{command.kind} note {command.number} of {command.key}", client, client.ask(command))
    return True


def _take_lock(history: "History") -> bool:
    source = history.rng.choice(history.plan.sources)
    if sum(relay.source == source for relay in history.relays) >= 2:
        return False
    relay = history.new_relay(source)
    history.begin(f"{relay.name} of {source[-8:-5]}: lock", relay, relay.take())
    return True


def _publish(history: "History") -> bool:
    idle = [relay for relay in history.relays if relay.took and not relay.publishing and relay.alive]
    if not idle:
        return False
    relay = history.rng.choice(idle)
    history.begin(f"{relay.name}: publish", relay, relay.publish(history.rng.randint(1, 4)))
    return True


def _store_position(history: "History") -> bool:
    idle = [relay for relay in history.relays if relay.took and not relay.storing and relay.alive]
    if not idle:
        return False
    relay = history.rng.choice(idle)
    history.begin(f"{relay.name}: position", relay, relay.store())
    return True


def _rebalance(history: "History") -> bool:
    """A partition goes to another instance; who held it may not have heard of it yet."""
    rng = history.rng
    consumer = rng.choice(list(CONSUMERS))
    number = rng.randrange(history.broker.partitions)
    idle = [each for each in history.instances if each.consumer == consumer and not each.busy]
    if rng.random() < 0.5:
        for each in idle:
            if number in each.at:
                each.leave(number)
    fresh = sum(each.consumer == consumer for each in history.instances) < 3
    if not idle and not fresh:
        return False
    instance = history.new_instance(consumer) if not idle or (fresh and rng.random() < 0.5) else rng.choice(idle)
    history.begin(f"{instance.name}: take {number}", instance, instance.take(number))
    return True


def _read(history: "History") -> bool:
    rng = history.rng
    idle = [each for each in history.instances if each.at and not each.busy]
    if not idle:
        return False
    instance = rng.choice(idle)
    sizes = {
        number: rng.randint(1, history.plan.largest_read)
        for number, start in instance.at.items()
        if start < instance.end_of(number) and (len(instance.at) == 1 or rng.random() < 0.8)
    }
    if not sizes:
        return False
    what = ", ".join(f"{number}@{instance.at[number]}+{size}" for number, size in sizes.items())
    history.begin(f"{instance.name}: read {what}", instance, instance.read(sizes))
    return True


def _operate(history: "History") -> bool:
    rng = history.rng
    consumer = rng.choice(list(CONSUMERS))
    letters = at_once(history.reader.inner.open_letters(consumer))
    if not letters:
        return False
    letter = letters[0] if rng.random() < 0.5 else rng.choice(letters)
    discard = rng.random() < 0.4 and history.checker.discardable(letter)
    operator = Operator(history, "operator")
    name = f"{'discard' if discard else 'redrive'} {letter.id}"
    code = rng.randint(1, history.code)
    history.begin(name, operator, operator.act(consumer, letter.id, discard=discard, code=code))
    return True


def _commit_offsets(history: "History") -> bool:
    holding = [each for each in history.instances if each.at]
    if not holding:
        return False
    instance = history.rng.choice(holding)
    for number, offset in instance.at.items():
        history.offsets[instance.consumer, instance.generation, number] = offset
    history.say(f"{instance.name} commits {instance.at} to Kafka")
    return True


def _toggle(history: "History") -> bool:
    key, shut = history.rng.choice(history.plan.subjects), history.rng.random() < 0.5
    client = Client(history, "client")
    history.begin(f"{'shut' if shut else 'open'} {key}", client, client.toggle(key, shut=shut))
    return True


def _deploy(history: "History") -> bool:
    if history.code == NEW:
        return False
    history.code = NEW
    history.say("the new code is there")
    return True


def _forge(history: "History") -> bool:
    if history.forged >= 3:
        return False
    history.forged += 1
    history.say(forge(history))
    return True


def _send_again(history: "History") -> bool:
    """A record once more, perhaps one that is open in the dead letters, perhaps as a relay of other code says it."""
    rng, broker, plan = history.rng, history.broker, history.plan
    letters = at_once(history.reader.inner.open_letters(rng.choice(list(CONSUMERS))))
    if letters and rng.random() < 0.5:
        sent = history.checker.sent(rng.choice(letters))
    else:
        log = broker.log(broker.generation, rng.randrange(broker.partitions))
        if not log:
            return False
        sent = rng.choice(log)
    record, genuine = sent.record, sent.genuine
    if genuine is not None and (genuine.source, genuine.sequence) not in history.checker.in_topic():
        return False
    wire = (record.headers, record.value)
    if genuine is not None and plan.other_bytes and rng.random() < 0.5:
        new = rng.randint(OLD, history.code) == NEW
        wire = wired(broker.said[genuine], genuine, other_bytes=new, mends=plan.mends and new)
    broker.append(broker.generation, record.partition.number, record.key, *wire, genuine)
    history.say(f"{record.partition.number}@{record.offset} comes again")
    return True


def _stop(history: "History") -> bool:
    if not history.tasks:
        return False
    task = history.rng.choice(history.tasks)
    task.stopped_until = history.step + history.rng.randint(5, 40)
    history.say(f"{task.name} is stopped at {task.at}")
    return True


def _go_away(history: "History") -> bool:
    history.around.away = not history.around.away
    history.say(f"the surroundings are {'away' if history.around.away else 'back'}")
    return True


def _trim(history: "History") -> bool:
    number = history.rng.randrange(history.broker.partitions)
    end = len(history.broker.log(history.broker.generation, number))
    base = history.rng.randint(0, end)
    history.broker.trim(history.broker.generation, number, base)
    history.say(f"retention takes what is before {number}@{base}")
    return True


def _republish(history: "History") -> bool:
    if history.broker.generation > 2:
        return False
    history.republish()
    history.say(f"{TOPIC} begins again as generation {history.broker.generation}")
    return True


ACTIONS: Mapping[str, Callable[["History"], bool]] = {
    "fault": _fault,
    "stop": _stop,
    "ask": _ask,
    "take the lock": _take_lock,
    "publish": _publish,
    "store the position": _store_position,
    "rebalance": _rebalance,
    "read": _read,
    "operate": _operate,
    "commit offsets": _commit_offsets,
    "toggle": _toggle,
    "deploy": _deploy,
    "forge": _forge,
    "send again": _send_again,
    "go away or come back": _go_away,
    "trim": _trim,
    "republish": _republish,
}
