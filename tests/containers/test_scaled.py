"""docker/compose.scale.yaml: nginx before two replicas that share one log in PostgreSQL."""

from __future__ import annotations

import httpx
import pytest

from tests.containers.load import load
from tests.containers.stack import Stack, engine

pytestmark = pytest.mark.containers


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
    assert set(work.answered) <= set(scaled.recorded())


def test_the_replicas_come_back_to_work_after_both_were_stopped(scaled: Stack) -> None:
    for name in scaled.containers("service"):
        engine("kill", name)
    refused = scaled.client.post("/predict", json={"sequence": [1, 2, 3]})
    assert refused.status_code in (httpx.codes.BAD_GATEWAY, httpx.codes.GATEWAY_TIMEOUT)
    for name in scaled.containers("service"):
        engine("start", name)
    scaled.wait_until_ready()


def test_the_log_survives_the_whole_stack(scaled: Stack) -> None:
    before = scaled.recorded()
    assert before
    scaled.compose("down")
    scaled.up()
    assert scaled.recorded() == before


def test_neither_database_nor_replicas_are_reached_from_outside(scaled: Stack) -> None:
    for service in ("database", "service"):
        for name in scaled.containers(service):
            assert not engine("port", name).strip()


def test_a_body_over_the_limit_ends_at_the_gateway(scaled: Stack) -> None:
    answer = scaled.client.post("/predict", content=b" " * (9 * 1024 * 1024))
    assert answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
