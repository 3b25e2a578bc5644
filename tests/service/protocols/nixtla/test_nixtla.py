"""TimeGPT's API over HTTP, in the bytes that its client sends."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import httpx
import pytest

from service.http.encoding import zstd
from service.http.errors import Failure
from service.keys import KeyFile
from service.protocols.nixtla.errors import DETAIL
from tests.conftest import MODELS
from tests.problems import NUMBER, TEXT
from tests.serving import in_thread

MONTHS = [round(10 + 3 * math.sin(2 * math.pi * month / 12) + 0.01 * month, 2) for month in range(48)]
YEARS = [3.0, 4.0, 6.0, 5.5, 7.0, 8.5, 8.0, 9.5]
OFF = {"finetune_steps": 0, "finetune_depth": 1, "finetune_loss": "default", "finetuned_model_id": None}
COMPUTING = ("forecast", "cross_validation", "historic_forecast", "anomaly_detection", "online_anomaly_detection")


def body(*series: list[Any], **asked: Any) -> dict[str, Any]:
    """What the client posts for ``series``."""
    flat = [value for each in series for value in each]
    posted = {
        "y": flat,
        "sizes": list(map(len, series)),
        "X": None,
        "X_future": None,
        "start_datetime": ["2020-01-01"] * len(series),
    }
    return {
        "series": posted,
        "model": "timegpt-2.1",
        "freq": "MS",
        "clean_ex_first": True,
        "level": None,
        **OFF,
        **asked,
    }


def ask(api: httpx.Client, call: str, *series: list[Any], **asked: Any) -> dict[str, Any]:
    answer = api.post(f"/nixtla/v2/{call}", json=body(*series, **asked), headers={"nixtla-model": "timegpt-2.1"})
    assert answer.status_code == httpx.codes.OK, answer.text
    found: dict[str, Any] = answer.json()
    return found


def assert_detail(response: httpx.Response, status: int, words: str = "") -> str:
    """``response`` is an error in this API's shape, small, repeating no input."""
    assert response.status_code == status, response.text[:500]
    assert len(response.content) <= 4096
    assert TEXT not in response.text
    assert str(NUMBER) not in response.text
    error = response.json()
    assert error.keys() == {"detail", "code", "request_id"}
    assert error["request_id"] == response.headers["x-request-id"]
    assert words in error["detail"]
    detail: str = error["detail"]
    return detail


def native(api: httpx.Client, horizon: int, *sequences: list[Any], **asked: Any) -> list[dict[str, Any]]:
    posted = {"sequences": sequences, "horizon": horizon, "season": 12, **asked}
    found: list[dict[str, Any]] = api.post("/forecast", json=posted).raise_for_status().json()["forecasts"]
    return found


def test_a_forecast_is_that_of_the_native_api_with_the_season_of_the_frequency(api: httpx.Client) -> None:
    answer = ask(api, "forecast", MONTHS, YEARS, h=3, level=[80, 97.5])
    first, second = native(api, 3, MONTHS, YEARS, levels=[80, 97.5])
    assert answer["mean"] == first["values"] + second["values"]
    assert answer["intervals"].keys() == {"lo-80", "hi-80", "lo-97.5", "hi-97.5"}
    for level in ("80", "97.5"):
        for side, bound in (("lo", "lower"), ("hi", "upper")):
            expected = first["intervals"][level][bound] + second["intervals"][level][bound]
            assert answer["intervals"][f"{side}-{level}"] == expected
    assert answer["weights_x"] is answer["feature_contributions"] is None
    assert (answer["input_tokens"], answer["output_tokens"], answer["finetune_tokens"]) == (56, 6, 0)
    for told, each in zip(answer["evidence"], (first, second), strict=True):
        assert told == {name: each[name] for name in ("model", "version", "check", "warnings", "season")}


def test_levels_keep_the_names_that_they_were_sent_with_and_may_be_zero_or_twice(api: httpx.Client) -> None:
    content = json.dumps(body(MONTHS, h=2)).replace('"level": null', '"level": [80, 0, 80, 80.0, 99.9]')
    answer = api.post("/nixtla/v2/forecast", content=content).json()
    levels = ("80", "0", "80.0", "99.9")
    assert set(answer["intervals"]) == {f"{side}-{level}" for side in ("lo", "hi") for level in levels}
    assert answer["intervals"]["lo-0"] == answer["intervals"]["hi-0"] == answer["mean"]
    assert answer["intervals"]["lo-80"] == answer["intervals"]["lo-80.0"]


