"""The OpenAPI document describes every route that there is, with examples that are answered as it says."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.routing import Route

from service.app import PROTOCOLS, create_app
from service.http.errors import PROBLEMS
from service.http.protocol import Protocols
from service.protocols.nixtla import NIXTLA
from service.protocols.timeseries import TIMESERIES
from service.settings import Settings

# Pages for people, and what they load.
HIDDEN = {"/", "/page/{name}", "/docs", "/openapi.json", "/docs/oauth2-redirect"}


@pytest.fixture(scope="module")
def document(api: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = api.get("/openapi.json").json()
    return found


def test_every_route_is_described(document: dict[str, Any]) -> None:
    described = {(path, method) for path, item in document["paths"].items() for method in item}
    routes = [
        (route.path, method.lower())
        for route in create_app(Settings()).routes
        if isinstance(route, Route | APIRoute) and getattr(route, "include_in_schema", True)
        for method in (route.methods or set()) - {"HEAD"}
        if route.path not in HIDDEN
    ]
    computing = {path for protocol in PROTOCOLS for codec in protocol.codecs for path in codec.routes}
    assert {(path, "post") for path in computing} <= described
    assert {route for route in routes if route[0] not in computing} <= described


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if "$ref" in node else []
            return own + [each for value in node.values() for each in references(value)]
        return [each for value in node for each in references(value)] if isinstance(node, list) else []

    assert references(document)
    for reference in set(references(document)):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def test_every_error_answer_is_described_as_a_problem(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        if path.startswith("/health") or Protocols(PROTOCOLS).of(path).errors is not PROBLEMS:
            continue
        for operation in item.values():
            assert operation["summary"]
            for status, response in operation["responses"].items():
                if status.startswith(("4", "5")):
                    assert "application/problem+json" in response["content"]


@pytest.mark.parametrize(
    "path",
    [
        *("/predict", "/compare", "/forecast", "/backtest", "/anomalies", "/inspect"),
        *(codec.path for protocol in (NIXTLA, TIMESERIES) for codec in protocol.codecs),
    ],
)
def test_the_example_of_each_computing_endpoint_is_answered(
    api: httpx.Client, document: dict[str, Any], path: str
) -> None:
    content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    response = api.post(path, json=content["example"])
    assert response.status_code == 200, response.text
    schema = document["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    properties = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["properties"]
    assert response.json().keys() == properties.keys()


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(ids) == len(set(ids))
