"""The plots of RESULTS.md, as small SVGs; reads cards, stored runs and exported networks, trains nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from benchmarks.accuracy.studies import TASKS
from service.folders import ModelFolder
from service.inference import rules
from service.inference.network import OnnxNetwork
from service.inference.readings import reading_of
from training.answers import answers as answered_by
from training.answers import forecasts
from training.plots import COLOURS, INK, figure
from training.recipes import CELLS
from training.registry import PUBLISHED
from training.tasks import sine
from training.tasks.base import TEST_SEED, generator, next_value_set

# Seeds of the drawn examples: neither a training nor a scored stream.
_DRAWN = TEST_SEED + 10
_NOISES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2)


def errors_over_seeds(errors: Mapping[str, Sequence[float]]) -> Figure:
    """Headline root-mean-square error of every published model, one point a seed."""
    with figure(8.0, 3.4, columns=3) as (drawn, axes):
        for axis, task in zip(axes, TASKS, strict=True):
            for place, (cell, colour) in enumerate(zip(CELLS, COLOURS, strict=False)):
                values = np.sqrt(errors.get(f"{task}-{cell}", []))
                offsets = np.linspace(-0.15, 0.15, len(values)) if len(values) > 1 else [0.0] * len(values)
                axis.semilogy(place + np.array(offsets), values, "o", color=colour, markersize=5)
            axis.set(title=task, xticks=range(3), xlim=(-0.5, 2.5))
            axis.set_xticklabels(CELLS)
        axes[0].set_ylabel("RMSE, one point a seed")
        return drawn


def memory_by_length(folders: Mapping[str, ModelFolder]) -> Figure:
    """Mean squared error of the memory models against the number of pairs, beside the index-blind mean."""
    with figure() as (drawn, (axes,)):
        rule: dict[int, float] = {}
        for cell, colour in zip(CELLS, COLOURS, strict=False):
            card = folders[f"memory-{cell}"].card
            points = sorted((int(each.name.removeprefix("length ")), each) for each in card.evaluations)
            axes.loglog([n for n, _ in points], [each.model.mse for _, each in points], "o-", color=colour, label=cell)
            rule = {n: each.rules["index_blind_mean"].mse for n, each in points}
        axes.loglog(list(rule), list(rule.values()), "--", color=INK, label="index-blind mean")
        axes.set(xlabel="pairs in the sequence", ylabel="MSE", title="memory: error against length")
        axes.legend()
        return drawn


def free_running(folders: Mapping[str, ModelFolder]) -> Figure:
    """One sinusoid, 100 steps on each cell's own answers after a window of 32."""
    window, steps = sine.FREE_WINDOW, sine.FREE_STEPS
    rng = generator("test", _DRAWN)
    angle, amplitude, clean = np.full(1, sine.FREE_ANGLE), np.ones(1), np.zeros(1)
    series = sine.sinusoids(rng, angle, amplitude, clean, window + steps)
    with figure(8.0, 3.4) as (drawn, (axes,)):
        axes.plot(series.clean[0], color=INK, linewidth=3, alpha=0.5, label="truth")
        for cell, colour in zip(CELLS, COLOURS, strict=False):
            folder, length = folders[f"sine-{cell}"], np.array([window], np.int32)
            network, observed = network_of(folder), series.observed[:, :window]
            values = forecasts(reading_of(folder.card), network, observed, length, steps)
            axes.plot(np.arange(window, window + steps), values[0], color=colour, linewidth=1.1, label=cell)
        axes.axvline(window - 0.5, color=INK, linestyle=":")
        axes.set(xlabel="step", ylabel="value", title="sine: 100 steps on the network's own answers")
        axes.legend(ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.16))
        return drawn


def sine_by_noise(folders: Mapping[str, ModelFolder], count: int = 2_000) -> Figure:
    """Mean absolute error against the clean next value by noise, for the cells and the rules."""
    names = [f"sine-{cell}" for cell in CELLS]
    errors: dict[str, list[float]] = {name: [] for name in [*names, *rules.SERIES_RULES]}
    for noise in _NOISES:
        rng = generator("test", _DRAWN + 1)
        test = next_value_set("noise", "", "amplitude", *sine.served_range(rng, count, np.full(count, noise)))
        ruled = sine.Sine().rule_answers(test)
        answers = {name: ruled[name] for name in rules.SERIES_RULES}
        for name in names:
            network = network_of(folders[name])
            answers[name] = answered_by(PUBLISHED[name].reading, network, test.inputs, test.lengths)
        for name, answered in answers.items():
            errors[name].append(float(np.mean(np.abs(answered - test.truth) / test.unit)))
    with figure() as (drawn, (axes,)):
        for name, colour in zip(names, COLOURS, strict=False):
            axes.loglog(_NOISES, errors[name], "o-", color=colour, label=name)
        for name, style in zip(rules.SERIES_RULES, ("--", "-.", ":", (0, (1, 4))), strict=True):
            axes.loglog(_NOISES, errors[name], linestyle=style, color=INK, label=name)
        axes.set(xlabel="noise / amplitude", ylabel="MAE / amplitude", title="sine: error against noise")
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        return drawn


def network_of(folder: ModelFolder) -> OnnxNetwork:
    """The exported network of a model folder."""
    network: OnnxNetwork = reading_of(folder.card).load(folder.onnx)
    return network
