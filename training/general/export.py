"""Writes the folder of a trained general series model: its files, its scores as served, and a card of what it is."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from service import cards
from service.arrays import Floats
from service.cards import GoldenCase, Layer, Lengths, ModelCard, ReadingSpec, Training
from service.covariates import Beside
from service.inference.padding import batches
from service.inference.readings.general.network import GeneralNetwork, Read
from service.inference.readings.general.reading import General
from service.inference.rules import SERIES_RULES
from service.inference.sequences import Sequence
from training import plots
from training.answers import answers, as_graph
from training.evaluation import scored
from training.general import graph
from training.general.fitting import Fitted
from training.general.network import RECURRENT
from training.general.recipes import SeriesRecipe, Shape
from training.model_folder import PARITY, ParityError, put, versions
from training.recipes import OPTIMIZERS
from training.tasks.base import TEST_SEED, TestSet, digest, generator
from training.tasks.series import draw
from training.tasks.series.questions import questions

# What training draws is never longer, so what lies further back was never seen.
CONTEXT = 512
_ABOUT = (
    "Answers any series without training by its user: the next values and their quantiles, all steps ahead at once. "
    "It reads each step's change and where the series stood in the same place of its earlier seasons, in the series' "
    "own scale, as they are and with their sign turned, and in logarithms too where there is a season and every value "
    "is above zero. It was trained on made-up series only and has seen no real one."
)
_DATA = (
    "fresh made-up series in every batch, 9 to 448 values: trends with seasons and noise, yearly-like walks, "
    "exponential smoothing, seasonal autoregressions, Gaussian processes, counts, switching regimes and random walks; "
    "some rounded, censored, broken, or with gaps, some told a wrong season or none"
)


def export(recipe: SeriesRecipe, seed: int, fitted: Fitted, out: Path, count: int) -> ModelCard:
    """Score ``fitted`` on about ``count`` made-up series and write ``out/<name>/1``.

    Raises:
        ParityError: the ONNX form and Keras disagree; nothing is written.
    """
    onnx = graph.to_onnx(fitted.network, recipe.shape)
    network: Any = GeneralNetwork(onnx)
    reading = General(quantiles=recipe.shape.quantiles, context=CONTEXT)
    test = held_out(count)
    given = answers(reading, network, test.inputs, test.lengths)
    rules = {name: _rule_answers(name, test) for name in SERIES_RULES}
    drawings = {
        cards.PLOTS["loss"]: plots.loss_curve(fitted.losses, fitted.updates, recipe.name),
        cards.PLOTS["fit"]: _fit(recipe.name, test, given, rules["naive"]),
    }
    return write(
        out,
        fitted.network,
        recipe.shape,
        reading,
        goldens(),
        drawings,
        name=recipe.name,
        family="tuned",
        task=recipe.task,
        description=_ABOUT,
        lengths=Lengths(accepted=(1, None), trained=(draw.SHORTEST, draw.LENGTHS[-1])),
        training=training_of(recipe, seed, fitted),
        evaluations=[scored(test, given, rules)],
    )


def write(
    out: Path,
    model: Any,
    shape: Shape,
    reading: General,
    sequences: list[Sequence],
    drawings: dict[str, Any],
    *,
    name: str,
    beside: Beside | None = None,
    **card: Any,
) -> ModelCard:
    """Write ``out/<name>/1`` of a Keras ``model`` of :func:`training.general.network.build`.

    ``sequences`` are to be answered at every start as Keras does now, and what stands ``beside`` them and one step
    after; ``card`` has what the network does not tell.

    Raises:
        ParityError: the ONNX form and Keras disagree; nothing is written.
    """
    onnx = graph.to_onnx(model, shape)
    network, keras_form = GeneralNetwork(onnx), KerasGeneral(model)
    require_parity(keras_form, network, name)
    return put(
        out,
        model,
        onnx,
        _goldens(reading, keras_form, sequences, beside),
        drawings,
        name=name,
        architecture=shape.cell,
        reading=ReadingSpec.model_validate(reading.spec()),
        parameters=network.form.parameters,
        layers=_layers(model, network),
        intervals=None,
        no_intervals="its quantiles are its own; no widths are calibrated on them",
        **card,
    )


class KerasGeneral:
    """The Keras form in the place of a :class:`GeneralNetwork`; it keeps no state."""

    def __init__(self, model: Any) -> None:
        self._run = as_graph(model) if keras.backend.backend() == "tensorflow" else model

    def run(
        self,
        sequence: NDArray[np.float32],
        length: NDArray[np.int32],
        origins: tuple[NDArray[np.int64], NDArray[np.int64]],
        which: NDArray[np.int64],
        asked: NDArray[np.float32],
        places: NDArray[np.float32],
        state: None = None,
    ) -> Read:
        """As :meth:`GeneralNetwork.run`, each origin of each series asked the same number of questions."""
        count = len(sequence)
        steps = origins[1].reshape(count, -1).astype(np.int32)
        shape = (count, steps.shape[1], -1)
        found = self._run(
            [sequence, steps, asked.reshape(*shape, asked.shape[1]), places.reshape(*shape, places.shape[1])]
        )
        quantiles = keras.ops.convert_to_numpy(found)
        return Read(quantiles.reshape(len(which), -1).astype(np.float64), {})


def require_parity(keras_form: KerasGeneral, network: GeneralNetwork, name: str) -> None:
    """Compare both forms on made-up series of all lengths.

    Raises:
        ParityError: a difference above 1e-5 of the largest answer's magnitude (or of 1).
    """
    for group in draw.pool(TEST_SEED, 0, 100):
        drawn = questions(generator("golden", 0), group, 4, 3)
        count, several, horizons = drawn.asked.shape[:3]
        given = (
            drawn.sequence,
            np.full(count, drawn.sequence.shape[1], np.int32),
            (np.repeat(np.arange(count), several), drawn.origins.ravel().astype(np.int64)),
            np.repeat(np.arange(count * several), horizons),
            drawn.asked.reshape(-1, drawn.asked.shape[-1]),
            drawn.places.reshape(-1, drawn.places.shape[-1]),
        )
        served, reference = network.run(*given).quantiles, keras_form.run(*given).quantiles
        difference = float(np.abs(served - reference).max())
        if difference > PARITY * max(1.0, float(np.abs(reference).max())):
            raise ParityError(f"{name}: the ONNX form differs from Keras by {difference:.1e}")


def held_out(count: int) -> TestSet:
    """About ``count`` made-up series without gaps that training never draws, and their next values."""
    groups = [group for number in range(1, 1 + -(-count // 2000)) for group in draw.pool(TEST_SEED, number, 2000)]
    rows = [
        values[:length] for group in groups for values, length in zip(group.values, group.lengths.tolist(), strict=True)
    ]
    rows = [row for row in rows if not np.isnan(row).any() and np.ptp(row[:-1]) > 0.0][:count]
    lengths = np.array([len(row) - 1 for row in rows], np.int32)
    inputs = np.stack([np.concatenate((row[:-1], np.repeat(row[-2], draw.LENGTHS[-1] - len(row)))) for row in rows])
    return TestSet(
        name="made-up series",
        data=f"{len(rows)} series of the families trained on, drawn from a seed of their own; the season is found",
        unit_name="mean change",
        inputs=inputs[..., None],
        lengths=lengths,
        truth=np.array([row[-1] for row in rows]),
        unit=np.array([np.abs(np.diff(row[:-1])).mean() for row in rows]),
    )


def goldens() -> list[Sequence]:
    """Sequences as a client would send them: short and long, with a season and without, huge, tiny, standing still."""
    rng, step = generator("golden", 1), np.arange(60.0)
    monthly = 100.0 * np.exp(0.01 * step) * (1.0 + 0.3 * np.sin(2.0 * np.pi * step / 12.0))
    return [
        [42.0],
        [3.0, 5.0],
        [1.0, 2.0, 3.0, 4.0],
        [5.0] * 12,
        (monthly * np.exp(0.02 * rng.standard_normal(60))).tolist(),
        (np.tile([8.0, 3.0, -2.0, 5.0], 9) + rng.standard_normal(36)).tolist(),
        (1e9 * np.cumsum(rng.standard_normal(40))).tolist(),
        (1e-9 * np.sin(0.2 * step)).tolist(),
        rng.poisson(0.8, 48).astype(float).tolist(),
        np.cumsum(rng.standard_normal(700)).tolist(),
    ]


def training_of(recipe: SeriesRecipe, seed: int, fitted: Fitted) -> Training:
    """What a card says of the training."""
    return Training(
        data=_DATA,
        data_sha256=digest(each for group in draw.pool(seed, 0, 2048) for each in group),
        seed=seed,
        optimizer=OPTIMIZERS["soap"],
        steps=fitted.updates,
        batch=recipe.plan.batch,
        seconds=round(fitted.seconds, 1),
        loss=plots.thinned(fitted.losses),
        recipe={**asdict(recipe), "backend": keras.backend.backend()},
        packages=packages(),
    )


def packages() -> dict[str, str]:
    """The versions of what a general network is made with."""
    return versions(keras.backend.backend())


def _goldens(reading: General, network: Any, sequences: list[Sequence], beside: Beside | None) -> list[GoldenCase]:
    cases = []
    for row, sequence in enumerate(sequences):
        own = None if beside is None else beside.of([row])
        answer, _ = reading.answer(network, next(batches([sequence], (), own)))
        covariates = None if own is None else own.each[0]
        cases.append(GoldenCase(sequence=sequence, value=float(answer.item()), covariates=covariates))
    return cases


def _layers(model: Any, network: GeneralNetwork) -> list[Layer]:
    names = ("read", *RECURRENT, "context", "question", "think", "answer")
    return [
        Layer.model_validate({**layer._asdict(), "parameters": model.get_layer(name).count_params()})
        for name, layer in zip(names, network.form.layers, strict=True)
    ]


def _rule_answers(name: str, test: TestSet) -> Floats:
    values = test.inputs[..., 0]
    return SERIES_RULES[name](values)[np.arange(len(values)), test.lengths - 1]


def _fit(name: str, test: TestSet, given: Floats, naive: Floats) -> Any:
    last = test.inputs[np.arange(len(given)), test.lengths - 1, 0]

    def moved(values: Floats) -> Floats:
        found: Floats = np.clip((values - last) / test.unit, -10.0, 10.0)
        return found

    points = {name: moved(given), "naive": moved(naive)}
    return plots.fit(moved(test.truth), points, f"{name}: {test.name}", "mean changes from the last value")
