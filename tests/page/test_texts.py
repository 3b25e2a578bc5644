"""The texts view: a date with what was looked at, and the sentence that is stretched."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import expect

from tests.page.conftest import Visit


def test_a_date_is_written_with_its_check_and_where_the_network_looked(visit: Visit, site: httpx.Client) -> None:
    visitor = visit("texts")
    page = visitor.page
    expect(page.locator("#sequence")).to_be_hidden()
    before = visitor.redraws()
    page.get_by_label("A date, in English or Korean").fill("2026년 11월 3일")
    visitor.settled(before)
    expect(page.locator(".written")).to_have_text("2026-11-03")
    expect(page.locator("#texts .badge.beats").first).to_have_text("a date parser: 2026-11-03")
    expect(page.locator(".attention thead th")).to_have_count(len("2026년 11월 3일"))
    expect(page.locator(".attention tbody tr")).to_have_count(len("2026-11-03") + 1)
    asked = {"model": "translate-date-gru", "input": "2026년 11월 3일"}
    assert asked in [each.post_data_json for each in visitor.requests if each.url.endswith("/generate")]
    attention = site.post("/generate", json=asked).json()["attention"]
    shown = page.locator(".attention tbody tr").first.locator("td").all_text_contents()
    assert shown == [f"{int(100 * share + 0.5)} %" for share in attention[0]]
    visitor.shoot("texts")


def test_what_no_parser_reads_is_said_to_be_unchecked_and_what_no_network_reads_is_refused(visit: Visit) -> None:
    visitor = visit("texts")
    page = visitor.page
    before = visitor.redraws()
    page.get_by_role("button", name="31 Feb 2026").click()
    visitor.settled(before)
    expect(page.locator("#texts")).to_contain_text("a date parser has no answer to this")
    expect(page.locator("#texts .warnings li").first).to_contain_text("nothing speaks for what")
    before = visitor.redraws()
    page.locator("#date").fill("3 Nov '26")
    visitor.settled(before)
    expect(page.locator("#texts .problem")).to_contain_text("is none of them")
    visitor.troubles.clear()  # the browser notes every refusal


def test_a_sentence_is_stretched_until_the_simple_rnn_loses_its_beginning(visit: Visit) -> None:
    visitor = visit("texts")
    page = visitor.page
    rows = page.locator("#texts tbody tr").filter(has=page.locator("th .swatch"))
    visitor.slide("between", 120)
    expect(page.locator("#texts .sentence")).to_contain_text("born in texas")
    expect(rows).to_have_count(3)
    simple, lstm, gru = (rows.nth(n) for n in range(3))
    expect(simple).to_contain_text("no")
    for kept in (lstm, gru):
        expect(kept).to_contain_text("english")
        expect(kept).to_contain_text("yes")
    assert len(visitor.asked("/compare")["sequence"].split(" ")) == 126
    visitor.shoot("texts-recall")


def test_without_its_update_gate_the_gru_loses_the_beginning_of_the_sentence(visit: Visit) -> None:
    visitor = visit("texts")
    page = visitor.page
    rows = page.locator("#texts tbody tr").filter(has=page.locator("th .swatch"))
    heads = page.locator("section[aria-label='Long memory'] thead th")
    before = visitor.redraws()
    page.locator("#texts-off").select_option("update")
    visitor.settled(before)
    expect(heads.last).to_have_text("Without that part")
    expect(rows.nth(2).locator("td").first).to_have_text("english")
    expect(rows.nth(2).locator("td").last).not_to_have_text("english")
    expect(rows.nth(1).locator("td").last).to_have_text("–")  # noqa: RUF001  # an LSTM has no such gate
    asked = visitor.asked("/inspect")
    assert (asked["model"], asked["off"]) == ("recall-gru", {"gate": "update"})
    before = visitor.redraws()
    page.locator("#texts-off").select_option("")
    visitor.settled(before)
    expect(heads.last).to_have_text("Still knows?")
    expect(rows.nth(2).locator("td")).to_have_count(3)


def test_what_came_back_of_the_error_while_the_cells_learnt_is_what_their_cards_say(
    visit: Visit, site: httpx.Client
) -> None:
    visitor = visit("texts")
    section = visitor.page.locator("section[aria-label^='What came back of the error']")
    expect(section.locator(".chart canvas")).to_have_count(3)
    expect(section.locator("caption")).to_contain_text("123 words before the last")
    rows = section.locator("tbody tr")
    expect(rows.locator("th")).to_have_text(["nothing yet", *(f"{n:,} updates" for n in (150, 375, 750, 1500))])
    for column, cell in enumerate(("simplernn", "lstm", "gru")):
        flow = site.get(f"/models/recall-{cell}").json()["training"]["flow"]
        shares = [moment["norms"][123] / moment["norms"][0] for moment in flow]
        told = [rows.nth(n).locator("td").nth(column).text_content() or "" for n in range(len(flow))]
        shown = [float(text.removesuffix(" %").replace("\u2212", "-")) for text in told]
        assert shown == pytest.approx([100 * share for share in shares], rel=0.06)
    before = rows.first.locator("td").all_text_contents()
    assert float(before[0].removesuffix(" %")) < 1e-3 < float(before[1].removesuffix(" %"))
    section.scroll_into_view_if_needed()
    visitor.shoot("texts-gradients")
