"""What wrk prints becomes numbers, and a contestant is ended with everything that it started."""

from __future__ import annotations

import sys
import time

import pytest

from benchmarks.drive import Measured, descendants, parse, runs, started

REPORT = """Running 4s test @ http://127.0.0.1:8000/predict
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.40ms  500.00us  10.00ms   90.00%
    Req/Sec    10.54k   500.00    11.00k    75.00%
  Latency Distribution
     50%  950.00us
     75%    1.60ms
     90%    2.10ms
     99%    1.01s{space}
  42148 requests in 4.00s, 6.00MB read
Requests/sec:  10537.12
Transfer/sec:      1.50MB
"""


def test_rates_and_latencies_are_read_in_every_unit_that_wrk_writes() -> None:
    assert parse(REPORT.format(space=" "), 0.25) == Measured(10537.12, 0.00095, 1.01, 0, 0.25)
    assert parse(REPORT.format(space="").replace("1.01s", "1.50m"), 0.0).p99 == 90.0


def test_refused_answers_and_broken_connections_count_as_failed() -> None:
    broken = "  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 30\n"
    assert parse(REPORT.format(space="") + broken, 0.0).failed == 40


@pytest.mark.parametrize("output", ["", REPORT.replace("10537.12", "0.00"), "Requests/sec:  10.00\n"])
def test_a_load_that_nobody_answered_is_an_error_and_no_rate(output: str) -> None:
    with pytest.raises(RuntimeError, match="wrk saw no rate"):
        parse(output.format(space=""), 0.0)


def test_what_a_contestant_started_is_ended_with_it() -> None:
    child = "import time; time.sleep(600)"
    parent = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', '{child}']); time.sleep(600)"
    with started((sys.executable, "-c", parent), {}, "0") as server:
        end = time.monotonic() + 30
        while not (family := descendants(server.process.pid)) and time.monotonic() < end:
            time.sleep(0.02)  # until the child is there
        assert family
    assert not any(runs(pid, began) for pid, began in family.items())


def test_ports_are_filled_in_where_a_command_and_a_variable_name_them() -> None:
    code = "import os, sys; print(sys.argv[1], os.environ['OTHER'])"
    with started((sys.executable, "-c", code, "at:{port}"), {"OTHER": "{second}"}, "0") as server:
        assert server.process.wait(30) == 0
        said = server.output.read_text().split()
    assert said[0] == f"at:{server.port}"
    assert said[1].isdecimal()
    assert said[1] != str(server.port)
