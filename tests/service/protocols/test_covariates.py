"""Covariates over HTTP: what a model was trained with stands beside each sequence, or a refusal says what is not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.covariates import Covariates
from service.errors import InvalidInput
from service.inference.readings.covariates.beside import Effects
from service.inference.readings.covariates.calendar import Every
from service.inference.readings.covariates.effects import Covariate, Known, Share, Stepwise
from service.protocols.sagemaker.schemas import Invocation
from tests.conftest import MODELS
from tests.own_series import add_with_covariates, beside_of
from tests.problems import NUMBER, TEXT, assert_problem
from tests.serving import in_thread

HORIZON, LENGTH = 5, 60
SALES = Effects(
    form="added",
    unit=3.0,
    known=(
        Known(name="price", kind="number", at=(0.0, 0.5, 1.0), adds=(4.0, 0.0, -2.0)),
        Known(
            name="promo",
            kind="category",
            categories=("no", "yes"),
            adds=(0.0, 5.0),
            by=(Share(static="shop", category="south", adds=(0.0, 2.0)),),
        ),
    ),
    calendar=(Known(name="weekday", kind="number", at=tuple(map(float, range(7))), adds=(0, 0, 0, 0, 1, 3, 2)),),
    every=Every(count=86_400, unit="seconds"),
    past=(Stepwise(name="visits", kind="number", centre=0.5, spread=0.3, steps=((0.5, 0.1, 0.0), (0.2, 0.0, 0.0))),),
    static=(Stepwise(name="shop", kind="category", categories=("north", "south")),),
)
DATED = SALES.model_copy(update={"known": (), "past": (), "static": ()})


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service of the general model, one with covariates, and one that reads only the calendar."""
    folder = tmp_path_factory.mktemp("covariates")
    models = folder / "models"
    shutil.copytree(MODELS / "series-gru", models / "series-gru")
    add_with_covariates(models, "sales", SALES)
    add_with_covariates(models, "dated", DATED)
    options: dict[str, Any] = {"models_dir": models, "published_models": False, "log_durability": "process"}
    with in_thread(database_url=f"sqlite:///{folder / 'unroll.db'}", **options) as client:
        yield client


def posted(beside: Covariates) -> dict[str, Any]:
    return {name: value for name, value in asdict(beside).items() if value}


def asked(**changed: Any) -> dict[str, Any]:
    """A forecast with all that the model needs, and ``changed`` parts of what stands beside."""
    values, beside = beside_of(SALES, LENGTH, HORIZON)
    return {"model": "sales", "sequence": values, "horizon": HORIZON, "covariates": posted(beside) | changed}


def forecast(api: httpx.Client, body: dict[str, Any]) -> dict[str, Any]:
    answer = api.post("/forecast", json=body)
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["forecasts"]
    return dict(found)


def test_a_known_effect_comes_back_on_the_steps_ahead(api: httpx.Client) -> None:
    body = asked()
    plain = forecast(api, body)
    shop = body["covariates"]["static"]["shop"]
    promo = body["covariates"]["known"]["promo"]
    changed = ["no"] * HORIZON if promo[LENGTH] == "yes" else ["yes"] * HORIZON
    body["covariates"]["known"]["promo"] = promo[:LENGTH] + changed
    other = forecast(api, body)
    effect = {"no": 0.0, "yes": 5.0 + (2.0 if shop == "south" else 0.0)}
    moved = [3.0 * (effect[new] - effect[old]) for new, old in zip(changed, promo[LENGTH:], strict=True)]
    assert np.subtract(other["values"], plain["values"]) == pytest.approx(moved, abs=1e-9)
    for level in ("80", "90", "95"):
        for side in ("lower", "upper"):
            apart = np.subtract(other["intervals"][level][side], plain["intervals"][level][side])
            assert apart == pytest.approx(moved, abs=1e-9)
    assert other["check"] == plain["check"]  # the past knows nothing of the steps ahead
    assert plain["check"]["origins"] == 8


