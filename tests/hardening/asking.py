"""How each protocol is asked, and what its refusals look like."""

from __future__ import annotations

from dataclasses import dataclass

from tests.raw import Reply, exchange, http

MOST_BYTES = 4096
# Where each protocol takes a sequence, as JSON text with a place for it.
PATHS = {
    "/predict": '{"sequence":%s}',
    "/compare": '{"task":"sine","sequence":%s}',
    "/forecast": '{"horizon":3,"sequence":%s}',
    "/backtest": '{"horizon":2,"sequence":%s}',
    "/anomalies": '{"level":99,"sequence":%s}',
    "/inspect": '{"model":"sine-gru","sequence":%s}',
    "/v1/models/sine-gru:predict": '{"instances":[%s]}',
    "/v2/models/sine-gru/infer": '{"inputs":[{"name":"sequence","datatype":"FP64","shape":[1,4],"data":%s}]}',
}
# The same of clients that forecast, which let unknown keys pass, and take null for a gap.
FORECASTING = {
    "/nixtla/v2/forecast": '{"h":3,"series":{"sizes":[4],"y":%s}}',
    "/nixtla/v2/cross_validation": '{"h":1,"full_history":true,"series":{"sizes":[4],"y":%s}}',
    "/nixtla/v2/historic_forecast": '{"series":{"sizes":[4],"y":%s}}',
    "/nixtla/v2/anomaly_detection": '{"level":90,"series":{"sizes":[4],"y":%s}}',
    "/nixtla/v2/online_anomaly_detection": '{"h":1,"detection_size":1,"series":{"sizes":[4],"y":%s}}',
    "/endpoints/sine-gru/invocations": '{"instances":[{"target":%s}]}',
    "/invocations": '{"inputs":[{"target":%s}]}',
    "/v1/timeseries/forecast": '{"model":"auto","options":{"horizon":2},"inputs":'
    '[{"type":"univariate_time_series","name":"a","frequency":"D","series":%s}]}',
}
# With what stands beside a sequence, which the published models refuse.
BESIDE = {
    "/forecast": '{"model":"series-gru","horizon":1,"sequence":%s,"covariates":{"known":{"price":[1,2,3,4,5]}}}',
    "/backtest": '{"models":["series-gru"],"horizon":1,"sequence":%s,"covariates":'
    '{"past":{"visits":[1,"a",null]},"static":{"shop":"b"},"start":"2024-01-01T00:00"}}',
}
# Every path that reads a body.
READING = [
    *PATHS,
    "/generate",
    *FORECASTING,
    "/nixtla/model_params",
    "/nixtla/validate_token",
    "/nixtla/v2/forecast/async",
    "/nixtla/v2/finetune",
    "/streams/values",
    "/streams/meter-1/values",
    "/streams/meter-1",
    "/requests/01920000-0000-7000-8000-000000000000/outcome",
    "/v2/repository/index",
    "/v2/repository/models/sine-gru/load",
    "/v2/repository/models/sine-gru/unload",
]


def method_of(path: str) -> str:
    """How a body is sent there."""
    return "PUT" if path == "/streams/meter-1" else "POST"


# What the errors of protocols other than the native one have.
_MEMBERS = {
    "/v1": {"error"},
    "/v2": {"error"},
    "/nixtla": {"detail", "code", "request_id"},
    "/endpoints": {"Message", "Code", "RequestId"},
    "/invocations": {"Message", "Code", "RequestId"},
}


@dataclass(frozen=True)
class Asked:
    """A server that is asked with whatever bytes."""

    port: int

    def post(self, path: str, body: bytes | str, **headers: str) -> Reply:
        """The answer to ``body`` as it is."""
        return exchange(
            self.port, http(method_of(path), path, body.encode() if isinstance(body, str) else body, **headers)
        )

    def sequence(self, path: str, text: str | bytes) -> Reply:
        """The answer to ``text`` where that path takes a sequence."""
        text = text.encode() if isinstance(text, str) else text
        return self.post(path, (PATHS | FORECASTING)[path].encode().replace(b"%s", text))


def assert_refused(reply: Reply, path: str, status: int, code: str | set[str] | None = None) -> None:
    """``reply`` is a small refusal in the shape of the protocol that ``path`` belongs to."""
    members = next((members for prefix, members in _MEMBERS.items() if path.startswith(prefix)), None)
    expected = 400 if members is not None and not path.startswith("/nixtla") and status == 422 else status
    assert reply.status == expected, (reply.status, reply.body[:300])
    assert len(reply.body) <= MOST_BYTES
    assert reply.headers["x-request-id"]
    if status == 503:
        assert int(reply.headers["retry-after"]) >= 1
    if members is not None:
        assert reply.headers["content-type"] == "application/json"
        assert reply.json().keys() == members
        return
    assert reply.headers["content-type"] == "application/problem+json"
    problem = reply.json()
    assert (problem["status"], problem["request_id"]) == (status, reply.headers["x-request-id"])
    if code is not None:
        assert problem["code"] in ({code} if isinstance(code, str) else code)
