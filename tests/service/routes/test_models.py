from __future__ import annotations

from xml.etree import ElementTree

import httpx
import pytest

from service.cards import ModelCard
from service.inference.catalog import Catalog
from service.routes.models import ModelList


def test_the_list_says_what_a_client_needs_to_choose(api: httpx.Client, catalog: Catalog) -> None:
    response = api.get("/models")
    found = ModelList.model_validate_json(response.content)
    assert [model.name for model in found.models] == sorted(model.card.name for model in catalog)
    assert found.refused == {}
    for model in response.json()["models"]:
        assert model["versions"] == ["1"]
        assert model["parameters"] > 0
        assert model["test"]["rules"]


def test_a_card_has_its_parameters_at_the_top_and_is_the_one_that_was_written(
    api: httpx.Client, catalog: Catalog
) -> None:
    for model in catalog:
        for query in ("", "?version=1"):
            response = api.get(f"/models/{model.card.name}{query}")
            assert response.status_code == 200
            assert ModelCard.model_validate_json(response.content) == model.card
            assert response.json()["parameters"] == model.card.parameters


@pytest.mark.parametrize("plot", ["loss", "fit"])
def test_each_plot_is_an_svg_that_asks_no_other_host(api: httpx.Client, catalog: Catalog, plot: str) -> None:
    for model in catalog:
        response = api.get(f"/models/{model.card.name}/plots/{plot}.svg")
        assert response.status_code == 200
        assert response.headers["content-type"] == "image/svg+xml"
        root = ElementTree.fromstring(response.content)  # noqa: S314  # our own file
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        for element in root.iter():
            assert not element.tag.endswith("}script")
            for name, value in element.attrib.items():
                assert not (name.endswith("href") and "//" in value)


def test_health_says_what_is_served_and_what_is_not(api: httpx.Client, catalog: Catalog) -> None:
    assert api.get("/health/live").json() == {"status": "live"}
    ready = api.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json()["status"] == "ready"
    assert ready.json()["models"] == len(catalog)
    assert ready.json()["refused"] == {}
