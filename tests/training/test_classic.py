"""Published tasks: drawn as their papers say, run, recorded and shown."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from training.classic import report
from training.classic.command import recorded
from training.classic.published import TASKS
from training.classic.settings import DOCUMENT, RECORD, Ran, Setting
from training.classic.tasks import Adding, Copy, Order, Sum
from training.markdown import replaced
from training.tasks.addition import Addition
from training.tasks.base import generator

ROOT = Path(__file__).parents[2]


def test_adding_asks_for_the_sum_of_the_two_marked_numbers() -> None:
    inputs, targets = Adding(100).draw(np.random.default_rng(0), 500)
    assert 100 <= inputs.shape[1] <= 110
    marked = inputs[..., 1] == 1.0
    assert set(marked.sum(axis=1)) == {2}
    assert (inputs[:, -1, 1] == -1.0).all()
    assert (np.abs(inputs[..., 0]) <= 1.0).all()
    for row in range(500):
        places = np.flatnonzero(marked[row])
        assert places[0] < 10 or places[1] < 10
        assert places[1] < 50
        counted = [inputs[row, place, 0] for place in places if place > 0]  # the first step's number counts as zero
        assert targets[row, 0] == pytest.approx(0.5 + sum(counted) / 4.0, abs=1e-6)


def test_the_other_sum_has_one_mark_in_each_half() -> None:
    inputs, targets = Sum(60).draw(np.random.default_rng(0), 200)
    assert (inputs[:, :30, 1].sum(axis=1) == 1.0).all()
    assert (inputs[:, 30:, 1].sum(axis=1) == 1.0).all()
    assert targets[:, 0] == pytest.approx((inputs[..., 0] * inputs[..., 1]).sum(axis=1), abs=1e-6)


def test_the_order_of_two_symbols_is_the_class() -> None:
    inputs, targets = Order(100).draw(np.random.default_rng(0), 400)
    symbols = inputs.argmax(axis=-1)
    assert (symbols[:, 0] == 0).all()
    assert (symbols[:, -1] == 1).all()
    for row in range(400):
        places = np.flatnonzero(symbols[row] >= 6)
        assert len(places) == 2
        assert 10 <= places[0] <= 20
        assert 50 <= places[1] <= 60
        first, second = symbols[row, places] - 6
        assert targets[row].argmax() == 2 * first + second
    assert len(set(targets.argmax(axis=1))) == 4


def test_ten_symbols_are_asked_for_again_after_the_blanks() -> None:
    task = Copy(100)
    inputs, targets = task.draw(np.random.default_rng(0), 300)
    read, asked = inputs.argmax(axis=-1), targets.argmax(axis=-1)
    assert inputs.shape == targets.shape == (300, 120, 10)
    assert set(read[:, :10].ravel()) == set(range(1, 9))
    assert (read[:, 10:109] == 0).all()
    assert (read[:, 109:] == 9).all()
    assert (asked[:, :110] == 0).all()
    assert (asked[:, 110:] == read[:, :10]).all()
    forgot = np.copy(targets)
    forgot[0, 115], forgot[1, 50] = np.eye(10)[0], np.eye(10)[3]  # an answer before the markers is asked for by nobody
    assert task.right(forgot, targets)[:3].tolist() == [False, True, True]


def test_who_remembers_nothing_has_the_published_loss_at_copying() -> None:
    task = Copy(1000)
    _, targets = task.draw(np.random.default_rng(0), 20)
    chances = np.zeros_like(targets)
    chances[:, :-10, 0], chances[:, -10:, 1:9] = 1.0, 1.0 / 8.0
    loss = -np.log((chances * targets).sum(axis=-1)).mean()
    assert loss == pytest.approx(task.memoryless) == pytest.approx(0.0204, abs=5e-5)  # Bai et al. give the LSTM .0204


def test_right_is_what_the_papers_call_right() -> None:
    targets = np.array([[0.5], [0.5]], np.float32)
    assert Adding(100).right(np.array([[0.53], [0.55]], np.float32), targets).tolist() == [True, False]
    one_hot = np.eye(4, dtype=np.float32)[[1, 1]]
    near = np.array([[0.2, 0.75, 0.05, 0.0], [0.31, 0.69, 0.0, 0.0]], np.float32)
    assert Order(100).right(near, one_hot).tolist() == [True, False]


def test_sums_as_text_are_right_and_of_every_length() -> None:
    examples = Addition(3).draw(generator("training", 0), 500)
    for text, answer in zip(*examples, strict=True):
        one, other = map(int, str(text).split("+"))
        assert int(answer) == one + other
        assert max(one, other) <= 999
    assert {len(str(text)) for text in examples.inputs} == {3, 4, 5, 6, 7}
    assert Addition(3).rules()["adder"]("12+30") == "42"


@pytest.mark.tensorflow
@pytest.mark.system
def test_a_run_ends_when_it_is_right_and_is_recorded_with_its_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs_in_this_process: None
) -> None:
    from training.__main__ import main
    from training.classic import running

    monkeypatch.setattr(running, "IN_A_ROW", 40)
    short = TASKS["adding"][0]._replace(settings=(Setting(Adding(10), "gru", 4, 400, 1e-2),))
    monkeypatch.setitem(TASKS, "adding", (short,))  # type: ignore[arg-type]
    document, record = tmp_path / "classic.md", tmp_path / "runs.jsonl"
    document.write_text("<!-- classic:begin -->\n<!-- classic:end -->\n")
    command = ["benchmark", "adding", "--seeds", "2", "--record", str(record), "--document", str(document)]
    assert main(command) == 0
    runs = recorded(record)
    assert [(run.cell, run.seed, run.weights) for run in runs] == [("gru", 0, 101), ("gru", 1, 101)]
    assert all(run.needed is None or run.needed <= 400 for run in runs)
    assert short.label in document.read_text()
    assert main(command) == 0  # nothing is left to run
    assert recorded(record) == runs


def test_a_table_shows_what_was_run_and_nothing_else() -> None:
    row = TASKS["order"][0]
    ran = [
        Ran(row.label, "lstm", row.settings[0].units, seed, needed, 2560, 1, None, 420, 3.0)
        for seed, needed in ((0, 9000), (1, None))
    ]
    text = report.rendered(ran)
    assert "9,000 (1 of 2 never)" in text
    assert len(text.splitlines()) == 3
    assert "sums as text" not in text


def test_the_document_shows_the_runs_on_record() -> None:
    text = (ROOT / DOCUMENT).read_text()
    assert replaced(text, "classic", report.rendered(recorded(ROOT / RECORD))) == text
    for line in (ROOT / RECORD).read_text().splitlines():
        assert json.loads(line)["label"] in text
