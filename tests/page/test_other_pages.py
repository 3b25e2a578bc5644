"""What a web page of somebody else can do to a service without keys, in a real browser: nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import MODELS
from tests.page.browser import SECONDS, Visitor
from tests.serving import Process

NAMED = "unroll.test"  # the browser finds every name under .test on this machine
# As the user knows the service, and where another page comes from. Of a name in plain HTTP no Sec-Fetch-Site is told.
PLACES = [("127.0.0.1", "other.test"), ("localhost", "localhost"), (NAMED, "other.test")]
BODY = '{"sequence": [1, 2, 3, 4]}'


class _Blank(BaseHTTPRequestHandler):
    """An empty page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Another page</title><body></body>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[int]:
    """The port of another site on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Blank) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder = tmp_path_factory.mktemp("victim")
    with Process(folder, "--models-dir", str(MODELS), "--allowed-hosts", NAMED) as running:
        running.wait_until_ready()
        yield running


@contextmanager
def opened(browser: Browser, url: str) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(SECONDS)
    page.goto(url)
    yield page
    context.close()


def rows(service: Process) -> list[dict[str, Any]]:
    """What the log holds of answered requests."""
    found: list[dict[str, Any]] = service.client.get("/requests").raise_for_status().json()["requests"]
    return [row for row in found if row["status"] < 400]


def assert_unharmed(service: Process, before: list[dict[str, Any]]) -> None:
    assert rows(service) == before
    assert service.client.get("/v2/models/sine-gru/ready").status_code == 200


@pytest.fixture
def kept(service: Process) -> list[dict[str, Any]]:
    """What is on record before somebody tries to read or delete it."""
    service.client.post("/predict", content=BODY).raise_for_status()
    return rows(service)


def test_a_name_that_is_pointed_here_reads_deletes_and_asks_nothing(
    browser: Browser, service: Process, kept: list[dict[str, Any]]
) -> None:
    origin = f"http://rebound.test:{service.port}"
    context = browser.new_context()
    page = context.new_page()
    # The page came from its owner's machine; by now its name leads here.
    page.route(f"{origin}/start", lambda route: route.fulfill(content_type="text/html", body="<!doctype html>"))
    page.goto(f"{origin}/start")
    asked = """async ([method, path, body]) => {
        const answer = await fetch(path, {method, body});
        return [answer.status, (await answer.json()).code];
    }"""
    for asking in (
        ["GET", "/requests", None],
        ["GET", "/requests/export", None],
        ["DELETE", "/requests?before=2100-01-01T00:00:00Z", None],
        ["POST", "/predict", BODY],
        ["POST", "/v2/repository/models/sine-gru/unload", ""],
    ):
        assert page.evaluate(asked, asking) in ([421, "misdirected_request"], [421, None]), asking
    assert_unharmed(service, kept)
    context.close()


@pytest.mark.parametrize(("name", "other"), PLACES)
def test_a_fetch_without_cors_unloads_and_asks_nothing(
    browser: Browser, service: Process, elsewhere: int, kept: list[dict[str, Any]], name: str, other: str
) -> None:
    here = f"http://{name}:{service.port}"
    with opened(browser, f"http://{other}:{elsewhere}/") as page:
        for path, body in (("/v2/repository/models/sine-gru/unload", ""), ("/predict", BODY)):
            with page.expect_event("requestfailed") as refused:
                page.evaluate(
                    "([url, body]) => void fetch(url, {method: 'POST', mode: 'no-cors', body: new Blob([body])})"
                    ".catch(() => {})",
                    [here + path, body],
                )
            assert refused.value.url == here + path
    assert_unharmed(service, kept)


@pytest.mark.parametrize(("name", "other"), PLACES)
def test_a_form_that_another_page_sends_unloads_nothing(
    browser: Browser, service: Process, elsewhere: int, kept: list[dict[str, Any]], name: str, other: str
) -> None:
    url = f"http://{name}:{service.port}/v2/repository/models/sine-gru/unload"
    with opened(browser, f"http://{other}:{elsewhere}/") as page:
        with page.expect_response(url) as answered:
            page.evaluate(
                """url => {
                    const form = Object.assign(document.createElement("form"), {method: "post", action: url});
                    document.body.append(form);
                    form.submit();
                }""",
                url,
            )
        assert answered.value.status == 403
        page.wait_for_url(url)
    assert_unharmed(service, kept)


@pytest.mark.parametrize(("name", "other"), PLACES)
def test_a_beacon_leaves_no_row(
    browser: Browser, service: Process, elsewhere: int, kept: list[dict[str, Any]], name: str, other: str
) -> None:
    url = f"http://{name}:{service.port}/predict"
    with opened(browser, f"http://{other}:{elsewhere}/") as page:
        with page.expect_event("requestfailed") as refused:
            assert page.evaluate("([url, body]) => navigator.sendBeacon(url, new Blob([body]))", [url, BODY])
        assert refused.value.url == url
    assert_unharmed(service, kept)


@pytest.mark.parametrize(("name", "other"), PLACES)
def test_an_image_of_here_is_not_shown_elsewhere(
    browser: Browser, service: Process, elsewhere: int, name: str, other: str
) -> None:
    shown = """url => new Promise(resolve => {
        const image = new Image();
        image.onload = () => resolve(true);
        image.onerror = () => resolve(false);
        image.src = url;
        document.body.append(image);
    })"""
    url = f"http://{name}:{service.port}/models/sine-gru/plots/loss.svg"
    with opened(browser, f"http://{other}:{elsewhere}/") as page:
        assert not page.evaluate(shown, url)
    with opened(browser, url) as page:  # a link to it is followed
        expect(page.locator("svg").first).to_be_attached()


@pytest.mark.parametrize("name", [name for name, _ in PLACES])
def test_its_own_page_works_under_each_of_its_names(browser: Browser, service: Process, name: str) -> None:
    visitor = Visitor(browser, f"http://{name}:{service.port}")
    expect(visitor.page.locator("#compare tr.is-best")).to_be_visible()
    visitor.open("models")
    visitor.page.locator("#models .card").first.scroll_into_view_if_needed()
    visitor.page.wait_for_function("() => document.querySelector('#models .card img')?.naturalWidth > 0")
    assert visitor.troubles == []
    visitor.context.close()
