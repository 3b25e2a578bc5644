"""docs/access.md: every cell of its table is what a real service does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.keys import KeyFile, Scope
from tests.serving import in_thread

DOCUMENT = Path(__file__).parents[2] / "docs" / "access.md"
HEAD, _, *LINES = (
    DOCUMENT.read_text().partition("<!-- access:begin -->\n")[2].partition("<!-- access:end -->")[0].splitlines()
)
COLUMNS = [cell.strip() for cell in HEAD.strip("|").split("|")][1:]
TABLE = {
    cells[0].strip("` "): [cell.strip() for cell in cells[1:]]
    for line in LINES
    for cells in [line.strip("|").split("|")]
}
PLACES = {
    "stream": "meter",
    "model": "sine-gru",
    "name": "sine-gru",
    "version": "1",
    "plot": "loss",
    "task": "forecast",
    "job": "none",
}
ASKED = {"sequence": [1, 2, 3, 4]}
_SERIES = {"series": {"y": [1, 2, 3, 4], "sizes": [4]}, "h": 1}
_TUNING = {"series": {"y": [1, 2, 4, 8, 3] * 10, "sizes": [50]}, "output_model_id": "mine"}
BODIES = {
    "/nixtla/v2/finetune": _TUNING,
    "/nixtla/v2/online_anomaly_detection": {**_SERIES, "detection_size": 1},
    "/nixtla/v2/anomaly_detection": _SERIES,
    "/nixtla/v2/historic_forecast": _SERIES,
    "/nixtla/v2/cross_validation": _SERIES,
    "/nixtla/v2/forecast": _SERIES,
    "/async": _SERIES,
    "/nixtla/validate_token": {},
    "/nixtla/model_params": {},
    "/v1/timeseries/forecast": {
        "model": "auto",
        "inputs": [{"type": "univariate_time_series", "name": "a", "frequency": "D", "series": [1, 2, 3, 4]}],
        "options": {"horizon": 2},
    },
    "/invocations": {"instances": [{"target": [1, 2, 3, 4]}]},
    "/predict": ASKED,
    "/compare": {"task": "linear", **ASKED},
    "/forecast": {"horizon": 2, **ASKED},
    "/backtest": {"models": ["sine-gru"], "horizon": 1, "sequence": list(range(12))},
    "/anomalies": ASKED,
    "/inspect": {"model": "sine-gru", **ASKED},
    "/generate": {"model": "translate-date-gru", "input": "3 Nov 26"},
    ":predict": {"instances": [[1, 2, 3, 4]]},
    "/infer": {"inputs": [{"name": "sequence", "shape": [1, 4], "datatype": "FP64", "data": [1, 2, 3, 4]}]},
    "/outcome": {"value": 5.0},
    "/index": {},
    "/streams/{stream}/values": {"seq": 0, "values": [1.0, 2.0]},
    "/streams/values": {"streams": [{"stream": "meter", "seq": 0, "values": [1.0, 2.0]}]},
    "load": {},
}


class Site:
    """A service with a key of each scope, and one of a client whom the others do not know."""

    def __init__(self, client: httpx.Client, tokens: dict[str, str]) -> None:
        self.client, self._tokens = client, tokens

    def ask(self, route: str, who: str, request_id: str) -> httpx.Response:
        method, _, template = route.partition(" ")
        places = {**PLACES, "request_id": request_id, "job": self._job(who) if "{job}" in template else ""}
        if "/finetuned_models/" in template:
            places["model"] = self._tuned()
        path = re.sub(r"\{(\w+)\}", lambda found: places[found[1]], template)
        ends = (body for end, body in BODIES.items() if path.endswith(end) or template == end)
        body = next(ends, None) if method == "POST" else None
        query = {"before": "2000-01-01T00:00:00Z"} if route == "DELETE /requests" else None
        if "{stream}" in template:
            self._have_stream(who, is_closed=template.endswith("/events"))
            query = {"horizon": "2"} if template.endswith("/forecast") else None
        return self.client.request(method, path, json=body, params=query, headers=self._headers(who))

    def _have_stream(self, who: str, *, is_closed: bool) -> None:
        """A stream of values that ``who`` may ask for, if anything; its events end where it is closed."""
        url, headers = f"/streams/{PLACES['stream']}", self._headers(who)
        self.client.delete(url, headers=headers)
        self.client.put(url, json={}, headers=headers)
        self.client.post(f"{url}/values", json={"seq": 0, "values": [1.0, 2.0]}, headers=headers)
        if is_closed:
            self.client.post(f"{url}/close", headers=headers)

    def _tuned(self) -> str:
        """A fine-tuned model, made now where there is none."""
        answer = self.client.post("/nixtla/v2/finetune", json=_TUNING, headers=self._headers("admin"))
        return str(answer.raise_for_status().json()["finetuned_model_id"])

    def _job(self, who: str) -> str:
        """A job of ``who``, if it may have any, behind one that takes a while."""
        path, headers = "/nixtla/v2/forecast/async", self._headers(who)
        series = {"y": [1, 2, 3, 4] * 500, "sizes": [4] * 500}
        self.client.post(path, json={"series": series, "h": 200}, headers=headers)
        found = self.client.post(path, json=_SERIES, headers=headers).json()
        return str(found.get("job_id", PLACES["job"]))

    def answered_to(self, who: str) -> str:
        """The id of a request that ``who`` made just now."""
        answer = self.client.post("/predict", json=ASKED, headers=self._headers(who))
        return str(answer.raise_for_status().json()["request_id"])

    def _headers(self, who: str) -> dict[str, str]:
        return {"X-API-Key": self._tokens[who]} if who in self._tokens else {}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder, models = tmp_path_factory.mktemp("access"), tmp_path_factory.mktemp("models")
    keys = KeyFile(folder / "keys.json")
    tokens = {scope.value: keys.add(scope.value, scope) for scope in Scope}
    tokens["another"] = keys.add("another", Scope.predict)
    with in_thread(
        models_dir=models,
        database_url=f"sqlite:///{folder}/unroll.db",
        log_durability="process",
        api_keys_file=folder / "keys.json",
    ) as client:
        yield Site(client, tokens)


def test_the_table_has_every_route_and_every_scope(site: Site) -> None:
    paths = site.client.get("/openapi.json").json()["paths"]
    described = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert described | {"GET /", "GET /docs", "GET /openapi.json"} == set(TABLE)
    assert ["no key", *Scope] == COLUMNS


@pytest.mark.parametrize("who", COLUMNS)
@pytest.mark.parametrize("route", TABLE)
def test_a_cell_says_what_is_answered(site: Site, route: str, who: str) -> None:
    cell = TABLE[route][COLUMNS.index(who)]
    answer = site.ask(route, who, site.answered_to("another"))
    if cell == "-":
        assert answer.status_code == (401 if who == "no key" else 403)
    elif cell == "own":
        assert answer.status_code == 404
        assert site.ask(route, who, site.answered_to(who)).status_code == 200
    else:
        status = 202 if route.endswith("/async") else 204 if "DELETE /nixtla" in route else 200
        assert (cell, answer.status_code) == ("yes", status)


@pytest.mark.parametrize("who", COLUMNS)
def test_reasons_are_for_callers_with_a_key(site: Site, who: str) -> None:
    assert site.ask("GET /health/ready", who, "").json()["refused"] == (None if who == "no key" else {})


def test_nobody_takes_the_owners_outcome_away(site: Site) -> None:
    """What a reader tells of another's request is refused, so the owner's own outcome still finds its place."""
    route, mine = "POST /requests/{request_id}/outcome", site.answered_to("predict")
    assert site.ask(route, "read", mine).status_code == 404
    assert site.ask(route, "predict", mine).json()["scored"] == 1
