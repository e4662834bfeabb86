"""What a service tells Prometheus. Labels are names from our own source, never anything a person typed."""

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter, which nobody reads

_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)

# How many sequence numbers of what it reads the consumer has not yet handled: offsets of a topic, over all partitions
# that this process holds, or positions of the service's own log.
CONSUMER_LAG = Gauge("doorstep_consumer_lag", "Sequence numbers behind the head of what is read", ["consumer", "topic"])

# How old the oldest event is that the consumer has not yet handled; 0 when it has caught up.
LOG_AGE = Gauge("doorstep_log_age_seconds", "Age of the oldest event not yet handled", ["consumer", "topic"])

# Dead letters that wait for a redrive or a discard. Above 0 somebody has to look.
PARKED_OPEN = Gauge("doorstep_parked_open", "Parked records that are open", ["consumer"])

# Records parked since the process started, by the code of the reason.
PARKED = Counter("doorstep_parked", "Records parked", ["consumer", "reason"])

# 1 when too much poison has stopped the consumer.
CONSUMER_STOPPED = Gauge("doorstep_consumer_stopped", "Stopped by too much poison", ["consumer"])

# Units of work that one transaction committed: how well group commit groups.
COMMIT_UNITS = Histogram("doorstep_commit_units", "Units of work in one commit", buckets=_SIZES)

# Events that one transaction appended.
COMMIT_EVENTS = Histogram("doorstep_commit_events", "Events in one commit", buckets=_SIZES)

# From handing the batch to the database until its answer.
COMMIT_SECONDS = Histogram("doorstep_commit_seconds", "Duration of one commit", buckets=_SECONDS)

# Commits that found the stream, the position or the key already moved by somebody else.
UNIT_CONFLICTS = Counter("doorstep_unit_conflicts", "Units of work that met a conflict", ["unit"])

# Decisions made again after a conflict; far above the conflicts means that splitting does not help.
UNIT_RETRIES = Counter("doorstep_unit_retries", "Units of work run again", ["unit"])

# The last position of the log whose event is in its topic, and the last position of the log.
RELAY_POSITION = Gauge("doorstep_relay_position", "Position published up to", ["log"])
RELAY_HEAD = Gauge("doorstep_relay_head", "Head of the log", ["log"])

# Records that the broker has acknowledged.
PUBLISHED = Counter("doorstep_published", "Records published", ["topic"])

# By the route's template (never the path, which holds ids) and the status.
HTTP_SECONDS = Histogram(
    "doorstep_http_request_seconds", "Duration of HTTP requests", ["method", "route", "status"], buckets=_SECONDS
)


def behind(consumer: str, topic: str, *, lag: int, age_seconds: float) -> None:
    """A consumer's distance from the head of what it reads."""
    CONSUMER_LAG.labels(consumer, topic).set(lag)
    LOG_AGE.labels(consumer, topic).set(age_seconds)


def parked(consumer: str, reason: str) -> None:
    """One more record parked; `reason` is a stable code."""
    PARKED.labels(consumer, reason).inc()


def committed(*, units: int, events: int, seconds: float) -> None:
    """One transaction of the writer."""
    COMMIT_UNITS.observe(units)
    COMMIT_EVENTS.observe(events)
    COMMIT_SECONDS.observe(seconds)


def conflicted(unit: str, *, retried: bool) -> None:
    """A unit of work met a conflict; `unit` names the route or the consumer."""
    UNIT_CONFLICTS.labels(unit).inc()
    if retried:
        UNIT_RETRIES.labels(unit).inc()


def relayed(log: str, *, position: int, head: int) -> None:
    """Where a relay stands in its log."""
    RELAY_POSITION.labels(log).set(position)
    RELAY_HEAD.labels(log).set(head)


def published(topic: str, records: int) -> None:
    """Records that one topic has acknowledged."""
    PUBLISHED.labels(topic).inc(records)


def served(method: str, route: str, status: int, seconds: float) -> None:
    """One HTTP request answered."""
    HTTP_SECONDS.labels(method, route, str(status)).observe(seconds)


def exposition() -> tuple[bytes, str]:
    """All metrics of the process in Prometheus' text format, and its media type."""
    return generate_latest(), CONTENT_TYPE_LATEST
