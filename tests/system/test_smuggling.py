"""Requests inside requests, through nginx with docker/nginx's configuration to a real service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.conftest import MODELS
from tests.gateway import CONFIGURATION, gateway
from tests.hardening.smuggling import CARRIED, CARRIED_CODE, SHAPES, UPGRADES, Shape, answers, statuses
from tests.raw import connected, http, read_reply
from tests.serving import Process

pytestmark = pytest.mark.system

# nginx has words of its own for what it refuses, and sets these right before a replica sees them.
REFUSED = {400, 405, 501, 505}
SET_RIGHT = {
    "a line feed alone after a chunk's size",
    "a line feed alone in a head",
    "a trailer that looks like a length",
}
# What a proxy for websockets says besides.
PASSED_ON = "proxy_set_header Connection $http_connection; proxy_set_header Upgrade $http_upgrade;"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, httpx.Client]]:
    """A service, and a client of the nginx before it."""
    flags = ("--models-dir", str(MODELS), "--log-durability", "process", "--trusted-proxies", "127.0.0.1")
    with Process(tmp_path_factory.mktemp("service"), *flags) as service:
        service.wait_until_ready()
        with gateway(tmp_path_factory.mktemp("gateway"), service.port) as client:
            yield service, client


def carried(service: Process) -> int:
    """How many carried requests the service has on record."""
    service.client.post("/predict", json={"sequence": [1, 2]})  # its row comes after theirs
    rows = service.client.get("/requests", params={"endpoint": "/predict", "status": 404, "limit": 1000}).json()
    return sum(row["code"] == CARRIED_CODE for row in rows["requests"])


def assert_in_step(client: httpx.Client) -> None:
    """Whoever asks gets the answer to what was asked, on any of the connections that nginx keeps."""
    port = client.base_url.port or 80
    with ExitStack() as stack:
        connections = [stack.enter_context(connected(port)) for _ in range(8)]
        for number, connection in enumerate(connections):
            connection.sendall(http("POST", "/predict", b'{"model":"linear-lstm","sequence":[%d]}' % number))
        for number, connection in enumerate(connections):
            reply = read_reply(connection)
            assert reply.status == 200
            assert reply.json()["predictions"][0]["value"] == pytest.approx(number, abs=0.5)


@pytest.mark.parametrize("name", SHAPES)
def test_only_what_was_asked_is_answered_behind_the_gateway(site: tuple[Process, httpx.Client], name: str) -> None:
    service, client = site
    before, shape = carried(service), SHAPES[name]
    received = answers(client.base_url.port or 80, shape)
    if name in SET_RIGHT:
        assert statuses(received) == [200, 200], received
    elif shape.statuses == [400]:
        assert len(statuses(received)) == 1, received
        assert set(statuses(received)) <= REFUSED, received
    else:
        assert statuses(received) == shape.statuses, received
    assert_in_step(client)
    assert carried(service) == before


def test_a_carried_request_that_is_found_is_noticed_behind_the_gateway(site: tuple[Process, httpx.Client]) -> None:
    service, client = site
    before = carried(service)
    assert statuses(answers(client.base_url.port or 80, Shape(CARRIED, []))) == [404, 200]
    assert carried(service) == before + 1


def test_a_proxy_that_passes_upgrades_on_stays_in_step(
    site: tuple[Process, httpx.Client], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, _ = site
    text, ours = CONFIGURATION.read_text(), 'proxy_set_header Connection "";'
    assert text.count(ours) == 1
    (tmp_path / "passing.conf").write_text(text.replace(ours, PASSED_ON))
    monkeypatch.setattr("tests.gateway.CONFIGURATION", tmp_path / "passing.conf")
    before = carried(service)
    with gateway(tmp_path, service.port) as client:
        for name, shape in SHAPES.items():
            if name.startswith(tuple(UPGRADES)) and shape.statuses != [400]:
                assert statuses(answers(client.base_url.port or 80, shape)) == shape.statuses, name
        assert_in_step(client)
    assert carried(service) == before