def test_without_an_interval_the_bounds_are_null(api: httpx.Client) -> None:
    answer = ask(api, "forecast", MONTHS, [1.0, 2.0, 3.0, 4.0], h=2, level=[90], model="textbook-linear-simplernn-20")
    assert answer["intervals"] == {"lo-90": [None] * 4, "hi-90": [None] * 4}


def test_a_model_can_be_named(api: httpx.Client) -> None:
    (expected,) = native(api, 2, MONTHS, model="sine-gru")
    assert ask(api, "forecast", MONTHS, h=2, model="sine-gru")["mean"] == expected["values"]


def test_each_window_of_a_cross_validation_is_forecast_from_the_values_before_it(api: httpx.Client) -> None:
    answer = ask(api, "cross_validation", MONTHS, YEARS, h=2, n_windows=3, step_size=1, level=[80])
    starts = [44, 45, 46, 48 + 4, 48 + 5, 48 + 6]
    assert answer["idxs"] == [start + ahead for start in starts for ahead in range(2)]
    assert answer["sizes"] == [6, 6]
    before = [MONTHS[:44], MONTHS[:45], MONTHS[:46], YEARS[:4], YEARS[:5], YEARS[:6]]
    windows = native(api, 2, *before, levels=[80])
    assert answer["mean"] == [value for each in windows for value in each["values"]]
    assert len(answer["intervals"]["lo-80"]) == len(answer["mean"])
    assert [each["check"] for each in answer["evidence"]] == [windows[2]["check"], windows[5]["check"]]


def test_windows_lie_side_by_side_where_no_step_is_given(api: httpx.Client) -> None:
    assert ask(api, "cross_validation", MONTHS, h=4, n_windows=2)["idxs"] == list(range(40, 48))


@pytest.mark.parametrize("call", ["cross_validation", "historic_forecast"])
def test_the_full_history_is_what_would_have_been_said_of_each_value(api: httpx.Client, call: str) -> None:
    more = {"h": 47, "n_windows": 1, "step_size": 47, "full_history": True} if call == "cross_validation" else {}
    answer = ask(api, call, MONTHS, YEARS, model="sine-gru", level=[80, 95], **more)
    assert answer["sizes"] == [35, 6]  # a year is known first, where there are two
    assert answer["idxs"] == [*range(13, 48), *range(50, 56)]
    before = [MONTHS[:count] for count in range(13, 48)] + [YEARS[:count] for count in range(2, 8)]
    told = api.post("/predict", json={"model": "sine-gru", "sequences": before}).json()["predictions"]
    assert answer["mean"] == pytest.approx([each["value"] for each in told], abs=1e-6)
    bounds = answer["intervals"]
    for low, wide, mean in zip(bounds["lo-80"], bounds["lo-95"], answer["mean"], strict=True):
        assert wide <= low <= mean
    inside = [
        low <= value <= high for low, value, high in zip(bounds["lo-80"], MONTHS[13:], bounds["hi-80"], strict=False)
    ]
    assert 0.7 <= sum(inside) / len(inside) <= 0.95


def test_an_outlier_is_flagged_and_leaves_no_echo(api: httpx.Client) -> None:
    odd = [*MONTHS[:30], MONTHS[30] + 8, *MONTHS[31:]]
    answer = ask(api, "anomaly_detection", odd, MONTHS, level=99)
    assert answer["intervals"].keys() == {"lo-99", "hi-99"}
    first = answer["sizes"][0]
    flagged = [place for place, flag in zip(answer["idxs"][:first], answer["anomaly"], strict=False) if flag]
    assert flagged == [30]
    assert not any(answer["anomaly"][first:])
    assert answer["anomaly_score"][answer["idxs"].index(30)] > 1
    assert answer["weights_x"] is None
    assert len(answer["p"]) == len(answer["mean"])
    assert answer["p"][answer["idxs"].index(30)] < 0.01
    assert answer["shifts"] == [[], []]


def test_detections_are_those_of_the_native_api(api: httpx.Client) -> None:
    odd = [*MONTHS[:30], MONTHS[30] + 8, *(value + 20 for value in MONTHS[31:])]
    answer = ask(api, "anomaly_detection", odd, level=99)
    (native,) = api.post("/anomalies", json={"sequence": odd, "level": 99, "season": 12}).json()["anomalies"]
    assert answer["idxs"] == [point["step"] for point in native["points"]]
    for name, key in (("mean", "expected"), ("p", "p"), ("anomaly", "flag")):
        assert answer[name] == [point[key] for point in native["points"]]
    assert answer["intervals"]["hi-99"] == [point["interval"][1] for point in native["points"]]
    assert answer["shifts"] == [native["shifts"]]
    assert native["shifts"]


