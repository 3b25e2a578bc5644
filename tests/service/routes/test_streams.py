"""Streams over HTTP: each value once, answered as /predict answers what it reads, whoever asks."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from service.keys import KeyFile, Scope
from tests.conftest import MODELS
from tests.own_series import add_own_series
from tests.problems import NUMBER, TEXT, assert_problem
from tests.serving import in_thread

W = 64
_numbers = count()

Make = Callable[..., str]


def _values(length: int, seed: int = 0) -> list[float]:
    rng = np.random.default_rng(seed)
    found: list[float] = (np.sin(np.arange(length) / 5) + 0.05 * rng.standard_normal(length)).tolist()
    return found


@pytest.fixture
def make(api: httpx.Client) -> Make:
    """Makes a stream of a name that no other test has."""

    def made(**settings: Any) -> str:
        name = f"meter-{next(_numbers)}"
        answer = api.put(f"/streams/{name}", json={"model": "sine-gru", "window": W, **settings})
        assert answer.status_code == 201, answer.text
        return name

    return made


def _append(api: httpx.Client, stream: str, seq: int, values: list[float | None]) -> dict[str, Any]:
    answer = api.post(f"/streams/{stream}/values", json={"seq": seq, "values": values})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _read(values: list[Any], seq: int) -> list[Any]:
    """What the answer to the value number ``seq`` reads, by the definition."""
    return values[max(0, (seq // W - 1) * W) : seq + 1]


NEXT_VALUE = ["sine-gru", "linear-simplernn", "linear-lstm", "series-gru", "series-lstm", "textbook-sine-gru"]


@pytest.mark.parametrize("model", NEXT_VALUE)
def test_an_answer_is_to_the_bit_that_of_predict_on_what_it_reads(api: httpx.Client, make: Make, model: str) -> None:
    stream, values = make(model=model, levels=[80, 95]), _values(2 * W + 9)
    answers: list[dict[str, Any]] = []
    for size in (1, 1, 20, 2 * W - 22, 2, 7):
        answers += _append(api, stream, len(answers), values[len(answers) :][:size])["answers"]
    assert [each["seq"] for each in answers] == list(range(len(values)))
    for seq in (0, 1, 5, 15, W - 1, W, W + 1, 2 * W - 1, 2 * W, 2 * W + 8):
        asked = {"model": model, "sequence": _read(values, seq), "levels": [80, 95]}
        answered = api.post("/predict", json=asked)
        if answered.status_code == 422:
            assert (answered.json()["code"], answers[seq]["prediction"]) == ("sequence_too_short", None)
        else:
            assert answers[seq]["prediction"] == answered.json()["predictions"][0]


def test_own_series_are_followed_and_the_general_model_answers_where_none_is_named(tmp_path: Path) -> None:
    (own, *_) = add_own_series(tmp_path, "sales")
    values = _values(W + 3)
    with in_thread(models_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/unroll.db") as api:
        api.put("/streams/own", json={"model": own, "window": W}).raise_for_status()
        assert api.put("/streams/general").json()["model"] == "series-gru"
        for stream, model in (("own", own), ("general", "series-gru")):
            last = _append(api, stream, 0, [*values])["answers"][-1]["prediction"]
            told = api.post("/predict", json={"model": model, "sequence": values, "levels": [90]}).json()
            assert last == told["predictions"][0]


def test_a_gap_is_read_by_a_model_that_knows_gaps_and_measures_nothing(api: httpx.Client, make: Make) -> None:
    stream, values = make(model="series-gru"), [None, None, 1.0, None, *_values(20), None]
    answers = _append(api, stream, 0, values)["answers"]
    assert [answers[seq]["prediction"] for seq in (0, 1)] == [None, None]
    assert [answers[seq]["arrived"] for seq in (0, 1, 2, 3, 24)] == [None] * 5
    told = api.post("/predict", json={"model": "series-gru", "sequence": values, "levels": [90]}).json()
    assert answers[-1]["prediction"] == told["predictions"][0]


def test_a_gap_longer_than_what_is_read_has_no_answer_and_the_stream_goes_on(api: httpx.Client, make: Make) -> None:
    stream = make(model="series-gru")
    answers = _append(api, stream, 0, [1.0, 2.0, *[None] * (2 * W)])["answers"]
    assert answers[2 * W]["prediction"] is None
    assert answers[2 * W - 1]["prediction"] is not None
    assert_problem(api.get(f"/streams/{stream}/forecast?horizon=2"), 422, "only_gaps")
    assert _append(api, stream, 2 * W + 2, [3.0])["answers"][0]["prediction"]["value"] == 3.0


def test_what_arrives_is_held_against_what_was_foretold(api: httpx.Client, make: Make) -> None:
    stream, values = make(levels=[50, 99], flag_rate=0.1), _values(40)
    answers = _append(api, stream, 0, [*values])["answers"]
    assert answers[0]["arrived"] is None
    for before, answer, value in zip(answers[:-1], answers[1:], values[1:], strict=True):
        foretold, arrived = before["prediction"], answer["arrived"]
        assert arrived["error"] == foretold["value"] - value
        bounds = foretold["intervals"]
        assert arrived["inside"] == (bounds and {key: low <= value <= high for key, (low, high) in bounds.items()})
        assert (arrived["p"] is None) is (answer["seq"] == 1)  # one value has no scale
    outlier = _append(api, stream, 40, [50.0])["answers"][0]["arrived"]
    assert outlier["flag"] is True
    assert outlier["inside"] == {"50": False, "99": False}
    assert outlier["p"] == 1 / 39


def test_flags_and_drift_are_told_where_they_are_asked_for(api: httpx.Client, make: Make) -> None:
    neither, flags, drift = (
        _append(api, make(**settings), 0, [*_values(20)])["answers"][-1]
        for settings in ({"flag_rate": None, "drift": None}, {"drift": None}, {"flag_rate": None})
    )
    assert (neither["arrived"]["flag"], neither["arrived"]["p"], neither["drift"]) == (None, None, None)
    assert (flags["arrived"]["flag"], flags["drift"]) == (False, None)
    assert drift["arrived"]["flag"] is None
    assert drift["drift"].keys() == {"evidence", "above"}


def test_values_count_once_however_often_they_are_sent(api: httpx.Client, make: Make) -> None:
    stream, values = make(), _values(12)
    first = _append(api, stream, 0, values[:5])
    again = _append(api, stream, 0, values[:5])
    assert (first["replayed"], again["replayed"], again["next"]) == (False, True, 5)
    assert again["answers"] == first["answers"]
    longer = _append(api, stream, 3, values[3:9])
    assert (longer["replayed"], longer["next"]) == (False, 9)
    assert longer["answers"][:2] == first["answers"][3:]
    part = _append(api, stream, 1, values[1:4])
    assert (part["replayed"], part["next"], part["answers"]) == (True, 9, first["answers"][1:4])
    whole = _append(api, make(), 0, values[:9])
    assert [*first["answers"], *longer["answers"][2:]] == whole["answers"]


def test_the_last_request_is_answered_again_however_long_it_was(api: httpx.Client, make: Make) -> None:
    stream, values = make(), _values(5 * W)
    _append(api, stream, 0, values[:10])
    first = _append(api, stream, 5, values[5:])
    assert _append(api, stream, 5, values[5:])["answers"] == first["answers"]
    for seq in range(5 * W, 6 * W + 1):
        _append(api, stream, seq, [0.0])
    refused = api.post(f"/streams/{stream}/values", json={"seq": 5, "values": values[5:]})
    assert assert_problem(refused, 409, "seq_forgotten")["errors"] == [{"where": "seq", "expected": str(6 * W + 1)}]
    kept = api.get(f"/streams/{stream}/values", params={"from": 0, "limit": 1000}).json()["values"]
    assert 2 * W <= len(kept) <= 3 * W
    assert kept[-1]["seq"] == 6 * W


def test_what_is_not_on_record_so_is_refused_with_what_is_expected(api: httpx.Client, make: Make) -> None:
    stream = make()
    _append(api, stream, 0, [1.0, 2.0])
    url = f"/streams/{stream}/values"
    for seq, values, code in ((3, [4.0], "seq_gap"), (1, [2.5, 3.0], "seq_conflict"), (0, [1.0, None], "seq_conflict")):
        problem = assert_problem(api.post(url, json={"seq": seq, "values": values}), 409, code)
        assert problem["errors"] == [{"where": "seq", "expected": "2"}]
    assert api.get(f"/streams/{stream}").json()["next"] == 2


def test_a_stream_goes_on_from_the_record_as_if_it_had_been_held(tmp_path: Path) -> None:
    """Two services on one record, each of which believes to be the only one."""
    url, values = f"sqlite:///{tmp_path}/unroll.db", [*_values(2 * W), 9.0, *_values(2 * W, 1)]
    with in_thread(models_dir=MODELS, database_url=url) as one, in_thread(models_dir=MODELS, database_url=url) as other:
        for stream in ("turns", "alone"):
            one.put(f"/streams/{stream}", json={"model": "sine-lstm", "window": W}).raise_for_status()
        found = []
        for seq, value in enumerate(values):
            service = (one, other)[(seq // 3) % 2]
            found += _append(service, "turns", seq, [value])["answers"]
            (again,) = _append((one, other)[seq % 2], "turns", seq, [value])["answers"]
            assert again == found[-1]
        alone = [each for seq, value in enumerate(values) for each in _append(one, "alone", seq, [value])["answers"]]
    assert found == alone
    assert any(each["arrived"]["flag"] for each in found[1:])


def test_of_many_who_send_the_same_values_each_is_answered_the_same(api: httpx.Client, make: Make) -> None:
    stream, values = make(), _values(30)
    answers: list[list[Any]] = []

    def send() -> None:
        with httpx.Client(base_url=api.base_url, timeout=120) as client:
            answers.append([_append(client, stream, seq, [value])["answers"][0] for seq, value in enumerate(values)])

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    assert all(each == answers[0] for each in answers)


def test_many_streams_are_answered_as_each_alone(api: httpx.Client, make: Make) -> None:
    settings = [{}, {"levels": [80]}, {"model": "series-gru"}, {"model": "linear-gru"}, {}]
    together, alone = ([make(**each) for each in settings] for _ in range(2))
    for seq in range(3):
        values = [[float(place), *_values(20 + place, seq)] for place in range(len(settings))]
        starts = [api.get(f"/streams/{name}").json()["next"] for name in together]
        posted = [
            {"stream": name, "seq": start, "values": its}
            for name, start, its in zip(together, starts, values, strict=True)
        ]
        body = {"streams": [*posted, {"stream": "nobody", "seq": 0, "values": [1.0]}]}
        answered = api.post("/streams/values", json=body).json()
        *results, unknown = answered["results"]
        for result, name, start, its in zip(results, alone, starts, values, strict=True):
            single = _append(api, name, start, [*its])
            assert (result["problem"], result["next"]) == (None, single["next"])
            assert result["answers"] == single["answers"]
        assert unknown["problem"]["code"] == "unknown_stream"
        assert unknown["problem"]["request_id"] == answered["request_id"]
        assert unknown["answers"] is None


def test_one_of_many_that_is_refused_keeps_no_other_from_its_answer(api: httpx.Client, make: Make) -> None:
    good, gap, conflict = make(), make(), make()
    posted = [
        {"stream": gap, "seq": 0, "values": [1.0, None]},
        {"stream": good, "seq": 0, "values": [1.0]},
        {"stream": conflict, "seq": 7, "values": [1.0]},
    ]
    answer = api.post("/streams/values", json={"streams": posted})
    codes = [each["problem"] and each["problem"]["code"] for each in answer.json()["results"]]
    assert codes == ["gaps", None, "seq_gap"]
    assert answer.json()["results"][0]["problem"]["errors"][0]["where"] == "values.1"


def test_a_forecast_is_that_of_what_the_last_answer_read(api: httpx.Client, make: Make) -> None:
    stream, values = make(), _values(2 * W + 20)
    _append(api, stream, 0, [*values])
    found = api.get(f"/streams/{stream}/forecast?horizon=5&levels=80,97.5").json()
    asked = {"model": "sine-gru", "sequence": _read(values, len(values) - 1), "horizon": 5, "levels": [80, 97.5]}
    assert found["forecast"] == api.post("/forecast", json=asked).json()["forecasts"][0]
    assert found["seq"] == len(values)
    assert [*api.get(f"/streams/{stream}/forecast?horizon=1").json()["forecast"]["intervals"]] == ["90"]


@pytest.mark.slow
def test_an_endless_stream_follows_a_change_of_scale_within_two_windows(api: httpx.Client, make: Make) -> None:
    stream, seq = make(), 20_000
    for start in range(0, seq, 5000):
        _append(api, stream, start, [*_values(5000, start)])
    for factor in (10.0, 0.01):
        after = [factor * each for each in _values(4 * W, 5)]
        found, new = (
            [each["arrived"]["error"] for each in _append(api, name, first, [*after])["answers"][2 * W + 1 :]]
            for name, first in ((stream, seq), (make(), 0))
        )
        assert np.abs(found).mean() <= 1.05 * np.abs(new).mean()
        seq += len(after)


def test_a_stream_is_made_once_closed_for_good_and_deleted(api: httpx.Client, make: Make) -> None:
    stream = make()
    url = f"/streams/{stream}"
    state = api.get(url).json()
    assert state["next"] == 0
    assert (state["version"], state["window"], state["levels"], state["closed"]) == ("1", W, [90.0], None)
    for same in ({"model": "sine-gru", "window": W}, {"model": "sine-gru", "version": "1", "window": W}):
        again = api.put(url, json=same)
        assert (again.status_code, again.json()) == (200, state)
    assert_problem(api.put(url, json={"model": "sine-gru"}), 409, "stream_exists")
    first = _append(api, stream, 0, [1.0])
    assert api.post(f"{url}/close").json()["closed"] is not None
    assert_problem(api.post(f"{url}/values", json={"seq": 1, "values": [2.0]}), 409, "stream_closed")
    assert _append(api, stream, 0, [1.0])["answers"] == first["answers"]
    assert api.delete(url).json() == {"deleted": 1}
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/close"),
        ("GET", "/values"),
        ("GET", "/forecast?horizon=1"),
    ):
        problem = assert_problem(api.request(method, f"{url}{path}"), 404, "unknown_stream")
        assert "PUT /streams/" in problem["detail"]
    assert_problem(api.post(f"{url}/values", json={"seq": 0, "values": [1.0]}), 404, "unknown_stream")
    assert api.put(url, json={"model": "sine-gru", "window": W}).status_code == 201
    assert _append(api, stream, 0, [5.0])["replayed"] is False


def test_streams_and_values_are_listed_page_by_page(api: httpx.Client, make: Make) -> None:
    names = {make() for _ in range(5)}
    found, cursor = [], None
    while True:
        page = api.get("/streams", params={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
        found += [each["stream"] for each in page["streams"]]
        if (cursor := page["next"]) is None:
            break
    assert names <= set(found)
    assert found == sorted(found)
    stream, values = names.pop(), _values(7)
    answers = _append(api, stream, 0, [*values])["answers"]
    page = api.get(f"/streams/{stream}/values?from=2&limit=3").json()
    assert page["next"] == 5
    assert [each["value"] for each in page["values"]] == values[2:5]
    for shown, answer in zip(page["values"], answers[2:5], strict=True):
        assert {key: shown[key] for key in answer} == answer


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"seq": 0, "values": [NaN]}', "non_finite"),
        (b'{"seq": 0, "values": [1e999]}', "non_finite"),
        (b'{"seq": 1.5, "values": [1]}', "wrong_type"),
        (b'{"seq": "0", "values": [1]}', "wrong_type"),
        (b'{"seq": -1, "values": [1]}', "out_of_range"),
        (b'{"seq": 9007199254740993, "values": [1]}', "out_of_range"),
        (b'{"values": [1]}', "missing_field"),
        (b'{"seq": 0, "values": []}', "too_short"),
        (b'{"seq": 0, "values": [true]}', "wrong_type"),
        (b'{"seq": 0, "values": ["%b"]}' % TEXT.encode(), "wrong_type"),
        (b'{"seq": 0, "values": [1], "%b": %f}' % (TEXT.encode(), NUMBER), "unknown_field"),
        (b'{"seq": 0, "values": [1], "seq": 0}', "repeated_key"),
        (b'{"seq": 0, "values": [1, 2e300]}', "out_of_range"),
        (b'{"seq": 0, "values": [1, null]}', "gaps"),
        (b'{"seq": 0, "values": [%b]}' % b",".join([b"1"] * 10_001), "too_long"),
        (b"", "invalid_json"),
    ],
)
def test_bad_values_are_refused_and_nothing_is_appended(api: httpx.Client, make: Make, body: bytes, code: str) -> None:
    stream = make()
    headers = {"Content-Type": "application/json"}
    assert_problem(api.post(f"/streams/{stream}/values", content=body, headers=headers), 422, code)
    assert api.get(f"/streams/{stream}").json()["next"] == 0


@pytest.mark.parametrize(
    ("settings", "status", "code"),
    [
        ({"model": "nobody"}, 404, "unknown_model"),
        ({"model": "sine-gru", "version": "9"}, 404, "unknown_version"),
        ({"version": "1"}, 422, "model_required"),
        ({"model": "memory-gru"}, 422, "not_forecastable"),
        ({"window": 63}, 422, "out_of_range"),
        ({"window": 2049}, 422, "out_of_range"),
        ({"window": 64.5}, 422, "wrong_type"),
        ({"levels": []}, 422, "too_short"),
        ({"levels": [0]}, 422, "out_of_range"),
        ({"flag_rate": 0.6}, 422, "out_of_range"),
        ({"drift": 0}, 422, "out_of_range"),
        ({"season": 0}, 422, "out_of_range"),
        ({TEXT: 1}, 422, "unknown_field"),
    ],
)
def test_a_stream_that_cannot_be_is_not_made(
    api: httpx.Client, settings: dict[str, Any], status: int, code: str
) -> None:
    assert_problem(api.put("/streams/never", json=settings), status, code)
    assert_problem(api.get("/streams/never"), 404, "unknown_stream")


def test_the_path_of_many_streams_is_of_no_stream(api: httpx.Client) -> None:
    assert_problem(api.get("/streams/values"), 422, "out_of_range")
    refused = api.request("PATCH", "/streams/values")
    assert_problem(refused, 405, "method_not_allowed")
    assert refused.headers["allow"] == "POST"


@pytest.mark.parametrize("name", ["values", ".hidden", "a b", "%C3%A9", "x" * 129])
def test_a_name_that_no_path_can_hold_is_refused(api: httpx.Client, name: str) -> None:
    problem = api.put(f"/streams/{name}", json={})
    assert problem.status_code == 422
    assert problem.json()["errors"][0]["where"] == "path.stream"


@pytest.mark.parametrize(
    "query", ["horizon=0", "horizon=1001", "horizon=x", "", "horizon=1&levels=0", "horizon=1&levels=a"]
)
def test_a_forecast_that_cannot_be_is_refused(api: httpx.Client, make: Make, query: str) -> None:
    stream = make()
    _append(api, stream, 0, [1.0, 2.0])
    assert api.get(f"/streams/{stream}/forecast?{query}").status_code == 422


def test_many_streams_that_no_request_may_hold_are_refused(api: httpx.Client, make: Make) -> None:
    stream = make()
    one = {"stream": stream, "seq": 0, "values": [1.0]}
    for streams, code in (
        ([], "too_short"),
        ([one, one], "repeated_stream"),
        ([{**one, "stream": str(n)} for n in range(1001)], "too_long"),
        ([{**one, "stream": str(n), "values": [1.0] * 5001} for n in range(2)], "too_long"),
        ([{**one, "stream": "a b"}], "wrong_type"),
    ):
        assert_problem(api.post("/streams/values", json={"streams": streams}), 422, code)


def test_more_than_a_request_may_cost_is_refused_with_what_would_fit(tmp_path: Path) -> None:
    with in_thread(models_dir=MODELS, database_url=f"sqlite:///{tmp_path}/unroll.db", work_limit=0.05) as api:
        api.put("/streams/meter", json={"model": "sine-gru"}).raise_for_status()
        refused = api.post("/streams/meter/values", json={"seq": 0, "values": _values(10_000)})
        problem = assert_problem(refused, 422, "too_costly")
        fits = int(problem["errors"][0]["expected"].split("about ")[1].split(" ")[0])
        assert 0 < fits < 10_000
        _append(api, "meter", 0, [*_values(fits)])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, httpx.Client]]:
    """Clients with keys of their own, and a quota."""
    folder = tmp_path_factory.mktemp("streams")
    keys = KeyFile(folder / "keys.json")
    tokens = {
        name: keys.add(name, scope)
        for name, scope in (("a", Scope.predict), ("b", Scope.predict), ("admin", Scope.admin))
    }
    with in_thread(
        models_dir=MODELS,
        database_url=f"sqlite:///{folder}/unroll.db",
        api_keys_file=folder / "keys.json",
        quota="300/minute",
    ) as client:
        url = client.base_url
        clients = {
            name: httpx.Client(base_url=url, headers={"X-API-Key": token}, timeout=60) for name, token in tokens.items()
        }
        yield clients
        for each in clients.values():
            each.close()


def test_keys_see_their_own_streams_and_lose_them_with_their_requests(site: dict[str, httpx.Client]) -> None:
    for name in ("a", "b"):
        assert site[name].put("/streams/meter", json={"model": "sine-gru"}).status_code == 201
        _append(site[name], "meter", 0, [1.0 if name == "a" else 2.0])
    assert_problem(site["admin"].get("/streams/meter"), 404, "unknown_stream")
    assert site["a"].get("/streams/meter/values").json()["values"][0]["value"] == 1.0
    assert site["admin"].delete("/requests?client=a").json()["deleted"] == 2
    assert_problem(site["a"].get("/streams/meter"), 404, "unknown_stream")
    assert site["b"].get("/streams/meter").json()["next"] == 1


def test_a_quota_counts_values(site: dict[str, httpx.Client]) -> None:
    def left(answer: httpx.Response) -> int:
        return int(answer.headers["ratelimit"].split("r=")[1].split(";")[0])

    site["b"].put("/streams/counted", json={"model": "linear-gru"})
    before = left(site["b"].get("/streams/counted"))
    answer = site["b"].post("/streams/counted/values", json={"seq": 0, "values": _values(50)})
    assert before - left(answer) == 50
    refused = site["b"].post("/streams/counted/values", json={"seq": 50, "values": _values(290)})
    assert_problem(refused, 429, "quota_exceeded")
    assert json.loads(site["a"].get("/streams").text)["streams"] == []
    assert math.isfinite(answer.json()["answers"][-1]["prediction"]["value"])
