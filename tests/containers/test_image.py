"""The image: what is in it, how large it is, and what it gives away."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.containers.stack import ROOT, engine, inspect

pytestmark = pytest.mark.containers

MEGABYTE = 1_000_000


def test_the_image_adds_at_most_250_megabytes_to_its_base(image: str) -> None:
    assert inspect("image", image)["Size"] - inspect("image", "python:3.13-slim")["Size"] <= 250 * MEGABYTE


def test_the_image_holds_no_tensorflow_no_compiler_and_no_pip_of_its_own(image: str) -> None:
    absent = "import importlib.util as u; print([m for m in ('tensorflow', 'keras', 'onnx', 'pip') if u.find_spec(m)])"
    assert engine("run", "--rm", "--entrypoint=python", image, "-c", absent).strip() == "[]"
    found = engine("run", "--rm", "--entrypoint=sh", image, "-c", "command -v cc gcc g++ make || echo none")
    assert found.strip() == "none"


def test_the_image_runs_the_service_as_process_1_and_a_numbered_user(image: str) -> None:
    config = inspect("image", image)["Config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["python", "-m", "service"]


def test_the_labels_tell_title_licence_and_the_version_of_the_package(image: str) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    labels = inspect("image", image)["Config"]["Labels"]
    assert labels["org.opencontainers.image.version"] == version
    assert labels["org.opencontainers.image.title"] == "Unroll"
    assert labels["org.opencontainers.image.licenses"] == "MIT"
    assert image.endswith(f":{version}")


def test_neither_history_nor_environment_holds_a_secret(image: str) -> None:
    told = engine("history", "--no-trunc", "--format={{.CreatedBy}}", image)
    told += "\n".join(inspect("image", image)["Config"]["Env"])
    told = told.replace("UNROLL_API_KEYS_FILE=/keys/keys.json", "")  # where hashes are mounted, no key
    assert not re.search(r"(?i)passw|secret|token|api.?key|://[^/\s]+:[^/\s]+@", told)


def test_nothing_is_left_of_the_build_but_the_service(image: str) -> None:
    found = engine(
        "run", "--rm", "--entrypoint=sh", image, "-c", "ls -A /data /keys; ls -d /src /opt/*; ls /build || true"
    )
    assert found.split() == ["/data:", "/keys:", "/opt/unroll"]