@pytest.mark.parametrize("horizon", [1, 4])
def test_only_the_last_values_are_judged_online(api: httpx.Client, horizon: int) -> None:
    odd = [*MONTHS[:45], MONTHS[45] - 8, *MONTHS[46:]]
    answer = ask(api, "online_anomaly_detection", odd, MONTHS, h=horizon, detection_size=5, level=99, step_size=None)
    assert answer["sizes"] == [5, 5]
    assert answer["idxs"] == [*range(43, 48), *range(91, 96)]
    assert answer["anomaly"][2]
    assert not answer["anomaly"][3]
    assert [score > 1 for score in answer["anomaly_score"]] == answer["anomaly"]
    assert answer["intervals"].keys() == {"lo-99", "hi-99"}


def test_a_gap_is_answered_and_never_an_anomaly(api: httpx.Client) -> None:
    gaps = [*MONTHS[:20], None, *MONTHS[21:45], None, None, MONTHS[47]]
    assert len(ask(api, "forecast", gaps, h=2)["mean"]) == 2
    answer = ask(api, "anomaly_detection", gaps, level=90)
    place = answer["idxs"].index(20)
    assert answer["anomaly"][place] is False
    assert answer["anomaly_score"][place] is None
    assert math.isfinite(answer["mean"][place])


@pytest.mark.parametrize("call", COMPUTING)
def test_short_series_are_answered_or_refused_with_words(api: httpx.Client, call: str) -> None:
    for series in ([1.0], [1.0, 2.0], [1.0, 2.0, 4.0]):
        asked = {"h": 1} if call in ("forecast", "cross_validation") else {}
        asked |= {"h": 1, "detection_size": 1} if call.startswith("online") else {}
        asked |= {"level": 90} if call.endswith("detection") else {}
        answer = api.post(f"/nixtla/v2/{call}", json=body(series, **asked))
        if answer.status_code != httpx.codes.OK:
            assert_detail(answer, 422, "expected at least")


def test_a_call_is_one_row_with_the_dates_that_were_posted(api: httpx.Client) -> None:
    answer = ask(api, "cross_validation", MONTHS, h=2, n_windows=2)
    row = api.get(f"/requests/{answer['request_id']}").json()
    assert row["endpoint"] == "/nixtla/v2/cross_validation"
    assert row["request"]["series"]["start_datetime"] == ["2020-01-01"]
    assert row["response"] == answer


def test_zstd_goes_both_ways(api: httpx.Client) -> None:
    content = json.dumps(body(MONTHS, h=2)).encode()
    headers = {"content-encoding": "zstd", "accept-encoding": "zstd"}
    with api.stream("POST", "/nixtla/v2/forecast", content=zstd.compress(content), headers=headers) as response:
        packed = b"".join(response.iter_raw())
    assert response.headers["content-encoding"] == "zstd"
    answer = json.loads(zstd.decompress(packed))
    assert answer["mean"] == ask(api, "forecast", MONTHS, h=2)["mean"]
    assert api.get(f"/requests/{answer['request_id']}").json()["request"] == json.loads(content)


def test_what_zstd_grows_to_is_bounded(api: httpx.Client) -> None:
    bomb = zstd.compress(b" " * (64 << 20))
    assert len(bomb) < 100_000
    response = api.post("/nixtla/v2/forecast", content=bomb, headers={"content-encoding": "zstd"})
    assert_detail(response, 413, "num_partitions")


@pytest.mark.parametrize(
    "damaged", [b"", b"\x28\xb5\x2f\xfd", zstd.compress(b"{}" * 100)[:-3], zstd.compress(b"{}") * 2]
)
def test_what_is_not_whole_zstd_is_refused(api: httpx.Client, damaged: bytes) -> None:
    response = api.post("/nixtla/v2/forecast", content=damaged, headers={"content-encoding": "zstd"})
    assert_detail(response, 422, "Content-Encoding")


