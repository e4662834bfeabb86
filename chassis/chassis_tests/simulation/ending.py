"""The fair ending: faults stop, everything is read, every dead letter is redriven. Then nothing may be missing."""

from typing import TYPE_CHECKING

from .check import Broken
from .ports import at_once
from .processes import CONSUMERS, Client, Command, Instance, Operator
from .stream import NEW

if TYPE_CHECKING:
    from .history import History


def end(history: "History") -> None:
    """Bring the history to rest and judge it."""
    _let_finish(history)
    history.say("--- the ending")
    history.code, history.around.away = NEW, False
    for key in history.plan.subjects:
        client = Client(history, "client")
        history.finish(history.begin(f"open {key}", client, client.toggle(key, shut=False)))
    _answer_all(history)
    _bring_through(history)
    if history.plan.mends:
        _republish(history)
    _redrive_all(history)
    _one_more_each(history)
    _bring_through(history)
    _nobody_is_blocked(history)
    _nothing_is_missing(history)


def _let_finish(history: "History") -> None:
    while history.tasks:
        history.advance(history.rng.choice(history.tasks))
        history.judge()


def _answer_all(history: "History") -> None:
    for command in history.commands:
        while not command.answered:
            client = Client(history, "client")
            history.finish(history.begin(f"note {command.number}", client, client.ask(command)))
    noted = sorted(genuine.number for genuine in history.known.values())
    if noted != [command.number for command in history.commands]:
        raise Broken(f"commands: {noted} were noted")


def _publish_all(history: "History") -> None:
    for source in history.plan.sources:
        relay = history.new_relay(source, at_last=True)
        history.finish(history.begin(f"{relay.name}: lock", relay, relay.take()))
        while relay.relay.cursor < at_once(history.writers[source].inner.head()):
            history.finish(history.begin(f"{relay.name}: publish", relay, relay.publish(100)))
        history.finish(history.begin(f"{relay.name}: position", relay, relay.store()))
    missing = set(history.known) - history.checker.in_topic()
    if missing:
        raise Broken(f"skipped: {[history.known[at].number for at in sorted(missing)]} never came into the topic")


def _holders(history: "History", consumer: str, number: int) -> list[Instance]:
    """Those who go on reading with what they know; a new one where there is none."""
    holders = [
        each
        for each in history.instances
        if each.consumer == consumer and number in each.at and each.generation == history.broker.generation
    ]
    if not holders:
        instance = history.new_instance(consumer)
        history.finish(history.begin(f"{instance.name}: take {number}", instance, instance.take(number)))
        holders = [instance] if number in instance.at else []
    return holders


def _drain(history: "History") -> None:
    for consumer in CONSUMERS:
        for number in range(history.broker.partitions):
            for _ in range(500):
                behind = [each for each in _holders(history, consumer, number) if each.at[number] < each.end_of(number)]
                if not behind:
                    break
                instance, size = behind[0], history.rng.randint(1, 4)
                name = f"{instance.name}: read {number}"
                history.finish(history.begin(name, instance, instance.read({number: size})))
            else:
                raise Broken(f"never: {consumer} does not get on")


def _bring_through(history: "History") -> None:
    """Publish and read everything; who stands still because the topic no longer holds what it needs is given it anew."""
    _publish_all(history)
    _drain(history)
    if _stopped(history):
        _republish(history)


def _republish(history: "History") -> None:
    history.say("republish")
    history.republish()
    _publish_all(history)
    _drain(history)


def _stopped(history: "History") -> bool:
    return any(
        not _holders(history, consumer, number) for consumer in CONSUMERS for number in range(history.broker.partitions)
    )


def _redrive_all(history: "History") -> None:
    """Redrive in any order that the rules allow; give up only what nothing can be made of."""
    for consumer in CONSUMERS:
        while letters := at_once(history.reader.inner.open_letters(consumer)):
            said = {letter.id: _operate(history, consumer, letter.id, discard=False) for letter in letters[:1]}
            for letter in letters[1:]:
                if None in said.values():
                    break
                said[letter.id] = _operate(history, consumer, letter.id, discard=False)
            if None in said.values():
                continue
            for letter in letters:
                if said[letter.id] == "StillRefused" and history.checker.replaceable(letter, letters):
                    outcome = _operate(history, consumer, letter.id, discard=True)
                    if outcome is None:
                        break
                    said[letter.id] = outcome
            else:
                raise Broken(f"never: letters of {consumer} can be neither redriven nor given up: {said}")


def _operate(history: "History", consumer: str, letter: int, *, discard: bool) -> str | None:
    operator = Operator(history, "operator")
    name = f"{'discard' if discard else 'redrive'} {letter} of {consumer}"
    history.finish(history.begin(name, operator, operator.act(consumer, letter, discard=discard, code=NEW)))
    return operator.said


def _one_more_each(history: "History") -> None:
    for source in history.plan.sources:
        for key in history.plan.subjects:
            history.commands.append(Command(len(history.commands) + 1, source, key, "ok"))
    _answer_all(history)


def _nobody_is_blocked(history: "History") -> None:
    for consumer in CONSUMERS:
        if letters := at_once(history.reader.inner.open_letters(consumer)):
            raise Broken(f"blocked: {consumer} has parked {letters[0].parked.reason} although nothing was left open")


def _nothing_is_missing(history: "History") -> None:
    for consumer in CONSUMERS:
        done = set(history.checker.done(consumer))
        given_up = history.checker.discarded(history.checker.letters(consumer))
        for at, genuine in history.known.items():
            may_be_given_up = history.plan.discardable(genuine.kind) and at in given_up
            if genuine.kind != "other" and at not in done and not may_be_given_up:
                raise Broken(f"never: {genuine.number} was never applied by {consumer}")
