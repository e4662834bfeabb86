"""Logs are JSON lines of a `noun.verb` event with ids, codes, counts and durations; nothing else gets through.

What is not on the list is dropped, whoever wrote it: texts of exceptions and messages of libraries may quote what a
person typed. A line says where it was written instead, so that its text can be read in the source.
"""

import logging
import math
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO
from uuid import UUID

import structlog
from structlog.typing import EventDict, WrappedLogger

from doorstep_chassis.errors import DomainError

# fmt: off
ALLOWED_FIELDS = frozenset({
    # what structlog and this module add
    "event", "level", "timestamp", "service", "logger", "where", "template", "error_type", "error_code", "trace",
    "dropped",
    # ids
    "request_id", "organisation_id", "person_id", "subject_id", "client_id", "worker_id", "operator_id", "visit_id",
    "broadcast_id", "event_id", "stream_id", "correlation_id", "causation_id", "dead_letter_id",
    "trace_id", "span_id", "unit_id", "kek_id", "pid", "instance",
    # codes and names from our own source
    "code", "reason", "role", "kind", "method", "route", "status", "state", "check", "consumer", "view", "stream",
    "command", "reaction", "timer", "topic", "source", "event_type", "failpoint", "environment", "component", "part",
    # positions, counts, durations (in the unit that ends the name)
    "partition", "offset", "sequence", "position", "head", "version", "schema_version", "epoch", "generation", "lag",
    "count", "events", "units", "records", "parked", "attempts", "batch", "size_bytes", "share", "window", "signal",
    "duration_ms", "seconds", "wait_seconds", "age_seconds", "host", "port", "exit_code",
})
# fmt: on

_EVENT = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)+")
_CODE = re.compile(r"[A-Za-z0-9_.:/{}\[\]<>-]{0,200}")
_LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL)
_FRAMES = 12


class _Literal(str):
    """A text that stands in somebody's source code, not one that was put together."""

    __slots__ = ()


def configure_logging(service: str, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Write every log of this process, the libraries' too, as allow-listed JSON lines (to stdout by default)."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _Named(service),
            name_error,
            keep_allowed,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stdout),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_Library()]
    root.setLevel(level)
    for name in ("httpx", "httpcore", "aiokafka", "asyncio", "uvicorn.error", "faststream"):
        library = logging.getLogger(name)
        library.setLevel(max(logging.WARNING, root.level))
        # FastStream brings a handler of its own that prints whole messages.
        library.handlers, library.propagate = [], True
    logging.getLogger("uvicorn.access").disabled = True  # the metrics count requests, and a query may be personal
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # the fallback would print the arguments of a broken call
    sys.excepthook = _crashed
    threading.excepthook = _thread_crashed


def name_error(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Turn an exception into its type, its code when it has one, and the places it passed; never its text."""
    error = _error(event.pop("exc_info", None))
    if error is not None:
        event["error_type"] = type(error).__qualname__
        event["trace"] = list(_places(error.__traceback__))[-_FRAMES:]
        if isinstance(error, DomainError):
            event["error_code"] = error.code
    return event


def keep_allowed(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Drop every field that is not on the list, and every value that is no id, code, number, instant or such a list."""
    kept: dict[str, Any] = {}
    for name, value in event.items():
        if name in ALLOWED_FIELDS and (safe := _safe(value)) is not None:
            kept[name] = safe
    if not _EVENT.fullmatch(str(kept.get("event", ""))):
        kept["event"] = "log.unnamed"
    if dropped := sum(name not in kept and value is not None for name, value in event.items()):
        kept["dropped"] = dropped
    return kept


def _safe(value: object) -> object | None:
    match value:
        case bool() | int() | _Literal():
            return value
        case float():
            return value if math.isfinite(value) else None
        case str():
            return value if _CODE.fullmatch(value) else None
        case UUID():
            return str(value)
        case datetime():
            return value.astimezone(UTC).isoformat() if value.tzinfo else None
        case list() | tuple():
            return [safe for item in value if (safe := _safe(item)) is not None]
        case _:
            return None


def _error(exc_info: object) -> BaseException | None:
    if isinstance(exc_info, tuple):
        exc_info = exc_info[1]
    elif exc_info is True:
        exc_info = sys.exc_info()[1]
    return exc_info if isinstance(exc_info, BaseException) else None


def _places(traceback: TracebackType | None) -> Iterator[str]:
    while traceback is not None:
        frame = traceback.tb_frame
        yield f"{frame.f_globals.get('__name__', '?')}:{frame.f_code.co_name}:{traceback.tb_lineno}"
        traceback = traceback.tb_next


class _Named:
    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        event["service"] = self._service
        return event


class _Library(logging.Handler):
    """Logs of libraries: where they were written, and the message's template when values were kept apart from it."""

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, Any] = {"logger": record.name, "where": f"{record.module}:{record.lineno}"}
        if record.args and isinstance(record.msg, str) and not isinstance(record.args, Mapping):
            fields["template"] = _Literal(record.msg)
        level = max((known for known in _LEVELS if known <= record.levelno), default=logging.DEBUG)
        structlog.get_logger().log(level, "library.logged", exc_info=record.exc_info, **fields)


def _crashed(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    structlog.get_logger().critical("process.crashed", exc_info=error)


def _thread_crashed(args: threading.ExceptHookArgs) -> None:
    structlog.get_logger().critical("thread.crashed", exc_info=args.exc_value)
