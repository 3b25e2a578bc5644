"""The two tables of the output, long and of series, written part by part so that each appears whole or not at all."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from service.batch import files
from service.batch.job import Done, Job, Part
from service.batch.series import Asked
from service.inference.answers import Forecast
from service.levels import written

FORECASTS, SERIES, PLAN, SUMMARY = "forecasts", "series", "plan.json", "summary.json"

_CHECK = {
    "origins": pa.int32(),
    "mae": pa.float64(),
    "mase": pa.float64(),
    "rule": pa.string(),
    "rule_mae": pa.float64(),
    "skill": pa.float64(),
    "verdict": pa.string(),
}


class Output:
    """Writes parts below ``job.out``: ``forecasts`` has a row for each id and step, ``series`` one for each id."""

    def __init__(self, job: Job, ids: Any) -> None:
        """``ids`` is Arrow's type of the ids."""
        self._out, self._question = job.out, job.question
        self._bounds = [f"{side}_{written(level)}" for level in job.question.levels for side in ("lower", "upper")]
        told = {
            "unroll": job.version,
            "unroll.models": json.dumps(job.models.digests, sort_keys=True),
            "unroll.question": job.question.model_dump_json(),
        }
        bounds = [(each, pa.float64()) for each in self._bounds]
        self._forecasts = pa.schema([("id", ids), ("step", pa.int32()), ("value", pa.float64()), *bounds], told)
        described = [
            ("id", ids),
            ("values", pa.int64()),
            ("model", pa.string()),
            ("version", pa.string()),
            ("season", pa.list_(pa.int32())),
            ("season_told", pa.bool_()),
            ("horizon_checked", pa.int32()),
            *_CHECK.items(),
            ("warnings", pa.list_(pa.string())),
            ("error", pa.string()),
        ]
        self._series = pa.schema(described, told)

    def rows(self, asked: list[Asked], answers: list[Forecast | None]) -> tuple[Any, Any]:
        """The rows of some series in both tables; ``answers`` are None where an error stands."""
        answered = [(each.id, answer) for each, answer in zip(asked, answers, strict=True) if answer is not None]
        steps = self._question.horizon
        columns: dict[str, Any] = {
            "id": [identity for identity, _ in answered for _ in range(steps)],
            "step": list(range(1, steps + 1)) * len(answered),
            "value": [value for _, answer in answered for value in answer.values],
        }
        for level in self._question.levels:
            named = written(level)
            bands = [None if answer.intervals is None else answer.intervals[named] for _, answer in answered]
            none: list[float | None] = [None] * steps
            for side in ("lower", "upper"):
                columns[f"{side}_{named}"] = [
                    bound for band in bands for bound in (none if band is None else getattr(band, side))
                ]
        forecasts = pa.Table.from_pydict(columns, self._forecasts)
        series = pa.Table.from_pylist(list(map(_described, asked, answers)), self._series)
        return forecasts, series

    def write(self, part: Part, forecasts: Any, series: Any) -> None:
        """Both files of a part; the one of the series last, which says that it is done."""
        for folder, table in ((FORECASTS, forecasts), (SERIES, series)):
            place = f"{self._out}/{folder}/{file_of(part.number)}"
            files.write_whole(place, partial(pq.write_table, table, compression="zstd"))


def _described(asked: Asked, answer: Forecast | None) -> dict[str, Any]:
    row = {"id": asked.id, "values": len(asked.values), "error": asked.error, "warnings": asked.warnings}
    if answer is None:
        return row
    row |= {"model": answer.model, "version": answer.version, "warnings": [*asked.warnings, *answer.warnings]}
    if answer.season is not None:
        row |= {"season": answer.season.steps, "season_told": answer.season.told}
    if answer.check is not None:
        row |= {each: getattr(answer.check, each) for each in _CHECK}
        row["horizon_checked"] = answer.check.horizon
    return row


def file_of(number: int) -> str:
    """The name of a part's files."""
    return f"part-{number:06d}.parquet"


def finished(out: str) -> set[int]:
    """The numbers of the parts that lie in the output whole."""
    found = files.names_in(f"{out}/{SERIES}") & files.names_in(f"{out}/{FORECASTS}")
    return {int(each[5:-8]) for each in found if each.startswith("part-") and each.endswith(".parquet")}


def done(out: str, part: Part) -> Done:
    """What a finished part holds, and how much of it failed."""
    table = read(out, part.number, ["error"])
    return Done(number=part.number, series=len(table), failed=len(table) - table["error"].null_count)


def read(out: str, number: int, columns: list[str]) -> Any:
    """Some columns of the table of series of a finished part."""
    system, path = files.located(f"{out}/{SERIES}/{file_of(number)}")
    with system.open_input_file(path) as data:
        return pq.read_table(data, columns=columns)
