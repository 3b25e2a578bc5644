"""Pasted text: what can be read in one way is taken and shown, what can be read in several is asked about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, expect

from tests.page.browser import Visitor
from tests.page.conftest import Visit

NBSP, THIN, MINUS, BOM = (
    "\N{NO-BREAK SPACE}",
    "\N{NARROW NO-BREAK SPACE}",
    "\N{MINUS SIGN}",
    "\N{ZERO WIDTH NO-BREAK SPACE}",
)

TAKEN: list[tuple[str, list[float | None]]] = [
    ("1, 2, 3.5, 5", [1, 2, 3.5, 5]),
    ("1 2 3", [1, 2, 3]),
    ("1\n2\n3\n", [1, 2, 3]),
    ("1,2,3", [1, 2, 3]),
    ("1;2;3", [1, 2, 3]),
    ("1\t2\t3", [1, 2, 3]),
    ("1.5;2.5", [1.5, 2.5]),
    ("[0.5, 0.25, 0]", [0.5, 0.25, 0]),
    (' {"sequence": [1, 2.5, 3]} ', [1, 2.5, 3]),
    ("7", [7]),
    # decimal commas, where nothing else is possible
    ("1,5;2,5", [1.5, 2.5]),
    ("1,5;2;3,25", [1.5, 2, 3.25]),
    ("1,5\t2,5\t3", [1.5, 2.5, 3]),
    ('"1,5"\n"2,5"', [1.5, 2.5]),
    ('wert\n"1,5"\n"2,25"\n', [1.5, 2.25]),
    ("-1,5e-3;2,5E2", [-0.0015, 250]),
    # marks that can only be one thing
    ("0.234\n5.678", [0.234, 5.678]),
    ("1.234;5.67", [1.234, 5.67]),
    ("1.234\n-5678.901", [1.234, -5678.901]),
    ("1.234.567;2.000", [1234567, 2000]),
    ("1.234,5;2", [1234.5, 2]),
    ("12.345.678\n9.000.000,5", [12345678, 9000000.5]),
    (f"1{THIN}234,5;2{THIN}345,25", [1234.5, 2345.25]),
    ("1'234.5\n12'345", [1234.5, 12345]),
    # a list of one line is no single number of many thousands
    ("100,200,300", [100, 200, 300]),
    ("100 200 300", [100, 200, 300]),
    # line ends, marks at the start of files, empty lines around, separators at the end of lines
    ("1\r\n2\r\n3\r\n", [1, 2, 3]),
    ("1\r2\r3", [1, 2, 3]),
    (f"{BOM}1\n2", [1, 2]),
    ("\n \n1\n2\n\n", [1, 2]),
    ("1,\n2,\n3,", [1, 2, 3]),
    ("1, 2, 3,", [1, 2, 3]),
    ("1;\r\n2;\r\n", [1, 2]),
    ("1;;\n2;;\n", [1, 2]),
    ("5\n6\n;;\n", [5, 6]),
    # ways to write a number
    ("1e-3\n2E-3\n+3e+2", [0.001, 0.002, 300]),
    (f"{MINUS}1.5\n2e{MINUS}3\n-.5\n4.", [-1.5, 0.002, -0.5, 4]),
    # names at the head, labels and dates beside
    ("value\n1\n2", [1, 2]),
    ("Umsatz in kg\n1\n2", [1, 2]),
    ('"value"\r\n"1"\r\n"2"\r\n', [1, 2]),
    ("date,value\n2024-01-31,5\n2024-02-29,6\n", [5, 6]),
    ("Datum;Wert\n31.01.2024;1,5\n29.02.2024;2,5\n", [1.5, 2.5]),
    ("month\tvalue\n2024-01\t5\n2024-02\t6", [5, 6]),
    (",value\na,1\nb,2\n", [1, 2]),
    ("value,note\n1,\n2,late\n", [1, 2]),
    ("a 1\nb 2", [1, 2]),
    # what programs write where a value is missing
    ("1\nNaN", [1, None]),
    ("NA\n1\n2", [None, 1, 2]),
    ("[1, null, 3]", [1, None, 3]),
    ("1, NA, 3", [1, None, 3]),
    ("date,value\n2024-01-31,5\n2024-02-29,N/A\n2024-03-31,7\n", [5, None, 7]),
]

ASKED: list[tuple[str, list[Any]]] = [
    # Each reading is a sequence, or pairs of index and value.
    ("1,5\n2,5\n3,5", [[1.5, 2.5, 3.5], [[1, 5], [2, 5], [3, 5]], [1, 5, 2, 5, 3, 5], [1, 2, 3], [5, 5, 5]]),
    ("10,5\n11,2", [[10.5, 11.2], [10, 5, 11, 2], [10, 11], [5, 2]]),
    ("1,5", [[1.5], [1, 5]]),
    ("1,234", [[1.234], [1234], [1, 234]]),
    ("1,5 2,5 3,5", [[1.5, 2.5, 3.5], [1, 5, 2, 5, 3, 5]]),
    ("1,5, 2,5", [[1, 5, 2, 5], [1.5, 2.5]]),
    ("1,234;5,678", [[1.234, 5.678], [1234, 5678]]),
    ("1.234\n5.678", [[1.234, 5.678], [1234, 5678]]),
    ("1.234, 5.678, 9", [[1.234, 5.678, 9], [1234, 5678, 9]]),
    ("1,234 5,678", [[1.234, 5.678], [1234, 5678], [1, 234, 5, 678]]),
    ("1,234.5\n6,789", [[1234.5, 6789], [1, 234.5, 6, 789], [1, 6], [234.5, 789]]),
    ("1.234,5\n6.789,1", [[1234.5, 6789.1], [1.234, 5, 6.789, 1], [1.234, 6.789], [5, 1]]),
    ('"1,234"\n"5,678"', [[1.234, 5.678], [1234, 5678]]),
    (f"1{NBSP}234\n5{NBSP}678", [[1234, 5678], [[1, 234], [5, 678]], [1, 234, 5, 678], [1, 5], [234, 678]]),
    # years, times and indices beside values: which column, and is it memory
    ("2020,5\n2021,6.5\n", [[2020, 5, 2021, 6.5], [2020, 2021], [5, 6.5]]),
    ("year,sales\n2020,5\n2021,6\n", [[2020, 2021], [5, 6]]),
    ("year;sales\n2020;5,5\n2021;6\n", [[2020, 2021], [5.5, 6]]),
    ("time\tvalue\n10\t1\n20\t2\n", [[10, 20], [1, 2]]),
    ("index;value\n0;0.5\n4;0.9\n", [[[0, 0.5], [4, 0.9]], [0, 4], [0.5, 0.9]]),
    ("1 0.5\n3 0.7", [[[1, 0.5], [3, 0.7]], [1, 0.5, 3, 0.7], [1, 3], [0.5, 0.7]]),
    ("[[1, 0.5], [3, 0.7]]", [[[1, 0.5], [3, 0.7]], [1, 0.5, 3, 0.7], [1, 3], [0.5, 0.7]]),
    ("[[10, 0.5], [30, 0.7]]", [[10, 0.5, 30, 0.7], [10, 30], [0.5, 0.7]]),
    ("date;a;b\n2024-01-31;1;2\n2024-02-29;3;4", [[1, 3], [2, 4]]),
    ("1 2 3\n4 5 6", [[1, 2, 3, 4, 5, 6], [1, 4], [2, 5], [3, 6]]),
    ("1, 2, 3,\n4, 5, 6", [[1, 2, 3, 4, 5, 6], [1, 4], [2, 5], [3, 6]]),
    ("2020;5\n2021;n/a", [[2020, 5, 2021, None], [2020, 2021], [5, None]]),
    # a number may be missing, or a list was broken into lines
    ("2020 5\n2021\n2022 7", [[2020, 5, 2021, 2022, 7]]),
    ("2020;5\n2021\n2022;7", [[2020, 5, 2021, 2022, 7]]),
    ("1 2 3\n4 5", [[1, 2, 3, 4, 5]]),
    ("1\n12,34,56", [[1, 12, 34, 56]]),
    ("2020,5\n2021\n2022,7", [[2020, 5, 2021, 2022, 7], [2020.5, 2021, 2022.7]]),
    ("a, b\n1,5, 2,5\n3,5, 4,5", [[1.5, 3.5], [2.5, 4.5]]),
    ("a b\n100 200\n300\n", [[100200, 300]]),
]

REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("1, 2, three", "paste.wrong", {"line": 1, "found": "three"}),
    ("1\n2\nthree", "paste.wrong", {"line": 3, "found": "three"}),
    ("1\n\n3", "paste.blank", {"line": 2}),
    ("1,,3", "paste.missing", {"line": 1}),
    ("year,value\n2020,5\n2021,\n2022,7", "paste.missing", {"line": 3}),
    ("2020,5\n2021,\n2022,7", "paste.missing", {"line": 2}),
    ("2020\t5\n2021\t\n2022\t7", "paste.missing", {"line": 2}),
    ("2020\t5\n\t6", "paste.missing", {"line": 2}),
    ("year;value\n2020;5\n2021\n", "paste.width", {"line": 3}),
    ("year,value\n2020,5\n2021\n2022,7", "paste.width", {"line": 3}),
    ("year value\n2020 5\n2021\n2022 7", "paste.width", {"line": 3}),
    ("year;value\n2020;5,5;1\n", "paste.width", {"line": 2}),
    ("1;2\n3;1.2.3,4", "paste.wrong", {"line": 2, "found": "1.2.3,4"}),
    ("1,5;2.5", "paste.wrong", {"line": 1}),
    ("1,5,\n2;3", "paste.wrong", {"line": 1}),
    ("0x10\n2", "paste.wrong", {"line": 1, "found": "0x10"}),
    ("1\nInfinity", "paste.wrong", {"line": 2, "found": "Infinity"}),
    ("1\n1e400", "paste.wrong", {"line": 2, "found": "1e400"}),
    ("1\n5 %", "paste.wrong", {"line": 2}),
    ('1\n"2', "paste.wrong", {"line": 2, "found": '"2'}),
    ("1,000,2,000", "paste.wrong", {"line": 1, "found": "000"}),
    ("1\n007", "paste.wrong", {"line": 2, "found": "007"}),
    ("1_000\n2", "paste.wrong", {"line": 1, "found": "1_000"}),
    ("date\n2024-01-31\n2024-02-29", "paste.empty", {}),
    ("", "paste.empty", {}),
    (" \n;;\n", "paste.empty", {}),
    ("[1, 2", "paste.json", {}),
    ("[[1, null], [2, 3]]", "paste.json", {}),
    ("[null]", "paste.empty", {}),
    ("NA", "paste.empty", {}),
    ("[1, 1e400]", "paste.json", {}),
    ('["1", "2"]', "paste.json", {}),
    ("[[1, 2], [3]]", "paste.json", {}),
    ('{"values": [1, 2]}', "paste.json", {}),
    ("[]", "paste.json", {}),
    ("1\0,\0002\0", "paste.encoding", {}),
    ("1\n" * 5002, "paste.long", {"found": "5000"}),
    ("1 " * 5001, "paste.long", {"found": "5000"}),
    ("1" * 500_001, "paste.long", {"found": "5000"}),
    ("a,b,c,d,e,f,g,h,i\n1,2,3,4,5,6,7,8,9\n1,2,3,4,5,6,7,8,9", "paste.wide", {"found": "9"}),
]


@pytest.fixture(scope="module")
def opened(browser: Browser, site: httpx.Client) -> Iterator[Page]:
    visitor = Visitor(browser, str(site.base_url))
    yield visitor.page
    visitor.context.close()


def read(opened: Page, text: str) -> dict[str, Any]:
    found: dict[str, Any] = opened.evaluate("async text => (await import('/page/parse.js')).parse(text)", text)
    return found


def sequence(reading: dict[str, Any]) -> list[Any]:
    """As it is posted."""
    values, indices = reading["values"], reading["indices"]
    return values if indices is None else [list(pair) for pair in zip(indices, values, strict=True)]


@pytest.mark.parametrize(("text", "values"), TAKEN, ids=repr)
def test_what_can_be_read_in_one_way_is_taken(opened: Page, text: str, values: list[float]) -> None:
    found = read(opened, text)
    assert [sequence(reading) for reading in found["readings"]] == [values]
    assert "uneven" not in found or found["uneven"] is None


@pytest.mark.parametrize(("text", "readings"), ASKED, ids=repr)
def test_what_can_be_read_in_several_ways_is_asked_about(opened: Page, text: str, readings: list[Any]) -> None:
    found = read(opened, text)
    assert sorted(map(repr, map(sequence, found["readings"]))) == sorted(map(repr, readings))
    assert len(readings) > 1 or found["uneven"]


@pytest.mark.parametrize(("text", "problem", "names"), REFUSED, ids=lambda value: repr(value)[:40])
def test_what_cannot_be_read_is_refused_by_line_and_cell(
    opened: Page, text: str, problem: str, names: dict[str, Any]
) -> None:
    found = read(opened, text)
    assert found.get("problem") == problem, found
    assert {name: found[name] for name in names} == names


def test_numbers_that_were_taken_are_shown_and_asked_about(visit: Visit) -> None:
    visitor = visit()
    visitor.page.get_by_text("Paste numbers").click()
    before = visitor.redraws()
    visitor.page.locator("#paste").fill("wert\n1,5\n" + "2,25\n" * 9 + "1e-3")
    expect(visitor.page.locator(".readings button")).to_have_count(0)
    visitor.settled(before)
    expect(visitor.page.locator(".readings")).to_contain_text("Taken: 11 values")
    expect(visitor.page.locator(".readings")).to_contain_text("1.5, 2.25, 2.25, 2.25, 2.25, 2.25, 2.25, …, 0.001")
    assert visitor.asked("/compare")["sequence"] == [1.5, *[2.25] * 9, 0.001]


@pytest.mark.parametrize("language", ["en", "ko-KR"])
def test_a_choice_is_offered_by_its_numbers_and_nothing_changes_before_it_is_made(visit: Visit, language: str) -> None:
    visitor = visit(locale=language)
    asked = visitor.asked("/compare")
    visitor.page.locator("#paste").fill("1,5\n2,5\n3,5")
    choices = visitor.page.locator(".readings button")
    expect(choices.locator(".numbers")).to_have_text(
        ["1.5, 2.5, 3.5", "[1, 5] [2, 5] [3, 5]", "1, 5, 2, 5, 3, 5", "1, 2, 3", "5, 5, 5"]
    )
    expect(visitor.page.locator(".readings p")).to_have_text(
        {"en": "This can be read in more than one way. Which is meant?"}.get(
            language, "여러 가지로 읽을 수 있습니다. 어느 것이 맞나요?"
        )
    )
    expect(choices.first).to_contain_text({"en": "“,” as decimal mark"}.get(language, "소수점은 “,”"))
    assert visitor.asked("/compare") == asked
    visitor.accessible()
    visitor.shoot(f"paste-choices-{language}")
    for choice, sequence in ((choices.nth(3), [1, 2, 3]), (choices.first, [1.5, 2.5, 3.5])):
        before = visitor.redraws()
        choice.click()
        visitor.settled(before)
        assert visitor.asked("/compare")["sequence"] == sequence
        expect(visitor.page.locator(".readings button[aria-pressed=true]")).to_have_text(choice.text_content() or "")
    before = visitor.redraws()
    choices.nth(1).click()
    expect(visitor.page.locator(".indices button")).to_have_text(["1", "2", "3"])
    visitor.troubles.clear()  # the service says that it takes no such indices, if so


def test_a_number_that_may_be_missing_is_asked_about_before_anything_is_taken(visit: Visit) -> None:
    visitor = visit()
    visitor.page.get_by_text("Paste numbers").click()
    visitor.page.locator("#paste").fill("2020 5\n2021\n2022 7")
    expect(visitor.page.locator(".readings p")).to_have_text(
        "Numbers in line 2: 1, in the first: 2. If none is missing:"
    )
    expect(visitor.page.locator("#preset-sine")).to_be_checked()
    before = visitor.redraws()
    visitor.page.locator(".readings button").click()
    visitor.settled(before)
    assert visitor.asked("/compare")["sequence"] == [2020, 5, 2021, 2022, 7]


def test_a_refusal_names_line_and_cell_and_changes_nothing(visit: Visit) -> None:
    visitor = visit()
    visitor.page.get_by_text("Paste numbers").click()
    visitor.page.locator("#paste").fill("1, 2, three")
    expect(visitor.page.locator(".paste .problem")).to_have_text("Line 1: “three” cannot be read as a number.")
    expect(visitor.page.locator("#preset-sine")).to_be_checked()
    visitor.page.locator("#paste").fill("2020;5\n2021;\n")
    expect(visitor.page.locator(".paste .problem")).to_have_text("Line 2: a number is missing.")
    visitor.page.get_by_role("button", name="한국어").click()
    visitor.page.locator("#paste").fill("2020;5\n2021;\n")
    expect(visitor.page.locator(".paste .problem")).to_have_text("2번째 줄: 숫자가 빠져 있습니다.")


def test_a_csv_file_of_pairs_is_a_memory_sequence_once_that_is_said(visit: Visit, tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_bytes(b"\xef\xbb\xbfindex,value\r\n0,0.5\r\n1,0.7\r\n4,0.9\r\n")
    visitor = visit()
    visitor.page.get_by_text("Paste numbers").click()
    visitor.page.locator("#csv").set_input_files(file)
    before = visitor.redraws()
    visitor.page.locator(".readings button", has_text="index and value").click()
    visitor.settled(before)
    expect(visitor.page.locator(".indices button")).to_have_text(["0", "1", "4"])
    expect(visitor.page.locator("#compare .headline")).to_contain_text("Nearest to the truth")


def written(value: int, places: int, decimal: str, group: str) -> str:
    """``value`` in units of its last decimal place, as people write it there."""
    text = f"{value / 10**places:,.{places}f}"
    return text.replace(",", "\0").replace(".", decimal).replace("\0", group)


@given(
    columns=st.lists(
        st.tuples(st.integers(0, 3), st.lists(st.integers(-2_500_000, 2_500_000), min_size=4, max_size=4)),
        min_size=1,
        max_size=3,
    ),
    marks=st.sampled_from([(".", ""), (",", ""), (".", ","), (",", "."), (",", THIN), (",", " "), (".", "'")]),
    between=st.sampled_from(["\t", ";", "; ", ",", ", ", " "]),
    end=st.sampled_from(["", "\n", "\r\n"]),
    names=st.sampled_from([None, "value", "Umsatz"]),
    last=st.booleans(),
    gap=st.integers(0, 11),
    rows=st.integers(1, 4),
)
def test_however_it_was_written_it_is_never_misread_in_silence(
    opened: Page,
    columns: list[tuple[int, list[int]]],
    marks: tuple[str, str],
    between: str,
    end: str,
    names: str | None,
    last: bool,
    gap: int,
    rows: int,
) -> None:
    decimal, group = marks
    assume(rows * len(columns) > 1)  # one number is no sequence
    assume(between not in marks)  # what is the same between numbers and within them is no way to write any
    cells = [[written(v, places, decimal, group) for v in values[:rows]] for places, values in columns]
    numbers = [[v / 10**places for v in values[:rows]] for places, values in columns]
    head = [] if names is None else [[f"{names}{n}" for n in range(len(columns))]]
    lines = [*head, *map(list, zip(*cells, strict=True))]
    whole = (between.join(line) + (between.strip(" ") if last else "") for line in lines)
    text = (end or "\n").join(whole) + end
    meant = [*numbers, [value for row in zip(*numbers, strict=True) for value in row]]
    found = read(opened, text)
    if not found.get("uneven") and len(found.get("readings", [])) == 1:
        assert sequence(found["readings"][0]) in meant, text
    if found.get("readings") and rows > 1:
        assert any(sequence(reading) in meant for reading in found["readings"]), text
    # With a number less, what is left is taken for nothing else.
    if len(columns) > 1 and rows > 1:
        row, place = len(head) + gap % rows, gap % len(columns)
        lines[row][place] = ""
        found = read(opened, "\n".join(between.join(line) for line in lines))
        assert found.get("uneven") or len(found.get("readings", [])) != 1, lines
