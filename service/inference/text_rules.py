"""Rules that answer what a text model answers, without having learnt anything: what its answers are held against. Pure.

A rule takes a text and gives its answer, or None where it has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Literal

TextRule = Callable[[str], str | None]
TextRuleName = Literal["date_parser", "first_country", "last_country", "adder"]

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH = "|".join(f"{name[:3]}(?:{name[3:]})?" if name != "may" else name for name in _MONTHS)
_DATES = tuple(
    re.compile(pattern, re.ASCII | re.IGNORECASE)
    for pattern in (
        r"(?P<year>\d{2}|\d{4})년 (?P<month>\d{1,2})월 (?P<day>\d{1,2})일",
        r"(?P<year>\d{4})\. (?P<month>\d{1,2})\. (?P<day>\d{1,2})\.",
        rf"(?P<day>\d{{1,2}}) (?P<name>{_MONTH}) (?P<year>\d{{2}}|\d{{4}})",
        rf"(?P<name>{_MONTH}) (?P<day>\d{{1,2}}), (?P<year>\d{{4}})",
        r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})",
    )
)
# Two digits are a year from 1969 to 2068, as POSIX reads them.
_PIVOT = 69


def date_parser(text: str) -> str | None:
    """A date as people write it, in English or Korean, as ISO 8601 has it; None for what is no such date."""
    for pattern in _DATES:
        if (found := pattern.fullmatch(text)) is not None:
            parts = found.groupdict()
            name = parts.get("name")
            month = int(parts["month"]) if name is None else 1 + [each[:3] for each in _MONTHS].index(name[:3].lower())
            year = int(parts["year"])
            if len(parts["year"]) == 2:
                year += 1900 if year >= _PIVOT else 2000
            try:
                return date(year, month, int(parts["day"])).isoformat()
            except ValueError:  # there is no such day
                return None
    return None


LANGUAGES = {
    "texas": "english", "france": "french", "spain": "spanish", "germany": "german", "italy": "italian",
    "poland": "polish", "turkey": "turkish", "japan": "japanese", "korea": "korean", "greece": "greek",
}  # fmt: skip


def first_country(text: str) -> str | None:
    """The language of the first country that is named."""
    return next((LANGUAGES[word] for word in text.split(" ") if word in LANGUAGES), None)


def last_country(text: str) -> str | None:
    """The language of the country that was named last: what is left to whoever forgets."""
    return next((LANGUAGES[word] for word in reversed(text.split(" ")) if word in LANGUAGES), None)


def adder(text: str) -> str | None:
    """The sum of two whole numbers with a plus between."""
    found = re.fullmatch(r"(\d{1,18})\+(\d{1,18})", text, re.ASCII)
    return None if found is None else str(int(found[1]) + int(found[2]))


TEXT_RULES: Mapping[TextRuleName, TextRule] = {
    "date_parser": date_parser,
    "first_country": first_country,
    "last_country": last_country,
    "adder": adder,
}
