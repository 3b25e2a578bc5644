"""The documentation works where there is no network."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import httpx
import pytest

OTHER_HOST = re.compile(r"""(?:src|href|url)\s*[=:(]\s*["']?\s*(?:https?:)?//""", re.IGNORECASE)


def test_the_page_and_everything_it_loads_come_from_the_service(client: httpx.Client) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert not OTHER_HOST.search(page.text)
    loaded = re.findall(r"""(?:src|href)=["']([^"']+)["']""", page.text)
    assert any(".js" in each for each in loaded)
    assert any(".css" in each for each in loaded)
    for each in loaded:
        response = client.get(urljoin("/docs", each))
        assert response.status_code == 200, each
        assert response.content


def test_the_page_shows_the_document_of_this_service(client: httpx.Client) -> None:
    assert "/openapi.json" in client.get("/docs").text
    document = client.get("/openapi.json").json()
    assert document["info"]["title"] == "Unroll"
    assert {"/predict", "/compare", "/models", "/requests", "/health/ready"} <= document["paths"].keys()


@pytest.mark.parametrize("path", ["/docs", "/models", "/requests", "/health/live", "/nothing"])
def test_no_answer_says_what_software_runs_here(client: httpx.Client, path: str) -> None:
    assert "server" not in client.get(path).headers
