"""docker/monitoring/: the dashboard and the scrape ask for what the service exports and the compose files start."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import yaml

DOCKER = Path(__file__).parents[2] / "docker"
_OF_PROMETHEUS_ITSELF = {"up"}


def queries() -> list[str]:
    dashboard: dict[str, Any] = json.loads((DOCKER / "monitoring" / "grafana-dashboard.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]


def test_every_query_of_the_dashboard_names_a_metric_that_is_exported(api: httpx.Client) -> None:
    exported = set(re.findall(r"^# TYPE (\S+)", api.get("/metrics").text, re.MULTILINE)) | _OF_PROMETHEUS_ITSELF
    for query in queries():
        named = re.findall(r"\b(unroll_\w+|up)\b(?!=)", query)
        assert named, query
        assert {re.sub(r"_bucket$", "", name) for name in named} <= exported, query


def test_every_metric_is_used_with_labels_that_it_has(api: httpx.Client) -> None:
    api.post("/predict", json={"sequence": [1, 2, 3]}).raise_for_status()
    text = api.get("/metrics").text
    for label in ("endpoint", "model", "status"):
        assert f'{label}="' in text
        assert any(label in query for query in queries())


def test_prometheus_asks_the_service_that_compose_starts_at_its_port() -> None:
    (job,) = yaml.safe_load((DOCKER / "monitoring" / "prometheus.yml").read_text())["scrape_configs"]
    (source,) = job["dns_sd_configs"]
    compose = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    assert source["names"] == ["service"]
    assert compose["services"]["service"]["ports"][0].endswith(f":{source['port']}")
