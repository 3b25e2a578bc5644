"""A real server for bytes that should not break it, and the protocols they are sent in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import MODELS
from tests.hardening.asking import Asked
from tests.raw import exchange, http
from tests.serving import Process


@pytest.fixture(scope="session")
def hardened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """The service as it starts by default, but without a sync to disk for each commit."""
    with Process(
        tmp_path_factory.mktemp("hardened"), "--models-dir", str(MODELS), "--log-durability", "process"
    ) as service:
        service.wait_until_ready()
        yield service


@pytest.fixture
def asked(hardened: Process) -> Iterator[Asked]:
    """Asks the service; whatever was asked, it is ready afterwards."""
    yield Asked(hardened.port)
    assert exchange(hardened.port, http("GET", "/health/ready")).status == 200
