"""POST /backtest: what models and rules would have forecast of a posted series, against what came."""

from __future__ import annotations

from service.api.deps import Services
from service.api.native import NativeEndpoint
from service.api.replies import Computed
from service.api.schemas import BacktestRequest, BacktestResponse
from service.inference.answers import ModelBacktest
from service.inference.price import Price


def answer(services: Services, payload: BacktestRequest, request_id: str) -> Computed:
    """Judge models and rules on a series by rolling-origin forecasts of its later half."""
    found = services.engine.backtest(payload.sequence, payload.horizon, payload.models)
    judged = [each for each in found.backtests if isinstance(each, ModelBacktest) and each.horizon == 1]
    served = [services.catalog.find(each.model, each.version) for each in judged]
    tasks = {model.card.task for model in served if model is not None}
    return Computed(
        BacktestResponse(
            request_id,
            found.origins,
            found.first,
            found.last,
            found.scale,
            found.backtests,
            found.best,
            found.warnings,
        ),
        task=tasks.pop() if len(tasks) == 1 else None,
        models=tuple(f"{each.model}/{each.version}" for each in judged),
        sequences=1,
        values=len(payload.sequence),
    )


def cost(services: Services, payload: BacktestRequest) -> Price:
    """What the answer would cost."""
    return services.engine.prices.backtest(len(payload.sequence), payload.horizon, payload.models)


backtest = NativeEndpoint(
    "/backtest",
    BacktestRequest,
    BacktestResponse,
    answer,
    cost,
    {
        "models": ["sine-gru"],
        "horizon": 2,
        "sequence": [0.0, 0.48, 0.84, 1.0, 0.91, 0.6, 0.14, -0.35, -0.76, -0.98, -0.96, -0.71],
    },
)
