"""Hooks and the forge's workflow call what is called by hand, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from tests.conftest import LONGEST

ROOT = Path(__file__).parents[2]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
CI, WORDS = ("test-beside", "test-alone"), ("not alone", "alone")


def test_hooks_call_targets_that_there_are() -> None:
    repositories = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]
    called = [hook["entry"].split() for hook in repositories[0]["hooks"]]
    assert called == [["make", "check"], ["make", "test-fast"]]
    assert {target for _, target in called} <= TARGETS


def test_what_the_script_runs_is_every_test_once() -> None:
    makefile = (ROOT / "Makefile").read_text()
    marked = {target: re.search(rf'^{target}:.*\n\t.*pytest.* -m "(.+)"$', makefile, re.MULTILINE) for target in CI}
    assert [found and found[1] for found in marked.values()] == [f"{word} and not containers" for word in WORDS]


def test_the_files_to_begin_with_are_there() -> None:
    assert [name for name in LONGEST if not (ROOT / "tests" / name).is_file()] == []


def test_the_workflow_runs_the_same_script_on_supported_pythons() -> None:
    job = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yaml").read_text())["jobs"]["all"]
    assert [step["run"] for step in job["steps"] if "run" in step] == ["bash .ci/run"]
    script = (ROOT / ".ci" / "run").read_text()
    called = {target for each in re.findall(r"^make (.+)$", script, re.MULTILINE) for target in each.split()}
    assert {"check", *CI} <= called - {"--jobs", "--output-sync"} <= TARGETS
    assert job["strategy"]["matrix"]["python"][0] == "3.11"  # the oldest that is supported
