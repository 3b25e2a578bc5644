"""How often a client may ask."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.errors import SettingsError
from service.http.quotas import Counter, _client
from service.keys import KeyFile
from tests.conftest import MODELS
from tests.problems import assert_problem
from tests.serving import in_thread

BODY = b'{"model":"linear-gru","sequence":[1,2,3]}'


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[httpx.Client]:
    with in_thread(
        models_dir=MODELS,
        database_url=f"sqlite:///{tmp_path}/unroll.db",
        log_durability="process",
        quota="3/minute;100/day",
    ) as client:
        yield client


def test_what_is_left_is_told_and_then_it_is_429(limited: httpx.Client) -> None:
    for left in (2, 1, 0):
        response = limited.post("/predict", content=BODY)
        assert response.status_code == 200
        assert response.headers["ratelimit-policy"] == '"1-minute";q=3;w=60, "1-day";q=100;w=86400'
        assert response.headers["ratelimit"].startswith(f'"1-minute";r={left};t=')
    response = limited.post("/predict", content=BODY)
    assert_problem(response, 429, "quota_exceeded")
    assert 1 <= int(response.headers["retry-after"]) <= 60
    assert response.headers["ratelimit"].startswith('"1-minute";r=0;t=')


def test_health_is_never_counted_and_v2_refuses_in_its_own_shape(limited: httpx.Client) -> None:
    for _ in range(10):
        assert "ratelimit" not in limited.get("/health/ready").headers
    for _ in range(4):
        response = limited.get("/v2/models/sine-gru")
    assert response.status_code == 429
    assert response.json().keys() == {"error"}


def test_each_key_has_a_quota_of_its_own(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "keys.json")
    ada, bob = ({"X-API-Key": keys.add(name, "predict")} for name in ("ada", "bob"))
    with in_thread(
        models_dir=MODELS,
        database_url=f"sqlite:///{tmp_path}/unroll.db",
        log_durability="process",
        api_keys_file=tmp_path / "keys.json",
        quota="1/minute",
    ) as client:
        statuses = [client.post("/predict", content=BODY, headers=each).status_code for each in (ada, ada, bob, bob)]
        assert statuses == [200, 429, 200, 429]
        assert client.post("/predict", content=BODY).status_code == 401


def test_a_request_counts_by_what_it_costs(limited: httpx.Client) -> None:
    batch = {"model": "sine-gru", "sequences": [[1.0, 2.0, 3.0]] * 200}
    response = limited.post("/predict", json=batch)  # some 3 ms
    assert response.status_code == 200
    assert response.headers.get_list("ratelimit") == [response.headers["ratelimit"]]
    left = int(response.headers["ratelimit"].partition("r=")[2].partition(";")[0])
    assert left == 0
    assert limited.post("/predict", content=BODY).status_code == 429


def test_a_batch_that_costs_more_than_the_quota_is_refused_and_says_why(limited: httpx.Client) -> None:
    response = limited.post("/predict", json={"model": "linear-gru", "sequences": [[1.0, 2.0, 3.0]] * 10_000})
    problem = assert_problem(response, 429, "quota_exceeded")
    assert "by what it costs this one counts" in problem["detail"]
    assert response.headers["retry-after"]
    assert limited.post("/predict", content=BODY).status_code == 200, "what was refused cost one request only"
    response = limited.post("/v1/models/sine-gru:predict", json={"instances": [[1.0, 2.0, 3.0]] * 10_000})
    assert response.status_code == 429
    assert response.json().keys() == {"error"}


def test_who_guesses_keys_is_counted_by_address_and_shuts_nobody_else_out(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "keys.json")
    ada, carol = ({"X-API-Key": keys.add(name, scope)} for name, scope in (("ada", "predict"), ("carol", "metrics")))
    with in_thread(
        models_dir=MODELS,
        database_url=f"sqlite:///{tmp_path}/unroll.db",
        log_durability="process",
        api_keys_file=tmp_path / "keys.json",
        quota="3/minute",
    ) as client:
        wrong = [client.post("/predict", content=BODY, headers={"X-API-Key": f"guess-{n}"}) for n in range(3)]
        assert [each.status_code for each in wrong] == [401, 401, 401]
        for headers in ({"X-API-Key": "guess-4"}, {}, carol):  # a right key that covers something else: 403
            response = client.post("/predict", content=BODY, headers=headers)
            assert_problem(response, 429, "quota_exceeded")
            assert response.headers["retry-after"]
        assert client.post("/v2/models/sine-gru/infer", content=BODY).json().keys() == {"error"}
        assert client.post("/predict", content=BODY, headers=ada).status_code == 200
        assert client.get("/health/live").status_code == 200


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_addresses_count_together_where_one_customer_has_them_all(one: str, other: str, same: bool) -> None:
    first, second = (_client({"state": {}, "client": (address, 1)}) for address in (one, other))
    assert (first == second) is same


def test_an_address_that_is_none_is_counted_too() -> None:
    assert _client({"state": {}, "client": None}) == _client({"state": {}, "client": ("/tmp/socket", 0)})  # noqa: S108
    assert _client({"state": {"client": "unknown"}, "client": None}) != _client({"state": {}, "client": None})


def test_without_a_quota_nothing_is_counted(api: httpx.Client) -> None:
    assert "ratelimit" not in api.post("/predict", content=BODY).headers


@pytest.mark.parametrize(
    ("quota", "url"),
    [("often", None), ("", None), ("0/minute", None), ("1/minute;0/day", None), ("1/minute", "nowhere://x")],
)
def test_a_quota_that_is_none_is_refused_at_start(quota: str, url: str | None) -> None:
    with pytest.raises(SettingsError):
        Counter(quota, url)


def test_a_window_never_holds_more_than_its_limit() -> None:
    async def count() -> int:
        counter = Counter("50/minute", None)
        answers = await asyncio.gather(*(counter.count("ada") for _ in range(200)))
        return sum(refused is None for refused, _ in answers)

    assert asyncio.run(count()) == 50


def test_redis_that_cannot_be_reached_is_503(tmp_path: Path) -> None:
    with in_thread(
        models_dir=MODELS,
        database_url=f"sqlite:///{tmp_path}/unroll.db",
        quota="1/minute",
        quota_url="redis://127.0.0.1:1/0",
    ) as client:
        assert_problem(client.post("/predict", content=BODY), 503, "quotas_unavailable")
        assert client.get("/health/live").status_code == 200
