"""The four pictures in docs/playground.md of the page: ``python -m tests.page.screenshots`` takes them anew."""

from __future__ import annotations

import re
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect, sync_playwright

from tests.conftest import MODELS
from tests.page.browser import Visitor, launch
from tests.serving import in_thread

PICTURES = Path(__file__).parent / "screenshots"
_COLOURS = 224  # a page of few colours needs no more, and the repository stays small


def _keep(visitor: Visitor, name: str, height: int) -> None:
    picture = Image.open(BytesIO(visitor.page.screenshot(full_page=True)))
    cropped = picture.crop((0, 0, picture.width, min(height, picture.height))).convert("RGB")
    cropped.quantize(_COLOURS, dither=Image.Dither.NONE).save(PICTURES / f"{name}.png", optimize=True)


def main() -> None:
    """An own series, a comparison and a stream by day, and the inside of the textbook's memory models by night."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch(playwright)
        url = f"sqlite:///{folder}/unroll.db"
        with in_thread(models_dir=MODELS, database_url=url, log_durability="process") as client:
            series = Visitor(browser, str(client.base_url), "series")
            _keep(series, "series", 1330)
            compare = Visitor(browser, str(client.base_url))
            before = compare.redraws()
            compare.page.locator("#compare-zoom").check()
            compare.settled(before)
            _keep(compare, "compare", 1100)
            live = Visitor(browser, str(client.base_url), "live")
            live.page.locator("#live-start").click()
            for reached, button in (("9", "odd"), ("11", "shift"), ("13", "start")):  # tens, which no look passes over
                headline = re.compile(rf"^Value {reached}\d:")
                expect(live.page.locator("#live .headline")).to_contain_text(headline, timeout=60_000)
                live.page.locator(f"#live-{button}").click()
            expect(live.page.locator("#live-start")).to_have_text("Start the meter")
            _keep(live, "live", 760)
            inside = Visitor(browser, str(client.base_url), "inside", color_scheme="dark")
            inside.choose("memory")
            before = inside.redraws()
            inside.page.locator("#inside-textbook").check()
            inside.settled(before)
            _keep(inside, "inside", 1420)
        browser.close()


if __name__ == "__main__":
    main()
