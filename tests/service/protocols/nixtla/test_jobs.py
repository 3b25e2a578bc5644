"""Computing calls as jobs: answered as the calls themselves, bounded, one's own, cancelled, through a restart."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from service.http.codec import Call
from service.http.computing import compute
from service.http.encoding import zstd
from service.inference.cancellation import checkpoint
from service.inference.engine import Engine
from service.keys import KeyFile, Scope
from service.request_log import jobs
from tests.conftest import MODELS
from tests.service.protocols.nixtla.test_nixtla import MONTHS, YEARS, assert_detail, body
from tests.serving import Process, in_thread

ASKED: dict[str, dict[str, Any]] = {
    "forecast": {"h": 3, "level": [80]},
    "cross_validation": {"h": 2, "n_windows": 2},
    "historic_forecast": {},
    "anomaly_detection": {"level": 99},
    "online_anomaly_detection": {"h": 1, "detection_size": 3, "level": 99},
}
NOBODY = "01920000-0000-7000-8000-000000000000"


def submitted(api: httpx.Client, task: str, **asked: Any) -> str:
    answer = api.post(f"/nixtla/v2/{task}/async", json=body(MONTHS, YEARS, **(ASKED[task] | asked)))
    assert answer.status_code == 202, answer.text
    assert answer.json().keys() == {"job_id"}
    return str(answer.json()["job_id"])


def ended(api: httpx.Client, task: str, job: str, seconds: float = 60.0) -> dict[str, Any]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        answer = api.get(f"/nixtla/v2/{task}/jobs/{job}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        assert found.keys() == {"job_id", "status", "result", "error"}
        if found["status"] not in ("pending", "running"):
            return found
        time.sleep(0.02)
    raise AssertionError(f"the job has not ended after {seconds} s")


@pytest.mark.parametrize("task", ASKED)
def test_a_job_answers_what_the_call_itself_does(api: httpx.Client, task: str) -> None:
    found = ended(api, task, job := submitted(api, task))
    assert (found["job_id"], found["status"], found["error"]) == (job, "succeeded", None)
    at_once = api.post(f"/nixtla/v2/{task}", json=body(MONTHS, YEARS, **ASKED[task])).json()
    row = api.get(f"/requests/{found['result']['request_id']}").json()
    assert (row["endpoint"], row["status"]) == (f"/nixtla/v2/{task}", 200)
    del at_once["request_id"], found["result"]["request_id"]
    assert found["result"] == at_once


def test_a_compressed_body_is_taken(api: httpx.Client) -> None:
    packed = zstd.compress(orjson.dumps(body(MONTHS, h=3)))
    headers = {"content-encoding": "zstd", "content-type": "application/json"}
    answer = api.post("/nixtla/v2/forecast/async", content=packed, headers=headers)
    assert ended(api, "forecast", answer.json()["job_id"])["status"] == "succeeded"


def test_what_has_no_answer_is_refused_at_once_and_noted(api: httpx.Client) -> None:
    refused = api.post("/nixtla/v2/forecast/async", json=body(MONTHS, h=0))
    assert_detail(refused, 422)
    (row,) = api.get("/requests", params={"endpoint": "/nixtla/v2/forecast", "status": 422, "limit": 1}).json()[
        "requests"
    ]
    assert row["status"] == 422
    assert_detail(api.post("/nixtla/v2/forecast/async", content=b"{"), 422)


@pytest.mark.parametrize("named", ["model", "finetuned_model_id"])
def test_a_job_that_has_no_answer_after_all_says_why(api: httpx.Client, named: str) -> None:
    found = ended(api, "forecast", submitted(api, "forecast", **{named: "nobody"}))
    assert (found["status"], found["result"]) == ("failed", None)
    assert "model" in found["error"]


@pytest.mark.parametrize("path", ["simulate/async", "explain/async", "finetune/async", "execute_step/async"])
def test_jobs_of_other_kinds_are_not_there(api: httpx.Client, path: str) -> None:
    assert_detail(api.post(f"/nixtla/v2/{path}", json=body(MONTHS, h=3)), 404, "not there")


def test_a_job_is_asked_after_by_its_id_and_task(api: httpx.Client) -> None:
    job = submitted(api, "forecast")
    assert_detail(api.get(f"/nixtla/v2/forecast/jobs/{NOBODY}"), 404, "no job")
    assert_detail(api.get("/nixtla/v2/forecast/jobs/anything"), 404, "no job")
    assert_detail(api.get(f"/nixtla/v2/cross_validation/jobs/{job}"), 404, "no job")
    assert_detail(api.post(f"/nixtla/v2/async/jobs/{NOBODY}/cancel"), 404, "no job")


def test_a_job_that_ended_cannot_be_cancelled(api: httpx.Client) -> None:
    job = submitted(api, "forecast")
    ended(api, "forecast", job)
    assert_detail(api.post(f"/nixtla/v2/async/jobs/{job}/cancel"), 409, "succeeded already")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, httpx.Client]]:
    folder = tmp_path_factory.mktemp("jobs")
    keys = KeyFile(folder / "keys.json")
    tokens = {name: keys.add(name, scope) for name, scope in (("one", Scope.predict), ("other", Scope.predict))}
    tokens["admin"] = keys.add("admin", Scope.admin)
    url = f"sqlite:///{folder}/unroll.db"
    with (
        in_thread(
            models_dir=MODELS, database_url=url, log_durability="process", api_keys_file=folder / "keys.json"
        ) as client,
        ExitStack() as stack,
    ):
        yield {
            name: stack.enter_context(httpx.Client(base_url=client.base_url, headers={"X-API-Key": token}, timeout=60))
            for name, token in tokens.items()
        }


def test_a_job_is_its_clients_own_and_goes_with_its_requests(guarded: dict[str, httpx.Client]) -> None:
    one, other = guarded["one"], guarded["other"]
    job = submitted(one, "forecast")
    assert ended(one, "forecast", job)["status"] == "succeeded"
    assert_detail(other.get(f"/nixtla/v2/forecast/jobs/{job}"), 404)
    assert_detail(other.post(f"/nixtla/v2/async/jobs/{job}/cancel"), 404)
    assert guarded["admin"].delete("/requests", params={"client": "one"}).json()["deleted"] >= 2
    assert_detail(one.get(f"/nixtla/v2/forecast/jobs/{job}"), 404)


def test_no_more_jobs_wait_than_may(api: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MOST_WAITING", 0)
    refused = api.post("/nixtla/v2/forecast/async", json=body(MONTHS, h=3))
    assert_detail(refused, 429, "as many jobs wait as may")


@pytest.mark.system
def test_a_job_of_a_process_that_was_killed_is_answered_by_the_next(tmp_path: Path) -> None:
    many = body(*[MONTHS] * 300, h=12)
    with Process(tmp_path) as first:
        first.wait_until_ready()
        taken = [first.client.post("/nixtla/v2/forecast/async", json=many).json()["job_id"] for _ in range(4)]
        done = ended(first.client, "forecast", taken[0])
        first.process.kill()
        first.process.wait()
    with Process(tmp_path) as second:
        second.wait_until_ready()
        assert second.client.get(f"/nixtla/v2/forecast/jobs/{taken[0]}").json() == done
        for job in taken[1:]:
            found = ended(second.client, "forecast", job, 2 * jobs.SILENT_SECONDS)
            assert found["status"] == "succeeded"
            assert found["result"]["mean"] == done["result"]["mean"]


@pytest.fixture
def stuck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """A service whose first computing never ends by itself."""
    begun: list[Call] = []

    def never(call: Call, engine: Engine) -> None:
        begun.append(call)
        while len(begun) == 1:
            checkpoint()
            time.sleep(0.01)
        compute(call, engine)

    monkeypatch.setattr("service.http.jobs.compute", never)
    url = f"sqlite:///{tmp_path}/unroll.db"
    with in_thread(models_dir=MODELS, database_url=url, log_durability="process") as client:
        yield client


def test_jobs_are_cancelled_that_run_and_that_wait(stuck: httpx.Client) -> None:
    running, waiting, last = (submitted(stuck, "forecast") for _ in range(3))
    while stuck.get(f"/nixtla/v2/forecast/jobs/{running}").json()["status"] != "running":
        time.sleep(0.01)
    assert stuck.get(f"/nixtla/v2/forecast/jobs/{waiting}").json()["status"] == "pending"
    for job in (waiting, running):
        assert stuck.post(f"/nixtla/v2/async/jobs/{job}/cancel").json() == {"job_id": job, "status": "cancelled"}
        assert ended(stuck, "forecast", job) == {"job_id": job, "status": "cancelled", "result": None, "error": None}
        assert_detail(stuck.post(f"/nixtla/v2/async/jobs/{job}/cancel"), 409, "been cancelled already")
    assert ended(stuck, "forecast", last)["status"] == "succeeded"


def test_a_job_has_failed_when_its_own_time_is_up(stuck: httpx.Client) -> None:
    found = ended(stuck, "forecast", submitted(stuck, "forecast", job_options={"timeout_seconds": 1}))
    assert (found["status"], found["result"]) == ("failed", None)
    assert "within 1 s" in found["error"]
    assert ended(stuck, "forecast", submitted(stuck, "forecast"))["status"] == "succeeded"
