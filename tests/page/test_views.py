"""Points 2 to 6: comparison, forecast, inside, models and log, each with what it must show."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import httpx
from playwright.sync_api import Page, expect

from tests.conftest import MODELS
from tests.own_series import add_own_series
from tests.page.conftest import Visit
from tests.serving import in_thread

ABSENT = "\N{EN DASH}"


def _column(page: Page, name: str) -> list[str]:
    head = page.locator("#compare thead th").all_text_contents()
    return page.locator(f"#compare tbody tr > :nth-child({head.index(name) + 1})").all_text_contents()


def test_compare_shows_cells_and_rules_with_their_evidence(visit: Visit) -> None:
    visitor = visit()
    names = _column(visitor.page, "Candidate")
    assert [name.split("★")[0] for name in names] == [
        "SimpleRNN",
        "LSTM",
        "GRU",
        "last value",
        "drift",
        "line",
        "AR(2)",
    ]
    assert sum("★" in name for name in names) == 1
    assert all(
        value not in ("", ABSENT) for value in _column(visitor.page, "Prediction") + _column(visitor.page, "Error")
    )
    assert all("…" in interval for interval in _column(visitor.page, "90 % interval")[:3])
    assert all(parameters == "0" for parameters in _column(visitor.page, "Parameters")[3:])
    assert all(int(time.replace(",", "")) > 0 for time in _column(visitor.page, "µs")[:3])
    label = visitor.page.locator("#compare .chart").get_attribute("aria-label") or ""
    assert "LSTM" in label
    assert "AR(2)" in label
    visitor.shoot("compare")


def test_a_redraw_is_one_request_and_one_row(visit: Visit, site: httpx.Client) -> None:
    visitor = visit()
    for preset in ("sine", "linear", "memory"):
        if preset != "sine":  # which it begins with
            visitor.choose(preset)
        asked, redraws = len(visitor.requests), visitor.redraws()
        visitor.page.locator("#compare-zoom").click()
        assert visitor.settled(redraws) == redraws + 1
        (request,) = visitor.requests[asked:]
        assert (request.method, httpx.URL(request.url).path) == ("POST", "/compare")
        newest, before = site.get("/requests?limit=2").json()["requests"]
        assert newest["endpoint"] == before["endpoint"] == "/compare"


def test_the_best_is_the_service_s_own_judgement(visit: Visit, site: httpx.Client) -> None:
    visitor = visit()
    answer = site.post("/compare", json=visitor.asked("/compare")).json()
    expect(visitor.page.locator("#compare tr.is-best")).to_have_attribute("data-name", answer["best"]["model"])
    expect(visitor.page.locator("#compare .headline")).to_contain_text("Nearest to the truth")


def test_where_a_rule_wins_the_warnings_say_so(visit: Visit) -> None:
    visitor = visit()
    visitor.slide("set-noise", 0)
    expect(visitor.page.locator("#compare tr.is-best th")).to_contain_text("AR(2)")
    expect(visitor.page.locator("#compare .warnings li").first).to_contain_text("does worse than the rule ar2")


def test_without_a_truth_the_record_decides(visit: Visit) -> None:
    visitor = visit()
    before = visitor.redraws()
    visitor.page.locator("#truth").fill("")
    visitor.page.locator("#truth").blur()
    visitor.settled(before)
    expect(visitor.page.locator("#compare .headline")).to_contain_text("Best record on this very sequence")
    assert set(_column(visitor.page, "Error")) == {ABSENT}


def test_the_textbook_s_models_take_the_tuned_ones_place(visit: Visit) -> None:
    visitor = visit()
    visitor.page.get_by_label("The textbook's models").check()
    expect(visitor.page.locator("#compare [data-name='textbook-sine-lstm']")).to_be_visible()
    assert visitor.asked("/compare")["models"] == [f"textbook-sine-{cell}" for cell in ("gru", "lstm", "simplernn")]


def test_memory_is_compared_with_the_exact_mean(visit: Visit) -> None:
    visitor = visit()
    visitor.choose("memory")
    expect(visitor.page.locator("#compare [data-name='rule:index_blind_mean']")).to_be_visible()
    assert all(error != ABSENT for error in _column(visitor.page, "Error"))
    visitor.shoot("compare-memory")


def test_forecast_fans_out_up_to_the_horizon(visit: Visit) -> None:
    visitor = visit("forecast")
    visitor.slide("horizon", 60)
    assert visitor.asked("/forecast")["horizon"] == 60
    expect(visitor.page.locator("#forecast .headline")).to_contain_text("in 60 steps")
    expect(visitor.page.locator("#forecast .legend")).to_contain_text("95 %")
    expect(visitor.page.locator("#forecast canvas")).to_be_visible()
    visitor.shoot("forecast")


def test_forecast_by_a_chosen_model(visit: Visit) -> None:
    visitor = visit("forecast")
    before = visitor.redraws()
    visitor.page.locator("#forecast-model").select_option("linear-lstm")
    visitor.settled(before)
    expect(visitor.page.locator("#forecast .headline")).to_contain_text("linear-lstm")


def test_memory_has_nothing_to_forecast_and_the_page_says_so(visit: Visit) -> None:
    visitor = visit("forecast")
    visitor.choose("memory")
    expect(visitor.page.locator("#forecast .headline")).to_contain_text("nothing to continue")
    expect(visitor.page.locator("#forecast .chart")).to_be_hidden()


def test_inside_stands_the_three_cells_beside_each_other(visit: Visit) -> None:
    visitor = visit("inside")
    cells = visitor.page.locator("#inside .cell")
    expect(cells).to_have_count(3)
    expect(visitor.page.locator("#inside .headline")).to_contain_text("SimpleRNN")
    parts = [
        ["Hidden state"],
        ["Hidden state", "Forget gate", "Input gate", "Candidate", "Cell state", "Output gate"],
        ["Hidden state", "Update gate", "Reset gate", "Candidate"],
    ]
    for cell, names in zip(cells.all(), parts, strict=True):
        for name in names:
            heading = cell.locator("h4", has_text=name).first
            expect(heading.locator(".formula")).to_contain_text("=")
        labels = [heat.get_attribute("aria-label") or "" for heat in cell.locator("canvas.heat").all()]
        assert [label.split(":")[0] for label in labels] == names
        assert all("32 units over 32 steps" in label for label in labels)
        expect(cell.locator(".reading-sentence")).to_contain_text("step 1")
    visitor.shoot("inside")


def test_a_gate_or_a_unit_is_switched_off_and_the_answer_changes(visit: Visit, site: httpx.Client) -> None:
    visitor = visit("inside")
    page = visitor.page
    expect(page.locator("#inside .cell.lstm .without")).to_have_text("")
    before = visitor.redraws()
    page.get_by_label("Switch off").select_option("forget")
    visitor.settled(before)
    asked = next(each.post_data_json for each in visitor.requests if "forget" in (each.post_data or ""))
    without = site.post("/inspect", json=asked).json()["without"]
    shown = f"Without it: {without:.5g}".replace("-", "\N{MINUS SIGN}")
    expect(page.locator("#inside .cell.lstm .without")).to_have_text(shown)
    expect(page.locator("#inside .cell.gru .without")).to_have_text("")
    before = visitor.redraws()
    page.get_by_label("Switch off").select_option("unit")
    visitor.settled(before)
    visitor.slide("inside-unit", 3)
    assert visitor.asked("/inspect")["off"] == {"unit": 3}
    for cell in ("simplernn", "lstm", "gru"):
        expect(page.locator(f"#inside .cell.{cell} .without")).to_contain_text("Without it")
    visitor.accessible()
    visitor.shoot("inside-off")


def test_inside_shows_the_service_s_own_numbers(visit: Visit, site: httpx.Client) -> None:
    visitor = visit("inside")
    asked = next(r.post_data_json for r in visitor.requests if (r.post_data_json or {}).get("model") == "sine-gru")
    inspected = site.post("/inspect", json=asked).json()
    card = visitor.page.locator("#inside .cell.gru")
    expect(card.locator(".reading-sentence")).to_have_text(inspected["reading"])
    strongest = max(inspected["steps"], key=lambda step: abs(step["influence"]))
    expect(card.get_by_role("img", name=f"strongest at step {strongest['step']}")).to_be_visible()


def test_a_heat_map_is_read_out_under_the_pointer(visit: Visit) -> None:
    visitor = visit("inside")
    heat = visitor.page.locator("#inside .cell.lstm .heat-map").first
    heat.locator("canvas").hover(position={"x": 3, "y": 12})
    expect(heat.locator(".reading")).to_contain_text("step 1, unit 5:")


def test_memory_inside_compares_flipped_indices_with_the_exact_change(visit: Visit) -> None:
    visitor = visit("inside")
    visitor.choose("memory")
    chart = visitor.page.get_by_role("img", name="Change of the answer of GRU")
    expect(chart).to_be_visible()
    visitor.shoot("inside-memory")


def test_every_model_has_a_card_beside_the_rules(visit: Visit, site: httpx.Client) -> None:
    visitor = visit("models")
    served = {model["name"] for model in site.get("/models").json()["models"]}
    cards = visitor.page.locator("#models .card")
    assert {card.get_attribute("data-name") for card in cards.all()} == served
    card = visitor.page.locator("[data-name='sine-lstm']")
    card.scroll_into_view_if_needed()
    expect(card).to_contain_text("5,025 parameters")
    expect(card.locator("tr.is-model")).to_contain_text("this model")
    expect(card.locator("img")).to_have_count(2)
    # A function: of a string every look after the first would be an eval, which the page's policy forbids.
    visitor.page.wait_for_function(
        "() => [...document.querySelectorAll('#models img')].every(image => image.naturalWidth > 0)"
    )
    columns = visitor.page.locator("#models .columns").first.locator(".column h4")
    expect(columns).to_have_text(["Tuned", "As in the textbook"])
    visitor.shoot("models")


def test_the_models_of_an_own_series_stand_beside_the_published(visit: Visit, tmp_path: Path) -> None:
    folder = shutil.copytree(MODELS, tmp_path / "models")
    add_own_series(folder, "sales")
    with in_thread(models_dir=folder, database_url=f"sqlite:///{tmp_path}/unroll.db") as site:
        visitor = visit("models", site)
        section = visitor.page.locator("#models section", has=visitor.page.get_by_role("heading", name="sales"))
        assert [card.get_attribute("data-name") for card in section.locator(".card").all()] == [
            "sales-simplernn",
            "sales-lstm",
            "sales-gru",
        ]
        expect(section.locator(".column h4")).to_have_text(["Tuned"])
        visitor.page.get_by_role("tab", name="Compare").click()
        visitor.page.locator("#task").select_option("sales")
        expect(visitor.page.locator("#compare [data-name='sales-lstm']")).to_be_visible()


def test_the_log_is_filtered_and_opens_one_request(visit: Visit, site: httpx.Client) -> None:
    for _ in range(25):
        site.post("/predict", json={"model": "linear-gru", "sequence": [1, 2, 3, 4]}).raise_for_status()
    site.post("/predict", json={"model": "no-such-model", "sequence": [1, 2, 3, 4]})
    visitor = visit("log")
    rows = visitor.page.locator("#log .log tbody tr")
    visitor.page.locator("#log-status").select_option("404")
    expect(rows.first).to_contain_text("404")
    visitor.page.locator("#log-status").select_option("")
    visitor.page.locator("#log-model").select_option("linear-gru")
    expect(rows).to_have_count(20)
    visitor.page.get_by_role("button", name="Older requests").click()
    expect(rows.nth(24)).to_contain_text("linear-gru/1")
    rows.first.get_by_role("button").click()
    dialog = visitor.page.get_by_role("dialog")
    expect(dialog).to_contain_text('"model": "linear-gru"')
    expect(dialog).to_contain_text('"predictions"')
    visitor.accessible()
    visitor.page.screenshot()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    visitor.shoot("log")


def test_reported_outcomes_show_as_live_quality(visit: Visit, site: httpx.Client) -> None:
    sequence = [0.1 * n for n in range(12)]
    asked = site.post("/predict", json={"model": "linear-lstm", "sequence": sequence}).json()
    site.post(f"/requests/{asked['request_id']}/outcome", json={"value": 1.2}).raise_for_status()
    visitor = visit("log")
    row = visitor.page.locator("#log section tbody tr", has_text="linear-lstm")
    expect(row.first).to_contain_text("linear")


def test_an_outcome_is_recorded_from_the_log_itself(visit: Visit, site: httpx.Client) -> None:
    asked = site.post("/predict", json={"model": "linear-simplernn", "sequence": [1, 3, 5, 7]}).json()["request_id"]
    visitor = visit("log")
    visitor.page.locator(f"[data-id='{asked}'] button").click()
    visitor.page.get_by_label("What really came next").last.fill("9")
    visitor.page.get_by_role("button", name="Record it").click()
    expect(visitor.page.get_by_role("dialog")).to_contain_text("On record; answers judged by it: 1.")
    visitor.page.get_by_role("button", name="Close").click()
    expect(visitor.page.locator("#log section tbody tr", has_text="linear-simplernn").first).to_be_visible()


def test_what_a_view_asks_can_be_run_as_curl(visit: Visit) -> None:
    visitor = visit("compare", permissions=["clipboard-read", "clipboard-write"])
    for view in ("series", "forecast", "live", "inside", "texts", "digits", "models", "log", "compare"):
        visitor.open(view)
        visitor.page.locator(f"#{view}").get_by_role("button", name="Copy as curl").first.click()
        expect(visitor.page.locator(f"#{view}").get_by_role("button", name="Copied")).to_be_visible()
        copied = visitor.page.evaluate("navigator.clipboard.readText()")
        visitor.page.locator(f"#{view} .curl summary").first.click()
        expect(visitor.page.locator(f"#{view} .curl pre").first).to_contain_text(copied.splitlines()[0])
        for command in copied.splitlines():
            done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120, check=True)
            assert "code" not in json.loads(done.stdout), done.stdout