def test_what_was_known_up_to_now_counts_by_its_last_values(api: httpx.Client) -> None:
    body = asked()
    plain = forecast(api, body)["values"]
    body["covariates"]["past"]["visits"][-1] += 0.3  # one spread more, and a change that is one larger
    other = forecast(api, body)["values"]
    assert np.subtract(other, plain) == pytest.approx([3.0 * 0.6, *[3.0 * 0.2] * (HORIZON - 1)], abs=1e-9)


def test_the_check_beats_that_of_the_same_network_without(api: httpx.Client) -> None:
    body = asked()
    with_them, without = (
        forecast(api, body)["check"],
        forecast(api, {**without_covariates(body), "model": "series-gru"}),
    )
    assert with_them["mae"] < 0.5 * without["check"]["mae"]


def without_covariates(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "covariates"}


def test_several_sequences_have_theirs_each_and_answers_to_the_bit_as_alone(api: httpx.Client) -> None:
    made = [beside_of(SALES, length, HORIZON, seed) for seed, length in enumerate((40, 75, 60, 60))]
    alone = [
        forecast(api, {"model": "sales", "sequence": values, "horizon": HORIZON, "covariates": posted(beside)})
        for values, beside in made
    ]
    body = {
        "model": "sales",
        "sequences": [values for values, _ in made],
        "horizon": HORIZON,
        "covariates": [posted(beside) for _, beside in made],
    }
    assert api.post("/forecast", json=body).json()["forecasts"] == alone


def test_a_gap_in_the_sequence_is_one_beside_its_covariates_too(api: httpx.Client) -> None:
    body = asked()
    body["sequence"][20] = None
    assert forecast(api, body)["values"] == pytest.approx(forecast(api, asked())["values"], rel=0.2)


def test_the_calendar_is_read_from_the_start(api: httpx.Client) -> None:
    values, _ = beside_of(DATED, 42, 7)  # from a Monday on, six weeks
    monday = {"model": "dated", "sequence": values, "horizon": 7, "covariates": {"start": "2024-01-01"}}
    found = forecast(api, monday)["values"]
    later = forecast(api, {**monday, "covariates": {"start": "2024-02-12T00:00"}})["values"]
    assert later == found
    shifted = forecast(api, {**monday, "covariates": {"start": "2024-01-02"}})["values"]
    assert shifted != found


