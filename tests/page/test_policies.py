"""What the browser itself refuses: scripts in plots, another uPlot than the known one; and what the docs still may."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from service.cards import sha256
from service.routes import page
from tests.conftest import MODELS
from tests.page.browser import Visitor
from tests.page.test_page import UPLOT, carried
from tests.serving import in_thread

# It would ask in the reader's name, and says on the page how that went.
SCRIPT = """<svg xmlns="http://www.w3.org/2000/svg" width="100" height="40"><rect id="drawn" width="9" height="9"/>
<script>
document.documentElement.setAttribute("ran", "yes");
fetch("/predict", {method: "POST", body: '{"sequence": [1, 2, 3, 4]}'});
</script></svg>"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service of one model, whose loss curve holds a script; its checksums are right."""
    folder = tmp_path_factory.mktemp("stored")
    model = shutil.copytree(MODELS / "sine-gru" / "1", folder / "models" / "sine-gru" / "1")
    card = json.loads((model / "card.json").read_text())
    (model / "loss.svg").write_text(SCRIPT)
    card["checksums"]["loss.svg"] = sha256(SCRIPT.encode())
    (model / "card.json").write_text(json.dumps(card))
    with in_thread(models_dir=folder / "models", database_url=f"sqlite:///{folder}/unroll.db") as client:
        yield client


def test_a_script_in_a_plot_does_not_run(browser: Browser, service: httpx.Client) -> None:
    context = browser.new_context()
    opened = context.new_page()
    opened.goto(f"{service.base_url}/models/sine-gru/plots/loss.svg")
    expect(opened.locator("#drawn")).to_be_attached()
    assert opened.evaluate("document.documentElement.getAttribute('ran')") is None
    assert opened.evaluate("origin") == "null"  # in a sandbox: nothing of the service's own is within its reach
    context.close()
    assert service.get("/requests").json()["requests"] == []


def test_the_docs_are_drawn_and_ask_with_their_policy(browser: Browser, service: httpx.Client) -> None:
    context = browser.new_context()
    opened = context.new_page()
    troubles: list[str] = []
    opened.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.goto(f"{service.base_url}/docs")
    opened.locator("[id$=predict] .opblock-summary-control").first.click()
    opened.get_by_role("button", name="Try it out").first.click()
    with opened.expect_response(lambda answer: answer.request.method == "POST") as answered:
        opened.get_by_role("button", name="Execute").first.click()
    assert answered.value.status == 200
    assert troubles == []
    context.close()


def test_the_page_names_the_release_of_uplot_that_it_takes() -> None:
    index = (Path(page.__file__).parents[1] / "page" / "index.html").read_text()
    named = dict(re.findall(r'page/(uplot\.[\w.]+)" integrity="sha256-([^"]+)"', index))
    assert {name: base64.b64decode(digest).hex() for name, digest in named.items()} == UPLOT


def test_another_uplot_is_not_run_and_the_page_says_so(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    altered = carried("uplot.iife.min.js").read_bytes() + b";document.documentElement.id='ran'"
    (tmp_path / "uplot.iife.min.js").write_bytes(altered)
    folders = page.files.all_directories
    monkeypatch.setattr(page.files, "all_directories", [tmp_path, *folders])
    with in_thread(models_dir=MODELS, database_url=f"sqlite:///{tmp_path}/unroll.db") as site:
        visitor = Visitor(browser, str(site.base_url), settle=False)
        expect(visitor.page.locator("#compare .problem")).to_contain_text("not the release that this page knows")
        assert visitor.page.evaluate("document.documentElement.id") == ""
        visitor.context.close()
