"""The address: a view with its settings is shared as a link, and a page follows another one."""

from __future__ import annotations

from urllib.parse import parse_qs

from playwright.sync_api import expect

from tests.page.browser import Visitor
from tests.page.conftest import Visit


def said(visitor: Visitor) -> tuple[str, dict[str, str]]:
    """The view that the address names, and its settings."""
    view, _, query = visitor.page.url.partition("#/")[2].partition("?")
    return view, {name: each[0] for name, each in parse_qs(query).items()}


def follow(visitor: Visitor, address: str) -> None:
    """Opens another address in the same page, as from the address bar."""
    before = visitor.redraws()
    visitor.page.evaluate("address => { location.hash = address; }", address)
    visitor.settled(before)


def test_a_link_opens_a_view_as_it_was_shared(visit: Visit) -> None:
    first = visit("texts")
    first.slide("between", 77)
    before = first.redraws()
    first.page.locator("#date").fill("2026년 11월 3일")
    first.settled(before)
    assert said(first) == ("texts", {"date": "2026년 11월 3일", "between": "77"})
    second = visit(first.page.url.partition("#/")[2])
    expect(second.page.locator("#date")).to_have_value("2026년 11월 3일")
    expect(second.page.locator("#between")).to_have_value("77")
    expect(second.page.locator(".written")).to_have_text("2026-11-03")


def test_a_sequence_is_shared_by_how_it_was_made_or_by_its_values(visit: Visit) -> None:
    visitor = visit("compare")
    assert said(visitor) == ("compare", {"start": "sine"})
    visitor.slide("set-amplitude", 2.5)
    assert said(visitor) == ("compare", {"start": "sine", "amplitude": "2.5"})
    asked = visitor.asked("/compare")["sequence"]
    other = visit(visitor.page.url.partition("#/")[2])
    assert other.asked("/compare")["sequence"] == asked
    follow(other, "#/forecast?values=1,2,,4,5&horizon=7")
    assert (other.asked("/forecast")["sequence"], other.asked("/forecast")["horizon"]) == ([1, 2, None, 4, 5], 7)
    assert said(other) == ("forecast", {"values": "1,2,,4,5", "horizon": "7"})


def test_a_page_follows_a_changed_address_and_a_jump_within_it_changes_nothing(visit: Visit) -> None:
    visitor = visit("texts")
    follow(visitor, "#/series?start=sine&horizon=5")
    expect(visitor.page.locator("#tab-series")).to_have_attribute("aria-selected", "true")
    assert visitor.asked("/forecast")["horizon"] == 5
    redraws = visitor.redraws()
    visitor.page.evaluate("location.hash = '#answers'")
    expect(visitor.page.locator("#tab-series")).to_have_attribute("aria-selected", "true")
    assert visitor.redraws() == redraws


def test_nonsense_in_an_address_is_left_alone(visit: Visit) -> None:
    visitor = visit("series?horizon=1e9&start=sine&length=1e9&amplitude=x&seed=y&season=many")
    asked = visitor.asked("/forecast")
    assert (asked["horizon"], len(asked["sequence"])) == (100, 64)
    assert "season" not in asked
    nowhere = visit("nowhere?values=,,")
    expect(nowhere.page.locator("#tab-series")).to_have_attribute("aria-selected", "true")
