"""The season that a frequency tells."""

from __future__ import annotations

import pytest

from service.protocols.frequencies import later, season_of

SEASONS = {
    "D": 7,
    "1d": 7,
    "7D": 1,
    "W": 52,
    "W-SUN": 52,
    "2W": 26,
    "MS": 12,
    "1MS": 12,
    "M": 12,
    "ME": 12,
    "1mo": 12,
    "3MS": 4,
    "Q": 4,
    "QS": 4,
    "QE-DEC": 4,
    "Y": 1,
    "YE-DEC": 1,
    "A-JUN": 1,
    "5Y": 1,
    "B": 5,
    "C": 5,
    "h": 24,
    "H": 24,
    "6h": 4,
    "24h": 1,
    "min": 1440,
    "15min": 96,
    "30m": 48,
    "10s": 360,
    "SMS": 24,
}


@pytest.mark.parametrize("frequency", SEASONS)
def test_a_frequency_tells_its_season(frequency: str) -> None:
    assert season_of(frequency) == (SEASONS[frequency],)


@pytest.mark.parametrize(
    "frequency", [None, "", "5D", "7h", "ms", "fortnight", "0D", "-1D", "1h30min", "D\n", "9" * 50 + "D"]
)
def test_of_another_the_season_is_looked_for(frequency: str | None) -> None:
    assert season_of(frequency) == ()


@pytest.mark.parametrize(
    ("start", "frequency", "count", "expected"),
    [
        ("2024-01-01T01:00:00", "1h", 5, "2024-01-01T06:00:00"),
        ("2024-01-01 00:00:00", "15min", 96, "2024-01-02T00:00:00"),
        ("2024-02-28", "D", 2, "2024-03-01T00:00:00"),
        ("2024-01-07", "W-SUN", 2, "2024-01-21T00:00:00"),
        ("2024-01-31", "ME", 1, "2024-02-29T00:00:00"),
        ("2024-02-29", "ME", 1, "2024-03-31T00:00:00"),
        ("2024-01-31", "MS", 1, "2024-02-29T00:00:00"),
        ("2024-11-01", "MS", 3, "2025-02-01T00:00:00"),
        ("2024-01-01T00:00:00+09:00", "QS", 1, "2024-04-01T00:00:00+09:00"),
        ("2024-02-29T00:00:00Z", "Y", 1, "2025-02-28T00:00:00+00:00"),
        ("2024-01-01", "B", 1, None),
        ("yesterday", "D", 1, None),
        ("9999-12-31", "D", 1, None),
        ("2024-01-01", "999999999Y", 250_000, None),
        ("2024-01-01", "999999999h", 250_000, None),
    ],
)
def test_a_time_so_many_steps_later_is_known_or_not(
    start: str, frequency: str, count: int, expected: str | None
) -> None:
    assert later(start, frequency, count) == expected
