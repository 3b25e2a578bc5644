"""A kind of reading that another package brings along, as one file: found, vetted, served; a bad one is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.inference.engine import Engine
from service.inference.repository import Repository
from tests.conftest import CopyModel
from tests.damage import edit

LOGS = """
import numpy as np
from dataclasses import replace
from typing import Literal
from service.inference.intervals import Quantiles
from service.inference.readings.reading import Reading
from service.inference.readings.told import Ahead, Answers, Foretold, Refusal
from service.inference.readings.series import Series

series = Series()


class Logs(Reading):
    kind: Literal["logs"] = "logs"
    base: float
    wide: float = 1.0
    features = 2
    spreads = True

    def refusals(self, batch):
        yield Refusal((batch.values <= 0.0).any(axis=1), "out_of_range", "values above zero")

    def seen(self, batch):
        return series.seen(self.logs(batch))

    def read(self, network, batch, start=0):
        answers, state = series.read(network, self.logs(batch), start)
        return Answers(self.base**answers, state)

    def ahead(self, network, batch, answers, state, horizon):
        first = np.log(answers) / np.log(self.base)
        logs = series.ahead(network, self.logs(batch), first, state, horizon).values
        quantiles = np.stack([self.base ** (logs - self.wide), self.base**logs, self.base ** (logs + self.wide)])
        return Ahead(quantiles[1], Quantiles((0.1, 0.5, 0.9), quantiles, [None] * len(logs)))

    def foretold(self, network, batch, origins, horizon):
        ahead, answers, _ = series.foretold(network, self.logs(batch), origins, horizon)
        logs = ahead.values
        quantiles = np.stack([self.base ** (logs - self.wide), self.base**logs, self.base ** (logs + self.wide)])
        fan = Quantiles((0.1, 0.5, 0.9), quantiles, [None] * len(logs))
        return Foretold(Ahead(quantiles[1], fan), self.base**answers)

    def traced(self, network, batch, unroller, unrolled):
        traced = series.traced(network, self.logs(batch), unroller, unrolled)
        value = self.base**traced.replayed
        return traced._replace(replayed=value, influence=traced.influence * value / batch.values[0][:, None])

    def logs(self, batch):
        return replace(batch, values=np.log(batch.values) / np.log(self.base))
"""
SERIES = [1.0, 2.0, 4.0, 3.0, 5.0, 4.0, 6.0, 7.0, 5.5, 8.0, 9.0, 7.0]


def install(folder: Path, module: str, code: str, value: str) -> None:
    (folder / f"{module}.py").write_text(code)
    metadata = folder / f"{module}-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[unroll.readings]\nlogs = {value}\n")


@pytest.fixture
def folder(copy_model: CopyModel) -> Path:
    """The sine GRU, as if it had learnt to read logarithms."""
    copied = copy_model("sine-gru")
    edit("card.json", lambda card: card.update(reading={"kind": "logs", "base": 2.0}))(copied)

    def powers(golden: dict) -> None:
        cases = [case for case in golden["cases"] if max(map(abs, case["sequence"])) < 100.0]
        golden["cases"] = [
            {"sequence": [2.0**value for value in case["sequence"]], "value": 2.0 ** case["value"]} for case in cases
        ]

    edit("golden.json", powers)(copied)
    return copied


def test_a_model_with_a_reading_of_another_package_is_vetted_and_served(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> None:
    install(tmp_path, "unroll_logs", LOGS, "unroll_logs:Logs")
    monkeypatch.syspath_prepend(str(tmp_path))
    served = Engine(Repository(folder.parents[1]).catalog)
    assert served.catalog.refused == {}
    powers = [2.0**value for value in SERIES]
    (found,), (expected,) = served.predict([powers], "sine-gru"), engine.predict([SERIES], "sine-gru")
    assert np.log2(found.value) == pytest.approx(expected.value)
    assert found.check is not None
    (ahead,), (logs,) = served.forecast([powers], 6, "sine-gru"), engine.forecast([SERIES], 6, "sine-gru")
    assert np.log2(ahead.values) == pytest.approx(logs.values)
    # The network's own quantiles are its intervals, whatever its card says.
    assert found.intervals is not None
    assert found.intervals["80"] == pytest.approx((found.value / 2.0, found.value * 2.0))
    assert found.intervals["95"][0] < found.intervals["90"][0] < found.intervals["80"][0]
    assert ahead.intervals is not None
    assert ahead.intervals["80"].upper == pytest.approx([2.0 * value for value in ahead.values])
    (asked,) = served.predict([powers], "sine-gru", quantiles=(0.1, 0.5))
    assert asked.quantiles is not None
    assert list(asked.quantiles.values()) == pytest.approx([found.value / 2.0, found.value])
    (first, *_) = served.backtest(powers, 2, ["sine-gru"]).backtests
    assert first.coverage is not None
    assert 0.0 <= first.coverage["80"] <= first.coverage["95"] <= 1.0
    inspected = served.inspect(powers, "sine-gru")
    assert inspected.replayed == pytest.approx(inspected.value, rel=1e-4)
    # It has not said that it takes any series, so it is no candidate for one that comes without a name.
    assert served.predict([powers])[0].model.startswith("rule:")
    with pytest.raises(Exception, match="sine-gru takes values above zero"):
        served.predict([[1.0, -1.0, 2.0]], "sine-gru")


@pytest.mark.parametrize(
    ("code", "value", "reason"),
    [
        (LOGS, "unroll_logs:np", "unroll_logs:np is no subclass of"),
        ("raise RuntimeError('no')", "unroll_logs:Logs", "cannot be imported: RuntimeError"),
        (LOGS.replace("base: float", "base: float\n    offset: float"), "unroll_logs:Logs", "at reading.offset: Field"),
    ],
)
def test_a_reading_that_is_none_is_refused_with_its_model_by_name(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, value: str, reason: str
) -> None:
    module = f"unroll_logs_{len(code)}_{len(value)}"
    install(tmp_path, module, code, value.replace("unroll_logs", module))
    monkeypatch.syspath_prepend(str(tmp_path))
    refused = Repository(folder.parents[1]).catalog.refused
    assert reason.replace("unroll_logs", module) in refused["sine-gru/1"]
