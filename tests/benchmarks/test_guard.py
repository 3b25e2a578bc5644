"""The guard lets noise pass and stops half the speed."""

from __future__ import annotations

import pytest

from benchmarks.guard import SHARE, guard
from benchmarks.race import Standing


def _standing(name: str, ratio: float) -> Standing:
    return Standing(name, 16, ratio, ratio, ratio, ratio * 1e4, 0.001, 0.002, 0)


PUBLISHED = [_standing("ours", 0.9), _standing("compare", 0.5)]


class Machine:
    """Measures what it was told to, one list of ratios an attempt."""

    def __init__(self, *attempts: dict[str, float]) -> None:
        self._attempts = list(attempts)

    def __call__(self) -> list[Standing]:
        return [_standing(name, ratio) for name, ratio in self._attempts.pop(0).items()]

    @property
    def left(self) -> int:
        return len(self._attempts)


def test_the_published_speed_holds_at_the_first_attempt() -> None:
    machine = Machine({"ours": 0.9, "compare": 0.5}, {})
    assert all(verdict.holds for verdict in guard(machine, PUBLISHED))
    assert machine.left == 1


def test_half_the_speed_is_stopped() -> None:
    verdicts = guard(Machine({"ours": 0.45, "compare": 0.5}, {"ours": 0.45, "compare": 0.5}), PUBLISHED)
    assert [(verdict.name, verdict.holds) for verdict in verdicts] == [("ours", False), ("compare", True)]
    assert verdicts[0].least == pytest.approx(SHARE * 0.9)


def test_half_the_speed_is_stopped_even_where_it_measures_a_tenth_too_well() -> None:
    attempt = {"ours": 0.45 * 1.1, "compare": 0.5}
    assert not all(verdict.holds for verdict in guard(Machine(attempt, attempt), PUBLISHED))


def test_a_bad_minute_is_given_another_and_the_best_counts() -> None:
    verdicts = guard(Machine({"ours": 0.3, "compare": 0.5}, {"ours": 0.8, "compare": 0.2}), PUBLISHED)
    assert [(verdict.ratio, verdict.holds) for verdict in verdicts] == [(0.8, True), (0.5, True)]


def test_a_guard_with_nothing_to_hold_to_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="among the published"):
        guard(Machine({"unheard of": 1.0}), PUBLISHED)
