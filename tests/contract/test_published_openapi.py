"""The published OpenAPI document is the one that is served, and says of each route what it takes and answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.app import PROTOCOLS, create_app
from service.http.protocol import Protocols
from service.settings import Settings

PUBLISHED = Path(__file__).parents[2] / "service" / "openapi.json"


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(PUBLISHED.read_text())
    return found


def test_the_published_document_is_the_one_that_is_served(published: dict[str, Any]) -> None:
    assert published == create_app(Settings()).openapi(), "the API changed: look at the change, then `make openapi`"


def test_every_operation_says_what_it_does_takes_and_answers(published: dict[str, Any]) -> None:
    for path, item in published["paths"].items():
        for method, operation in item.items():
            assert operation["summary"], path
            assert operation["tags"], path
            assert {"200", "202", "204"} & operation["responses"].keys(), path
            for status, response in operation["responses"].items():
                assert response["description"], path
                assert status == "204" or response["content"], path
            assert {name for name in path.split("/") if name.startswith("{") and name.endswith("}")} <= {
                f"{{{each['name']}}}" for each in operation.get("parameters", []) if each["in"] == "path"
            }, path
            if method == "post" and not path.endswith(("/close", "/cancel")):  # which needs no more than its path
                (content, *_) = operation["requestBody"]["content"].values()
                assert content["schema"], path


def test_errors_have_the_shape_of_their_protocol(published: dict[str, Any]) -> None:
    for path, item in published["paths"].items():
        errors = Protocols(PROTOCOLS).of(path).errors
        media_type, schema = errors.media_type, errors.record.__name__
        for operation in item.values():
            for status, response in operation["responses"].items():
                if status.startswith("4"):
                    assert response["content"] == {media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/models/{model}:predict", "/v2/models/{model}/infer", "/endpoints/{model}/invocations", "/invocations"),
        *(f"/nixtla/v2/{call}" for call in ("forecast", "cross_validation", "historic_forecast", "anomaly_detection")),
        *("/nixtla/v2/online_anomaly_detection", "/v1/timeseries/forecast"),
    ],
)
def test_the_examples_of_the_other_protocols_are_answered(
    api: httpx.Client, published: dict[str, Any], path: str
) -> None:
    content = published["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    answer = api.post(path.format(model="linear-gru"), json=content["example"])
    assert answer.status_code == httpx.codes.OK, answer.text
