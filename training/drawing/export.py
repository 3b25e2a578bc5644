"""Writes the folder of a trained model that draws: its files, its scores as served, and a card of what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from service import cards
from service.arrays import Floats
from service.cards import Evaluation, GoldenCase, Lengths, ModelCard, ReadingSpec, Score, Training
from service.inference.images import DARKEST, nearest_image, nearest_word
from service.inference.network import OnnxNetwork
from service.inference.padding import batches
from service.inference.readings.drawings import Drawings
from training import architectures, model_folder, onnx_form, plots
from training.drawing.fitting import Fitted
from training.drawing.recipes import DrawingRecipe
from training.model_folder import PARITY, ParityError
from training.recipes import OPTIMIZERS
from training.tasks import digits, drawing
from training.tasks.digits import ENGLISH


def export(recipe: DrawingRecipe, seed: int, fitted: Fitted, out: Path, count: int) -> ModelCard:
    """Score ``fitted`` on at most ``count`` words a set and write ``out/<name>/1``.

    Raises:
        ParityError: the ONNX form and Keras disagree; nothing is written.
    """
    reading = drawing.reading()
    onnx = onnx_form.to_onnx(fitted.network)
    network = reading.load(onnx)
    golden = [_golden(fitted.network, network, reading, word) for word in drawing.golden()]
    tested = drawing.test_sets(count)
    drawn = [drawn_of(reading, network, test.typed.words) for test in tested]
    evaluations = [
        *(_evaluation(test, images, reading) for test, images in zip(tested, drawn, strict=True)),
        *(_right(test, images, reading) for test, images in zip(tested, drawn, strict=True)),
    ]
    shown = drawn_of(reading, network, list(ENGLISH))
    return model_folder.put(
        out,
        fitted.network,
        onnx,
        golden,
        {
            cards.PLOTS["loss"]: plots.loss_curve(
                fitted.losses, fitted.updates, recipe.name, "training loss (MSE of all letters)"
            ),
            cards.PLOTS["fit"]: plots.images(
                {"drawn": shown, "unseen": digits.means(digits.unseen())},
                ENGLISH,
                recipe.name,
                DARKEST,
            ),
        },
        name=recipe.name,
        family="tuned",
        task=recipe.task,
        architecture=recipe.cell,
        description=drawing.about(),
        reading=ReadingSpec.model_validate(reading.spec()),
        lengths=Lengths(accepted=drawing.ACCEPTED, trained=(2, 6)),
        parameters=architectures.parameters(fitted.network),
        layers=architectures.describe(fitted.network),
        training=_training(recipe, seed, fitted),
        evaluations=evaluations,
        intervals=None,
        no_intervals="it draws, and an image has no bounds",
    )


def drawn_of(reading: Drawings, network: OnnxNetwork, words: list[str]) -> Floats:
    """The images of ``words`` [words, pixels], each distinct word drawn once, as served."""
    found = {word: reading.images(network, next(batches([word])))[0] for word in dict.fromkeys(words)}
    return np.stack([found[word] for word in words])


def _evaluation(test: drawing.Tested, drawn: Floats, reading: Drawings) -> Evaluation:
    """Errors of pixels. Who is told the digit and draws its mean of the first half does as well as can be learnt."""
    meant = [nearest_word(word, reading.means) or ENGLISH[0] for word in test.typed.words]
    told = [ENGLISH[digit] for digit in test.typed.digits]
    rules = {
        "nearest_word": np.array([reading.means[word] for word in meant]),
        "told_the_digit": np.array([reading.means[word] for word in told]),
    }

    def score(images: Floats) -> Score:
        error = images / DARKEST - test.typed.images
        return Score(mse=float((error**2).mean()), mae=float(np.abs(error).mean()))

    return _scored(test, test.name, "share of the darkest pixel", score, drawn, rules)


def _right(test: drawing.Tested, drawn: Floats, reading: Drawings) -> Evaluation:
    """A drawing that is nearer to another digit's mean is an error of one."""
    told = [ENGLISH[digit] for digit in test.typed.digits]
    meant = [nearest_word(word, reading.means) for word in test.typed.words]
    shown = [nearest_image(image, reading.means) for image in drawn]

    def score(words: list[Any]) -> Score:
        wrong = float(np.mean([one != other for one, other in zip(words, told, strict=True)]))
        return Score(mse=wrong, mae=wrong)

    return _scored(test, f"{test.name}: the digit", "share of wrong digits", score, shown, {"nearest_word": meant})


def _scored(
    test: drawing.Tested, name: str, unit: str, score: Callable[[Any], Score], model: Any, rules: dict[str, Any]
) -> Evaluation:
    return Evaluation(
        name=name,
        data=test.data,
        unit=unit,
        sequences=len(test.typed.words),
        data_sha256=cards.sha256("\n".join(test.typed.words).encode() + test.typed.images.tobytes()),
        model=score(model),
        rules={rule: score(given) for rule, given in rules.items()},
    )


def _golden(model: Any, network: OnnxNetwork, reading: Drawings, word: str) -> GoldenCase:
    """What the Keras model draws.

    Raises:
        ParityError: the ONNX form draws something else.
    """
    batch = next(batches([word]))
    answered = np.asarray(model(reading.seen(batch)), np.float64)[0, -1]
    image = np.clip(answered * DARKEST, 0.0, DARKEST)
    difference = float(np.abs(reading.images(network, batch)[0] - image).max()) / DARKEST
    if difference > PARITY:
        raise ParityError(f"{model.name}: the ONNX form differs from Keras by {difference:.1e}")
    return GoldenCase(sequence=word, value=float(image.mean()), output=image.tolist())


def _training(recipe: DrawingRecipe, seed: int, fitted: Fitted) -> Training:
    return Training(
        data=drawing.trained_on(),
        data_sha256=fitted.data_sha256,
        seed=seed,
        optimizer=OPTIMIZERS["adam"],
        steps=fitted.updates,
        batch=recipe.plan.batch,
        seconds=round(fitted.seconds, 1),
        loss=plots.thinned(fitted.losses),
        recipe={"units": recipe.units, **asdict(recipe.plan)},
        packages=model_folder.versions("tensorflow", "scikit-learn"),
    )
