"""docker/compose.yaml as it stands: one hardened service on SQLite."""

from __future__ import annotations

import json
import time

import httpx
import pytest

from tests.containers.stack import Stack, engine, inspect

pytestmark = pytest.mark.containers

SEQUENCE = [3.0, 3.6, 4.1, 4.6, 4.9, 5.0, 4.9, 4.7]


def service(stack: Stack) -> str:
    (name,) = stack.containers("service")
    return name


def test_it_predicts_and_compares_and_both_are_on_record(single: Stack) -> None:
    predicted = single.client.post("/predict", json={"sequence": [1, 2, 3, 4]}).raise_for_status().json()
    assert predicted["predictions"][0]["value"] == pytest.approx(5, abs=1e-3)
    compared = single.client.post("/compare", json={"task": "sine", "sequence": SEQUENCE}).raise_for_status().json()
    assert {result["architecture"] for result in compared["results"]} == {"simplernn", "lstm", "gru"}
    for answer in (predicted, compared):
        row = single.client.get(f"/requests/{answer['request_id']}").raise_for_status().json()
        assert row["response"] == answer


def test_without_a_key_it_answers_nothing_but_its_health(single: Stack) -> None:
    with httpx.Client(base_url=single.client.base_url, timeout=60) as stranger:
        assert stranger.post("/predict", json={"sequence": [1, 2, 3]}).status_code == httpx.codes.UNAUTHORIZED
        assert stranger.get("/health/ready").status_code == httpx.codes.OK


def test_the_health_check_of_the_image_passes_inside_the_container(single: Stack) -> None:
    kind, *command = inspect("container", service(single))["Config"]["Healthcheck"]["Test"]
    assert kind == "CMD"
    assert "/health/ready" in command[-1]
    engine("exec", service(single), *command)


def test_it_runs_without_root_rights_or_capabilities(single: Stack) -> None:
    status = engine("exec", service(single), "cat", "/proc/1/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["Uid"].split() == ["10001"] * 4
    assert fields["Gid"].split() == ["10001"] * 4
    assert int(fields["CapBnd"], 16) == int(fields["CapEff"], 16) == 0
    assert fields["NoNewPrivs"] == "1"


def test_only_the_log_and_tmp_can_be_written(single: Stack) -> None:
    attempt = 'for d in / /opt/unroll /keys /etc /data /tmp; do touch "$d/x" 2>/dev/null && echo "$d"; done; true'
    written = engine("exec", service(single), "sh", "-c", attempt)
    assert written == "/data\n/tmp\n"


def test_nothing_is_gathered_to_be_sent_to_anybody(single: Stack) -> None:
    single.client.post("/predict", json={"model": "sine-gru", "sequence": SEQUENCE}).raise_for_status()
    kept = engine("exec", service(single), "find", "/tmp", "/data", "-path", "*icrosoft*")  # noqa: S108
    assert not kept


def test_it_listens_on_loopback_only(single: Stack) -> None:
    bindings = inspect("container", service(single))["HostConfig"]["PortBindings"]
    assert [binding["HostIp"] for ports in bindings.values() for binding in ports] == ["127.0.0.1"]


def test_no_key_can_be_read_from_its_volume_its_messages_or_its_settings(single: Stack) -> None:
    kept = engine("exec", service(single), "sh", "-c", "cat /keys/*")
    told = engine("logs", service(single)) + json.dumps(inspect("container", service(single)))
    assert single.key not in kept + told


def test_a_key_made_while_it_runs_works_and_a_revoked_one_does_not(single: Stack) -> None:
    made = single.tool("key", "key", "new", "--name", "later", "--scope", "predict").split()[-1]
    with httpx.Client(base_url=single.client.base_url, headers={"X-API-Key": made}, timeout=60) as client:
        wait_for(client, httpx.codes.OK)
        assert client.get("/requests").status_code == httpx.codes.FORBIDDEN
        single.tool("key", "key", "revoke", "later")
        wait_for(client, httpx.codes.UNAUTHORIZED)


def test_it_drains_ends_with_0_and_keeps_its_log_through_a_new_container(single: Stack) -> None:
    answer = single.client.post("/predict", json={"sequence": SEQUENCE}).raise_for_status().json()
    before = single.recorded()
    began = time.monotonic()
    engine("stop", service(single))
    assert 5 <= time.monotonic() - began < 20  # the drain, and less than the grace
    assert inspect("container", service(single))["State"]["ExitCode"] == 0
    single.compose("down")
    single.up()
    assert single.recorded() == before
    row = single.client.get(f"/requests/{answer['request_id']}").raise_for_status().json()
    assert row["response"] == answer


def wait_for(client: httpx.Client, status: int, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while (seen := client.post("/predict", json={"sequence": [1, 2, 3]}).status_code) != status:
        assert time.monotonic() < deadline, f"{seen} instead of {status}"
        time.sleep(0.2)  # the key file is looked at from time to time
