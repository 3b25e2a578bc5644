"""Traces: nothing where nobody asks, one trace a request where OTEL_* does."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from service.errors import SettingsError
from service.telemetry.tracing import from_environment, require_tracing
from tests.conftest import MODELS
from tests.serving import Process

SERIES = [1.0, 2.0, 4.0, 7.0, 11.0]
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def collector() -> Iterator[tuple[str, list[Any]]]:
    """An OTLP collector's address, and the spans that it got."""
    spans: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name that http.server looks for
            export = ExportTraceServiceRequest()
            export.ParseFromString(self.rfile.read(int(self.headers["Content-Length"])))
            for resource in export.resource_spans:
                name = {each.key: each.value.string_value for each in resource.resource.attributes}["service.name"]
                spans.extend((name, span) for scope in resource.scope_spans for span in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", spans
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_request_is_a_trace_of_its_stages(tmp_path: Path, collector: tuple[str, list[Any]]) -> None:
    address, spans = collector
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": address}
    with Process(tmp_path, "--models-dir", str(MODELS), environment=environment) as service:
        service.wait_until_ready()
        answer = service.client.post(
            "/predict", json={"model": "sine-gru", "sequence": SERIES}, headers={"traceparent": PARENT}
        )
        service.client.post("/predict", content=b"{")
        assert service.stop() == 0  # what waits is sent first
    assert {name for name, _ in spans} == {"unroll"}
    good = [span for _, span in spans if span.trace_id.hex() == PARENT.split("-")[1]]
    (request,) = [span for span in good if span.name == "POST /predict"]
    assert request.parent_span_id.hex() == PARENT.split("-")[2]
    attributes = {each.key: each.value for each in request.attributes}
    assert attributes["unroll.request_id"].string_value == answer.headers["x-request-id"]
    assert attributes["http.response.status_code"].int_value == 200
    stages = [span for span in good if span.parent_span_id == request.span_id]
    assert [span.name for span in sorted(stages, key=lambda span: span.start_time_unix_nano)] == [
        "validate", "infer", "write", "commit"
    ]  # fmt: skip
    for span in stages:
        assert request.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
        assert span.end_time_unix_nano <= request.end_time_unix_nano
    (bad,) = [span for _, span in spans if span.name == "POST /predict" and span is not request]
    assert {each.key: each.value for each in bad.attributes}["http.response.status_code"].int_value == 422


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"},
        {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"},
    ],
)
def test_nothing_is_imported_where_nobody_asks_for_traces(tmp_path: Path, environment: dict[str, str]) -> None:
    script = (
        "import sys; from service.app import create_app; from service.settings import Settings;"
        "from service.telemetry.tracing import from_environment;"
        "create_app(Settings()); assert from_environment() is None;"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize(
    "environment",
    [
        {"OTEL_TRACES_EXPORTER": "zipkin"},
        {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
    ],
)
def test_what_cannot_be_done_is_refused_at_start(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match="is not known here"):
        require_tracing()


def test_the_console_is_an_exporter_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    require_tracing()
    tracing = from_environment()
    assert tracing is not None
    tracing.close()
