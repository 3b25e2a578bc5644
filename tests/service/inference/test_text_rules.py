"""The rules that written answers are held against."""

from __future__ import annotations

import pytest

from service.inference.text_rules import date_parser, first_country, last_country


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("2026년 11월 3일", "2026-11-03"),
        ("26년 11월 3일", "2026-11-03"),
        ("2026. 11. 3.", "2026-11-03"),
        ("3 Nov 26", "2026-11-03"),
        ("3 November 2026", "2026-11-03"),
        ("November 3, 2026", "2026-11-03"),
        ("Nov 3, 2026", "2026-11-03"),
        ("11/3/2026", "2026-11-03"),
        ("1 may 69", "1969-05-01"),
        ("31 Dec 68", "2068-12-31"),
        ("29 Feb 2000", "2000-02-29"),
        ("29 Feb 2001", None),
        ("13/3/2026", None),
        ("2026년 0월 3일", None),
        ("3 Nox 26", None),
        ("3 Nov 026", None),
        ("3 Nov 26 ", None),
        ("٣ Nov 26", None),
        ("", None),
    ],
)
def test_a_date_is_read_as_people_write_it_and_what_is_none_is_not(text: str, answer: str | None) -> None:
    assert date_parser(text) == answer


def test_who_remembers_knows_the_first_country_and_who_forgets_the_last() -> None:
    sentence = "born in korea . we went to france and japan . speaks"
    assert (first_country(sentence), last_country(sentence)) == ("korean", "japanese")
    assert (first_country("we sang"), last_country("we sang")) == (None, None)