def test_backtest_judges_models_with_and_without_side_by_side(api: httpx.Client) -> None:
    values, beside = beside_of(SALES, 2 * LENGTH, 0)
    body = {"models": ["sales", "series-gru"], "sequence": values, "horizon": 3, "covariates": posted(beside)}
    answer = api.post("/backtest", json=body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    mae = {name: [e["mae"] for e in found["backtests"] if e.get("model") == name] for name in ("sales", "series-gru")}
    assert found["best"]["model"] == "sales"
    assert max(mae["sales"]) < 0.7 * min(mae["series-gru"])
    # Each origin is answered as /forecast answers its beginning.
    every = range(found["first"], found["last"] + 1)
    cuts = [
        {
            "known": {name: column[: known + 3] for name, column in beside.known.items()},
            "past": {name: column[:known] for name, column in beside.past.items()},
            "static": beside.static,
            "start": beside.start,
        }
        for known in every
    ]
    ask = {"model": "sales", "sequences": [values[:known] for known in every], "horizon": 3, "covariates": cuts}
    answers = api.post("/forecast", json=ask).json()["forecasts"]
    off = [np.abs(np.subtract(each["values"], values[at : at + 3])) for each, at in zip(answers, every, strict=True)]
    assert np.mean(off, axis=0) == pytest.approx(mae["sales"], rel=0.1)  # seasons are found in less


def test_the_card_tells_what_is_taken_and_what_each_adds(api: httpx.Client) -> None:
    card = api.get("/models/sales").json()
    effects = card["reading"]["effects"]
    assert card["reading"]["kind"] == "covariates"
    assert [(each["name"], each["kind"]) for each in effects["known"]] == [("price", "number"), ("promo", "category")]
    assert effects["known"][1]["categories"] == ["no", "yes"]
    assert effects["every"] == {"count": 86_400, "unit": "seconds"}


def test_the_row_in_the_log_has_them(api: httpx.Client) -> None:
    body = asked()
    identity = api.post("/forecast", json=body).headers["x-request-id"]
    row = api.get(f"/requests/{identity}").json()
    assert row["request"]["covariates"] == body["covariates"]


def wrong(path: str, new: Any) -> dict[str, Any]:
    """A request whose covariates have ``new`` at ``path``; without it where that is None."""
    body = asked()
    *above, last = path.split(".")
    place = body["covariates"]
    for each in above:
        place = place.setdefault(each, {})
    if new is None:
        del place[last]
    else:
        place[last] = new
    return body


@pytest.mark.parametrize(
    ("path", "new", "where", "expected"),
    [
        ("known.price", None, "covariates.known.price", f"{LENGTH + HORIZON} finite numbers"),
        ("known.price", [1.0] * LENGTH, "covariates.known.price", f"each of {HORIZON} steps ahead"),
        ("known.price", [1.0] * (LENGTH + HORIZON - 1) + [None], "covariates.known.price", "finite numbers"),
        ("known.price", ["1.0"] * (LENGTH + HORIZON), "covariates.known.price", "finite numbers"),
        ("known.promo", [1.0] * (LENGTH + HORIZON), "covariates.known.promo", "categories among no, yes"),
        ("known.promo", ["no"] * (LENGTH + 4) + [TEXT], "covariates.known.promo", "categories among no, yes"),
        ("known.promo", [], "covariates.known.promo", "one for each value"),
        (f"known.{TEXT}", [1.0], "covariates.known", "no other names than price, promo"),
        ("past.visits", None, "covariates.past.visits", f"{LENGTH} finite numbers"),
        ("past.visits", [1.0] * (LENGTH + HORIZON), "covariates.past.visits", f"{LENGTH} finite numbers"),
        ("static.shop", TEXT, "covariates.static.shop", "one of categories among north, south"),
        ("static.shop", 1, "covariates.static.shop", "one of categories among north, south"),
        ("start", None, "covariates.start", "ISO 8601"),
        ("start", TEXT, "covariates.start", "ISO 8601"),
        ("start", "2024-01-01T00:00+09:00", "covariates.start", "without an offset"),
    ],
)
def test_what_does_not_fit_is_named_with_what_was_expected(
    api: httpx.Client, path: str, new: Any, where: str, expected: str
) -> None:
    problem = assert_problem(api.post("/forecast", json=wrong(path, new)), 422, "covariates_mismatch")
    assert [(each["where"], expected in each["expected"]) for each in problem["errors"]] == [(where, True)]


@pytest.mark.parametrize(
    ("covariates", "code"),
    [
        ("3", "wrong_type"),
        ("[]", "covariates_mismatch"),
        ('{"known":3}', "wrong_type"),
        (f'{{"{TEXT}":1}}', "unknown_field"),
        (f'{{"known":{{"{TEXT}":{NUMBER}}}}}', "wrong_type"),
        (f'{{"known":{{"{TEXT}":[true]}}}}', "wrong_type"),
        (f'{{"known":{{"{TEXT}":[NaN]}}}}', "non_finite"),
        ('{"known":{"price":[1]},"known":{}}', "repeated_key"),
        ('{"known":{"price":[1],"price":[1]}}', "repeated_key"),
        ('{"static":{"shop":[1]}}', "wrong_type"),
        ('{"start":20240101}', "wrong_type"),
        ("[{}]", "covariates_mismatch"),
        ("{}", "covariates_mismatch"),
    ],
)
def test_bad_input_is_a_refusal_in_words(api: httpx.Client, covariates: str, code: str) -> None:
    body = f'{{"model":"sales","sequence":[1,2,3],"horizon":2,"covariates":{covariates}}}'
    assert_problem(api.post("/forecast", content=body), 422, code)
    if not covariates.startswith("["):
        body = f'{{"models":["sales"],"sequence":[1,2,3,4],"horizon":2,"covariates":{covariates}}}'
        assert_problem(api.post("/backtest", content=body), 422, code)


def test_several_sequences_want_as_many_objects(api: httpx.Client) -> None:
    sequences = {"model": "sales", "sequences": [[1, 2], [3, 4]], "horizon": 1}
    for covariates in ({}, [{}], [{}, {}, {}]):
        problem = assert_problem(
            api.post("/forecast", json={**sequences, "covariates": covariates}), 422, "covariates_mismatch"
        )
        assert "a list of 2" in problem["detail"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/forecast", {"model": "sales", "horizon": 3}),
        ("/backtest", {"models": ["sales"], "horizon": 3}),
        ("/predict", {"model": "sales"}),
        ("/anomalies", {"model": "sales"}),
        ("/inspect", {"model": "sales"}),
        ("/compare", {"task": "sales"}),
    ],
)
def test_a_model_that_needs_them_says_which(api: httpx.Client, path: str, body: dict[str, Any]) -> None:
    problem = assert_problem(
        api.post(path, json={**body, "sequence": [1.0, 3.0, 2.0, 4.0] * 5}), 422, "covariates_required"
    )
    assert "known price, promo; past visits; static shop; start" in problem["detail"]
    assert {each["where"] for each in problem["errors"]} >= {"covariates.known.price", "covariates.start"}


