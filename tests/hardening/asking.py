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
    "/inspect": '{"model":"sine-gru","sequence":%s}',
    "/v1/models/sine-gru:predict": '{"instances":[%s]}',
    "/v2/models/sine-gru/infer": '{"inputs":[{"name":"sequence","datatype":"FP64","shape":[1,4],"data":%s}]}',
}
# Every path that reads a body.
READING = [
    *PATHS,
    "/requests/01920000-0000-7000-8000-000000000000/outcome",
    "/v2/repository/index",
    "/v2/repository/models/sine-gru/load",
    "/v2/repository/models/sine-gru/unload",
]


@dataclass(frozen=True)
class Asked:
    """A server that is asked with whatever bytes."""

    port: int

    def post(self, path: str, body: bytes | str, **headers: str) -> Reply:
        """The answer to ``body`` as it is."""
        return exchange(self.port, http("POST", path, body.encode() if isinstance(body, str) else body, **headers))

    def sequence(self, path: str, text: str | bytes) -> Reply:
        """The answer to ``text`` where that path takes a sequence."""
        text = text.encode() if isinstance(text, str) else text
        return self.post(path, PATHS[path].encode().replace(b"%s", text))


def assert_refused(reply: Reply, path: str, status: int, code: str | set[str] | None = None) -> None:
    """``reply`` is a small refusal in the shape of the protocol that ``path`` belongs to."""
    foreign = path.startswith(("/v1", "/v2"))
    expected = 400 if foreign and status == 422 else status
    assert reply.status == expected, (reply.status, reply.body[:300])
    assert len(reply.body) <= MOST_BYTES
    assert reply.headers["x-request-id"]
    if status == 503:
        assert int(reply.headers["retry-after"]) >= 1
    if foreign:
        assert reply.headers["content-type"] == "application/json"
        assert reply.json().keys() == {"error"}
        return
    assert reply.headers["content-type"] == "application/problem+json"
    problem = reply.json()
    assert (problem["status"], problem["request_id"]) == (status, reply.headers["x-request-id"])
    if code is not None:
        assert problem["code"] in ({code} if isinstance(code, str) else code)
