"""The front door of inference: every protocol asks here. Knows no HTTP and no SQL."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from service.covariates import Beside
from service.errors import InvalidInput, Problem
from service.inference import anomalies, backtest, comparison, generation, history, inspection, written_comparison
from service.inference.ablation import Off
from service.inference.answerers import (
    adopted,
    loaded,
    nobody_named,
    require_forecasts,
    require_room,
    require_whole_series,
    who_answers,
    who_continues,
)
from service.inference.answers import (
    Anomalies,
    Backtest,
    Comparison,
    Forecast,
    History,
    NextValues,
    Prediction,
)
from service.inference.batch import Batch
from service.inference.carrying import Read
from service.inference.catalog import Catalog
from service.inference.choice import Choice, judged
from service.inference.inspection import Inspection
from service.inference.model import Model
from service.inference.padding import batches
from service.inference.price import Prices
from service.inference.records import forecasts, predictions, with_quantiles
from service.inference.sequences import Rows, Sequence
from service.inference.writing import PLAIN, Manner
from service.inference.written_answers import Generated
from service.levels import LEVELS
from service.verdicts import Verdict

Past = TypeVar("Past", bound=History)


class Engine:
    """Answers with evidence, from the models of one catalog.

    ``model`` and ``version`` name a served model in every method; where a method can do without, each sequence is
    answered by the general model, unless somebody else has shown on it to know it better. ``levels`` are those of the
    intervals, in percent between 0 and 100, and ``quantiles`` probabilities between 0 and 1. ``season`` is what is told
    of the sequences: one or two; of none, one is found where there is one.
    All methods raise UnknownModel or ModelUnavailable (see :meth:`Catalog.get`), InvalidInput for a sequence that
    the model has no answer for, and NonFiniteOutput where a network answered NaN or infinity.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.prices = Prices(catalog)

    def predict(
        self,
        sequences: list[Sequence] | Rows,
        model: str | None = None,
        version: str | None = None,
        levels: tuple[float, ...] = LEVELS,
        quantiles: tuple[float, ...] = (),
        season: tuple[int, ...] = (),
        read: list[Read] | None = None,
    ) -> list[Prediction]:
        """The next value of each sequence (or a memory model's answer), in the order they came in.

        ``read`` is what is known of each sequence, where the network of the named model has read them before.
        """
        named = None if model is None else self.catalog.get(model, version)
        found: dict[int, Prediction] = {}
        for batch in batches(sequences, season):
            who = named
            if named is not None and read is not None:
                its = [read[row] for row in batch.rows.tolist()]
                who = named.having_read([each.outputs for each in its])
                batch.know_seasons([each.season for each in its])
            for part, choice in who_answers(who, batch, self.catalog):
                places = part.rows[choice.rows].tolist()
                answers = predictions(choice, part, levels, quantiles)
                found.update(zip(places, answers, strict=True))
        return [found[row] for row in range(len(sequences))]

    def next_values(
        self,
        sequences: list[Sequence] | Rows,
        model: str,
        version: str | None = None,
        season: tuple[int, ...] = (),
        quantiles: tuple[float, ...] = (),
    ) -> NextValues:
        """What :meth:`predict` says of the next values, for protocols that have no place for a record of each.

        Raises also InvalidInput for ``quantiles`` of an answer that has none.
        """
        named = self.catalog.get(model, version)
        if quantiles:
            return with_quantiles(named, self.predict(sequences, model, version, (), quantiles, season))
        values = [0.0] * len(sequences)
        verdicts: list[Verdict | None] = [None] * len(sequences)
        for batch in batches(sequences, season):
            answers, given = judged(batch, named)
            for row, value, verdict in zip(batch.rows.tolist(), answers.tolist(), given, strict=True):
                values[row], verdicts[row] = value, verdict
        return NextValues(named.card.name, named.card.version, values, verdicts, [])

    def forecast(
        self,
        sequences: list[Sequence] | Rows,
        horizon: int,
        model: str | None = None,
        version: str | None = None,
        levels: tuple[float, ...] = LEVELS,
        quantiles: tuple[float, ...] = (),
        season: tuple[int, ...] = (),
        covariates: Beside | None = None,
    ) -> list[Forecast]:
        """The next ``horizon`` values of each sequence, each model reading its own answers.

        ``covariates`` stand beside each sequence, where the named model takes some; a warning says of optional ones
        that they were not read.
        """
        named = None if model is None else self.catalog.get(model, version)
        if named is not None:
            require_forecasts(named, "model")
        beside = None if covariates is None else adopted(named, covariates)
        found: dict[int, Forecast] = {}
        for batch in batches(sequences, season, beside):
            for part, choice in who_continues(named, batch, self.catalog, horizon):
                places = part.rows[choice.rows].tolist()
                answers = forecasts(choice, part, horizon, levels, quantiles)
                found.update(zip(places, answers, strict=True))
        if beside is None and covariates is not None:
            for row, each in enumerate(covariates.each):
                if each.columns:
                    found[row].warnings.append(f"{found[row].model} takes no covariates: what was posted is not read.")
        return [found[row] for row in range(len(sequences))]

    def history(
        self,
        sequences: list[Sequence] | Rows,
        model: str | None = None,
        version: str | None = None,
        levels: tuple[float, ...] = (),
        season: tuple[int, ...] = (),
    ) -> list[History]:
        """What would have been said of each value of each sequence one step before it came, with rising ``levels``.

        Who answers a sequence is chosen by all of it, and each answer knows the values before it only.
        """
        return self._past(sequences, model, version, season, partial(history.told, levels=levels))

    def anomalies(
        self,
        sequences: list[Sequence] | Rows,
        level: float,
        model: str | None = None,
        version: str | None = None,
        last: int = 0,
        season: tuple[int, ...] = (),
        *,
        adaptive: bool = False,
    ) -> list[Anomalies]:
        """Which of the ``last`` values of each sequence (0: of all) lie outside of their intervals of ``level``.

        If ``adaptive``, a share of 1 - level / 100 of them is flagged, whatever comes.
        """
        asked = partial(anomalies.anomalies, level=level, last=last, adaptive=adaptive)
        return self._past(sequences, model, version, season, asked)

    def _past(
        self,
        sequences: list[Sequence] | Rows,
        model: str | None,
        version: str | None,
        season: tuple[int, ...],
        told: Callable[[Choice, Batch], list[Past]],
    ) -> list[Past]:
        named = None if model is None else self.catalog.get(model, version)
        if named is not None:
            require_forecasts(named, "model")
        found: dict[int, Past] = {}
        for batch in batches(sequences, season):
            for part, choice in who_answers(named, batch, self.catalog):
                own = part.take(choice.rows)
                found.update(zip(own.rows.tolist(), told(choice, own), strict=True))
        return [found[row] for row in range(len(sequences))]

    def compare(
        self,
        task: str,
        sequences: list[Sequence],
        targets: list[float] | list[str] | None = None,
        models: list[str] | None = None,
        levels: tuple[float, ...] = LEVELS,
        quantiles: tuple[float, ...] = (),
        season: tuple[int, ...] = (),
    ) -> Comparison:
        """The models of ``task`` (by default those of :meth:`Catalog.of_task`) and the rules on the same sequences.

        Models that write are held against targets that are texts. Raises also InvalidInput where a named model is of
        another task or the targets do not match.
        """
        compared = self._compared(task, models)
        if all(model.reading.writes for model in compared):
            return written_comparison.compare(task, compared, sequences, targets)
        return comparison.compare(task, compared, sequences, comparison.numbers(targets), (levels, quantiles), season)

    def compare_each(
        self,
        task: str,
        sequences: list[Sequence],
        targets: list[float] | None = None,
        models: list[str] | None = None,
        levels: tuple[float, ...] = LEVELS,
        quantiles: tuple[float, ...] = (),
        season: tuple[int, ...] = (),
    ) -> list[Comparison]:
        """What :meth:`compare` gives for each sequence alone."""
        return comparison.compare_each(
            task, self._compared(task, models), sequences, targets, (levels, quantiles), season
        )

    def _compared(self, task: str, models: list[str] | None) -> list[Model]:
        compared = (
            self.catalog.of_task(task) if models is None else [self.catalog.get(name) for name in dict.fromkeys(models)]
        )
        for each in compared:
            if each.card.task != task:
                position = (models or []).index(each.card.name)
                raise InvalidInput(
                    f"{each.card.name} is not a model of this task but of {each.card.task}",
                    code="wrong_task",
                    problems=(Problem(f"models.{position}", "a model of the task that is compared"),),
                )
        return compared

    def backtest(
        self,
        sequence: Sequence,
        horizon: int,
        models: list[str] | None = None,
        season: tuple[int, ...] = (),
        covariates: Beside | None = None,
    ) -> Backtest:
        """What ``models`` and the rules would have forecast, against what came.

        By default those are judged that would be tried for an answer without a model's name. ``covariates`` stand
        beside the sequence for those of the named ``models`` that take some, which one of them must.
        """
        named = None if models is None else [self.catalog.get(name) for name in dict.fromkeys(models)]
        for each in named or ():
            require_forecasts(each, f"models.{(models or []).index(each.card.name)}")
        if covariates is not None and named is None:
            raise nobody_named()
        batch = next(batches([sequence], season, covariates))
        require_whole_series(batch)
        require_room(batch)
        if named is None:
            ((_, candidates),) = self.catalog.candidates.of(batch)
            named = loaded(candidates)
        return backtest.backtest(named, batch, horizon)

    def generate(self, sequence: Sequence, model: str, version: str | None = None, manner: Manner = PLAIN) -> Generated:
        """What a model writes about ``sequence``, symbol by symbol, or draws of it."""
        return self.generate_each([sequence], model, version, manner)[0]

    def generate_each(
        self, sequences: list[Sequence], model: str, version: str | None = None, manner: Manner = PLAIN
    ) -> list[Generated]:
        """What :meth:`generate` gives for each of ``sequences``."""
        named = self.catalog.get(model, version)
        generation.require(named, sequences)
        return [generation.generate(named, each, manner) for each in sequences]

    def inspect(
        self,
        sequence: Sequence,
        model: str,
        version: str | None = None,
        off: Off | None = None,
        season: tuple[int, ...] = (),
    ) -> Inspection:
        """What one answer came from, step by step, and what it is with a part of the network switched ``off``."""
        return inspection.inspect(self.catalog.get(model, version), sequence, off, season)
