"""docker/compose.scale.yaml: nginx before two replicas that share one log in PostgreSQL."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest

from tests.containers.load import CLIENTS, load
from tests.containers.stack import Stack, engine, has_image
from tests.serving import free_port

pytestmark = pytest.mark.containers

PROMETHEUS = "prom/prometheus:v3.5.0"


def test_both_replicas_answer_and_write_one_log(scaled: Stack) -> None:
    replicas = scaled.containers("service")
    assert len(replicas) == 2
    with load(scaled.port, scaled.key) as work:
        work.wait_for(500)
    assert not work.failed
    assert set(work.answered) <= set(scaled.recorded())


def test_a_killed_replica_costs_no_answer_and_no_row(scaled: Stack) -> None:
    victim = scaled.containers("service")[0]
    with load(scaled.port, scaled.key) as work:
        work.wait_for(200)
        engine("kill", victim)
        work.wait_for(400)
        during = list(work.failed)
        engine("start", victim)
        work.wait_for(600)
    assert not during
    assert not work.failed
    assert work.crossed <= CLIENTS
    assert set(work.answered) <= set(scaled.recorded())


def test_a_replica_that_is_stopped_drains_and_no_request_fails(scaled: Stack) -> None:
    victim = scaled.containers("service")[1]
    with load(scaled.port, scaled.key) as work:
        work.wait_for(200)
        engine("stop", victim)
        work.wait_for(200)
        engine("start", victim)
        work.wait_for(400)
    assert not work.failed
    assert work.crossed <= CLIENTS
    assert set(work.answered) <= set(scaled.recorded())


def test_the_replicas_come_back_to_work_after_both_were_stopped(scaled: Stack) -> None:
    for name in scaled.containers("service"):
        engine("kill", name)
    refused = scaled.client.post("/predict", json={"sequence": [1, 2, 3]})
    assert refused.status_code in (httpx.codes.BAD_GATEWAY, httpx.codes.GATEWAY_TIMEOUT)
    for name in scaled.containers("service"):
        engine("start", name)
    scaled.wait_until_ready()


def test_prometheus_reads_the_metrics_of_each_replica_with_a_key_of_its_own(scaled: Stack, tmp_path: Path) -> None:
    if not has_image(PROMETHEUS):
        pytest.skip(f"{PROMETHEUS} is not here and cannot be fetched")
    file, port = tmp_path / "prometheus.key", free_port()
    file.write_text(scaled.tool("key", "key", "new", "--name", "prometheus", "--scope", "metrics"))
    for readable in (*tmp_path.parents[:3], tmp_path, file):  # its user is another
        readable.chmod(0o755)
    settings = {"PROMETHEUS_KEY_FILE": str(file), "PROMETHEUS_PORT": str(port)}
    with load(scaled.port, scaled.key) as work:
        work.wait_for(200)
    scaled.compose("--profile", "monitoring", "up", "--detach", "--no-recreate", "prometheus", **settings)
    reached = 0.0
    deadline = time.monotonic() + 60
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as prometheus:
        while reached != 2 and time.monotonic() < deadline:
            time.sleep(0.5)  # it scrapes when it will
            try:
                answer = prometheus.get("/api/v1/query", params={"query": "count(unroll_log_rows_committed_total > 0)"})
            except httpx.TransportError:
                continue
            found = answer.json().get("data", {}).get("result", [])
            reached = float(found[0]["value"][1]) if found else 0.0
    assert reached == 2


def test_the_log_survives_the_whole_stack(scaled: Stack) -> None:
    before = scaled.recorded()
    assert before
    scaled.compose("down")
    scaled.up()
    assert scaled.recorded() == before


def test_the_service_owns_its_database_and_is_no_superuser(scaled: Stack) -> None:
    (database,) = scaled.containers("database")
    query = (
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles"
        " WHERE rolname = 'unroll';"
        " SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = 'unroll' AND application_name <> 'psql'"
    )
    command = f'PGPASSWORD="$POSTGRES_PASSWORD" psql -h localhost -U postgres -At -c "{query}" unroll'
    assert engine("exec", database, "sh", "-c", command).split() == ["f|f|f|f|f", "unroll"]


def test_the_role_is_made_anew_without_harm(scaled: Stack) -> None:
    before = scaled.recorded()
    scaled.make_role(scaled.containers("database")[0])
    scaled.client.post("/predict", json={"sequence": [1, 2, 3]}).raise_for_status()
    assert before.keys() < scaled.recorded().keys()


def test_the_service_cannot_reach_other_databases(scaled: Stack) -> None:
    (replica, _) = scaled.containers("service")
    script = (
        "import psycopg\nfor name in ('postgres', 'template1'):\n"
        "    try:\n        psycopg.connect(f'postgresql://unroll@database/{name}')\n"
        "    except psycopg.OperationalError as error:\n        print('permission denied' in str(error))"
    )
    assert engine("exec", replica, "python", "-c", script).split() == ["True", "True"]


def test_neither_database_nor_replicas_are_reached_from_outside(scaled: Stack) -> None:
    for service in ("database", "service"):
        for name in scaled.containers(service):
            assert not engine("port", name).strip()


def test_a_body_over_the_limit_ends_at_the_gateway(scaled: Stack) -> None:
    answer = scaled.client.post("/predict", content=b" " * (9 * 1024 * 1024))
    assert answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
