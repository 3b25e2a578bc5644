"""Traces of answered requests through OpenTelemetry, where the standard OTEL_* variables ask for them.

Nothing is imported and nothing is done for a request where they do not. A trace is written after its request was
answered, from times that were taken anyway, so it costs the answer nothing either. Knows no HTTP server.
"""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from service.errors import SettingsError, to_install

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


class Span(NamedTuple):
    """A stage of a request, from and to in nanoseconds of the monotonic clock."""

    name: str
    began: int
    ended: int


class Tracing:
    """Writes one trace for each answered request."""

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

        self._provider = provider
        self._tracer = provider.get_tracer("unroll")
        self._extract, self._inside = extract, set_span_in_context
        self._server, self._failed = SpanKind.SERVER, Status(StatusCode.ERROR)

    def answered(
        self,
        request: Span,
        stages: list[Span],
        headers: Mapping[bytes, bytes],
        status: int,
        attributes: Mapping[str, str | int | tuple[str, ...]],
    ) -> None:
        """Write ``request`` with its ``stages``, under the trace that the client's ``headers`` name if they do."""
        carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
        epoch = time.time_ns() - time.perf_counter_ns()
        span = self._tracer.start_span(
            request.name,
            self._extract(carrier),
            self._server,
            {"http.response.status_code": status, **attributes},
            start_time=epoch + request.began,
        )
        if status >= 500:
            span.set_status(self._failed)
        context = self._inside(span)
        for stage in stages:
            child = self._tracer.start_span(stage.name, context, start_time=epoch + stage.began)
            child.end(epoch + stage.ended)
        span.end(epoch + request.ended)

    def close(self) -> None:
        """Send what waits, then stop; blocks."""
        self._provider.shutdown()


def require_tracing() -> None:
    """Raise SettingsError where the OTEL_* variables ask for what cannot be done."""
    if not _wanted():
        return
    if importlib.util.find_spec("opentelemetry.sdk") is None:
        raise SettingsError(f"the OTEL_* variables ask for traces, which need an extra: {to_install('tracing')}")
    if (name := _exporter_name()) not in ("otlp", "console"):
        raise SettingsError(f"OTEL_TRACES_EXPORTER={name} is not known here; use otlp, console or none")
    protocol = next((os.environ[each] for each in _PROTOCOLS if os.environ.get(each)), "http/protobuf")
    if protocol != "http/protobuf":
        raise SettingsError(f"OTEL_EXPORTER_OTLP_PROTOCOL={protocol} is not known here; use http/protobuf")


def from_environment() -> Tracing | None:
    """Tracing as the OTEL_* variables ask for it, None where they do not."""
    if not _wanted():
        return None
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = os.environ.get("OTEL_SERVICE_NAME", "unroll")
    provider = TracerProvider(resource=Resource.create({"service.name": name}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(_exporter()))
    return Tracing(provider)


def _wanted() -> bool:
    asked = os.environ.get("OTEL_TRACES_EXPORTER") or any(os.environ.get(name) for name in _ENDPOINTS)
    return bool(asked) and _exporter_name() != "none" and os.environ.get("OTEL_SDK_DISABLED", "").lower() != "true"


def _exporter_name() -> str:
    return os.environ.get("OTEL_TRACES_EXPORTER") or "otlp"


def _exporter() -> SpanExporter:
    if _exporter_name() == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter()
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()