def test_models_that_take_none_refuse_them(api: httpx.Client) -> None:
    beside = {"known": {TEXT: [1.0] * 5}}
    ask = {"sequence": [1.0, 3.0, 2.0, 4.0], "horizon": 1, "covariates": beside}
    assert_problem(api.post("/forecast", json={**ask, "model": "series-gru"}), 422, "no_covariates")
    assert_problem(api.post("/backtest", json={**ask, "models": ["series-gru"]}), 422, "no_covariates")
    assert_problem(api.post("/forecast", json=ask), 422, "model_required")
    assert_problem(api.post("/backtest", json=ask), 422, "model_required")


def test_a_known_number_out_of_the_trained_range_is_answered_with_a_warning(api: httpx.Client) -> None:
    body = asked()
    body["covariates"]["known"]["price"][-1] = 2.0
    found = forecast(api, body)
    assert any("leaves the range" in each for each in found["warnings"])
    assert json.dumps(found)  # finite throughout


def test_without_a_name_such_a_model_is_never_chosen(api: httpx.Client) -> None:
    values, _ = beside_of(SALES, LENGTH, HORIZON)
    assert forecast(api, {"sequence": values, "horizon": HORIZON})["model"] != "sales"


def test_no_stream_goes_by_a_model_that_needs_covariates(api: httpx.Client) -> None:
    answer = api.put("/streams/shop-1", json={"model": "sales", "window": 64})
    assert assert_problem(answer, 422, "covariates_required")["errors"][0]["where"] == "model"


def by_order(*made: tuple[list[float], Covariates], horizon: int = HORIZON) -> dict[str, Any]:
    """The series as TimeGPT's client posts them: numbers before categories, what is known ahead first."""
    known = [[beside.known[name] for _, beside in made] for name in ("price", "promo")]
    past = [beside.past["visits"] for _, beside in made]
    shop = [[beside.static["shop"]] * len(values) for values, beside in made]
    sizes = [len(values) for values, _ in made]
    return {
        "y": [value for values, _ in made for value in values],
        "sizes": sizes,
        "X": [
            *([cell for column, size in zip(each, sizes, strict=True) for cell in column[:size]] for each in known),
            *([cell for column in each for cell in column] for each in (past, shop)),
        ],
        "X_future": [[cell for column in each for cell in column[-horizon:]] for each in known],
        "start_datetime": ["2024-01-01T00:00:00+00:00"] * len(made),
        "categorical_exog": [1, 3],
    }


def test_timegpts_client_is_answered_as_forecast_answers_the_same_by_name(api: httpx.Client) -> None:
    made = [beside_of(SALES, length, HORIZON, seed) for seed, length in enumerate((40, 60))]
    body = {"series": by_order(*made), "model": "sales", "freq": "D", "h": HORIZON, "level": [80]}
    answer = api.post("/nixtla/v2/forecast", json=body)
    assert answer.status_code == 200, answer.text
    named = {
        "model": "sales",
        "sequences": [values for values, _ in made],
        "horizon": HORIZON,
        "season": 7,
        "covariates": [posted(beside) for _, beside in made],
    }
    found = api.post("/forecast", json=named).json()["forecasts"]
    assert answer.json()["mean"] == [value for each in found for value in each["values"]]


