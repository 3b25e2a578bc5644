"""Long work ends at its next checkpoint when nobody waits for it any more."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from service.errors import Overloaded
from service.inference import cancellation
from service.inference.cancellation import Cancellation, checkpoint
from service.inference.engine import Engine
from service.inference.sequences import Rows

LONG = [float(step % 10) for step in range(1000)]
WORK: dict[str, Callable[[Engine], object]] = {
    "predict": lambda engine: engine.predict([LONG] * 20),
    "predict, windows": lambda engine: engine.predict([LONG] * 20, "textbook-linear-simplernn-20"),
    "next values": lambda engine: engine.next_values(Rows(np.array([LONG] * 20), np.full(20, 1000)), "sine-lstm"),
    "compare": lambda engine: engine.compare("linear", [LONG]),
    "forecast": lambda engine: engine.forecast([LONG] * 20, 50, "sine-gru"),
    "backtest": lambda engine: engine.backtest(LONG, 50),
    "inspect": lambda engine: engine.inspect(LONG, "sine-gru"),
}


@pytest.mark.parametrize("name", WORK)
def test_every_kind_of_work_has_checkpoints_from_its_middle_on(
    engine: Engine, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends at the second, so that it has more than the one at its start."""
    looks = []

    class Counting(Cancellation):
        def check(self) -> None:
            looks.append(1)
            if len(looks) > 2:  # the first is that of run()
                self.cancel(KeyError("gone"))
            super().check()

    with pytest.raises(KeyError, match="gone"):
        Counting(3600.0).run(lambda: WORK[name](engine))
    assert len(looks) == 3
    assert cancellation._current.get() is None  # nothing is left behind


def test_without_a_cancellation_a_checkpoint_does_nothing() -> None:
    checkpoint()


def test_work_past_its_time_is_refused_and_says_so() -> None:
    with pytest.raises(Overloaded, match="within 0 s") as caught:
        Cancellation(0.0).run(lambda: [checkpoint() for _ in range(10_000_000)])
    assert caught.value.code == "deadline_exceeded"


def test_the_time_is_only_ever_cut() -> None:
    cancelled = Cancellation(3600.0)
    cancelled.end_by(0.0, KeyError("the end"))
    cancelled.end_by(1e12, KeyError("later"))
    with pytest.raises(KeyError, match="the end"):
        cancelled.check()
