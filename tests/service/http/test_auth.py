"""Who may ask what, over real bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from service.keys import KeyFile
from tests.conftest import MODELS
from tests.problems import assert_problem
from tests.raw import exchange, http
from tests.serving import in_thread

BODY = b'{"sequence": [1, 2, 3, 4]}'


@dataclass(frozen=True)
class Guarded:
    client: httpx.Client
    file: KeyFile
    tokens: dict[str, str]

    def headers(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[name]}"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("auth")
    keys = KeyFile(folder / "keys.json")
    names = {"prometheus": "metrics", "ada": "predict", "bob": "predict", "rita": "read", "root": "admin"}
    tokens = {name: keys.add(name, scope) for name, scope in names.items()}  # type: ignore[arg-type]
    with in_thread(
        models_dir=MODELS,
        database_url=f"sqlite:///{folder}/unroll.db",
        log_durability="process",
        api_keys_file=folder / "keys.json",
    ) as client:
        yield Guarded(client, keys, tokens)


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/docs", "/openapi.json"])
def test_health_and_docs_are_open(guarded: Guarded, path: str) -> None:
    assert guarded.client.get(path).status_code == 200


@pytest.mark.parametrize("name", ["ada", "root"])
@pytest.mark.parametrize("header", ["Bearer", "bearer", "X-API-Key"])
def test_a_key_is_taken_from_either_header(guarded: Guarded, name: str, header: str) -> None:
    token = guarded.tokens[name]
    headers = {"X-API-Key": token} if header == "X-API-Key" else {"Authorization": f"{header} {token}"}
    assert guarded.client.post("/predict", content=BODY, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "lines",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer unroll_ada_wrong"},
        {"Authorization": "Basic YWRhOmFkYQ=="},
        {"X_API_Key": "\xff\xfe\x80"},
        {"Authorization": "Bearer \xe4\xf6\xfc_\xe4_\xff"},
        {"X_API_Key": "a" * 10_000},
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/predict"), ("GET", "/models"), ("GET", "/nowhere")])
def test_a_missing_wrong_or_non_ascii_key_is_401(
    guarded: Guarded, lines: dict[str, str], method: str, path: str
) -> None:
    reply = exchange(guarded.client.base_url.port or 0, http(method, path, BODY, **lines))
    assert (reply.status, reply.json()["code"]) == (401, "unauthorized")
    assert reply.headers["www-authenticate"] == "Bearer"
    assert reply.headers["x-request-id"] == reply.json()["request_id"]


@pytest.mark.parametrize("name", ["prometheus", "ada", "rita", "root"])
def test_a_route_that_nobody_thought_of_is_for_admins(guarded: Guarded, name: str) -> None:
    response = guarded.client.post("/nowhere", headers=guarded.headers(name))
    if name == "root":
        assert_problem(response, 404, "unknown_path")
    else:
        assert_problem(response, 403, "forbidden")


@pytest.mark.parametrize("path", ["/v1/models/sine-gru:predict", "/v2/models/sine-gru/infer"])
def test_v1_and_v2_refuse_in_their_own_shape(guarded: Guarded, path: str) -> None:
    response = guarded.client.post(path, content=b"{}")
    assert response.status_code == 401
    assert response.json().keys() == {"error"}


def test_a_row_names_its_client_and_never_its_key(guarded: Guarded) -> None:
    answer = guarded.client.post("/predict", content=BODY, headers=guarded.headers("ada")).json()
    row = guarded.client.get(f"/requests/{answer['request_id']}", headers=guarded.headers("rita"))
    assert row.json()["client"] == "ada"
    assert guarded.tokens["ada"] not in row.text


def test_a_client_that_may_only_predict_tells_the_outcome_of_its_own_requests(guarded: Guarded) -> None:
    answer = guarded.client.post("/predict", content=BODY, headers=guarded.headers("ada")).json()
    path = f"/requests/{answer['request_id']}/outcome"
    assert_problem(guarded.client.post(path, json={"value": 5}, headers=guarded.headers("bob")), 404, "unknown_request")
    assert guarded.client.post(path, json={"value": 5}, headers=guarded.headers("ada")).status_code == 200


def test_a_revoked_key_is_refused_by_the_running_service(guarded: Guarded) -> None:
    headers = {"X-API-Key": guarded.file.add("short-lived", "predict")}
    assert guarded.client.post("/predict", content=BODY, headers=headers).status_code == 200
    guarded.file.revoke("short-lived")
    assert_problem(guarded.client.post("/predict", content=BODY, headers=headers), 401, "unauthorized")


def test_a_key_file_that_is_gone_is_503_and_heals(guarded: Guarded) -> None:
    path = guarded.file._path
    aside = path.rename(path.with_name("aside"))
    response = guarded.client.post("/predict", content=BODY, headers=guarded.headers("ada"))
    assert_problem(response, 503, "keys_unavailable")
    aside.rename(path)
    assert guarded.client.post("/predict", content=BODY, headers=guarded.headers("ada")).status_code == 200
