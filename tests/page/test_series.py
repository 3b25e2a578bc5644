"""Your series, the view that opens: what it asks, what it says of the answer, and the numbers to take away."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.page.browser import Visitor
from tests.page.conftest import Visit

ABSENT = "\N{EN DASH}"
DROPPED = """text => {
  const held = new DataTransfer();
  held.items.add(new File([text], "sales.csv", {type: "text/csv"}));
  const target = document.querySelector(".paste");
  for (const type of ["dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(type, {dataTransfer: held, bubbles: true, cancelable: true}));
  }
}"""


def _paste(visitor: Visitor, text: str) -> None:
    before = visitor.redraws()
    visitor.page.locator("#paste").fill(text)
    visitor.settled(before)


def _table(page: Page) -> list[list[str]]:
    rows = page.locator("#series .next tr").all()
    return [row.locator("th, td").all_text_contents() for row in rows]


def _answer(site: httpx.Client, visitor: Visitor) -> dict[str, Any]:
    answer: dict[str, Any] = site.post("/forecast", json=visitor.asked("/forecast")).json()["forecasts"][0]
    return answer


def test_it_is_what_opens_on_a_real_series(visit: Visit, site: httpx.Client) -> None:
    visitor = visit("")
    expect(visitor.page.get_by_role("tab", name="Your series")).to_have_attribute("aria-selected", "true")
    expect(visitor.page.locator("#preset-airline")).to_be_checked()
    expect(visitor.page.locator(".about")).to_contain_text("Box and Jenkins 1976")
    asked = visitor.asked("/forecast")
    assert (len(asked["sequence"]), asked["horizon"], asked["sequence"][:3]) == (132, 12, [112, 118, 132])
    assert [r.url.rsplit("/", 1)[1] for r in visitor.requests if r.method == "POST"] == ["forecast", "backtest"]
    answer = _answer(site, visitor)
    check = answer["check"]
    assert (answer["model"], check["verdict"]) == ("series-gru", "beats")
    who = visitor.page.locator("#series .who")
    expect(who).to_contain_text("series-gru answers and does better here than the simplest rules")
    expect(who).to_contain_text(f"tried {check['origins']} times over 12 steps")
    expect(who).to_contain_text(f"mean error is {check['mae']:.3g}")
    expect(who).to_contain_text("A season of 12 steps was found")
    largest = max(answer["season"]["weights"].values())
    expect(who).to_contain_text(f"{100 * largest:.0f} % the network under season 12")
    expect(visitor.page.locator("#series-season")).to_have_attribute("placeholder", "found: 12")
    chart = visitor.page.get_by_role("img", name="132 input values and 12 more by series-gru")
    expect(chart.locator("canvas")).to_be_visible()
    expect(visitor.page.locator("#series .legend").first).to_contain_text("seasonal naive: the last season again")
    visitor.accessible()
    visitor.shoot("series")


def test_the_table_has_the_answer_the_rule_beside_it_and_the_errors_of_the_past(
    visit: Visit, site: httpx.Client
) -> None:
    visitor = visit("series", permissions=["clipboard-read", "clipboard-write"])
    answer = _answer(site, visitor)
    past = site.post("/backtest", json=visitor.asked("/backtest")).json()["backtests"]
    names, *rows = _table(visitor.page)
    assert names[-2:] == ["Seasonal naive", "Past mean error"]
    assert [row[0] for row in rows] == [str(step) for step in range(1, 13)]
    visitor.page.get_by_role("button", name="Copy for a spreadsheet").click()
    expect(visitor.page.get_by_role("button", name="Copied")).to_be_visible()
    copied = [line.split("\t") for line in visitor.page.evaluate("navigator.clipboard.readText()").split("\n")]
    assert copied[0] == names
    columns = [[float(cell) for cell in column] for column in zip(*copied[1:], strict=True)]
    asked = visitor.asked("/forecast")["sequence"]
    bounds = [answer["intervals"][level][side] for level in ("80", "95") for side in ("lower", "upper")]
    errors = [entry["mae"] for entry in past if entry.get("model") == "series-gru"]
    expected = [list(range(1, 13)), answer["values"], *bounds, asked[-12:], errors]
    for column, numbers in zip(columns, expected, strict=True):
        assert column == pytest.approx(numbers, rel=1e-8)


def test_the_record_is_the_service_s_backtest_beside_seasonal_naive(visit: Visit, site: httpx.Client) -> None:
    visitor = visit("series")
    asked = visitor.asked("/backtest")
    assert asked["models"] == ["series-gru"]
    tried = site.post("/backtest", json=asked).json()
    means = [
        sum(entry["mase"] for entry in tried["backtests"] if name in (entry.get("model"), entry.get("rule"))) / 12
        for name in ("series-gru", "seasonal_naive")
    ]
    assert means[0] < means[1]
    chart = visitor.page.get_by_role("img", name=f"Forecast from each of {tried['origins']} places")
    expect(chart.locator("canvas")).to_be_visible()
    said = f"over 12 steps ahead is {means[0]:.3g} for series-gru and {means[1]:.3g} for seasonal naive"
    expect(visitor.page.locator("#series")).to_contain_text(said)


def test_horizon_and_season_are_told(visit: Visit) -> None:
    visitor = visit("series")
    visitor.slide("series-horizon", 30)
    assert "season" not in visitor.asked("/forecast")
    visitor.slide("series-season", 6)
    assert {key: visitor.asked("/forecast")[key] for key in ("horizon", "season")} == {"horizon": 30, "season": 6}
    assert {key: visitor.asked("/backtest")[key] for key in ("horizon", "season")} == {"horizon": 30, "season": 6}
    expect(visitor.page.locator("#series .who")).to_contain_text("The season is 6 steps, as you said.")
    expect(visitor.page.locator("#series .headline")).to_contain_text("In 30 steps")
    visitor.slide("series-horizon", 1)
    expect(visitor.page.locator("#series .headline")).to_have_text(re.compile(r"^Next: [\d.]+$"))
    visitor.slide("series-horizon", 30)
    before = visitor.redraws()
    visitor.page.get_by_role("button", name="한국어").click()
    visitor.settled(before)
    expect(visitor.page.locator("#series-season")).to_have_value("6")
    expect(visitor.page.locator("#series-horizon")).to_have_value("30")


def test_a_season_that_cannot_be_is_refused_in_words_and_can_be_mended(visit: Visit) -> None:
    visitor = visit("series")
    visitor.slide("series-season", 0)
    expect(visitor.page.locator("#series .problem")).to_contain_text("greater than or equal to 1")
    expect(visitor.page.locator("#series .who")).to_be_hidden()
    assert all("422" in trouble for trouble in visitor.troubles)
    visitor.troubles.clear()
    visitor.slide("series-season", 12)
    expect(visitor.page.locator("#series .problem")).to_be_hidden()
    expect(visitor.page.locator("#series .who")).to_be_visible()


def test_a_file_that_is_dropped_is_answered_at_once(visit: Visit) -> None:
    visitor = visit("series")
    before = visitor.redraws()
    rows = [f"2024-01-{day:02},{100 + 10 * (day % 7)}" for day in range(1, 29)]
    visitor.page.evaluate(DROPPED, "\n".join(["date,sales", *rows]))
    visitor.settled(before)
    assert visitor.asked("/forecast")["sequence"] == [100 + 10 * (day % 7) for day in range(1, 29)]
    expect(visitor.page.locator(".paste .readings")).to_contain_text("28 values")
    expect(visitor.page.locator(".about")).to_contain_text("your own, 28 values")
    expect(visitor.page.locator("#series-season")).to_have_attribute("placeholder", "found: 7")
    expect(visitor.page.locator("#series .legend").first).not_to_contain_text("what comes")


def test_where_a_rule_answers_the_page_says_so(visit: Visit) -> None:
    visitor = visit("series")
    _paste(visitor, "\n".join(str(3 * n) for n in range(40)))
    expect(visitor.page.locator("#series .who")).to_contain_text(
        "No network does better here, so the rule drift answers"
    )
    assert "models" not in visitor.asked("/backtest")
    expect(visitor.page.locator("#series")).to_contain_text("ahead is 0 for the rule drift")
    assert _table(visitor.page)[1][1:2] == ["120"]


def test_what_has_no_record_is_answered_without_one(visit: Visit) -> None:
    visitor = visit("series")
    for text, reason in (("5 6 7", "too short"), ("3 " * 40, "nothing moves")):
        _paste(visitor, text)
        expect(visitor.page.locator("#series section").first).to_contain_text(reason)
        assert len(_table(visitor.page)) == 13
        assert _table(visitor.page)[12][1] != ABSENT


def test_gaps_are_asked_as_gaps_and_shown_as_holes(visit: Visit, site: httpx.Client) -> None:
    visitor = visit("series")
    values = [10 + step % 4 for step in range(40)]
    cells = ["NA" if step in (7, 39) else str(value) for step, value in enumerate(values)]
    _paste(visitor, "\n".join(cells))
    asked = visitor.asked("/forecast")["sequence"]
    assert asked == [None if step in (7, 39) else value for step, value in enumerate(values)]
    expect(visitor.page.locator(".paste .readings")).to_contain_text("40 values · missing: 2")
    expect(visitor.page.locator("#series section").first).to_contain_text("has gaps")
    answer = _answer(site, visitor)
    assert float(_table(visitor.page)[1][1]) == pytest.approx(answer["values"][0], rel=1e-3)
    surface = visitor.page.get_by_role("slider", name="Draw the sequence")
    surface.focus()
    before = visitor.redraws()
    for key in ("End", "ArrowUp"):
        visitor.page.keyboard.press(key)
    visitor.settled(before)
    assert visitor.asked("/forecast")["sequence"][39] is not None


def test_the_record_goes_as_far_as_the_series_allows(visit: Visit) -> None:
    visitor = visit("series")
    _paste(visitor, "5 7 6 8 7 9 8 10 9 11")
    assert visitor.asked("/backtest")["horizon"] == 5
    rows = _table(visitor.page)[1:]
    assert [row[-1] == ABSENT for row in rows] == [False] * 5 + [True] * 7


def test_a_week_is_found_in_days_and_none_in_counts_that_stay_above_zero(visit: Visit) -> None:
    visitor = visit("series")
    visitor.choose("visits")
    expect(visitor.page.locator("#series-season")).to_have_attribute("placeholder", "found: 7")
    visitor.shoot("series-visits")
    visitor.choose("parts")
    expect(visitor.page.locator("#series-season")).to_have_attribute("placeholder", "none found")
    expect(visitor.page.locator("#series .who")).to_contain_text("No season was found.")
    names, *rows = _table(visitor.page)
    assert names[-2] == "Last value"
    assert all(float(row[2]) >= 0 for row in rows)
    visitor.shoot("series-parts")


def test_an_example_goes_to_the_other_views_as_well(visit: Visit) -> None:
    visitor = visit("series")
    expect(visitor.page.locator("#truth")).to_be_hidden()
    visitor.open("compare")
    expect(visitor.page.locator("#truth")).to_have_value("417")
    assert visitor.asked("/compare")["task"] == "series"
    visitor.open("inside")
    assert len(visitor.asked("/inspect")["sequence"]) == 36
    expect(visitor.page.locator("#inside")).to_contain_text("The last 36 values")


def test_memory_is_no_series_and_the_page_says_so(visit: Visit) -> None:
    visitor = visit("series")
    visitor.choose("memory")
    expect(visitor.page.locator("#series .headline")).to_contain_text("nothing to continue")
    expect(visitor.page.locator("#series .chart").first).to_be_hidden()


def test_it_is_all_done_by_keyboard(visit: Visit) -> None:
    visitor = visit("series")
    before = visitor.redraws()
    visitor.page.locator("#preset-airline").focus()
    visitor.page.keyboard.press("ArrowRight")
    visitor.settled(before)
    expect(visitor.page.locator("#preset-visits")).to_be_checked()
    before = visitor.redraws()
    visitor.page.locator("#series-horizon").focus()
    visitor.page.keyboard.press("ArrowRight")
    visitor.settled(before)
    assert visitor.asked("/forecast")["horizon"] == 13
