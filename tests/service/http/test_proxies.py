"""Behind a proxy and in a browser: prefixes, forwarded headers, origins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import MODELS
from tests.serving import Process, in_thread

BODY = b'{"model":"linear-gru","sequence":[1,2,3]}'
ORIGIN = "https://example.org"
PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}


@pytest.fixture(scope="module")
def prefixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("prefixed")
    with in_thread(
        models_dir=MODELS,
        database_url=f"sqlite:///{folder}/unroll.db",
        log_durability="process",
        root_path="/unroll",
        cors_origins=f"{ORIGIN}, https://example.net",
    ) as client:
        yield client


@pytest.mark.parametrize("prefix", ["", "/unroll"])
def test_a_proxy_may_take_the_prefix_away_or_leave_it(prefixed: httpx.Client, prefix: str) -> None:
    assert prefixed.post(f"{prefix}/predict", content=BODY).status_code == 200
    assert prefixed.get(f"{prefix}/health/ready").status_code == 200
    assert prefixed.get(f"{prefix}/models/sine-gru").status_code == 200
    assert prefixed.get(f"{prefix}/v2/models/nobody").json().keys() == {"error"}
    assert prefixed.get(f"{prefix}/nowhere").json()["code"] == "unknown_path"
    assert "/unroll/openapi.json" in prefixed.get(f"{prefix}/docs").text


def test_a_named_origin_may_ask_from_a_browser(prefixed: httpx.Client) -> None:
    allowed = prefixed.options("/predict", headers=PREFLIGHT)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == ORIGIN
    answer = prefixed.post("/predict", content=BODY, headers={"Origin": ORIGIN})
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "X-Request-ID" in answer.headers["access-control-expose-headers"]


def test_another_origin_may_not(prefixed: httpx.Client, api: httpx.Client) -> None:
    stranger = {**PREFLIGHT, "Origin": "https://example.com"}
    assert "access-control-allow-origin" not in prefixed.options("/predict", headers=stranger).headers
    assert "access-control-allow-origin" not in api.options("/predict", headers=PREFLIGHT).headers
    answer = api.post("/predict", content=BODY, headers={"Origin": ORIGIN})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(("trusted", "statuses"), [("127.0.0.1", [200, 200, 429]), ("", [200, 429, 429])])
def test_forwarded_addresses_are_believed_of_named_proxies_only(
    tmp_path: Path, trusted: str, statuses: list[int]
) -> None:
    flags = ("--models-dir", str(MODELS), "--quota", "1/minute", "--trusted-proxies", trusted)
    with Process(tmp_path, *flags) as service:
        service.wait_until_ready()
        found = [
            service.client.post("/predict", content=BODY, headers={"X-Forwarded-For": address}).status_code
            for address in ("192.0.2.1", "192.0.2.2", "192.0.2.2")
        ]
        headers = service.client.get("/health/live").headers
    assert found == statuses
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers
