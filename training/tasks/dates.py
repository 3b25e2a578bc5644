"""Dates as people write them, in English and Korean, to be written as ISO 8601 has them; knows no network."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

import numpy as np

from service.inference.readings.text.reading import Texts
from training.tasks.base import TEST_SEED, generator
from training.tasks.written import Examples, WritingTask, Written

# Two digits tell a year of this century of days, as POSIX reads them.
FIRST, LAST = date(1969, 1, 1), date(2068, 12, 31)
DAYS = (LAST - FIRST).days + 1
# Days that nothing is trained on: some show how far training is, and the others are the test.
CHOOSING, UNSEEN = 200, 500

# Whatever language the machine speaks.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
FORMATS: dict[str, Callable[[date], str]] = {
    "2026년 11월 3일": lambda day: f"{day.year}년 {day.month}월 {day.day}일",
    "26년 11월 3일": lambda day: f"{day.year % 100:02}년 {day.month}월 {day.day}일",
    "2026. 11. 3.": lambda day: f"{day.year}. {day.month}. {day.day}.",
    "3 Nov 26": lambda day: f"{day.day} {_MONTHS[day.month - 1][:3]} {day.year % 100:02}",
    "3 November 2026": lambda day: f"{day.day} {_MONTHS[day.month - 1]} {day.year}",
    "November 3, 2026": lambda day: f"{_MONTHS[day.month - 1]} {day.day}, {day.year}",
    "Nov 3, 2026": lambda day: f"{_MONTHS[day.month - 1][:3]} {day.day}, {day.year}",
    "11/3/2026": lambda day: f"{day.month}/{day.day}/{day.year}",
}
_ALPHABET = "".join(sorted({*" ,./0123456789년월일", *"".join(_MONTHS)}))


class Dates(WritingTask):
    """Any day of a century in any of eight formats."""

    name = "translate-date"
    reading = Texts(alphabet=_ALPHABET, answers="-0123456789", longest=10, rule="date_parser")
    lengths = (8, 18)
    accepted = (1, 40)
    sizes = (18,)

    @property
    def about(self) -> str:
        return (
            "Writes a date as ISO 8601 has it that people wrote, in English or Korean, in one of eight formats: "
            f"{'; '.join(FORMATS)}. Of two digits a year is from 1969 to 2068, and 11/3 is the third of November. "
            "An encoder reads the characters, and a decoder writes the date with a look back at all of them."
        )

    @property
    def trained_on(self) -> str:
        return (
            f"fresh dates in every batch: days from {FIRST} to {LAST} but for {CHOOSING + UNSEEN} that are held out, "
            f"each in one of {len(FORMATS)} formats by chance"
        )

    def draw(self, rng: np.random.Generator, count: int) -> Examples:
        known = _days()[CHOOSING + UNSEEN :]
        formats = list(FORMATS.values())
        days = [_day(known[place]) for place in rng.integers(0, len(known), count).tolist()]
        ways = [formats[place] for place in rng.integers(0, len(formats), count).tolist()]
        return Examples([way(day) for way, day in zip(ways, days, strict=True)], [day.isoformat() for day in days])

    def chosen_by(self, count: int) -> dict[str, Examples]:
        return {"unseen days": _in_formats(_days()[UNSEEN:][:CHOOSING], count, list(FORMATS))}

    def test_sets(self, count: int) -> list[Written]:
        unseen = _days()[:UNSEEN]
        korean = [name for name in FORMATS if "년" in name or ". " in name]
        english = [name for name in FORMATS if name not in korean]
        parts = {"unseen days": list(FORMATS), "unseen days, Korean": korean, "unseen days, English": english}
        return [
            Written(
                name,
                f"{UNSEEN} days from {FIRST} to {LAST} that were never trained on, in {len(formats)} formats each, at "
                f"most {count} texts in all",
                _in_formats(unseen, count, formats),
            )
            for name, formats in parts.items()
        ]

    def golden(self) -> list[str]:
        days = (date(2026, 11, 3), date(1969, 1, 1), date(2000, 2, 29), date(2068, 12, 31))
        return [write(day) for day in days for write in FORMATS.values()]


def _in_formats(days: list[int], count: int, formats: list[str]) -> Examples:
    """Each of ``days`` in each format, cut off after ``count`` texts."""
    known = [_day(each) for each in days]
    texts = [(FORMATS[name](day), day.isoformat()) for day in known for name in formats][:count]
    return Examples([text for text, _ in texts], [answer for _, answer in texts])


def _day(number: int) -> date:
    return FIRST + timedelta(days=number)


@cache
def _days() -> list[int]:
    """All days in an order by chance: the first are held out, the same whatever is trained."""
    found: list[int] = generator("test", TEST_SEED).permutation(DAYS).tolist()
    return found