def test_timegpts_cross_validation_knows_at_each_window_what_was_known_there(api: httpx.Client) -> None:
    values, beside = beside_of(SALES, LENGTH, 0)
    series = by_order((values, beside), horizon=1) | {"X_future": None}
    price, promo, visits, shop = series["X"]
    series |= {"X": [price, visits, promo, shop], "categorical_exog": [2, 3]}
    body = {"series": series, "model": "sales", "freq": "D", "h": 3, "n_windows": 2, "hist_exog": [1]}
    answer = api.post("/nixtla/v2/cross_validation", json=body)
    assert answer.status_code == 200, answer.text
    for window, known in enumerate((LENGTH - 6, LENGTH - 3)):
        cut = {
            "known": {name: column[: known + 3] for name, column in beside.known.items()},
            "past": {name: column[:known] for name, column in beside.past.items()},
            "static": beside.static,
            "start": beside.start,
        }
        ask = {"model": "sales", "sequence": values[:known], "horizon": 3, "season": 7, "covariates": cut}
        assert answer.json()["mean"][3 * window : 3 * window + 3] == forecast(api, ask)["values"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"X": None, "X_future": None}, "2 columns in this order: price, promo"),
        ({"X_future": None}, "2 columns in this order: price, promo"),
        ({"X": [[1.0]]}, "65 entries"),
        ({"X": []}, "as many features as X_future has"),
        ({"X_future": [[1.0] * HORIZON, [TEXT] * HORIZON]}, "categories among no, yes"),
        ({"X_future": [[None] * HORIZON, ["no"] * HORIZON]}, "finite numbers"),
        ({"X_future": [[[1.0]] * HORIZON, ["no"] * HORIZON]}, "finite numbers"),
        ({"X_future": [[10**400] * HORIZON, ["no"] * HORIZON]}, "finite numbers"),
        ({"X_future": [[1.0] * HORIZON, [10**400] * HORIZON]}, "categories among no, yes"),
        ({"X_future": 3}, "valid array"),
        ({"start_datetime": None}, "ISO 8601"),
        ({"start_datetime": [TEXT]}, "ISO 8601"),
    ],
)
def test_features_of_timegpts_client_that_do_not_fit_are_refused_in_words(
    api: httpx.Client, change: dict[str, Any], words: str
) -> None:
    series = by_order(beside_of(SALES, LENGTH + 5, HORIZON)) | change
    answer = api.post("/nixtla/v2/forecast", json={"series": series, "model": "sales", "freq": "D", "h": HORIZON})
    assert answer.status_code == 422
    assert TEXT not in answer.text
    assert words in answer.text


def test_deepars_features_and_categories_are_taken_by_their_order(api: httpx.Client) -> None:
    values, beside = beside_of(SALES, LENGTH, HORIZON)
    shops = ["north", "south"]
    instance = {
        "target": values,
        "start": "2024-01-01 00:00:00",
        "cat": [shops.index(str(beside.static["shop"]))],
        "dynamic_feat": [beside.known["price"], beside.known["promo"]],
    }
    answer = api.post("/endpoints/sales/invocations", json={"instances": [instance]})
    assert answer.status_code == 400  # DeepAR has no place for what is known up to now only
    assert "in this order: visits" in answer.json()["Message"]
    only = SALES.model_copy(update={"past": (), "calendar": (), "every": None})
    assert only.by_name("x", _ordered(instance, HORIZON)).each[0].static == beside.static
    assert only.by_name("x", _ordered(instance, HORIZON)).each[0].known == beside.known


def test_a_feature_of_deepar_that_ends_before_the_others_is_refused(api: httpx.Client) -> None:
    """Of several instances the longest horizon counts; a column that is too short is not mended by that."""
    long, short = (
        {"target": [1.0] * 9, "dynamic_feat": [[1.0] * (9 + ahead), [2.0] * (9 + ahead)]} for ahead in (5, 2)
    )
    beside = Invocation.model_validate({"instances": [long, short]}).beside(5)
    assert [[len(column) for column in each.known.values()] for each in beside.each] == [[14, 14], [14, 14]]
    short["dynamic_feat"][1].pop()
    with pytest.raises(InvalidInput, match="expected features of one length"):
        Invocation.model_validate({"instances": [long, short]}).beside(5)


