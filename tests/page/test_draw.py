"""Point 1: a sequence is drawn, pasted or made from sliders, and every change is answered at once."""

from __future__ import annotations

import re
from itertools import pairwise
from statistics import median

import pytest
from playwright.sync_api import expect

from tests.page.conftest import Visit

# What one comparison takes from the page, in milliseconds: a redraw asks for a handful and draws.
ASKING = """async () => {
  const taken = [];
  const body = JSON.stringify({task: "sine", sequence: [1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 2]});
  for (let time = 0; time < 9; time += 1) {
    const began = performance.now();
    await (await fetch("compare", {method: "POST", headers: {"Content-Type": "application/json"}, body})).json();
    taken.push(performance.now() - began);
  }
  return taken;
}"""


def test_dragging_over_the_surface_draws_the_sequence(visit: Visit) -> None:
    visitor = visit()
    before = visitor.redraws()
    box = visitor.page.locator(".surface").bounding_box()
    assert box is not None
    visitor.page.mouse.move(box["x"] + 5, box["y"] + 20)
    visitor.page.mouse.down()
    visitor.page.mouse.move(box["x"] + box["width"] - 5, box["y"] + box["height"] - 20, steps=12)
    visitor.page.mouse.up()
    visitor.settled(before)
    expect(visitor.page.locator(".about")).to_contain_text("your own, 32 values")
    expect(visitor.page.locator("#truth")).to_have_value("")
    visitor.open("forecast")  # asks once more, now that the line is whole
    drawn = visitor.asked("/forecast")["sequence"]
    assert len(drawn) == 32
    assert all(later < earlier for earlier, later in pairwise(drawn))
    expect(visitor.page.locator("#truth")).to_have_value("")


def test_a_finger_draws_too(visit: Visit) -> None:
    visitor = visit(has_touch=True, is_mobile=True, viewport={"width": 390, "height": 844})
    before = visitor.redraws()
    visitor.page.locator(".surface").tap(position={"x": 150, "y": 30})
    visitor.settled(before)
    expect(visitor.page.locator(".about")).to_contain_text("your own")


def test_the_keyboard_draws_too(visit: Visit) -> None:
    visitor = visit()
    surface = visitor.page.get_by_role("slider", name="Draw the sequence")
    surface.focus()
    visitor.page.keyboard.press("ArrowRight")
    expect(surface).to_have_attribute("aria-valuetext", re.compile("^step 2 of 32"))
    value = float(surface.get_attribute("aria-valuenow") or "nan")
    before = visitor.redraws()
    visitor.page.keyboard.press("ArrowUp")
    visitor.settled(before)
    assert float(surface.get_attribute("aria-valuenow") or "nan") > value


def test_a_refusal_stands_alone_until_there_is_an_answer_again(visit: Visit) -> None:
    visitor = visit()
    visitor.page.get_by_text("Paste numbers").click()
    before = visitor.redraws()
    visitor.page.locator("#paste").fill("1, 0.5\n3, 0.7")
    visitor.page.locator(".readings button").first.click()
    visitor.settled(before)
    expect(visitor.page.locator("#compare .problem")).to_contain_text("at least one even index")
    expect(visitor.page.locator("#compare .headline")).to_be_hidden()
    assert "422" in visitor.troubles[0]
    visitor.choose("linear")
    expect(visitor.page.locator("#compare .problem")).to_be_hidden()
    expect(visitor.page.locator("#compare .chart canvas")).to_be_visible()
    visitor.troubles.clear()


def test_sliders_shape_the_preset(visit: Visit) -> None:
    visitor = visit()
    for preset in ("sine", "linear"):
        if preset != "sine":  # which it begins with
            visitor.choose(preset)
        visitor.slide("set-noise", 0)
        visitor.slide("set-step", 0.5)
        visitor.slide("set-offset", 2)
        visitor.slide("set-length", 10)
        sequence = visitor.asked("/compare")["sequence"]
        assert len(sequence) == 10
        assert sequence[0] == 2
    assert sequence[-1] == pytest.approx(6.5)


def test_an_index_is_toggled_between_even_and_odd(visit: Visit) -> None:
    visitor = visit()
    visitor.choose("memory")
    button = visitor.page.locator(".indices button").first
    before_text, before_pressed = button.text_content(), button.get_attribute("aria-pressed")
    answer = visitor.page.locator("[data-name='memory-gru'] td").first.text_content()
    before = visitor.redraws()
    button.click()
    visitor.settled(before)
    assert int(button.text_content() or "") == int(before_text or "") ^ 1
    assert button.get_attribute("aria-pressed") != before_pressed
    assert visitor.page.locator("[data-name='memory-gru'] td").first.text_content() != answer


def test_a_change_is_on_the_screen_at_once(visit: Visit) -> None:
    visitor = visit("series?start=sine")
    for view in ("compare", "forecast", "inside"):
        visitor.open(view)
        for tenth in range(3):
            visitor.slide("set-amplitude", 1 + tenth / 10)
        visitor.page.evaluate("performance.clearMeasures()")
        for tenth in range(9):
            visitor.slide("set-amplitude", 2 + tenth / 10)
        taken = visitor.page.evaluate("performance.getEntriesByName('unroll-redraw').map(entry => entry.duration)")
        asking = visitor.page.evaluate(ASKING)
        print(f"{view}: redrawn in {median(taken):.0f} ms, one request {median(asking):.1f} ms")
        assert median(taken) < 50 * median(asking), taken
