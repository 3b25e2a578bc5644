"""The live view: a stream fed by a meter, odd values and shifts, and what is sent again from the record."""

from __future__ import annotations

import re
import time
from typing import Any

import httpx
from playwright.sync_api import Route, expect

from tests.page.browser import SECONDS, Visitor
from tests.page.conftest import Visit
from tests.problems import assert_problem

_TURNS = 1000  # milliseconds: several of the meter's


def _stream(visitor: Visitor) -> str:
    """The path of the stream that the page made."""
    made = [each.url for each in visitor.requests if each.method == "PUT"]
    return "/streams/" + made[-1].rpartition("/")[2]


def _press(visitor: Visitor, name: str) -> None:
    before = visitor.redraws()
    visitor.page.locator(f"#live-{name}").click()
    visitor.settled(before)


def _state(site: httpx.Client, visitor: Visitor) -> dict[str, Any]:
    found: dict[str, Any] = site.get(_stream(visitor)).json()
    return found


def test_a_meter_feeds_a_stream_whose_values_are_foretold_and_an_odd_one_is_flagged(
    visit: Visit, site: httpx.Client
) -> None:
    visitor = visit("live")
    headline = visitor.page.locator("#live .headline")
    expect(headline).to_contain_text("Value 79")
    _press(visitor, "odd")
    expect(headline).to_contain_text("is odd")
    _press(visitor, "shift")
    state = _state(site, visitor)
    (last,) = site.get(f"{_stream(visitor)}/values", params={"from": state["next"] - 1}).json()["values"]
    expect(headline).to_contain_text(f"Value {last['seq']}")
    label = visitor.page.locator("#live .chart").get_attribute("aria-label") or ""
    assert re.search(r"[1-9]\d* flags so far", label)
    visitor.shoot("live")


def test_what_is_sent_again_is_answered_from_the_record_and_counts_once(visit: Visit, site: httpx.Client) -> None:
    visitor = visit("live")
    before = _state(site, visitor)["next"]
    _press(visitor, "again")
    expect(visitor.page.locator("#live")).to_contain_text(f"Number {before - 1} was sent again")
    expect(visitor.page.locator("#live")).to_contain_text(f"still expects number {before}")
    assert _state(site, visitor)["next"] == before


def test_the_meter_runs_until_it_is_paused_or_another_view_is_opened(visit: Visit, site: httpx.Client) -> None:
    visitor = visit("live")
    visitor.page.locator("#live-start").click()
    expect(visitor.page.locator("#live .headline")).to_contain_text(re.compile(r"Value (8[2-9]|9\d|\d{3})"))
    visitor.open("log")
    visitor.page.wait_for_timeout(_TURNS)  # what was under way arrives
    resting = _state(site, visitor)["next"]
    visitor.page.wait_for_timeout(_TURNS)  # it is the stillness that is tested
    assert _state(site, visitor)["next"] == resting
    visitor.open("live")
    visitor.page.wait_for_function(
        "last => Number(document.querySelector('#live .headline').textContent.match(/Value (\\d+)/)[1]) > last",
        arg=resting,
    )
    visitor.page.locator("#live-start").click()
    expect(visitor.page.locator("#live-start")).to_have_text("Start the meter")


def test_a_value_whose_answer_was_lost_is_sent_again_and_counts_once(visit: Visit, site: httpx.Client) -> None:
    visitor = visit("live")

    def lose(route: Route) -> None:
        route.fetch()  # the service takes it, and nobody hears so
        route.fulfill(status=503, json={"detail": "lost on the way", "code": "lost"})

    visitor.page.route("**/values", lose, times=1)
    _press(visitor, "odd")
    expect(visitor.page.locator("#live .problem")).to_have_text("lost on the way")
    taken = _state(site, visitor)["next"]
    _press(visitor, "shift")
    assert _state(site, visitor)["next"] == taken + 1
    expect(visitor.page.locator("#live .problem")).to_have_text("")
    visitor.troubles[:] = [each for each in visitor.troubles if "503" not in each]  # as Chromium notes it


def test_the_stream_goes_with_the_page(visit: Visit, site: httpx.Client) -> None:
    visitor = visit("live")
    stream = _stream(visitor)
    assert site.get(stream).status_code == httpx.codes.OK
    visitor.page.goto(f"{visitor.url}/docs")
    until = time.monotonic() + SECONDS / 1000
    while site.get(stream).status_code == httpx.codes.OK and time.monotonic() < until:
        time.sleep(0.05)  # what a page asks as it goes is on its way
    assert_problem(site.get(stream), 404, "unknown_stream")
