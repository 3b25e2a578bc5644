"""Which Host is answered, and what a web page of another origin may ask: by the headers that browsers send."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.app import PROTOCOLS, create_app
from service.http.cross_origin import AllowedHosts
from service.http.errors import PROBLEMS
from service.http.protocol import Protocols
from service.keys import KeyFile
from service.settings import Settings
from tests.conftest import MODELS
from tests.problems import assert_foreign_error, assert_problem
from tests.raw import exchange
from tests.serving import in_thread

BODY = b'{"sequence": [1, 2, 3, 4]}'
NAMED = "https://example.org"
FOREIGN = [
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Origin": "https://example.com"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Origin": "http://localhost:3000"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Origin": "null"},  # a form in a sandbox
    {"Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://example.com"},  # where the address is no secure one, a browser tells its origin only
    {"Origin": "http://localhost:3000"},
    {"Origin": "null"},
]


@pytest.fixture(scope="module")
def anonymous(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service without keys that names a host and an origin."""
    folder = tmp_path_factory.mktemp("anonymous")
    with in_thread(
        models_dir=MODELS,
        database_url=f"sqlite:///{folder}/unroll.db",
        log_durability="process",
        allowed_hosts="unroll.example.org",
        cors_origins=NAMED,
    ) as client:
        yield client


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[httpx.Client]:
    """A service with keys, and a client that has one."""
    keys = tmp_path / "keys.json"
    token = KeyFile(keys).add("ada", "predict")
    with in_thread(models_dir=MODELS, database_url=f"sqlite:///{tmp_path}/unroll.db", api_keys_file=keys) as client:
        client.headers["X-API-Key"] = token
        yield client


def _routes() -> list[tuple[str, str]]:
    """Every method and path that changes or computes something, as asked for."""
    paths = create_app(Settings()).openapi()["paths"]
    asked = [(method.upper(), re.sub(r"{\w+}", "sine-gru", path)) for path, item in paths.items() for method in item]
    return [(method, path) for method, path in asked if method != "GET"]


ROUTES = _routes()


def test_there_are_such_routes_in_every_protocol() -> None:
    for route in (
        ("POST", "/predict"),
        ("DELETE", "/requests"),
        ("POST", "/v1/models/sine-gru:predict"),
        ("POST", "/v2/models/sine-gru/infer"),
        ("POST", "/v2/repository/models/sine-gru/unload"),
    ):
        assert route in ROUTES


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize(("method", "path"), [*ROUTES, ("POST", "/nowhere"), ("OPTIONS", "/predict")])
def test_a_page_of_another_origin_changes_and_computes_nothing(
    anonymous: httpx.Client, method: str, path: str, headers: dict[str, str]
) -> None:
    refused = anonymous.request(method, path, content=BODY, headers=headers)
    if Protocols(PROTOCOLS).of(path).errors is PROBLEMS:
        assert "--cors-origins" in assert_problem(refused, 403, "cross_origin")["detail"]
    else:
        assert refused.status_code == 403
        assert "--cors-origins" in refused.text
    assert anonymous.get("/v2/models/sine-gru/ready").status_code == 200  # nothing was unloaded


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Origin": "https://behind.a.proxy"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Origin": NAMED},
        {"Origin": NAMED},
        {"Origin": "http://localhost:9"},  # the same as the Host below
    ],
    ids=str,
)
def test_programs_its_own_page_and_named_origins_ask_as_before(
    anonymous: httpx.Client, headers: dict[str, str]
) -> None:
    headers = {"Host": "localhost:9", **headers}
    assert anonymous.post("/predict", content=BODY, headers=headers).status_code == 200
    assert anonymous.delete("/requests?before=2000-01-01T00:00:00Z", headers=headers).status_code == 200


@pytest.mark.parametrize("mode", ["no-cors", "cors"])
@pytest.mark.parametrize("path", ["/models/sine-gru/plots/loss.svg", "/requests/export", "/metrics", "/"])
def test_what_another_page_embeds_is_not_shown_to_it_but_a_link_is_followed(
    anonymous: httpx.Client, path: str, mode: str
) -> None:
    site = {"Sec-Fetch-Site": "cross-site"}
    assert_problem(anonymous.get(path, headers={**site, "Sec-Fetch-Mode": mode}), 403, "cross_origin")
    assert anonymous.get(path, headers={**site, "Sec-Fetch-Mode": "navigate"}).status_code == 200
    assert anonymous.get(path, headers={**site, "Sec-Fetch-Mode": "cors", "Origin": NAMED}).status_code == 200
    assert anonymous.get(path, headers={"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": mode}).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:9", "[::1]:9", "unroll.example.org"])
