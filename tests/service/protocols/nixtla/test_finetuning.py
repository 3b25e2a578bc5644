"""Fine-tuning over HTTP: a model under an id that serves, is listed, survives a restart, and goes when deleted."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from service.cards import CARD
from service.http.encoding import zstd
from service.inference.finetuning import kept
from service.keys import KeyFile, Scope
from tests.service.protocols.nixtla.test_nixtla import assert_detail, body
from tests.serving import in_thread

STEP = np.arange(120)
_NOISE = np.random.default_rng(3).standard_normal((4, 120))
# A season in which one month falls out, more than any made-up one: there is something to learn.
SERIES = [
    (20.0 + row + 6.0 * np.sin(2.0 * np.pi * STEP / 12) - 15.0 * (STEP % 12 == 7) + 0.3 * noise).round(3).tolist()
    for row, noise in enumerate(_NOISE)
]


def log_in(folder: Path) -> str:
    return f"sqlite:///{folder}/log.db"


def asked(*series: list[Any], **more: Any) -> dict[str, Any]:
    """What the client posts to have a model made of ``series``."""
    return body(*(series or SERIES), finetune_steps=10, finetune_depth=1, finetune_loss="default") | more


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def tuning(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    # Whoever waits for a thread, or for the one that makes the same model, waits for as long as that takes here.
    patient: dict[str, Any] = {"queue_timeout": 300.0, "work_timeout": 300.0}
    with in_thread(database_url=log_in(tmp_path_factory.mktemp("log")), models_dir=models, **patient) as api:
        api.timeout = 300.0
        yield api


@pytest.fixture(scope="module")
def made(tuning: httpx.Client) -> dict[str, Any]:
    answer = tuning.post("/nixtla/v2/finetune", json=asked(output_model_id="shop-1"))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_model_is_made_described_and_listed(tuning: httpx.Client, made: dict[str, Any], models: Path) -> None:
    assert (made["finetuned_model_id"], made["input_tokens"], made["output_tokens"]) == ("shop-1", 480, 0)
    described = made["finetuned_model"]
    assert tuning.get("/nixtla/v2/finetuned_models/shop-1").json() == described
    assert described in tuning.get("/nixtla/v2/finetuned_models").json()["finetuned_models"]
    assert described | {"created_at": "", "mase_before": 0.0, "mase_after": 0.0} == {
        "id": "shop-1", "created_at": "", "created_by": "anonymous", "base_model_id": "series-gru", "steps": 10,
        "depth": 1, "loss": "default", "model": "timegpt-2.1", "freq": "MS", "helped": True, "mase_before": 0.0,
        "mase_after": 0.0,
    }  # fmt: skip
    assert described["mase_after"] < described["mase_before"]
    assert "finetune_steps changes nothing" in made["warnings"][0]
    card = tuning.get("/models/shop-1").json()
    assert (card["family"], card["task"], card["reading"]["season"]) == ("own", "shop-1", 12)
    assert card["evaluations"][0]["model"]["mae"] == described["mase_after"]
    assert tuning.get("/models/shop-1/plots/fit.svg").status_code == 200
    assert sorted(each.name for each in (models / "shop-1" / "1").iterdir())[0] == CARD


def test_it_answers_in_the_place_of_the_model_it_was_made_from(tuning: httpx.Client, made: dict[str, Any]) -> None:
    mine = made["finetuned_model_id"]
    for call, more in (
        ("forecast", {"h": 12, "level": [80]}),
        ("cross_validation", {"h": 3, "n_windows": 2}),
        ("historic_forecast", {}),
        ("anomaly_detection", {"level": 99}),
        ("online_anomaly_detection", {"level": 99, "h": 1, "detection_size": 3}),
    ):
        question = body(SERIES[0], finetuned_model_id=mine) | more
        answer = tuning.post(f"/nixtla/v2/{call}", json=question)
        assert answer.status_code == 200, answer.text
        assert answer.json()["evidence"][0]["model"] == mine, call
        base = tuning.post(f"/nixtla/v2/{call}", json=question | {"finetuned_model_id": None, "model": "series-gru"})
        assert answer.json()["mean"] != base.json()["mean"], call
    named = tuning.post("/forecast", json={"model": mine, "sequence": SERIES[0], "horizon": 12}).json()
    given = tuning.post("/nixtla/v2/forecast", json=body(SERIES[0], h=12, finetuned_model_id=mine)).json()
    assert named["forecasts"][0]["values"] == given["mean"]
    assert named["forecasts"][0]["season"]["steps"] == [12]


def test_the_same_request_makes_one_model_however_often_and_at_once_it_comes(
    tuning: httpx.Client, made: dict[str, Any], models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = tuning.post("/nixtla/v2/finetune", json=asked(output_model_id="shop-1")).json()
    assert again["finetuned_model"] == made["finetuned_model"]
    before = set(models.iterdir())
    times = []
    monkeypatch.setattr(kept, "tuned", lambda *given: times.append(1) or TUNED(*given))
    with ThreadPoolExecutor(3) as pool:
        posted = [pool.submit(tuning.post, "/nixtla/v2/finetune", json=asked(*SERIES[:2])) for _ in range(3)]
        (name,) = {each.result().json()["finetuned_model_id"] for each in posted}
    assert len(times) == 1
    assert {path.name for path in set(models.iterdir()) - before} == {name}
    assert len(name) == 36
    assert tuning.delete(f"/nixtla/v2/finetuned_models/{name}").status_code == 204


TUNED = kept.tuned


def test_an_id_that_is_taken_or_no_name_is_refused(tuning: httpx.Client, made: dict[str, Any]) -> None:
    for name, words in (
        ("shop-1", "no other model has"), ("sine-gru", "no other model has"), ("series", "no other model has"),
        ("My Model", "a-z, 0-9 and -"), ("../up", "a-z, 0-9 and -"), ("", "a-z, 0-9 and -"),
    ):  # fmt: skip
        refused = tuning.post("/nixtla/v2/finetune", json=asked(*SERIES[1:], output_model_id=name))
        assert_detail(refused, 422, words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"finetune_depth": 3}, "finetune_depth"),
        ({"finetune_loss": "mse"}, "finetune_loss: expected default or mae"),
        ({"finetune_steps": -1}, "finetune_steps"),
        ({"multivariate": True}, "multivariate"),
        ({"model": "sine-gru"}, "a general model, as series-gru"),
        ({"series": {"y": [1.0] * 40, "sizes": [40]}}, "that move"),
        ({"series": {"y": [1.0, 2.0] * 9, "sizes": [18]}}, "at least 20 values"),
        ({"series": {"y": [1.0, 2.0, None] * 9, "sizes": [9, 9, 8]}}, "add up"),
        ({"series": {"y": [1.0, 2.0] * 40, "sizes": [80], "X": [[1.0] * 80]}}, "leave out X_df"),
    ],
)
def test_what_a_closed_form_is_not_or_cannot_learn_from_is_refused(
    tuning: httpx.Client, change: dict[str, Any], words: str
) -> None:
    assert_detail(tuning.post("/nixtla/v2/finetune", json=asked(output_model_id="never") | change), 422, words)
    assert_detail(tuning.get("/nixtla/v2/finetuned_models/never"), 404)


def test_a_model_of_no_name_or_another_kind_is_no_fine_tuned_one(tuning: httpx.Client) -> None:
    for name in ("nobody", "series-gru"):
        assert_detail(tuning.get(f"/nixtla/v2/finetuned_models/{name}"), 404)
        assert_detail(tuning.delete(f"/nixtla/v2/finetuned_models/{name}"), 404)
    assert tuning.get("/models/series-gru").status_code == 200
    assert_detail(tuning.post("/nixtla/v2/finetune", json=asked(finetuned_model_id="nobody")), 404)


def test_where_a_correction_does_not_help_the_general_model_stays_and_that_is_said(tuning: httpx.Client) -> None:
    walk = np.cumsum(np.random.default_rng(5).standard_normal(60)).tolist()
    content = zstd.compress(
        httpx.Request("POST", "http://x", json=asked(walk, output_model_id="walk", freq="D")).content
    )
    answer = tuning.post("/nixtla/v2/finetune", content=content, headers={"content-encoding": "zstd"}).json()
    assert answer["finetuned_model"]["helped"] is False
    assert "walk answers as series-gru" in answer["warnings"][0]
    question = {"sequence": walk, "horizon": 3, "season": 7}
    mine, general = (
        tuning.post("/forecast", json=question | {"model": name}).json()["forecasts"][0]["values"]
        for name in ("walk", "series-gru")
    )
    assert mine == general


def test_gaps_unknown_seasons_and_models_made_from_made_ones_are_fine(
    tuning: httpx.Client, made: dict[str, Any]
) -> None:
    gapped: list[Any] = [None, *SERIES[0][:50], None, None, *SERIES[0][52:], None]
    given = asked(gapped, freq="7x", output_model_id="again", finetuned_model_id="shop-1")
    answer = tuning.post("/nixtla/v2/finetune", json=given)
    assert answer.status_code == 200, answer.text
    assert answer.json()["finetuned_model"]["base_model_id"] == "shop-1"
    assert tuning.get("/models/again").json()["reading"]["season"] == 12


def test_as_many_as_there_may_be_are_kept(
    tuning: httpx.Client, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST", 1)
    assert_detail(tuning.post("/nixtla/v2/finetune", json=asked(SERIES[2])), 422, "delete one")
    assert tuning.post("/nixtla/v2/finetune", json=asked(output_model_id="shop-1")).status_code == 200


def test_it_survives_a_restart_and_is_gone_for_good_once_it_is_deleted(
    tuning: httpx.Client, made: dict[str, Any], models: Path, tmp_path: Path
) -> None:
    question = body(SERIES[0], h=3, finetuned_model_id="shop-1")
    before = tuning.post("/nixtla/v2/forecast", json=question).json()["mean"]
    with in_thread(database_url=log_in(tmp_path), models_dir=models) as api:
        assert api.post("/nixtla/v2/forecast", json=question).json()["mean"] == before
        assert api.get("/nixtla/v2/finetuned_models/shop-1").json() == made["finetuned_model"]
        assert api.delete("/nixtla/v2/finetuned_models/shop-1").status_code == 204
        assert_detail(api.delete("/nixtla/v2/finetuned_models/shop-1"), 404)
        assert_detail(api.post("/nixtla/v2/forecast", json=question), 404)
    assert not (models / "shop-1").exists()
    assert not [path for path in models.iterdir() if path.name.startswith(".")]


def test_a_key_that_may_predict_uses_and_lists_models_and_makes_and_deletes_none(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "keys.json")
    predict, admin = keys.add("shop", Scope.predict), keys.add("boss", Scope.admin)
    (tmp_path / "models").mkdir()
    settings = {"api_keys_file": tmp_path / "keys.json", "models_dir": tmp_path / "models"}
    with in_thread(database_url=log_in(tmp_path), **settings) as api:

        def call(method: str, path: str, key: str, **more: Any) -> httpx.Response:
            return api.request(method, f"/nixtla/v2/{path}", headers={"authorization": f"Bearer {key}"}, **more)

        assert_detail(call("POST", "finetune", predict, json=asked(output_model_id="mine")), 403)
        assert call("POST", "finetune", admin, json=asked(output_model_id="mine")).status_code == 200
        assert call("GET", "finetuned_models/mine", predict).json()["created_by"] == "boss"
        question = body(SERIES[0], h=3, finetuned_model_id="mine")
        assert call("POST", "forecast", predict, json=question).status_code == 200
        assert_detail(call("DELETE", "finetuned_models/mine", predict), 403)
        assert call("DELETE", "finetuned_models/mine", admin).status_code == 204


def test_where_nothing_can_be_kept_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").write_text("a file")
    monkeypatch.chdir(tmp_path)
    with in_thread(database_url=log_in(tmp_path)) as api:
        assert_detail(api.post("/nixtla/v2/finetune", json=asked(SERIES[0])), 422, "UNROLL_MODELS_DIR")
