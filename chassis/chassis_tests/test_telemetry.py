"""Traces go on across HTTP and Kafka when they are on, hold nothing personal, and cost nothing when they are off."""

import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import httpx
import pytest
from doorstep_chassis.http import create_app
from doorstep_chassis.telemetry import current_traceparent, record_spans, set_up_telemetry, span_from
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

CANARY = "canary@example.org"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    end = record_spans("scheduling", SimpleSpanProcessor(exporter))
    yield exporter
    end()


class TestOff:
    def test_there_is_no_trace(self) -> None:
        with span_from(PARENT, "visit.scheduled"):
            assert current_traceparent() is None

    def test_the_sdk_is_not_even_imported(self) -> None:
        code = (
            "import sys; import doorstep_chassis.http; from doorstep_chassis.telemetry import set_up_telemetry;"
            "set_up_telemetry('scheduling', None)();"
            "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == "[]\n"


class TestOn:
    def test_a_span_goes_on_where_the_record_comes_from(self, spans: InMemorySpanExporter) -> None:
        with span_from(PARENT, "visit.scheduled", attributes={"partition": 3}):
            inside = current_traceparent()
        (span,) = spans.get_finished_spans()
        assert span.parent is not None
        assert (span.name, span.kind, span.attributes) == ("visit.scheduled", SpanKind.CONSUMER, {"partition": 3})
        assert f"{span.context.trace_id:032x}" == f"{span.parent.trace_id:032x}" == TRACE
        assert f"{span.parent.span_id:016x}" == SPAN
        assert inside == f"00-{TRACE}-{span.context.span_id:016x}-01"
        assert span.resource.attributes["service.name"] == "scheduling"

    def test_spans_within_spans_belong_together(self, spans: InMemorySpanExporter) -> None:
        with span_from(PARENT, "outer"), span_from(None, "inner"):
            pass
        inner, outer = spans.get_finished_spans()
        assert inner.parent is not None
        assert (inner.name, outer.name, inner.parent.span_id) == ("inner", "outer", outer.context.span_id)

    def test_a_replay_points_at_the_old_trace_without_joining_it(self, spans: InMemorySpanExporter) -> None:
        with span_from(PARENT, "visit.scheduled", replayed=True):
            pass
        (span,) = spans.get_finished_spans()
        assert span.parent is None
        assert f"{span.context.trace_id:032x}" != TRACE
        assert [f"{link.context.trace_id:032x}" for link in span.links] == [TRACE]

    @pytest.mark.parametrize(
        "traceparent", [None, "", "00-1-2-01", f"00-{'0' * 32}-{SPAN}-01", f"99-{TRACE}-{SPAN}-01", CANARY]
    )
    def test_without_a_sane_origin_a_trace_begins(self, spans: InMemorySpanExporter, traceparent: str | None) -> None:
        with span_from(traceparent, "visit.scheduled"):
            pass
        (span,) = spans.get_finished_spans()
        assert (span.parent, list(span.links)) == (None, [])

    def test_an_error_is_its_type_alone(self, spans: InMemorySpanExporter) -> None:
        with pytest.raises(ValueError, match=CANARY), span_from(PARENT, "visit.scheduled"):
            raise ValueError(CANARY)
        (span,) = spans.get_finished_spans()
        assert (span.status.status_code, span.attributes) == (StatusCode.ERROR, {"error.type": "ValueError"})
        assert CANARY not in span.to_json()

    def test_after_the_end_there_is_no_trace(self) -> None:
        exporter = InMemorySpanExporter()
        record_spans("scheduling", SimpleSpanProcessor(exporter))()
        with span_from(PARENT, "visit.scheduled"):
            assert current_traceparent() is None
        assert exporter.get_finished_spans() == ()


async def test_a_request_is_traced_under_its_template(spans: InMemorySpanExporter) -> None:
    app = create_app("test")

    @app.get("/clients/{client_id}")
    async def show(client_id: str, search: str) -> str | None:
        return current_traceparent()

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.get(f"/clients/{CANARY}?search={CANARY}", headers={"traceparent": PARENT})
    (span,) = spans.get_finished_spans()
    assert answer.json() == f"00-{TRACE}-{span.context.span_id:016x}-01"
    assert (span.name, span.kind) == ("GET /clients/{client_id}", SpanKind.SERVER)
    assert span.attributes == {"http.response.status_code": 200}
    assert CANARY not in span.to_json()


def test_spans_reach_the_endpoint() -> None:
    received: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent."""

    with HTTPServer(("127.0.0.1", 0), Collector) as collector:
        thread = Thread(target=collector.serve_forever)
        thread.start()
        end = set_up_telemetry("scheduling", f"http://127.0.0.1:{collector.server_port}/")
        with span_from(PARENT, "visit.scheduled"):
            pass
        end()
        collector.shutdown()
        thread.join()
    ((path, body),) = received
    assert path == "/v1/traces"
    (resource,) = ExportTraceServiceRequest.FromString(body).resource_spans
    assert [span.name for span in resource.scope_spans[0].spans] == ["visit.scheduled"]