def test_its_own_names_and_named_ones_are_answered_at_any_port(anonymous: httpx.Client, host: str) -> None:
    assert anonymous.get("/models", headers={"Host": host}).status_code == 200
    assert anonymous.post("/predict", content=BODY, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/health/live", "/requests", "/v2/health/ready", "/v1/models/sine-gru", "/docs"])
@pytest.mark.parametrize(
    "host", ["rebound.example", "192.0.2.1:8000", "localhost.example", "", "localhost@evil", "::1"]
)
def test_another_name_is_told_that_it_is_not_here(anonymous: httpx.Client, host: str, path: str) -> None:
    refused = anonymous.get(path, headers={"Host": host})
    if path.startswith(("/v1", "/v2")):
        assert "--allowed-hosts" in assert_foreign_error(refused, 421)
    else:
        assert "--allowed-hosts" in assert_problem(refused, 421, "misdirected_request")["detail"]


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ("GET /models HTTP/1.1\r\n", 400),
        ("GET /models HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n", 400),
        ("GET /models HTTP/1.1\r\nHost: localhost\r\nHost: rebound.example\r\n", 400),
        ("GET /models HTTP/1.1\r\nHost: rebound.example\r\nHOST: localhost\r\n", 400),
        ("GET /models HTTP/1.0\r\nHost: localhost\r\nHost: localhost\r\n", 400),
        ("GET /models HTTP/1.0\r\n", 200),
        ("GET /models HTTP/1.0\r\nHost: localhost\r\n", 200),
        ("GET /models HTTP/1.0\r\nHost: rebound.example\r\n", 421),
        ("GET /models HTTP/1.1\r\nHost: localhost\r\nAccept: a/b\r\nAccept: c/d\r\n", 200),
    ],
)
def test_exactly_one_host_and_none_in_http_1_0(anonymous: httpx.Client, lines: str, status: int) -> None:
    reply = exchange(anonymous.base_url.port or 0, f"{lines}\r\n".encode())
    assert reply.status == status
    if status == 400:
        assert reply.json()["code"] == "malformed_request"


def test_with_keys_any_host_and_any_page_that_has_one_may_ask(guarded: httpx.Client) -> None:
    for headers in ({"Host": "rebound.example"}, *FOREIGN):
        assert guarded.post("/predict", content=BODY, headers=headers).status_code == 200
        assert_problem(
            guarded.post("/predict", content=BODY, headers={**headers, "X-API-Key": ""}), 401, "unauthorized"
        )
    twice = b"GET /health/live HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"
    assert exchange(guarded.base_url.port or 0, twice).status == 400


def test_with_keys_hosts_that_are_named_are_the_only_ones(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    KeyFile(keys).add("ada", "predict")
    url = f"sqlite:///{tmp_path}/unroll.db"
    with in_thread(models_dir=MODELS, database_url=url, api_keys_file=keys, allowed_hosts="a.org, b.org") as client:
        assert client.get("/health/live", headers={"Host": "b.org"}).status_code == 200
        assert_problem(client.get("/health/live", headers={"Host": "c.org"}), 421, "misdirected_request")


@pytest.mark.parametrize(
    ("bound", "host", "allowed"),
    [
        ("127.0.0.1", "127.0.0.2", False),
        ("127.0.0.2", "127.0.0.2:1", True),
        ("127.0.0.1", "[0:0:0:0:0:0:0:1]:8000", True),
        ("fd00::1", "[FD00:0::1]", True),
        ("fd00::1", "fd00::1", False),
        ("box.lan", "Box.LAN:8000", True),
        ("box.lan", "192.0.2.1", False),
        ("0.0.0.0", "192.0.2.1:8000", True),  # noqa: S104  # a probe by a pod's address, a port that is forwarded
        ("0.0.0.0", "[fd00::1]:8000", True),  # noqa: S104
        ("::", "192.0.2.1", True),
        ("", "192.0.2.1", True),
        ("0.0.0.0", "rebound.example", False),  # noqa: S104
        ("0.0.0.0", "192.0.2.1.rebound.example", False),  # noqa: S104
        ("0.0.0.0", "localhost:8000:9", False),  # noqa: S104
        ("0.0.0.0", "localhost:port", False),  # noqa: S104
        ("0.0.0.0", "\xfcnroll", False),  # noqa: S104
    ],
)
def test_a_service_on_every_address_is_asked_under_any_but_under_no_other_name(
    bound: str, host: str, allowed: bool
) -> None:
    assert AllowedHosts(bound).allow(host.encode("latin-1")) is allowed


def test_under_a_prefix_the_refusal_still_has_its_protocol_s_shape(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/unroll.db"
    with in_thread(models_dir=MODELS, database_url=url, root_path="/unroll") as client:
        for path in ("/v2/models", "/unroll/v2/models"):
            assert_foreign_error(client.get(path, headers={"Host": "rebound.example"}), 421)
        assert_problem(client.post("/unroll/predict", headers={"Origin": "null"}), 403, "cross_origin")