def test_a_frame_that_needs_a_large_window_is_refused(api: httpx.Client) -> None:
    options = {zstd.CompressionParameter.window_log: 27, zstd.CompressionParameter.content_size_flag: 0}
    compressor = zstd.ZstdCompressor(options=options)
    frame = compressor.compress(b"{}") + compressor.flush()
    assert_detail(api.post("/nixtla/v2/forecast", content=frame, headers={"content-encoding": "zstd"}), 422)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"finetune_steps": 5}, "finetune_steps"),
        ({"feature_contributions": True}, "feature_contributions"),
        ({"multivariate": True}, "multivariate"),
        ({"model_parameters": {"a": 1}}, "model_parameters"),
        ({"level": [100]}, "level"),
        ({"level": [-1]}, "level"),
        ({"level": [*range(100), 0.5]}, "100 different levels"),
        ({"level": 80}, "level"),
        ({"h": 0}, "h"),
        ({"h": 1001}, "h"),
        ({"h": True}, "h"),
        ({"freq": 5}, "freq"),
    ],
)
def test_what_is_not_done_here_is_refused_with_what_to_leave_out(
    api: httpx.Client, change: dict[str, Any], words: str
) -> None:
    assert_detail(api.post("/nixtla/v2/forecast", json=body(MONTHS, **{"h": 2, **change})), 422, words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"X": [[1.0] * 48]}, "leave out X_df, date_features"),
        ({"X_future": [[1.0]]}, "leave out X_df"),
        ({"sizes": [47]}, "add up"),
        ({"sizes": [0, 48]}, "sizes"),
        ({"sizes": []}, "sizes"),
        ({"y": []}, "y"),
        ({"y": [TEXT] * 48}, "y"),
        ({"y": [None] * 48}, "no gap"),
        ({"y": [1e301] * 48}, "1e300"),
        ({"y": [[1.0]] * 48}, "y"),
    ],
)
def test_series_that_are_none_are_refused(api: httpx.Client, change: dict[str, Any], words: str) -> None:
    asked = body(MONTHS, h=2)
    asked["series"] |= change
    assert_detail(api.post("/nixtla/v2/forecast", json=asked), 422, words)


def test_of_many_series_it_is_told_which_one_has_no_answer(api: httpx.Client) -> None:
    asked = body(MONTHS, YEARS, [None, None], h=2)
    refused = api.post("/nixtla/v2/forecast", json=asked)
    assert_detail(refused, 422, "the series at place 2: expected at least one value")


def test_no_features_are_none(api: httpx.Client) -> None:
    asked = body(MONTHS, h=2)
    expected = api.post("/nixtla/v2/forecast", json=asked).json()["mean"]
    asked["series"] |= {"X": [], "X_future": []}
    assert api.post("/nixtla/v2/forecast", json=asked).json()["mean"] == expected


def test_a_level_is_one_number(api: httpx.Client) -> None:
    asked = body(MONTHS, level=[99])
    assert_detail(api.post("/nixtla/v2/anomaly_detection", json=asked), 422, "level: Input should be a valid number")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"null", b"[]", b'{"h": 2}', b'{"h": 2, "h": 3}', b'{"series": ' + b"[" * 90_000]
)
@pytest.mark.parametrize("call", COMPUTING)
def test_what_is_no_request_is_refused(api: httpx.Client, call: str, content: bytes) -> None:
    assert_detail(api.post(f"/nixtla/v2/{call}", content=content), 422)


def test_series_that_are_too_short_for_the_windows_say_how_long_they_must_be(api: httpx.Client) -> None:
    asked = body(MONTHS, YEARS, h=4, n_windows=2)
    assert_detail(api.post("/nixtla/v2/cross_validation", json=asked), 422, "at least 9 values")
    asked = body(MONTHS, YEARS, h=4, detection_size=8, level=99)
    assert_detail(api.post("/nixtla/v2/online_anomaly_detection", json=asked), 422, "at least 9 values")


def test_too_much_at_once_says_in_how_many_parts_it_can_be_asked(api: httpx.Client) -> None:
    asked = body(*[[1.0, 2.0, 3.0]] * 1000, h=1000)
    assert_detail(api.post("/nixtla/v2/forecast", json=asked), 422, "set num_partitions=4")
    asked = body([0.5] * 260_000, h=1)
    assert_detail(api.post("/nixtla/v2/forecast", json=asked), 422, "set num_partitions=2")
    large = b'{"series": {"y": [' + b"1.0000000000000," * 600_000 + b"1]}}"
    assert_detail(api.post("/nixtla/v2/forecast", content=large), 413, "set num_partitions=N")
    many = b'{"series": {"y": [' + b"1," * 600_000 + b"1]}}"
    assert_detail(api.post("/nixtla/v2/forecast", content=many), 422, "set num_partitions=N")


