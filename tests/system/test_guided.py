"""The coverage-guided fuzzer: it finds what was planted, and a short run finds nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import unmeasured

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
# A failure that no good request meets: a value has to be larger than theirs.
PLANTED = """
import sys
from pathlib import Path
from tests.hardening import guided
from service.inference.engine import Engine
predict = Engine.predict
def failing(self, sequences, *others, **named):
    if any(isinstance(value, float) and abs(value) > 1000.0 for sequence in sequences for value in sequence):
        raise ZeroDivisionError("planted")
    return predict(self, sequences, *others, **named)
Engine.predict = failing
guided.FAULTS = Path(sys.argv.pop())
guided.main()
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    # A test of coverage that is measured by another one would be about both.
    environment = unmeasured()
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    if "guided fuzzing SKIPPED" in done.stdout:
        pytest.skip(done.stdout.strip())
    return done


def test_a_short_guided_run_learns_and_finds_no_fault() -> None:
    done = run("-m", "tests.hardening.guided", "--requests", "4000", "--seed", "11")
    print(done.stdout)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "no faults" in done.stdout
    learned = re.search(r"(\d+) inputs learned", done.stdout)
    assert learned is not None
    assert int(learned[1]) > 0


def test_a_planted_failure_is_found_and_its_bytes_are_kept_to_send_again(tmp_path: Path) -> None:
    found = run("-c", PLANTED, "--requests", "100000", "--seed", "1", str(tmp_path))
    assert found.returncode == 1, found.stdout + found.stderr
    assert "HTTP/1.1 500" in found.stderr
    (kept,) = tmp_path.iterdir()
    assert f"kept as {kept}" in found.stdout
    assert b"predict" in kept.read_bytes()
    again = run("-m", "tests.hardening.guided", str(kept))
    assert (again.returncode, "'500'" in again.stdout) == (0, False)
