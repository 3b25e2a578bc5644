"""Models of one task that write, beside each other and beside their rule, on the same texts or images."""

from __future__ import annotations

import time
from collections.abc import Sequence as Sequences

from service.errors import InvalidInput, Problem
from service.inference import generation
from service.inference.answers import Best, Comparison
from service.inference.model import Model
from service.inference.sequences import Sequence
from service.inference.writing import PLAIN, Output
from service.inference.written_answers import Generated, WrittenResult, WrittenRule


def compare(
    task: str, models: Sequences[Model], sequences: Sequences[Sequence], targets: Sequences[Output | float] | None
) -> Comparison:
    """What ``models`` and their rules write about ``sequences``, and who is right most often.

    Raises:
        InvalidInput: a model has no answer for a sequence, or the targets are no texts, one for each.
    """
    if targets is not None and (len(targets) != len(sequences) or any(isinstance(each, float) for each in targets)):
        expected = f"one text for each of the {len(sequences)} sequences"
        raise InvalidInput(f"expected {expected}", code="targets_mismatch", problems=(Problem("targets", expected),))
    for model in models:
        generation.require(model, sequences)
    results, rules = [], dict[str, WrittenRule]()
    for model in models:
        began = time.perf_counter()
        found = [generation.generate(model, each, PLAIN) for each in sequences]
        results.append(_result(model, found, targets, time.perf_counter() - began))
        ruled = [each.check.rule_output for each in found]
        rules.setdefault(found[0].check.rule, WrittenRule(found[0].check.rule, ruled, _errors(ruled, targets)))
    return Comparison(task, results, list(rules.values()), _best(results))


def _result(
    model: Model, found: list[Generated], targets: Sequences[Output | float] | None, seconds: float
) -> WrittenResult:
    outputs = [each.output for each in found]
    return WrittenResult(
        model=model.card.name,
        version=model.card.version,
        architecture=model.card.architecture,
        parameters=model.card.parameters,
        outputs=outputs,
        probabilities=[each.probability for each in found],
        errors=_errors(outputs, targets),
        checks=[each.check for each in found],
        warnings=[each.warnings for each in found],
        duration_us=round(seconds * 1e6),
        test=model.card.evaluations[0].model,
    )


def _errors(outputs: Sequences[Output | None], targets: Sequences[Output | float] | None) -> list[float] | None:
    """1 where it is another text than the target; None where no target is known."""
    if targets is None:
        return None
    return [float(one != other) for one, other in zip(outputs, targets, strict=True)]


def _best(results: list[WrittenResult]) -> Best:
    """The fewest errors, else the fewest answers that the rule has another one for, else by the cards' tests.

    Of equals the one that is surest of itself.
    """

    def sure(result: WrittenResult) -> float:
        return -sum(each or 0.0 for each in result.probabilities)

    if results[0].errors is not None:
        return Best(min(results, key=lambda each: (sum(each.errors or ()), sure(each))).model, "error")
    if any(check.agree is not None for each in results for check in each.checks):
        unlike = {each.model: sum(check.agree is False for check in each.checks) for each in results}
        return Best(min(results, key=lambda each: (unlike[each.model], sure(each))).model, "check")
    return Best(min(results, key=lambda each: (each.test.mse, sure(each))).model, "test")