def test_names_that_nobody_has_are_a_404(api: httpx.Client) -> None:
    assert_detail(api.post("/nixtla/v2/forecast", json=body(MONTHS, h=2, model=TEXT)), 404)
    for call in COMPUTING:
        asked = body(MONTHS, h=2, detection_size=2, finetuned_model_id=TEXT)
        assert_detail(api.post(f"/nixtla/v2/{call}", json=asked | {"level": 99 if "anomaly" in call else None}), 404)
    assert_detail(api.get(f"/nixtla/v2/finetuned_models/{TEXT}"), 404)
    assert_detail(api.delete(f"/nixtla/v2/finetuned_models/{TEXT}"), 404)
    assert_detail(api.post(f"/nixtla/v2/{TEXT}"), 404)
    for call in ("finetune/async", "simulate/async", "explain/async", "execute_step/async"):
        assert_detail(api.post(f"/nixtla/v2/{call}", json=body(MONTHS)), 404, "not there")
    assert_detail(api.get("/nixtla/v2/forecast"), 405)


def test_a_memory_model_continues_nothing(api: httpx.Client) -> None:
    for call, asked in (("forecast", {"h": 2}), ("anomaly_detection", {"level": 99})):
        response = api.post(f"/nixtla/v2/{call}", json=body(MONTHS, model="memory-gru", **asked))
        assert_detail(response, 422, "cannot continue")


def test_what_the_client_asks_besides_is_answered(api: httpx.Client) -> None:
    assert api.get("/nixtla/validate_api_key").json()["detail"]
    assert api.post("/nixtla/validate_token", json={}).json()["detail"]
    answer = api.get("/nixtla/model_params?model=timegpt-2.1&freq=D").json()
    assert answer == {"detail": {"input_size": 250_000, "horizon": 1000}}
    answer = api.post("/nixtla/model_params", json={"model": "timegpt-2.1", "freq": "D"}).json()
    assert answer == {"detail": {"input_size": 32, "horizon": 1}}
    names = [each["name"] for each in api.get("/nixtla/v2/models").json()["models"]]
    assert names[0] == "auto"
    assert "sine-gru" in names
    assert "memory-gru" not in names
    assert api.get("/nixtla/v2/finetuned_models").json() == {"finetuned_models": []}
    nothing = {"used": None, "limit": None}
    assert api.get("/nixtla/usage").json() == {"minute": nothing, "month": nothing, "windows": {}}


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, str]]:
    """A service with keys and quotas, and a key."""
    folder = tmp_path_factory.mktemp("closed")
    key = KeyFile(folder / "keys.json").add("shop", "predict")
    with in_thread(
        models_dir=MODELS,
        database_url=f"sqlite:///{folder}/unroll.db",
        log_durability="process",
        api_keys_file=folder / "keys.json",
        quota="100/minute;5000/day",
    ) as client:
        yield client, key


def test_usage_is_what_the_quota_counts(closed: tuple[httpx.Client, str]) -> None:
    client, key = closed
    headers = {"Authorization": f"Bearer {key}"}
    before = client.get("/nixtla/usage", headers=headers).json()
    client.get("/nixtla/validate_api_key", headers=headers)
    after = client.get("/nixtla/usage", headers=headers).json()
    assert before["minute"]["limit"] == 100
    assert after["minute"]["used"] == before["minute"]["used"] + 2
    assert after["windows"]["86400"]["limit"] == 5000
    assert after["month"] == {"used": None, "limit": None}


def test_a_wrong_key_is_told_so_in_this_shape(closed: tuple[httpx.Client, str]) -> None:
    client, _ = closed
    for path in ("/nixtla/validate_api_key", "/nixtla/usage", "/nixtla/v2/models"):
        assert_detail(client.get(path, headers={"Authorization": "Bearer nonsense"}), 401, "API key")


def test_what_took_too_long_is_no_reason_to_ask_again() -> None:
    failure = Failure(HTTPStatus.SERVICE_UNAVAILABLE, "not within 30 s", "deadline_exceeded")
    refusal = DETAIL.refusal(failure, "id")
    assert refusal.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert b"set num_partitions=N" in refusal.content
    assert DETAIL.refusal(replace(failure, code="overloaded"), "id").status == HTTPStatus.SERVICE_UNAVAILABLE


@pytest.mark.parametrize(
    "change", [{"threshold_method": "multivariate"}, {"step_size": 2}, {"level": 0}, {"level": [90]}]
)
def test_online_only_what_is_done_is_asked_for(api: httpx.Client, change: dict[str, Any]) -> None:
    asked = body(MONTHS, **{"h": 1, "detection_size": 2, "level": 90, **change})
    assert_detail(api.post("/nixtla/v2/online_anomaly_detection", json=asked), 422, next(iter(change)))


def test_a_cross_validation_reaches_no_further_than_a_forecast(api: httpx.Client) -> None:
    asked = body([1.0] * 2000, h=1001)
    assert_detail(api.post("/nixtla/v2/cross_validation", json=asked), 422, "at most 1000")
