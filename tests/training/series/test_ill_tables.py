"""Thousands of tables through the command's reading and checks: the right numbers, or one message that helps."""

from __future__ import annotations

import argparse
import collections
import re
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tests.ill_tables import CLOCKS, FAULTS, Ill, table
from training.series import command
from training.series.options import add_arguments
from training.series.panel import SeriesError
from training.series.work import Assignment

COUNT = 2_400


def options_for(ill: Ill, folder: Path) -> argparse.Namespace:
    path = folder / "table.csv"
    path.write_bytes(ill.data)
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    given = parser.parse_args([])
    given.series, given.column, given.id_column, given.time_column = (
        [str(path)], ill.columns, ill.id_column, ill.time_column
    )  # fmt: skip
    given.horizon, given.name, given.runs = 2, "table", folder
    given.seed, given.steps, given.cell, given.out = 0, None, None, folder
    return given


def require_right(ill: Ill, found: Assignment) -> None:
    read = {each.name: np.where(each.filled, np.nan, each.values) for each in found.panel.series}
    names = {each or ill.columns[0]: values for each, values in ill.values.items()}
    assert read.keys() == names.keys(), ill.story
    for name, values in names.items():
        np.testing.assert_array_equal(read[name], values, err_msg=str(ill.story))
    assert found.panel.step == ill.step, ill.story


def require_said(ill: Ill, message: str) -> None:
    assert ill.said is not None, (message, ill.story)
    assert ill.said in message, (message, ill.story)
    assert len(message) <= 500, ill.story
    assert message.isprintable(), ill.story
    if ill.line is not None:
        assert re.search(rf"\b{ill.line}\b", message), (message, ill.line, ill.story)


@pytest.mark.system
def test_each_table_is_read_as_a_careful_person_would_or_refused_in_one_message_with_its_line(tmp_path: Path) -> None:
    seen: collections.Counter[str] = collections.Counter()
    for seed in range(COUNT):
        ill = table(seed)
        asked = options_for(ill, tmp_path)
        try:
            found = command.assignment_of(asked, Console(quiet=True))
        except SeriesError as error:
            assert ill.harmed is None, ill.story
            require_said(ill, error.detail)
        else:
            assert ill.said is None or ill.harmed is not None, ill.story
            require_right(ill, found)
            if ill.harmed:
                require_said(ill, found.panel.left_out[0])
        seen.update(ill.story[1:3])
    assert all(seen[f"fault {name}"] >= 20 for name in FAULTS), seen
    assert all(seen[f"clock {name}"] >= 20 for name in CLOCKS), seen
    assert seen["fault None"] > COUNT / 6, seen
