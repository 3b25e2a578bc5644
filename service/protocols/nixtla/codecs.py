"""The computing calls of TimeGPT's SDK: each is a question about series, asked and answered in flat lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, chain
from typing import Any, TypeVar, cast

import orjson

from service.covariates import Beside
from service.errors import InvalidInput
from service.http import encoding
from service.http.body import JSON_ONLY, Accepted, parse
from service.http.codec import JSON, Call, Codec, Content
from service.inference import answers
from service.inference.anomalies import scored
from service.inference.answers import Band
from service.inference.past import Anomalies, History
from service.inference.questions import Forecast, Question
from service.inference.sequences import Sequence as Values
from service.levels import written
from service.protocols.nixtla import schemas
from service.protocols.nixtla.schemas import AskedOfSeries, Evidence
from service.protocols.nixtla.series import NO_FEATURES, require_few

Payload = TypeVar("Payload", bound=AskedOfSeries)
Each = TypeVar("Each")
Answered = answers.Forecast | answers.History
Ahead = schemas.NixtlaForecastRequest | schemas.NixtlaCrossValidationRequest | schemas.NixtlaOnlineAnomaliesRequest
# Values that are read in all for cross-validation, where each window reads all values before it.
_MOST_READ = 1_000_000

_SERIES = {"y": [10.0, 12.0, 14.5, 11.0, 13.0, 15.5, 12.0, 14.0, 16.5], "sizes": [9]}


class SeriesCodec(Codec[Payload]):
    """One call: what ``question`` is asked of its payload, and how ``write`` writes what was found."""

    accepted = Accepted(JSON_ONLY.media_types, encoding.OFFERED)
    # In parts it asks up to ten at once, gives each a minute, and after a 503 another ten seconds later.
    patience = 25.0
    tag = "nixtla"

    def __init__(
        self,
        call: str,
        summary: str,
        payload: type[Payload],
        response: type[Any],
        asked: dict[str, Any],
        question: Callable[[Payload], Question[Any]],
        write: Callable[[list[Any], Payload, Call], Any],
    ) -> None:
        """``asked`` is what the example asks of its series."""
        self.path = f"/nixtla/v2/{call}"
        self.routes = (self.path,)
        self.summary = f"{summary}, as TimeGPT's SDK asks"
        self.payload: type[Payload] = payload
        self.response = response
        self.example = {"series": _SERIES, "freq": "QS", **asked}
        self._question, self._write = question, write

    def read(self, call: Call) -> Payload:
        payload = parse(self.payload, call.body)
        payload.require_nothing_else()
        return payload

    def question(self, payload: Payload, call: Call) -> Question[Any]:
        return self._question(payload)

    def write(self, found: list[Any], payload: Payload, call: Call) -> Content:
        return Content(orjson.dumps(self._write(found, payload, call)), JSON)

    def located(self, error: InvalidInput, payload: Payload) -> InvalidInput:
        problems = tuple(
            replace(each, where=each.where.replace("sequences.", "the series at place ")) for each in error.problems
        )
        detail = f"series.X: expected {NO_FEATURES}" if error.code == "no_covariates" else error.detail
        return InvalidInput(detail, code=error.code, problems=problems, parts=error.parts)


def _ahead(payload: schemas.NixtlaForecastRequest) -> Forecast:
    schemas.require_room(len(payload.series.sizes) * payload.h, len(payload.levels()))
    sequences = payload.series.sequences()
    return _forecast(sequences, payload, payload.series.beside([[size] for size in payload.series.sizes], payload.h))


def _validated(payload: schemas.NixtlaCrossValidationRequest) -> Question[Any]:
    return _history(payload) if payload.full_history else _windows(payload, payload.known())


def _all_anomalies(payload: schemas.NixtlaAnomaliesRequest) -> Anomalies:
    return _anomalies(payload, 0)


def _last_anomalies(payload: schemas.NixtlaOnlineAnomaliesRequest) -> Question[Any]:
    known = payload.known()
    return _anomalies(payload, payload.detection_size) if payload.h == 1 else _windows(payload, known)


def _forecast(sequences: list[Values], payload: Ahead, beside: Beside) -> Forecast:
    return Forecast(sequences, payload.named(), None, payload.h, _asked(payload), (), payload.season(), beside)


def _windows(payload: Ahead, known: list[list[int]]) -> Forecast:
    """What follows the first ``known`` values of each series."""
    series, count = payload.series.sequences(), sum(map(len, known))
    schemas.require_room(count * payload.h, len(payload.levels()))
    require_few("n_windows", sum(map(sum, known)), _MOST_READ, "values before all windows: fewer of those")
    before = [values[:first] for values, each in zip(series, known, strict=True) for first in each]
    return _forecast(before, payload, payload.series.beside(known, payload.h, windows=True))


def _history(payload: AskedOfSeries) -> History:
    schemas.require_room(len(payload.series.y), len(payload.levels()))
    return History(payload.series.sequences(), payload.named(), None, _asked(payload), payload.season())


def _anomalies(payload: AskedOfSeries, last: int) -> Anomalies:
    (level,) = _asked(payload)
    return Anomalies(payload.series.sequences(), payload.named(), None, level, last, payload.season())


def _asked(payload: AskedOfSeries) -> tuple[float, ...]:
    """The levels that bounds are to be computed for: at zero both are the answer itself."""
    return tuple(sorted({level for level in payload.levels().values() if level > 0.0}))


def _common(found: Sequence[Answered], payload: AskedOfSeries, call: Call) -> dict[str, Any]:
    """What every answer says of all that was ``found``."""
    levels, mean = payload.levels(), _joined(each.values for each in found)
    return {
        "mean": mean,
        "intervals": _intervals(found, levels) if levels else None,
        "input_tokens": len(payload.series.y),
        "output_tokens": len(mean),
        "finetune_tokens": 0,
        "request_id": call.request_id,
        "evidence": [_evidence(each) for each in found],
    }


def _evidence(found: Answered) -> Evidence:
    return Evidence(found.model, found.version, found.check, found.warnings, found.season)


def _intervals(found: Sequence[Answered], levels: dict[str, float]) -> dict[str, list[float | None]]:
    bounds: dict[str, list[float | None]] = {}
    for name, level in levels.items():
        lower: list[float | None] = []
        upper: list[float | None] = []
        for each in found:
            if level == 0.0:
                band = Band(each.values, each.values)
            elif each.intervals is not None:
                band = each.intervals[written(level)]
            else:
                lower += [None] * len(each.values)
                upper += [None] * len(each.values)
                continue
            lower += band.lower
            upper += band.upper
        bounds |= {f"lo-{name}": lower, f"hi-{name}": upper}
    return bounds


def _judged(found: list[answers.Forecast], payload: schemas.NixtlaOnlineAnomaliesRequest) -> list[answers.Anomalies]:
    """The last values of each series beside what was ``found`` of them in several windows."""
    (level,), count = map(written, _asked(payload)), payload.detection_size
    windows = len(found) // len(payload.series.sizes)
    judged = []
    for place, sequence in enumerate(payload.series.sequences()):
        parts = found[place * windows : (place + 1) * windows]
        values = _joined(each.values for each in parts)[-count:]
        truth = cast("list[float | None]", sequence[-count:])
        bands = [each.intervals[level] for each in parts if each.intervals is not None]
        intervals: dict[str, Band] | None = None
        scores: list[float | None] = [None] * count
        if len(bands) == windows:
            lower, upper = (_joined(each)[-count:] for each in zip(*((b.lower, b.upper) for b in bands), strict=True))
            intervals, scores = {level: Band(lower, upper)}, scored(truth, values, lower, upper)
        last, first = parts[-1], len(sequence) - count
        flags = [score is not None and score > 1.0 for score in scores]
        of = last.model, last.version, intervals, last.check, last.warnings, last.season
        judged.append(answers.Anomalies(first, values, *of, scores, [None] * count, flags, []))
    return judged


def _written_ahead(found: list[answers.Forecast], payload: schemas.NixtlaForecastRequest, call: Call) -> Any:
    return schemas.NixtlaForecastResponse(**_common(found, payload, call))


def _written_validation(found: list[Any], payload: schemas.NixtlaCrossValidationRequest, call: Call) -> Any:
    if payload.full_history:
        return _written_history(found, payload, call)
    windows, known = payload.n_windows, payload.known()
    told = _common(found, payload, call)
    told |= {"evidence": told["evidence"][windows - 1 :: windows]}  # of each series that of its last window
    sizes = [windows * payload.h] * len(known)
    places = _joined(_places(payload.series.sizes, known, payload.h))
    return schemas.NixtlaCrossValidationResponse(**told, sizes=sizes, idxs=places)


def _written_history(found: list[answers.History], payload: AskedOfSeries, call: Call) -> Any:
    return schemas.NixtlaCrossValidationResponse(**_common(found, payload, call), **_rows(found, payload))


def _written_anomalies(found: list[answers.Anomalies], payload: AskedOfSeries, call: Call) -> Any:
    scores, flags = _joined(each.scores for each in found), _joined(each.flags for each in found)
    told = {**_common(found, payload, call), **_rows(found, payload)}
    p, shifts = _joined(each.p for each in found), [each.shifts for each in found]
    return schemas.NixtlaAnomaliesResponse(**told, anomaly=flags, anomaly_score=scores, p=p, shifts=shifts)


def _written_last(found: list[Any], payload: schemas.NixtlaOnlineAnomaliesRequest, call: Call) -> Any:
    return _written_anomalies(found if payload.h == 1 else _judged(found, payload), payload, call)


def _rows(found: Sequence[answers.History], payload: AskedOfSeries) -> dict[str, Any]:
    """How many of the last values of each series are answered, and at which places of all."""
    sizes = [len(each.values) for each in found]
    ends = accumulate(payload.series.sizes)
    return {"sizes": sizes, "idxs": _joined(range(end - size, end) for end, size in zip(ends, sizes, strict=True))}


def _places(sizes: list[int], known: list[list[int]], horizon: int) -> Iterator[range]:
    """Places among all values of what is answered after the first ``known`` ones of each series."""
    for end, size, counts in zip(accumulate(sizes), sizes, known, strict=True):
        for count in counts:
            yield range(end - size + count, end - size + count + horizon)


def _joined(parts: Iterable[Iterable[Each]]) -> list[Each]:
    return list(chain.from_iterable(parts))


CODECS: tuple[Codec[Any], ...] = (
    SeriesCodec(
        "forecast",
        "Continue series",
        schemas.NixtlaForecastRequest,
        schemas.NixtlaForecastResponse,
        {"h": 3, "level": [80]},
        _ahead,
        _written_ahead,
    ),
    # Each window is a forecast from the values before it, as `/forecast` answers those alone.
    SeriesCodec(
        "cross_validation",
        "Forecast windows of the past from what was known before each",
        schemas.NixtlaCrossValidationRequest,
        schemas.NixtlaCrossValidationResponse,
        {"h": 2, "n_windows": 2},
        _validated,
        _written_validation,
    ),
    # Which older versions ask.
    SeriesCodec(
        "historic_forecast",
        "What would have been said of each value one step before",
        schemas.NixtlaHistoryRequest,
        schemas.NixtlaCrossValidationResponse,
        {},
        _history,
        _written_history,
    ),
    SeriesCodec(
        "anomaly_detection",
        "Flag values outside of the interval that was said one step before",
        schemas.NixtlaAnomaliesRequest,
        schemas.NixtlaAnomaliesResponse,
        {"level": 99},
        _all_anomalies,
        _written_anomalies,
    ),
    # The last values, one step ahead in one pass, or in windows of h that are forecast as `/forecast` does.
    SeriesCodec(
        "online_anomaly_detection",
        "Flag those of the last values that are outside of their intervals",
        schemas.NixtlaOnlineAnomaliesRequest,
        schemas.NixtlaAnomaliesResponse,
        {"h": 1, "detection_size": 2},
        _last_anomalies,
        _written_last,
    ),
)
