"""The digits view: an image that is drawn and its words, a word that is typed and its image."""

from __future__ import annotations

import httpx
from playwright.sync_api import expect

from tests.page.browser import Visitor
from tests.page.conftest import Visit


def stroke(visitor: Visitor, *points: tuple[float, float]) -> None:
    """Draws a line from point to point, each in shares of the surface, and waits until it is answered."""
    box = visitor.page.locator("canvas.ink").bounding_box()
    assert box is not None
    before, mouse = visitor.redraws(), visitor.page.mouse
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    mouse.move(*places[0])
    mouse.down()
    for place in places[1:]:
        mouse.move(*place, steps=8)
    mouse.up()
    visitor.settled(before)


def latest(visitor: Visitor, model: str) -> dict[str, object]:
    """What the page asked of ``model`` last."""
    bodies = [each.post_data_json for each in visitor.requests if each.url.endswith("/generate")]
    found: dict[str, object] = next(body for body in reversed(bodies) if body["model"] == model)
    return found


def test_a_digit_drawn_with_the_mouse_is_read_in_two_languages(visit: Visit, site: httpx.Client) -> None:
    visitor = visit("digits")
    page = visitor.page
    expect(page.locator("#sequence")).to_be_hidden()
    before = visitor.redraws()
    page.get_by_role("button", name="Clear").click()
    visitor.settled(before)
    stroke(
        visitor,
        (0.55, 0.12),
        (0.35, 0.2),
        (0.28, 0.5),
        (0.38, 0.82),
        (0.58, 0.85),
        (0.68, 0.5),
        (0.62, 0.2),
        (0.5, 0.12),
    )
    english, korean = page.locator(".caption .written").nth(0), page.locator(".caption .written").nth(1)
    expect(english).to_have_text("zero")
    expect(korean).to_have_text("영")
    for language, output in (("en", "zero"), ("ko", "영")):
        asked = latest(visitor, f"caption-digit-{language}-gru")
        assert site.post("/generate", json=asked).json()["output"] == output
    expect(page.locator(".caption .attention").first.locator("thead th")).to_have_count(8)
    visitor.shoot("digits")


def test_digits_that_somebody_wrote_are_read(visit: Visit) -> None:
    visitor = visit("digits")
    for digit, word in ((7, "seven"), (2, "two")):
        before = visitor.redraws()
        visitor.page.get_by_role("button", name=f"A handwritten {digit}").click()
        visitor.settled(before)
        expect(visitor.page.locator(".caption .written").first).to_have_text(word)
        expect(visitor.page.locator(".caption .badge").first).to_have_text(f"three nearest images: {word}")


def test_pixels_are_set_by_keys_too(visit: Visit) -> None:
    visitor = visit("digits")
    surface = visitor.page.locator("canvas.ink")
    before = visitor.redraws()
    visitor.page.get_by_role("button", name="Clear").click()
    before = visitor.settled(before)
    surface.focus()
    surface.press("ArrowRight")
    surface.press(" ")
    visitor.settled(before)
    image = latest(visitor, "caption-digit-en-gru")["input"]
    assert image == [16 if at == 12 else 0 for at in range(64)]
    visitor.accessible()


def test_a_word_with_a_mistake_is_drawn_as_the_digit_that_it_means(visit: Visit, site: httpx.Client) -> None:
    visitor = visit("digits")
    page = visitor.page
    before = visitor.redraws()
    page.get_by_label("A word from zero to nine").fill("sevne")
    visitor.settled(before)
    assert latest(visitor, "draw-digit-gru")["input"] == "sevne"
    expect(page.locator("#digits")).to_contain_text("both show the same digit")
    ink = page.locator("figure canvas").first.evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(0, 0, 160, 160).data].filter((_, n) => n % 4 === 0)"
    )
    image = site.post("/generate", json={"model": "draw-digit-gru", "input": "sevne"}).json()["output"]
    middles = [ink[(20 * (at // 8) + 10) * 160 + 20 * (at % 8) + 10] for at in range(64)]
    dark = sorted(range(64), key=lambda at: image[at])
    assert max(middles[at] for at in dark[-8:]) < min(middles[at] for at in dark[:8])
    before = visitor.redraws()
    page.get_by_label("A word from zero to nine").fill("elephant")
    visitor.settled(before)
    expect(page.locator("#digits")).to_contain_text("No known word is near enough")
    visitor.shoot("digits-word")


def test_a_drawn_digit_is_shared_by_its_address(visit: Visit) -> None:
    first = visit("digits")
    stroke(first, (0.5, 0.1), (0.5, 0.9))
    first.page.wait_for_load_state("networkidle")  # a stroke is asked about on its way, and at its end
    second = visit(first.page.url.partition("#/")[2])
    asked = [latest(visitor, "caption-digit-ko-gru")["input"] for visitor in (first, second)]
    assert asked[0] == asked[1]
