"""Twenty rounds of the torture; ``python -m tests.system.torture --rounds 1000`` is the long run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system import stream_torture
from tests.system.torture import run

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("serve_four_models")]


def test_no_acknowledged_answer_is_lost_or_doubled_when_the_service_is_killed_again_and_again(tmp_path: Path) -> None:
    tally = run(20, 1, tmp_path, seconds=0.5)
    assert tally.faults == []
    assert tally.rounds == 20
    assert tally.acknowledged > 1000


def test_no_value_of_a_stream_is_lost_or_doubled_or_answered_otherwise_when_services_are_killed(tmp_path: Path) -> None:
    tally = stream_torture.run(4, 1, tmp_path, seconds=0.5)
    assert tally.faults == []
    assert tally.kills >= 6
    assert tally.answers > 20
    assert tally.again > 0