def _ordered(instance: dict[str, Any], horizon: int) -> Any:
    return Invocation.model_validate({"instances": [instance]}).beside(horizon)


def test_chronos_covariates_are_taken_by_their_names(api: httpx.Client) -> None:
    values, beside = beside_of(SALES, LENGTH, HORIZON)
    body = {
        "target": values,
        "start": "2024-01-01",
        "past_covariates": {**{name: column[:LENGTH] for name, column in beside.known.items()}, **beside.past},
        "future_covariates": {name: column[LENGTH:] for name, column in beside.known.items()},
    }
    asked = {"inputs": [body], "parameters": {"prediction_length": HORIZON}}
    refused = api.post("/endpoints/sales/invocations", json=asked)
    assert refused.status_code == 400  # nor has Chronos one for what is known of the whole series
    assert "static shop" in refused.json()["Message"]
    found = api.post("/endpoints/series-gru/invocations", json=asked)
    assert found.status_code == 400
    assert found.json()["Code"] == "no_covariates"
    body |= {"past_covariates": None, "future_covariates": None}
    dated = api.post("/endpoints/dated/invocations", json=asked)
    assert dated.status_code == 200, dated.text
    ask = {"model": "dated", "sequence": values, "horizon": HORIZON, "covariates": {"start": "2024-01-01"}}
    assert dated.json()["predictions"][0]["mean"] == forecast(api, ask)["values"]


def test_deepars_features_beside_a_model_without_are_left_aside_with_a_warning(api: httpx.Client) -> None:
    instance = {"target": [1.0, 2.0, 4.0, 3.0], "cat": [1], "dynamic_feat": [[1.0] * 6]}
    for name in ("series-gru", "auto"):
        (found,) = api.post(f"/endpoints/{name}/invocations", json={"instances": [instance]}).json()["predictions"]
        assert len(found["mean"]) == 2
        assert any("takes no covariates" in each for each in found["warnings"])


def test_a_number_is_the_category_of_that_name_or_at_that_place() -> None:
    names = Covariate(name="x", kind="category", categories=("1", "2", "a"))
    assert [names.called(each) for each in (1, 2.0, 0, "a", 7, 0.5)] == ["1", "2", "1", "a", "7", "0.5"]
    for odd in (float("nan"), float("inf"), 10**400, True, [1], {}, None):
        posted_odd: Any = odd
        assert names.called(posted_odd) is posted_odd
        assert not names.takes([posted_odd])
        assert not Covariate(name="x", kind="number").takes([posted_odd])


@pytest.mark.parametrize("number", [1e100, -1e100, 1e20])
def test_numbers_far_from_all_that_was_trained_on_leave_answers_finite(api: httpx.Client, number: float) -> None:
    for path in ("known.price", "past.visits"):
        body = asked()
        part, name = path.split(".")
        for place in (0, LENGTH - 1, -1):
            body["covariates"][part][name][place] = number
        found = forecast(api, body)
        assert np.isfinite(found["values"]).all()
    problem = assert_problem(
        api.post("/forecast", json=wrong("known.price", [1.1e100] * (LENGTH + HORIZON))), 422, "covariates_mismatch"
    )
    assert "at most 1e+100" in problem["detail"]


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["no", "yes"]),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.sampled_from(["price", "promo", "x"]), inner),
    max_leaves=12,
)


@given(
    st.dictionaries(st.sampled_from(["known", "past", "static", "start", "x"]), _ANYTHING) | _ANYTHING,
    st.lists(st.floats(-1e300, 1e300) | st.none(), max_size=8),
)
def test_whatever_is_posted_is_answered_or_refused_in_words(api: httpx.Client, beside: Any, sequence: Any) -> None:
    body = json.dumps({"model": "sales", "sequence": sequence, "horizon": 2, "covariates": beside})
    for path, content in (("/forecast", body), ("/backtest", body.replace('"model": "sales"', '"models": ["sales"]'))):
        assert api.post(path, content=content).status_code in (200, 422)
