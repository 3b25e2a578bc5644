"""Writes the folder of a trained model that writes: its files, its scores as served, and a card of what it is."""

from __future__ import annotations

from collections.abc import Sequence as Sequences
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from service import cards
from service.cards import Evaluation, Flow, GoldenCase, Layer, Lengths, ModelCard, ReadingSpec, Score, Training
from service.inference.readings.text.network import TextNetwork
from service.inference.sequences import Sequence
from service.inference.writing import PLAIN, Output
from training import plots
from training.answers import as_graph
from training.model_folder import PARITY, ParityError, put, versions
from training.recipes import OPTIMIZERS
from training.tasks.base import generator
from training.tasks.written import Examples, WritingTask, Written, batch_of
from training.text import graph
from training.text.fitting import Fitted, arrays
from training.text.network import RECURRENT
from training.text.recipes import WritingRecipe


def export(recipe: WritingRecipe, seed: int, fitted: Fitted, out: Path, count: int) -> ModelCard:
    """Score ``fitted`` on at most ``count`` texts or images a set and write ``out/<name>/1``.

    Raises:
        ParityError: the ONNX form and Keras disagree; nothing is written.
    """
    task = recipe.source
    onnx = graph.to_onnx(fitted.network, recipe)
    network, keras_form = task.reading.load(onnx), as_graph(fitted.network)
    require_parity(keras_form, network, task, recipe.name)
    evaluations = [_evaluation(test, task, network) for test in task.test_sets(count)]
    examples = fitted.updates * recipe.plan.batch
    drawings = {
        cards.PLOTS["loss"]: plots.loss_curve(
            fitted.losses, fitted.updates, recipe.name, "training loss (cross-entropy of a symbol)"
        ),
        cards.PLOTS["fit"]: plots.learning(fitted.exact, examples, f"{recipe.name}: exact answers"),
    }
    return put(
        out,
        fitted.network,
        onnx,
        [_golden(recipe.name, keras_form, network, task, each) for each in task.golden()],
        drawings,
        name=recipe.name,
        family="tuned",
        task=recipe.task,
        architecture=recipe.cell,
        description=task.about,
        reading=ReadingSpec.model_validate(task.reading.spec()),
        lengths=Lengths(accepted=task.accepted, trained=task.lengths),
        parameters=network.form.parameters,
        layers=_layers(fitted.network, network),
        training=training_of(recipe, seed, fitted),
        evaluations=evaluations,
        intervals=None,
        no_intervals="it writes, and what is written has a probability and no bounds",
    )


def require_parity(keras_form: Any, network: TextNetwork, task: WritingTask, name: str) -> None:
    """Compare both forms on texts of all lengths, told the right answers.

    Raises:
        ParityError: a difference above 1e-5 of the largest logarithm of a probability (or of 1).
    """
    drawn = arrays(task, task.draw(generator("golden", 0), 200))
    lengths = drawn.sequence.any(axis=-1).sum(axis=1).astype(np.int32)
    served = network.write(network.read(drawn.sequence, lengths), drawn.written).chances
    reference = _chances(keras_form, drawn.sequence, drawn.written)
    difference = float(np.abs(served - reference).max())
    if difference > PARITY * max(1.0, float(np.abs(reference).max())):
        raise ParityError(f"{name}: the ONNX form differs from Keras by {difference:.1e}")


def training_of(recipe: WritingRecipe, seed: int, fitted: Fitted) -> Training:
    """What a card says of the training."""
    return Training(
        data=recipe.source.trained_on,
        data_sha256=fitted.data_sha256,
        seed=seed,
        optimizer=OPTIMIZERS["adam"],
        steps=fitted.updates,
        batch=recipe.plan.batch,
        seconds=round(fitted.seconds, 1),
        loss=plots.thinned(fitted.losses),
        recipe={
            "units": recipe.units,
            "chrono": recipe.chrono,
            "attention": "dot products" if recipe.source.attention else "none",
            "forcing": "each symbol is told the right ones before it",
            "exact": {name: curve[-1] for name, curve in fitted.exact.items()},
            **asdict(recipe.plan),
        },
        packages=versions("tensorflow"),
        flow=[
            Flow(updates=updates, norms=[float(f"{norm:.3g}") for norm in norms])
            for updates, norms in fitted.flow.items()
        ]
        or None,
    )


def _evaluation(test: Written, task: WritingTask, network: TextNetwork) -> Evaluation:
    """A wrong answer is an error of one: the mean squared and the mean absolute error are the share of those."""
    inputs = test.examples.inputs
    written = [task.reading.write(network, batch_of(task.reading, each), PLAIN).texts[0].output for each in inputs]
    rules = {name: [rule(each) for each in inputs] for name, rule in task.rules().items()}
    return Evaluation(
        name=test.name,
        data=test.data,
        unit="share of wrong answers",
        sequences=len(written),
        data_sha256=cards.sha256(
            "\n".join(f"{one}\t{other}" for one, other in zip(*test.examples, strict=True)).encode()
        ),
        model=_score(test.examples, written),
        rules={name: _score(test.examples, given) for name, given in rules.items()},
    )


def _score(examples: Examples, given: Sequences[Output | None]) -> Score:
    wrong = float(np.mean([one != other for one, other in zip(examples.answers, given, strict=True)]))
    return Score(mse=wrong, mae=wrong)


def _golden(name: str, keras_form: Any, network: TextNetwork, task: WritingTask, posted: Sequence) -> GoldenCase:
    """What the Keras model writes, with the likeliest symbol each time.

    Told what is served it says whether it would have written the same, all in one call.

    Raises:
        ParityError: it would not.
    """
    reading, batch = task.reading, batch_of(task.reading, posted)
    output = str(reading.write(network, batch, PLAIN).texts[0].output)
    symbols = np.array([reading.symbols_of(output)[: reading.longest + 1]])
    written = np.zeros((*symbols.shape, task.symbols), np.float32)
    np.put_along_axis(written[:, 1:], symbols[:, :-1, None], 1.0, axis=2)
    chances = _chances(keras_form, reading.seen(batch), written)
    if not np.array_equal(chances.argmax(axis=-1), symbols):
        raise ParityError(f"{name}: the ONNX form writes another text than Keras")
    chance = np.take_along_axis(chances, symbols[..., None], axis=2).sum()
    return GoldenCase(sequence=posted, value=float(chance), output=output)


def _chances(keras_form: Any, sequence: Any, written: Any) -> Any:
    scores = np.asarray(keras_form([sequence, written]), np.float64)
    scores -= scores.max(axis=-1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))


def _layers(model: Any, network: TextNetwork) -> list[Layer]:
    return [
        Layer.model_validate({**layer._asdict(), "parameters": model.get_layer(name).count_params()})
        for name, layer in zip((*RECURRENT, "attend", "answer"), network.form.layers, strict=True)
    ]
