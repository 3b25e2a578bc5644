"""The guard lets noise pass and stops half the speed."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from benchmarks.contestants import OURS, UNRECORDED
from benchmarks.guard import ATTEMPTS, SHARE, Ratios, guard, ratios, started
from benchmarks.race import Standing

PUBLISHED = {"ours": 0.9, "compare": 0.5}


class Machine:
    """Measures what it was told to, the ratios of an attempt after another."""

    def __init__(self, *attempts: Ratios) -> None:
        self._attempts = list(attempts)
        self.asked: list[list[str]] = []

    def __call__(self, short: Collection[str]) -> Ratios:
        self.asked.append([*short])
        return self._attempts.pop(0)

    @property
    def left(self) -> int:
        return len(self._attempts)


def test_the_published_speed_holds_at_the_first_attempt() -> None:
    machine = Machine({"ours": 0.9, "compare": 0.5}, {})
    assert all(verdict.holds for verdict in guard(machine, PUBLISHED))
    assert machine.left == 1


def test_half_the_speed_is_stopped() -> None:
    verdicts = guard(Machine(*[{"ours": 0.45, "compare": 0.5}] * ATTEMPTS), PUBLISHED)
    assert [(verdict.name, verdict.holds) for verdict in verdicts] == [("ours", False), ("compare", True)]
    assert verdicts[0].least == pytest.approx(SHARE * 0.9)


def test_half_the_speed_is_stopped_even_where_it_measures_a_tenth_too_well() -> None:
    attempt = {"ours": 0.45 * 1.1, "compare": 0.5}
    assert not all(verdict.holds for verdict in guard(Machine(*[attempt] * ATTEMPTS), PUBLISHED))


def test_a_bad_minute_is_given_another_and_the_best_counts() -> None:
    verdicts = guard(Machine({"ours": 0.3, "compare": 0.5}, {"ours": 0.8, "compare": 0.2}), PUBLISHED)
    assert [(verdict.ratio, verdict.holds) for verdict in verdicts] == [(0.8, True), (0.5, True)]


def test_only_what_fell_short_is_measured_again() -> None:
    machine = Machine({"ours": 0.3, "compare": 0.5}, {"ours": 0.3}, {"ours": 0.8})
    assert all(verdict.holds for verdict in guard(machine, PUBLISHED))
    assert machine.asked == [[], ["ours"], ["ours"]]


def test_a_guard_with_nothing_to_hold_to_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="among the published"):
        guard(Machine({"unheard of": 1.0}), PUBLISHED)


def test_what_the_record_costs_and_how_even_answers_come_is_watched() -> None:
    race = [
        Standing("the empty endpoint", 64, 1.0, 1.0, 1.0, 1e4, 0.001, 0.002, 0),
        Standing(OURS.name, 64, 0.9, 0.9, 0.9, 9e3, 0.002, 0.005, 0),
        Standing(UNRECORDED.name, 64, 1.2, 1.2, 1.2, 12e3, 0.001, 0.004, 0),
    ]
    found = ratios(race)
    assert found["with the record, of the rate without, 64 connections"] == pytest.approx(0.75)
    assert found["p50 of p99, 64 connections"] == pytest.approx(0.4)


def test_a_start_of_twice_the_time_is_stopped_and_so_is_twice_the_memory() -> None:
    published = started(1.0, 150.0, 0.5, 60.0)
    once = started(2.0, 150.0, 0.5, 60.0)
    assert [verdict.holds for verdict in guard(Machine(*[once] * ATTEMPTS), published)] == [False, True]
    larger = started(1.0, 300.0, 0.5, 60.0)
    assert [verdict.holds for verdict in guard(Machine(*[larger] * ATTEMPTS), published)] == [True, False]
