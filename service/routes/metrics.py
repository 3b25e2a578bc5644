"""GET /metrics: what Prometheus reads. Metrics that are states of the service are read when asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Header, Response

from service.http.auth import needs
from service.http.deps import Services, ServicesDep
from service.keys import Scope
from service.telemetry.metrics import exposition, gauge

router = APIRouter(tags=["health"])

_PUBLISH_SECONDS = 1.0


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
@needs(Scope.metrics)
async def metrics(services: ServicesDep, accept: Annotated[str, Header(include_in_schema=False)] = "") -> Response:
    await services.live_errors.look()
    content, media_type = await to_thread.run_sync(_exposed, services, accept)
    return Response(content, headers={"Content-Type": media_type})


def _exposed(services: Services, accept: str) -> tuple[bytes, str]:
    publish_log(services)
    return exposition(chain(services.metrics.families(), _states(services)), accept)


def publish_log(services: Services) -> None:
    """Bring the log's numbers up to date."""
    services.metrics.log(services.log.stats)


async def keep_published(services: Services) -> None:
    """With several workers: bring the log's numbers up to date each second, for whichever is asked."""
    while True:
        publish_log(services)
        await asyncio.sleep(_PUBLISH_SECONDS)


def _states(services: Services) -> Iterator[Any]:
    cards = [model.card for model in services.catalog.everyone()]
    yield gauge(
        "unroll_model_info",
        "1 for each version of a model that is served.",
        ["model", "version", "task", "architecture"],
        [([card.name, card.version, card.task, card.architecture], 1.0) for card in cards],
    )
    quality, up = services.live_errors.models, float(services.live_errors.up)
    yield gauge("unroll_log_up", "Whether the request log can be read; live errors are missing at 0.", [], [([], up)])
    labels = ["model", "task", "steps"]
    live = [([each.model, each.task or "", "later" if each.later else "next"], each) for each in quality]
    yield gauge(
        "unroll_live_outcomes",
        "Outcomes of requests of the last day.",
        labels,
        [(values, float(each.outcomes)) for values, each in live],
    )
    yield gauge(
        "unroll_live_mae",
        "Mean absolute error against those outcomes, in the clients' units.",
        labels,
        [(values, each.mae) for values, each in live],
    )
    yield gauge(
        "unroll_live_mase",
        "The same in units of each sequence's mean absolute difference.",
        labels,
        [(values, each.mase) for values, each in live if each.mase is not None],
    )
