"""The published general network that own series' candidates begin with: its weights, its served form, how it reads."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from service.inference.readings.averaged.reading import Averaged
from service.inference.readings.covariates.beside import Effects
from service.inference.readings.covariates.reading import WithCovariates
from service.inference.readings.general.network import GeneralNetwork
from service.inference.readings.general.reading import General
from training.general import fitting, graph
from training.general.export import CONTEXT
from training.general.recipes import RECIPES, SeriesRecipe
from training.series.candidates import Start
from training.series.merging import Weights


class Published:
    """The network that ``start`` names: ``model`` in Keras, of a ``shape``, and the ``weights`` that it came with."""

    def __init__(self, start: Start) -> None:
        self.model, self.shape = network_of(start), recipe_of(start).shape
        self.weights: Weights = self.model.get_weights()

    def exported(self, weights: Weights) -> bytes:
        """The network with these ``weights``, which the model then has, as ONNX."""
        self.model.set_weights(weights)
        return graph.to_onnx(self.model, self.shape)

    def served(self, weights: Weights) -> GeneralNetwork:
        """As :meth:`exported`, ready to answer."""
        return GeneralNetwork(self.exported(weights))

    def reading(
        self, season: int | None, effects: Effects | None = None, averaged: dict[str, Any] | None = None
    ) -> General:
        """How it reads series of that ``season``.

        With the ``effects`` of covariates, or ``averaged`` with an autoregression, if any.
        """
        plain = General(quantiles=self.shape.quantiles, context=CONTEXT, season=season)
        if averaged is not None:
            return Averaged.model_validate({**plain.spec(), "kind": "averaged", **averaged})
        return plain if effects is None else WithCovariates.of(plain, effects)


def recipe_of(start: Start) -> SeriesRecipe:
    """The recipe of the network that ``start`` names."""
    return RECIPES[start.published]


def network_of(start: Start) -> Any:
    """The network as Keras has it, with the weights that the package brings along."""
    kept = Path(str(files("training.general"))) / "trained" / f"{start.published}.npz"
    return fitting.fit(recipe_of(start), 0, kept).network
