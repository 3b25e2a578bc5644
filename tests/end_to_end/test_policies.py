"""Headers of every answer, whatever it is: what a browser may make of it."""

from __future__ import annotations

import httpx
import pytest

PLOT = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
NOTHING = "default-src 'none'"
COMMON = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
}


@pytest.mark.parametrize(
    ("method", "path", "status", "policy"),
    [
        ("GET", "/models/sine-gru/plots/loss.svg", 200, PLOT),
        ("GET", "/models/sine-gru/plots/fit.svg?version=1", 200, PLOT),
        ("GET", "/models/none/plots/loss.svg", 404, NOTHING),
        ("GET", "/models/sine-gru", 200, NOTHING),
        ("POST", "/predict", 200, NOTHING),
        ("POST", "/v1/models/sine-gru:predict", 400, NOTHING),
        ("POST", "/v2/models/sine-gru/infer", 400, NOTHING),
        ("GET", "/health/ready", 200, NOTHING),
        ("GET", "/requests", 200, NOTHING),
        ("GET", "/requests/export", 200, NOTHING),
        ("GET", "/metrics", 200, NOTHING),
        ("GET", "/openapi.json", 200, NOTHING),
        ("GET", "/static-offline-docs/swagger-ui.css", 200, NOTHING),
        ("GET", "/nowhere", 404, NOTHING),
        ("PUT", "/predict", 405, NOTHING),
        ("BREW", "/predict", 400, NOTHING),
    ],
)
def test_nothing_but_page_and_docs_may_load_or_run_anything(
    client: httpx.Client, method: str, path: str, status: int, policy: str
) -> None:
    answer = client.request(method, path, content=b'{"sequence": [1, 2, 3, 4]}' if method == "POST" else None)
    assert answer.status_code == status
    assert answer.headers.get_list("content-security-policy") == [policy]
    assert {name: answer.headers[name] for name in COMMON} == COMMON


@pytest.mark.parametrize("headers", [{"Host": "rebound.example"}, {"Origin": "null"}])
def test_refusals_at_the_door_are_no_exception(client: httpx.Client, headers: dict[str, str]) -> None:
    refused = client.post("/predict", headers=headers)
    assert refused.status_code in (403, 421)
    assert refused.headers.get_list("content-security-policy") == [NOTHING]


@pytest.mark.parametrize("path", ["/", "/page/main.js", "/docs"])
def test_page_and_docs_have_one_policy_of_their_own(client: httpx.Client, path: str) -> None:
    (policy,) = client.get(path).headers.get_list("content-security-policy")
    assert policy.startswith("default-src 'none'; script-src 'self'")
    for directive in ("base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"):
        assert directive in policy
    assert client.get(path).headers["x-frame-options"] == "DENY"


def test_an_answer_without_a_body_has_one_too(client: httpx.Client) -> None:
    cached = client.get("/", headers={"If-None-Match": client.get("/").headers["etag"]})
    assert cached.status_code == 304
    assert len(cached.headers.get_list("content-security-policy")) == 1
