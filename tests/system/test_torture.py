"""Twenty rounds of the torture; ``python -m tests.system.torture --rounds 1000`` is the long run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.torture import run

pytestmark = pytest.mark.system


def test_no_acknowledged_answer_is_lost_or_doubled_when_the_service_is_killed_again_and_again(tmp_path: Path) -> None:
    tally = run(20, 1, tmp_path, seconds=1.0)
    assert tally.faults == []
    assert tally.rounds == 20
    assert tally.acknowledged > 1000
