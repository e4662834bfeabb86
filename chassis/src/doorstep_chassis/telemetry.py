"""Traces across HTTP and Kafka, when an OTLP endpoint is configured; otherwise every helper here does nothing.

Spans carry names and ids from our own source: no query, no body, no text of an exception. The SDK is imported only when
it is used, and its provider is ours alone, so that no library adds spans of its own to it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_tracer: trace.Tracer | None = None


def set_up_telemetry(service: str, endpoint: str | None) -> Callable[[], None]:
    """Send the spans of this process to an OTLP/HTTP endpoint; answers what flushes and ends it."""
    if endpoint is None:
        return _nothing
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    return record_spans(service, BatchSpanProcessor(exporter))


def record_spans(service: str, processor: "SpanProcessor") -> Callable[[], None]:
    """Hand the spans of this process to a processor; answers what ends it."""
    global _tracer  # noqa: PLW0603  one tracer a process, as one log and one clock
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415

    provider = TracerProvider(resource=Resource.create({"service.name": service}), shutdown_on_exit=False)
    provider.add_span_processor(processor)
    _tracer = provider.get_tracer("doorstep")

    def end() -> None:
        global _tracer  # noqa: PLW0603
        _tracer = None
        provider.shutdown()

    return end


def traces() -> bool:
    """Whether spans are taken at all."""
    return _tracer is not None


def current_traceparent() -> str | None:
    """The W3C traceparent of the span under way, to be written into a record or a header; None when there is none."""
    if _tracer is None:
        return None
    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return None
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"


def span_from(
    traceparent: str | None,
    name: str,
    *,
    kind: SpanKind = SpanKind.CONSUMER,
    attributes: Mapping[str, str | int] | None = None,
    replayed: bool = False,
) -> AbstractContextManager[None]:
    """A span that goes on where the traceparent comes from; a replay only points there: that work is long done."""
    if _tracer is None:
        return nullcontext()
    origin = _parse(traceparent)
    parent, links = None, []
    if origin is not None and replayed:
        parent, links = otel_context.Context(), [trace.Link(origin)]
    elif origin is not None:
        parent = trace.set_span_in_context(NonRecordingSpan(origin), otel_context.Context())
    return _quiet(
        _tracer.start_as_current_span(
            name,
            context=parent,
            kind=kind,
            attributes=attributes,
            links=links,
            record_exception=False,
            set_status_on_exception=False,
        )
    )


@contextmanager
def _quiet(started: AbstractContextManager[trace.Span]) -> Iterator[None]:
    """A span that tells the type of an error, never its text."""
    with started as span:
        try:
            yield
        except Exception as error:
            span.set_status(StatusCode.ERROR)
            span.set_attribute("error.type", type(error).__qualname__)
            raise


def _parse(traceparent: str | None) -> SpanContext | None:
    parts = _TRACEPARENT.fullmatch(traceparent or "")
    if parts is None:
        return None
    trace_id, span_id, flags = (int(part, 16) for part in parts.groups())
    origin = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags))
    return origin if origin.is_valid else None


def _nothing() -> None:
    """What ends a telemetry that was never set up."""
