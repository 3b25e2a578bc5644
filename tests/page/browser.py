"""Debian's Chromium for the tests of the page, and what every test does with it."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Playwright, Request

ARTEFACTS = Path(__file__).parents[2] / "artefacts" / "page"
SECONDS = 20_000  # milliseconds that a busy machine may take for anything
# The first is Chromium without windows, tabs and menus, which nobody sees here: a page opens at two thirds of the cost.
_PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_FLAGS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP *.test 127.0.0.1",
    # A guard of Chromium's own that other browsers lack; and what each new window loads for an address bar that
    # nobody sees, which cost as much as the page.
    "--disable-features=LocalNetworkAccessChecks,WebUIOmniboxPopup,WebUIOmniboxAimPopup",
    *(["--no-sandbox"] if os.geteuid() == 0 else []),  # Chromium has no sandbox for root
]


def launch(playwright: Playwright) -> Browser:
    """The machine's own Chromium; without one, a skip that says so, and a failure where UNROLL_REQUIRE_TOOLS is set."""
    executable = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if executable is None:
        message = "no Chromium: install Debian's package chromium-headless-shell"
        if os.environ.get("UNROLL_REQUIRE_TOOLS"):
            pytest.fail(message)
        pytest.skip(message)
    return playwright.chromium.launch(executable_path=executable, args=_FLAGS)


class Visitor:
    """One open page, and everything that went wrong on it."""

    def __init__(
        self, browser: Browser, url: str, view: str = "compare", *, settle: bool = True, **context: Any
    ) -> None:
        self.context: BrowserContext = browser.new_context(
            **{"viewport": {"width": 1360, "height": 900}, "locale": "en", **context}
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(SECONDS)
        self.troubles: list[str] = []
        self.requests: list[Request] = []
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("console", self._note)
        self.page.on("request", lambda request: self.requests.append(request))
        self.url = url
        self.page.goto(f"{url}/#/{view}")
        if settle:
            self._arrived()

    def _arrived(self) -> None:
        """Waits for the first answer; Chromium drops all it loads when the machine's network changes meanwhile."""
        for _ in range(3):
            with suppress(Error):
                self.settled()
            if not any("ERR_NETWORK_CHANGED" in trouble for trouble in self.troubles):
                break
            self.troubles.clear()
            self.page.reload()
        self.settled()

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(message.text)

    def settled(self, after: int = 0) -> int:
        """Waits for a redraw beyond ``after`` of them; how many there were."""
        self.page.wait_for_function(
            "before => performance.getEntriesByName('unroll-redraw').length > before", arg=after
        )
        return self.redraws()

    def redraws(self) -> int:
        """How often the page has redrawn."""
        count: int = self.page.evaluate("performance.getEntriesByName('unroll-redraw').length")
        return count

    def asked(self, path: str) -> Any:
        """The body that the page last posted to ``path``."""
        return next(request.post_data_json for request in reversed(self.requests) if request.url.endswith(path))

    def slide(self, name: str, value: float) -> None:
        """Moves a slider and waits until the answer is on the screen."""
        before = self.redraws()
        self.page.locator(f"#{name}").fill(str(value))
        self.settled(before)

    def open(self, view: str) -> None:
        """Opens a view by its tab."""
        before = self.redraws()
        self.page.locator(f"#tab-{view}").click()
        self.settled(before)

    def choose(self, preset: str) -> None:
        """Starts from a preset."""
        before = self.redraws()
        self.page.locator(f"label[for=preset-{preset}]").click()
        self.settled(before)

    def shoot(self, name: str) -> None:
        """Keeps a picture of the whole page among the artefacts."""
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)

    def accessible(self) -> None:
        """axe finds nothing to complain of."""
        results = Axe().run(self.page)
        assert results.violations_count == 0, results.generate_report()
