"""A real service, as ``python -m service`` starts it, with the published models and a SQLite file of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from service.request_log.database import sqlite_module
from tests.conftest import MODELS
from tests.serving import Process

Select = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with Process(tmp_path_factory.mktemp("service"), "--models-dir", str(MODELS)) as running:
        running.wait_until_ready()
        yield running


@pytest.fixture
def client(service: Process) -> Iterator[httpx.Client]:
    """A client that sends nothing of its own accord, and finds the service ready afterwards."""
    with httpx.Client(base_url=service.client.base_url, timeout=120) as client:
        yield client
        assert client.get("/health/ready").status_code == 200


@pytest.fixture
def select(service: Process) -> Select:
    """Another program that reads the database file while the service writes it."""

    def run(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite_module().connect(f"file:{service.database}?mode=ro", uri=True)) as connection:
            found: list[tuple[Any, ...]] = connection.execute(statement, parameters).fetchall()
            return found

    return run
