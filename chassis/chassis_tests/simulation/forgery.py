"""Records that nobody of ours has sent: copies of others, claims of the future, plain noise. None is ever to be taken."""

from typing import TYPE_CHECKING

from doorstep_contracts.envelope import Envelope, to_headers
from doorstep_contracts.registry import encode

from .stream import NOW, ORGANISATION, PublicNoted

if TYPE_CHECKING:
    from .history import History

NOISE: tuple[bytes | None, ...] = (None, b"\xff\x00")


def forge(history: "History") -> str:
    """Append one to the topic of today."""
    rng, broker = history.rng, history.broker
    subject = rng.choice(history.plan.subjects)
    if rng.random() < 0.3:
        key = rng.choice((*NOISE, subject.encode()))
        number = broker.partition_of(key) if key is not None else rng.randrange(broker.partitions)
        broker.append(broker.generation, number, key, (), b"noise %d" % history.forged, None)
        return f"noise under {key!r} comes to {number}"
    source = rng.choice(history.plan.sources)
    sequence = rng.choice((10**9, *range(1, 2 * len(history.plan.notes) + 1)))
    if history.known and rng.random() < 0.6:
        genuine = rng.choice(list(history.known.values()))
        source, sequence = genuine.source, genuine.sequence
        if rng.random() < 0.6:
            subject = genuine.subject
    said = PublicNoted(organisation_id=ORGANISATION, key=subject, number=-history.forged, kind="perm")
    envelope = Envelope(
        id=f"forged-{history.forged}",
        source=source,
        type=PublicNoted.ce_type,
        time=NOW,
        subject=subject,
        dataschema=PublicNoted.dataschema,
        sequence=sequence,
        correlation_id="forged",
        causation_id="forged",
    )
    number = broker.partition_of(envelope.key)
    broker.append(broker.generation, number, envelope.key, tuple(to_headers(envelope)), encode(said), None)
    return f"a forged {source[-8:-5]} {sequence} of {subject} comes to {number}"
