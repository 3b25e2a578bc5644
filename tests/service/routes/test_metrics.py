"""GET /metrics, over HTTP: what is exported is what docs/operating.md documents, and it counts."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import MODELS
from tests.serving import in_thread

OPERATING = Path(__file__).parents[3] / "docs" / "operating.md"
SERIES = [1.0, 2.0, 4.0, 7.0, 11.0]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    with in_thread(models_dir=MODELS, database_url=f"sqlite:///{tmp_path}/log.db", log_durability="process") as client:
        yield client


def families(client: httpx.Client) -> dict[str, Metric]:
    response = client.get("/metrics")
    assert response.status_code == httpx.codes.OK
    assert response.headers["content-type"].startswith("text/plain")
    return {family.name: family for family in text_string_to_metric_families(response.text)}


def value(client: httpx.Client, sample: str, **labels: str) -> float:
    found = [
        each.value
        for family in families(client).values()
        for each in family.samples
        if each.name == sample and labels.items() <= each.labels.items()
    ]
    return sum(found)


def use_everything(client: httpx.Client) -> None:
    answer = client.post("/predict", json={"model": "sine-gru", "sequence": SERIES})
    outcome = client.post(f"/requests/{answer.headers['x-request-id']}/outcome", json={"value": 16.0})
    assert outcome.is_success, outcome.text
    tensor = {"name": "sequence", "shape": [1, 5], "datatype": "FP64", "data": SERIES}
    assert client.post("/v2/models/sine-gru/infer", json={"inputs": [tensor]}).is_success
    client.put("/streams/counted", json={"model": "sine-gru"}).raise_for_status()
    client.post("/streams/counted/values", json={"seq": 0, "values": [1.0, 2.0]}).raise_for_status()
    assert client.post("/streams/counted/values", json={"seq": 9, "values": [1.0]}).is_client_error


def test_the_document_has_exactly_what_is_exported(client: httpx.Client) -> None:
    use_everything(client)
    table = OPERATING.read_text().partition("<!-- metrics:begin -->")[2].partition("<!-- metrics:end -->")[0]
    documented = {}
    for name, kind, labels, text in re.findall(r"^\| `(\w+)` \| (\w+) \|([\w, ]*)\| (.+) \|$", table, re.MULTILINE):
        documented[name] = (kind, {label.strip() for label in labels.split(",") if label.strip()}, text)
    exported = {}
    for family in families(client).values():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        exported[name] = (family.type, labels, family.documentation)
    assert exported == documented


OPENMETRICS = "application/openmetrics-text"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (OPENMETRICS, f"{OPENMETRICS}; version=1.0.0"),
        (f"{OPENMETRICS}; version=1.0.0", f"{OPENMETRICS}; version=1.0.0"),
        (f"{OPENMETRICS};version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;q=0.2", f"{OPENMETRICS}; version=1.0.0"),
        (f"{OPENMETRICS}; version=abc, text/plain; version=1.0.0", "text/plain; version=1.0.0"),
        *(
            (f"{kind}; version={version}", "text/plain; version=0.0.4")
            for kind in (OPENMETRICS, "text/plain")
            for version in ("abc", '"1.0.0"', "1.x", "9.9.9", "-1", "1.0.0;version=abc", "9" * 5000, "\xb2")
        ),
        ("*/*", "text/plain; version=0.0.4"),
        ("application/json;=;;,", "text/plain; version=0.0.4"),
    ],
)
def test_a_form_that_is_not_known_is_answered_in_the_plain_one(
    api: httpx.Client, accept: str, content_type: str
) -> None:
    response = api.get("/metrics", headers={"Accept": accept.encode("latin-1")})
    assert response.status_code == httpx.codes.OK
    assert response.headers["content-type"].startswith(content_type)
    assert (response.text.endswith("# EOF\n")) is content_type.startswith(OPENMETRICS)


def test_names_follow_the_conventions_of_prometheus(client: httpx.Client) -> None:
    for name, family in families(client).items():
        assert re.fullmatch(r"unroll_[a-z0-9]+(_[a-z0-9]+)*", name)
        assert not name.endswith("_total")  # the parser takes it off; no gauge may bear it
        if family.type == "histogram":
            assert name.endswith("_seconds")


def test_requests_are_counted_by_endpoint_model_and_status(client: httpx.Client) -> None:
    for _ in range(3):
        client.post("/predict", json={"model": "sine-gru", "sequence": SERIES})
    client.post("/predict", json={"sequence": [1.0]})
    client.post("/predict", json={"model": "nobody", "sequence": SERIES})
    client.post("/v1/models/sine-lstm:predict", json={"instances": [SERIES]})
    for sample in ("unroll_requests_total", "unroll_request_duration_seconds_count"):
        assert value(client, sample, endpoint="/predict", model="sine-gru/1", status="200") == 3
        assert value(client, sample, endpoint="/predict", model="rule:naive", status="200") == 1
        assert value(client, sample, endpoint="/predict", model="", status="404") == 1
        assert value(client, sample, endpoint="/v1/models/{model}:predict", model="sine-lstm/1", status="200") == 1
    assert value(client, "unroll_inference_duration_seconds_count", model="sine-gru/1") == 3
    assert value(client, "unroll_log_rows_committed_total") >= 5
    assert value(client, "unroll_log_commits_total") >= 1
    assert value(client, "unroll_log_commit_seconds_total") > 0
    assert value(client, "unroll_log_queue_rows") == 0


def test_made_up_models_leave_no_series(client: httpx.Client) -> None:
    before = client.get("/metrics").text.count("\n")
    tensor = {"name": "sequence", "shape": [1, 5], "datatype": "FP64", "data": SERIES}
    for number in range(20):
        client.post(f"/v2/models/made-up-{number}/infer", json={"inputs": [tensor]})
        client.post("/predict", json={"model": f"made-up-{number}", "sequence": SERIES})
    text = client.get("/metrics").text
    assert "made-up" not in text
    assert text.count("\n") - before < 60


def test_the_live_error_is_that_of_the_outcomes(client: httpx.Client) -> None:
    assert value(client, "unroll_live_outcomes") == 0
    answer = client.post("/predict", json={"model": "sine-gru", "sequence": SERIES})
    client.post(f"/requests/{answer.headers['x-request-id']}/outcome", json={"value": 16.0})
    predicted = answer.json()["predictions"][0]["value"]
    began = time.monotonic()  # after a look that took long, as on a busy machine, the next one comes later
    while value(client, "unroll_live_outcomes", model="sine-gru/1", steps="next") == 0:
        assert time.monotonic() - began < 30
    assert value(client, "unroll_live_outcomes", model="sine-gru/1", steps="next") == 1
    assert value(client, "unroll_live_mae", model="sine-gru/1") == pytest.approx(abs(predicted - 16.0))


def test_values_of_streams_and_what_was_refused_are_counted(client: httpx.Client) -> None:
    def numbers() -> list[float]:
        found = families(client)
        names = ("values", "flags", "rebuilds", "conflicts")
        return [sum(s.value for s in found[f"unroll_stream_{name}"].samples) for name in names]

    client.put("/streams/odd", json={"model": "sine-gru", "flag_rate": 0.5}).raise_for_status()
    before = numbers()
    for seq, value in ((0, 1.0), (1, 1.1), (2, 1.3), (3, 99.0), (9, 1.0)):
        client.post("/streams/odd/values", json={"seq": seq, "values": [value]})
    values, flags, rebuilds, conflicts = (now - then for now, then in zip(numbers(), before, strict=True))
    assert (values, rebuilds, conflicts) == (4, 2, 1)
    assert flags >= 1


def test_each_served_version_is_named(client: httpx.Client) -> None:
    labels = {"model": "memory-lstm", "version": "1", "task": "memory", "architecture": "lstm"}
    assert value(client, "unroll_model_info", **labels) == 1


def test_statistics_of_the_v2_protocol_count(client: httpx.Client) -> None:
    tensor = {"name": "sequence", "shape": [2, 5], "datatype": "FP64", "data": SERIES * 2}
    for _ in range(3):
        client.post("/v2/models/sine-gru/infer", json={"inputs": [tensor]})
    client.post("/v2/models/sine-gru/infer", json={"inputs": []})
    for path in ("/v2/models/sine-gru/stats", "/v2/models/sine-gru/versions/1/stats"):
        (stats,) = client.get(path).json()["model_stats"]
        assert (stats["name"], stats["version"]) == ("sine-gru", "1")
        assert (stats["inference_count"], stats["execution_count"]) == (6, 3)
        assert stats["last_inference"] > 1_700_000_000_000
        inference = stats["inference_stats"]
        assert {name: each["count"] for name, each in inference.items()} == {
            "success": 3, "fail": 1, "queue": 3, "compute_input": 3, "compute_infer": 3, "compute_output": 3,
            "cache_hit": 0, "cache_miss": 0,
        }  # fmt: skip
        parts = sum(inference[name]["ns"] for name in ("compute_input", "compute_infer", "compute_output"))
        assert 0 < parts <= inference["success"]["ns"]
    everyone = client.get("/v2/models/stats").json()["model_stats"]
    assert {each["name"] for each in everyone} > {"sine-gru", "memory-lstm"}
    assert client.get("/v2/models/nobody/stats").status_code == httpx.codes.NOT_FOUND
