"""An answered request as the spans of a trace: validate, infer, write, commit. Knows no OpenTelemetry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.telemetry.tracing import Span, Tracing

if TYPE_CHECKING:
    from service.api.replies import Posted, Reply


def trace(
    tracing: Tracing, endpoint: str, posted: Posted, reply: Reply | None, status: int, began: int, ended: int
) -> None:
    """Write the trace of one request, answered from ``began`` to ``ended`` (nanoseconds, monotonic)."""
    attributes: dict[str, str | int | tuple[str, ...]] = {
        "http.request.method": "POST",
        "http.route": endpoint,
        "unroll.request_id": posted.request_id,
    }
    stages: list[Span] = []
    if reply is not None:
        at = reply.stages
        stages = [
            Span("validate", at.began, at.validated),
            Span("infer", at.validated, at.inferred),
            Span("write", at.inferred, at.written),
            Span("commit", at.written, ended),
        ]
        attributes |= {"unroll.models": reply.computed.models, "unroll.sequences": reply.computed.sequences}
    tracing.answered(Span(f"POST {endpoint}", began, ended), stages, posted.headers, status, attributes)
