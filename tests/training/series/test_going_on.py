"""A run that was killed goes on with what was ready, and ends as if nothing had been."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.inference.readings.averaged.autoregression import Manner
from tests.training.general.small import SMALL, untrained
from training.series import storing
from training.series.candidates import Start
from training.series.panel import OwnSeries, Panel
from training.series.splits import Split

pytestmark = [pytest.mark.tensorflow, pytest.mark.system]
# Files that a process keeps before it is killed.
KEPT = 4


def fitted(file: Path, parts: storing.Parts) -> None:
    """Take a small network on for two series, and keep what came of it."""
    from training.series import averaging, published, tuning, ways

    ways.PLANS = {part: replace(plan, updates=6) for part, plan in ways.PLANS.items()}
    ways.EVERY, ways.EXERCISES, ways.STRENGTHS = 2, 3, (1e-1, 1e-3)
    published.recipe_of, published.network_of = lambda start: SMALL[start.cell], untrained
    averaging.search = lambda *_: averaging.Found(0.25, Manner(lags=4), 0.0, np.zeros(3))
    rng = np.random.default_rng(0)
    values = [20.0 + np.cumsum(rng.standard_normal(150)) for _ in range(2)]
    panel = Panel(tuple(OwnSeries(str(n), each, np.zeros(150, bool)) for n, each in enumerate(values)), ())
    tuning.fit(Start("gru", 0), panel, Split(4), None, parts=parts).save(file)


def undisturbed(file: Path) -> None:
    fitted(file, storing.Parts())


def killed(file: Path, folder: Path) -> None:
    """As :func:`fitted`, by a process that kills itself when it has kept some files, in the middle of what it does."""
    keep, kept = storing.save, []

    def save(path: Path, weights: Any, record: Any) -> None:
        if len(kept) == KEPT:
            os.kill(os.getpid(), signal.SIGKILL)
        kept.append(path)
        keep(path, weights, record)

    storing.save = save
    fitted(file, storing.Parts(folder))


def ended(target: Any, *arguments: Any) -> int:
    """Its exit code in a process of its own, which finds TensorFlow imported but not begun."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["training.series.tuning"])
    process = context.Process(target=target, args=arguments)
    process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def test_killed_in_the_middle_of_a_way_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    assert ended(undisturbed, tmp_path / "once.npz") == 0
    codes: list[int] = []
    while not codes or codes[-1] != 0:
        codes.append(ended(killed, tmp_path / "again.npz", tmp_path / "parts"))
        assert codes[-1] in (0, -signal.SIGKILL)
        assert len(codes) < 9
    assert len(codes) > 1
    (weights, record), (others, other) = (storing.load(tmp_path / f"{each}.npz") for each in ("once", "again"))
    assert same(weights, others)
    assert {**record, "seconds": 0.0} == {**other, "seconds": 0.0}


def same(some: Sequence[Any], others: Sequence[Any]) -> bool:
    return all(one.tobytes() == other.tobytes() for one, other in zip(some, others, strict=True))


def waiting(told: Path, _: Any) -> None:
    """What a worker does that has a process for a while."""
    told.write_text(str(os.getpid()))
    time.sleep(600.0)


def test_a_worker_ends_with_the_run_that_is_killed(tmp_path: Path) -> None:
    told = tmp_path / "told"
    program = (
        "from pathlib import Path; from rich.console import Console; from training import jobs; "
        "from tests.training.series.test_going_on import waiting; "
        f"jobs.run([jobs.Job('one', waiting, (Path({str(told)!r}),))], 1, Console(quiet=True))"
    )
    with subprocess.Popen([sys.executable, "-c", program]) as run:
        try:
            wait_until(lambda: told.is_file() and told.read_text() != "")
        finally:
            run.kill()
    worker = Path("/proc") / told.read_text()
    wait_until(lambda: not worker.exists())


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300.0
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)
