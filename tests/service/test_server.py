"""How the service starts, goes on and ends: real processes, real signals."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from service.__main__ import main
from tests.conftest import MODELS
from tests.raw import connected, exchange, http, is_closed, read_reply
from tests.serving import Process, children_of

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("serve_four_models")]
FLAGS = ("--log-durability", "process")
BODY = b'{"sequence": [1, 2, 3, 4]}'
PREDICT = http("POST", "/predict", BODY)
READY = http("GET", "/health/ready")


def rows(database: Path) -> set[str]:
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {row[0] for row in connection.execute("SELECT id FROM requests WHERE status = 200")}


def test_the_start_line_says_what_is_served_where(tmp_path: Path) -> None:
    with Process(tmp_path, *FLAGS, "--models-dir", str(MODELS), "--published-models") as service:
        service.wait_until_ready()
        assert service.stop() == 0
    output = service.output.read_text()
    assert (
        output
        == f"Unroll serves 33 models on http://127.0.0.1:{service.port} (docs: http://127.0.0.1:{service.port}/docs)\n"
    )


def test_a_taken_port_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    with Process(tmp_path, *FLAGS) as service:
        service.wait_until_ready()
        second = Process(tmp_path / "second", *FLAGS, "--port", str(service.port))
        assert second.process.wait(timeout=120) == 2
        second.client.close()
    assert second.output.read_text().splitlines() == [
        f"cannot listen on 127.0.0.1, port {service.port}: Address already in use; choose another --host or --port"
    ]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])  # noqa: S104  (what is refused)
def test_without_keys_only_this_machine_is_served(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--host", host, *FLAGS])
    message = capsys.readouterr().err
    for way_out in ("key new", "--api-keys-file", "--host 127.0.0.1", "UNROLL_ALLOW_ANONYMOUS=true"):
        assert way_out in message


def test_a_key_file_that_is_not_there_is_told_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--api-keys-file", str(tmp_path / "none.json"), *FLAGS])
    assert "key new" in capsys.readouterr().err


def test_everybody_is_served_where_that_was_asked_for(tmp_path: Path) -> None:
    with Process(tmp_path, "--host", "0.0.0.0", *FLAGS, environment={"UNROLL_ALLOW_ANONYMOUS": "true"}) as service:  # noqa: S104
        service.wait_until_ready()


def test_while_draining_readiness_is_503_and_new_requests_are_answered(tmp_path: Path) -> None:
    with Process(tmp_path, *FLAGS, "--drain-seconds", "3") as service:
        service.wait_until_ready()
        with connected(service.port) as kept, connected(service.port) as waiting:
            kept.sendall(READY)
            assert read_reply(kept).status == 200
            began = time.perf_counter()
            service.process.send_signal(signal.SIGTERM)
            _wait_for(lambda: httpx.get(f"{service.client.base_url}/health/ready", timeout=60).status_code == 503)
            kept.sendall(PREDICT)
            reply = read_reply(kept)
            assert (reply.status, reply.headers["connection"]) == (200, "close")
            assert is_closed(kept)
            with connected(service.port) as late:
                late.sendall(PREDICT)
                assert read_reply(late).status == 200
            assert httpx.get(f"{service.client.base_url}/health/live", timeout=60).status_code == 200
            assert service.process.wait(timeout=120) == 0
            assert time.perf_counter() - began > 2.9
            assert is_closed(waiting)
        assert len(rows(service.database)) == 2


def test_a_request_that_is_arriving_at_sigterm_is_still_answered(tmp_path: Path) -> None:
    with Process(tmp_path, *FLAGS) as service:
        service.wait_until_ready()
        with connected(service.port) as in_head, connected(service.port) as in_body, connected(service.port) as idle:
            in_head.sendall(PREDICT[:20])
            in_body.sendall(PREDICT[:-5])
            idle.sendall(READY)
            assert read_reply(idle).status == 200
            service.process.send_signal(signal.SIGTERM)
            assert is_closed(idle)
            in_head.sendall(PREDICT[20:])
            in_body.sendall(PREDICT[-5:])
            assert read_reply(in_head).status == 200
            assert read_reply(in_body).status == 200
            assert service.process.wait(timeout=120) == 0
        assert len(rows(service.database)) == 2


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.system)])
def test_sigterm_under_load_drops_no_accepted_request_and_exits_0(tmp_path: Path, workers: int) -> None:
    with Process(tmp_path, *FLAGS, "--workers", str(workers), "--drain-seconds", "0.5") as service:
        service.wait_until_ready()
        answered: list[str] = []
        broken: list[str] = []
        threads = [threading.Thread(target=_load, args=(service.port, answered, broken)) for _ in range(8)]
        for thread in threads:
            thread.start()
        _wait_for(lambda: len(answered) > 200)
        service.process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join()
        assert service.process.wait(timeout=120) == 0, service.output.read_text()
    assert broken == []
    assert set(answered) == rows(service.database)
    assert len(answered) == len(set(answered))


@contextmanager
def started_with(number: signal.Signals, handler: signal.Handlers) -> Iterator[None]:
    """Programs that are started meanwhile begin with that handler of that signal."""
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.system)])
@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_each_signal_that_ends_a_program_drains_and_exits_0(
    tmp_path: Path, asked: signal.Signals, workers: int
) -> None:
    with started_with(asked, signal.SIG_DFL):  # whoever runs these tests in the background may ignore it
        service = Process(tmp_path, *FLAGS, "--drain-seconds", "2", "--workers", str(workers))
    with service:
        service.wait_until_ready()
        service.process.send_signal(asked)
        _wait_for(lambda: service.client.get("/health/ready").status_code == 503)
        assert exchange(service.port, PREDICT).status == 200
        assert service.process.wait(timeout=120) == 0, service.output.read_text()
    assert len(rows(service.database)) == 1


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.system)])
def test_a_service_that_was_started_to_outlive_its_terminal_does(tmp_path: Path, workers: int) -> None:
    """As by nohup, which has SIGHUP ignored."""
    with started_with(signal.SIGHUP, signal.SIG_IGN):
        service = Process(tmp_path, *FLAGS, "--workers", str(workers))
    with service:
        service.wait_until_ready()
        for pid in (service.process.pid, *children_of(service.process.pid)):
            os.kill(pid, signal.SIGHUP)
        assert service.client.get("/health/ready").status_code == 200
        assert service.stop() == 0


@pytest.mark.system  # several processes: seconds to start
def test_a_killed_worker_is_replaced_while_the_other_answers(tmp_path: Path) -> None:
    with Process(tmp_path, *FLAGS, "--workers", "2") as service:
        service.wait_until_ready()
        _wait_for(lambda: len(children_of(service.process.pid)) == 2)
        victim, survivor = children_of(service.process.pid)
        os.kill(victim, signal.SIGKILL)
        _wait_for(lambda: victim not in children_of(service.process.pid))
        for _ in range(50):
            assert exchange(service.port, PREDICT).status == 200
        _wait_for(lambda: len(children_of(service.process.pid)) == 2 and victim not in children_of(service.process.pid))
        assert survivor in children_of(service.process.pid)
        assert service.stop() == 0
    assert f"worker {victim} ended with code -9 and is replaced" in service.output.read_text()


@pytest.mark.system  # several processes: seconds to start
def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    with Process(tmp_path, *FLAGS, "--workers", "2") as service:
        service.wait_until_ready()
        _wait_for(lambda: len(children_of(service.process.pid)) == 2)
        workers = children_of(service.process.pid)
        service.process.kill()
        service.process.wait()
        _wait_for(lambda: not any(_is_alive(pid) for pid in workers))


def test_the_death_of_the_log_thread_ends_the_process_with_1(tmp_path: Path) -> None:
    script = (
        "from service.request_log import committer, writer\n"
        "def die(self, rows): raise SystemExit('killed by the test')\n"
        "import sys; sys.argv[0] = 'service'\n"
        "original = committer.Committer.commit\n"
        "def once(self, rows): return die(self, rows) if rows else original(self, rows)\n"
        "committer.Committer.commit = once\n"
        "from service.__main__ import main; main()\n"
    )
    service = Process(tmp_path, *FLAGS, program=("-c", script))
    with service:
        service.wait_until_ready()
        assert service.client.post("/predict", content=BODY).status_code == 503
        assert service.process.wait(timeout=120) == 1
    assert "the request log's thread ended; the process ends" in service.output.read_text()


def _load(port: int, answered: list[str], broken: list[str]) -> None:
    """Requests on fresh connections until none is accepted; one that was accepted must be answered."""
    while True:
        try:
            with connected(port) as connection:
                connection.sendall(PREDICT)
                reply = read_reply(connection)
        except ConnectionRefusedError:
            return
        except OSError as error:
            broken.append(repr(error))
            return
        if reply.status != 200:
            broken.append(str(reply))
            return
        answered.append(reply.json()["request_id"])


def _wait_for(condition: object, seconds: float = 60) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)  # between two looks at another process


def _is_alive(pid: int) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
