"""A service with the published models, a browser, and visitors who leave no trouble behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.conftest import MODELS
from tests.page.browser import Visitor, launch
from tests.serving import in_thread

Visit = Callable[..., Visitor]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.system)


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """The whole application with a log of its own."""
    file = tmp_path_factory.mktemp("page") / "unroll.db"
    with in_thread(models_dir=MODELS, database_url=f"sqlite:///{file}", log_durability="process") as client:
        yield client


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    # For this package only: while Playwright is open, an event loop runs in this thread and no other can.
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Browser, site: httpx.Client) -> Iterator[Visit]:
    """Opens the page; afterwards nothing may stand in the browser's console (a blocked script or style would)."""
    visitors: list[Visitor] = []

    def open_page(view: str = "compare", other: httpx.Client | None = None, **context: object) -> Visitor:
        visitor = Visitor(browser, str((other or site).base_url), view, **context)
        visitors.append(visitor)
        return visitor

    yield open_page
    troubles = [trouble for visitor in visitors for trouble in visitor.troubles]
    for visitor in visitors:
        visitor.context.close()
    assert troubles == []
