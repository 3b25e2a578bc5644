"""Tests of the image and the compose files, on whatever engine ENGINE and COMPOSE name.

They build and run for minutes, so they are collected only with TEST_CONTAINERS=1 (`make test-containers` sets it).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.stack import BASE, SCALE, Stack

if os.environ.get("TEST_CONTAINERS") != "1":
    collect_ignore_glob = ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first of them builds the image."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(2400))


@pytest.fixture(scope="session")
def image() -> str:
    """The name of the service's image, built anew."""
    Stack("build", BASE).compose("build", "service")
    return "unroll:0.1.0"


@pytest.fixture(scope="module")
def single(image: str) -> Iterator[Stack]:
    """One service on SQLite, ready, with an admin's key."""
    with Stack("single", BASE) as stack:
        stack.up()
        yield stack


@pytest.fixture(scope="module")
def scaled(image: str) -> Iterator[Stack]:
    """Two replicas behind nginx on PostgreSQL, ready, with an admin's key."""
    with Stack("scaled", BASE, SCALE) as stack:
        stack.up()
        yield stack
