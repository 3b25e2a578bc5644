"""The front door of inference: every protocol asks here. Knows no HTTP and no SQL."""

from __future__ import annotations

from service.errors import InvalidInput, Problem, UnknownModel
from service.inference import comparison
from service.inference.answers import Comparison, Prediction
from service.inference.catalog import Catalog
from service.inference.evidence import Examiner, choose
from service.inference.intervals import next_value_intervals
from service.inference.model import Model
from service.inference.sequences import Batch, Sequence, batches

# Levels of the prediction intervals that cards are calibrated for, in percent.
LEVELS = (80, 90, 95)


class Engine:
    """Answers with evidence, from the models of one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def predict(
        self,
        sequences: list[Sequence],
        model: str | None = None,
        version: str | None = None,
        levels: tuple[int, ...] = LEVELS,
    ) -> list[Prediction]:
        """The next value of each sequence (or a memory model's answer), in the order they came in.

        Without ``model`` each sequence is answered by whatever has the best one-step-ahead record on it.

        Raises:
            UnknownModel, ModelUnavailable: see :meth:`Catalog.get`.
            InvalidInput: a sequence that the model, or with no model any series model, has no answer for.
            NonFiniteOutput: a network answered NaN or infinity.
        """
        named = None if model is None else self.catalog.get(model, version)
        found: dict[int, Prediction] = {}
        for batch in batches(sequences):
            predictions = self._named(named, batch, levels) if named else self._chosen(batch, levels)
            found.update(zip(batch.rows.tolist(), predictions, strict=True))
        return [found[row] for row in range(len(sequences))]

    def compare(
        self,
        task: str,
        sequences: list[Sequence],
        targets: list[float] | None = None,
        models: list[str] | None = None,
    ) -> Comparison:
        """The models of ``task`` (by default its three cells) and the rules on the same sequences.

        Raises:
            UnknownModel: no such task, or no such model.
            InvalidInput: a named model is of another task, or see :func:`comparison.compare`.
        """
        compared = self._of_task(task) if models is None else [self.catalog.get(name) for name in models]
        for position, each in enumerate(compared):
            if each.card.task != task:
                raise InvalidInput(
                    f"{each.card.name} is not a model of this task but of {each.card.task}",
                    code="wrong_task",
                    problems=(Problem(f"models.{position}", "a model of the task that is compared"),),
                )
        return comparison.compare(task, compared, sequences, targets)

    def _of_task(self, task: str) -> list[Model]:
        tasks = self.catalog.tasks()
        if task not in tasks:
            raise UnknownModel(f"no such task; models are served for {', '.join(tasks)}", code="unknown_task")
        return [self.catalog.get(f"{task}-{cell}") for cell in ("simplernn", "lstm", "gru")]

    def _named(self, model: Model, batch: Batch, levels: tuple[int, ...]) -> list[Prediction]:
        card = model.card
        evidence = Examiner(batch).examine(model)
        rows = zip(evidence.answers.tolist(), evidence.checks, evidence.warnings, batch.unit.tolist(), strict=True)
        return [
            Prediction(
                value, card.name, card.version, next_value_intervals(card, value, check, unit, levels), check, warnings
            )
            for value, check, warnings, unit in rows
        ]

    def _chosen(self, batch: Batch, levels: tuple[int, ...]) -> list[Prediction]:
        if batch.indices is not None:
            raise InvalidInput(
                "[index, value] pairs need a memory model: name one",
                code="model_required",
                problems=(Problem("model", "the name of a memory model, such as memory-lstm"),),
            )
        predictions = []
        for choice, unit in zip(choose(batch, self.catalog.series_models()), batch.unit.tolist(), strict=True):
            card = choice.model.card if choice.model else None
            intervals = next_value_intervals(card, choice.value, choice.check, unit, levels) if card else None
            version = card.version if card else None
            predictions.append(Prediction(choice.value, choice.name, version, intervals, choice.check, choice.warnings))
        return predictions
