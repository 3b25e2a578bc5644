"""An answered request as the spans of a trace: validate, infer, write, commit. Knows no OpenTelemetry."""

from __future__ import annotations

from service.http.codec import Call
from service.telemetry.tracing import Span, Tracing


def trace(tracing: Tracing, call: Call, status: int, ended: int) -> None:
    """Write the trace of one request, answered when it ``ended`` (nanoseconds, monotonic)."""
    endpoint = call.codec.path
    attributes: dict[str, str | int | tuple[str, ...]] = {
        "http.request.method": "POST",
        "http.route": endpoint,
        "unroll.request_id": call.request_id,
    }
    stages: list[Span] = []
    if call.answer is not None:
        stages = [
            Span("validate", call.began, call.validated),
            Span("infer", call.validated, call.inferred),
            Span("write", call.inferred, call.written),
            Span("commit", call.written, ended),
        ]
        attributes |= {"unroll.models": call.answer.models, "unroll.sequences": call.answer.sequences}
    tracing.answered(Span(f"POST {endpoint}", call.started, ended), stages, call.headers, status, attributes)
