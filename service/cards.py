"""The model card: the contract between training, which writes a model folder, and the service, which reads it.

A model folder is ``models/<name>/<version>/`` with ``model.keras`` (the saved model), ``model.onnx`` (the form
that is served), ``card.json`` (this file's :class:`ModelCard`), ``golden.json`` (answers that must be met at
start), ``loss.svg`` and ``fit.svg``. Knows nothing of networks, and reads no file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from service.covariates import Covariates
from service.levels import LEVELS, written

CARD = "card.json"
KERAS, ONNX, GOLDEN = "model.keras", "model.onnx", "golden.json"
PLOTS = {"loss": "loss.svg", "fit": "fit.svg"}
MODEL_FILES = (KERAS, ONNX, GOLDEN, *PLOTS.values())
# Intervals of the usual levels that are wider than so many units of what they are measured in say nothing: there are
# none then.
WIDEST = 1e3


def _percent(level: str) -> str:
    try:
        number = float(level)
    except ValueError:
        number = 0.0
    if not 0.0 < number < 100.0 or written(number) != level:
        raise ValueError('a level is a number between 0 and 100 in its shortest form, such as "80" or "97.5"')
    return level


Cell = Literal["simplernn", "lstm", "gru"]
Family = Literal["tuned", "textbook", "own"]
Level = Annotated[str, AfterValidator(_percent)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,99}$")]
Version = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,8}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Layer(_Frozen):
    """One layer in the order in which a step passes through it.

    A ``gru`` resets the state after the recurrent product, as Keras does by default; a ``gru-before`` before it, as in
    the paper (Cho et al. 2014) and on the lecture's slide.
    """

    kind: Literal["dense", "simplernn", "lstm", "gru", "gru-before"]
    units: int
    activation: Literal["tanh", "linear", "silu"]
    parameters: int


class ReadingSpec(BaseModel):
    """A kind of reading by its name, beside the parameters of that kind (see :mod:`service.inference.readings`)."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    kind: Name


class Lengths(_Frozen):
    """Numbers of timesteps; ``accepted`` has no upper end when any length is answered."""

    accepted: tuple[int, int | None]
    trained: tuple[int, int]


class Flow(_Frozen):
    """How much of the loss's gradient came back to each step that was read, after so many ``updates``.

    ``norms[k]`` is the norm of d loss / d state ``k`` steps before the last one, a mean over held-out sequences of one
    length.
    """

    updates: Annotated[int, Field(ge=0)]
    norms: Annotated[list[float], Field(min_length=1)]


class Training(_Frozen):
    """How the weights came to be. ``loss`` is the training loss over time, thinned to at most 300 points.

    ``flow`` is there where the gradient was followed back at several moments, the first before any update.
    """

    data: str
    data_sha256: Digest
    seed: int
    optimizer: str
    steps: int
    batch: int
    seconds: float
    loss: list[float]
    recipe: dict[str, Any]
    packages: dict[str, str]
    flow: list[Flow] | None = None


class Score(_Frozen):
    """Mean squared and mean absolute error, in the unit that the evaluation names."""

    mse: float
    mae: float


class Evaluation(_Frozen):
    """The model beside the rules on one held-out test set that chose nothing.

    ``unit`` says what an error was divided by ("amplitude", "step", or "1" for raw values).
    """

    name: str
    data: str
    unit: str
    sequences: int
    data_sha256: Digest
    model: Score
    rules: dict[str, Score]


class Intervals(_Frozen):
    """Split-conformal intervals of a next-value model.

    ``quantiles[level][h - 1]`` times the sequence's own error scale (check mae + 1e-3 S) is the half-width at
    horizon h, up to one horizon for all levels; of any other level it is interpolated (see
    :mod:`service.inference.half_widths`). ``coverage`` is the share of fresh test windows that the interval really
    held, per horizon.
    """

    calibration: str
    data_sha256: Digest
    quantiles: Annotated[dict[Level, Annotated[list[float], Field(min_length=1)]], Field(min_length=1)]
    coverage: dict[Level, list[float]]

    @model_validator(mode="after")
    def _one_horizon(self) -> Intervals:
        if len({len(each) for each in self.quantiles.values()}) > 1:
            raise ValueError("the levels reach unlike numbers of steps ahead")
        return self

    @cached_property
    def widest(self) -> float:
        """The largest quantile of the usual levels."""
        return widest_of(self.quantiles)


def widest_of(quantiles: Mapping[Level, Sequence[float]]) -> float:
    """The largest of the ``quantiles`` of the usual levels: higher ones may be of any size where they are asked for."""
    usual = [each for level, each in quantiles.items() if float(level) <= max(LEVELS)]
    return max(map(max, usual or quantiles.values()))


def defect_of(quantiles: Mapping[Level, Sequence[float]]) -> str | None:
    """Why no interval can be given by such quantiles, in words; None where they are sound."""
    widest = widest_of(quantiles)
    if min(map(min, quantiles.values())) < 0.0:
        return "half-widths are negative"
    if widest > WIDEST:
        return (
            f"half-widths reach {widest:.3g} times the error that they are measured in, and beyond {WIDEST:g} they say "
            "nothing: where it was calibrated its series stood still and then jumped"
        )
    return None


class JudgedEntry(_Frozen):
    """One competitor's errors on the hold-out, over horizons 1 to ``horizon``.

    ``name`` is a model's, ``rule:<name>`` for a rule that the service answers with, else a method's own
    ("seasonal naive", "AutoARIMA"). ``mase`` is the mean absolute scaled error (Hyndman and Koehler 2006, seasonal
    where the series has a season), ``smape`` the symmetric percentage error as a share, 0 to 2; ``coverage`` the
    share of true values inside the intervals of each level, None where it gives none.
    """

    name: str
    horizon: Annotated[int, Field(ge=1)]
    mase: float
    smape: float
    coverage: dict[Level, float] | None


class Judged(_Frozen):
    """A rolling-origin backtest of an own series' model beside its rivals, on the last values, which chose nothing.

    ``entries`` hold a row for each competitor and horizon judged; ``best`` is the competitor of the lowest error over
    all horizons; ``beaten_by`` the rule of the service that did better than this model, None when it beats them all.
    """

    origins: Annotated[int, Field(ge=1)]
    horizon: Annotated[int, Field(ge=1)]
    season: Annotated[int, Field(ge=2)] | None
    entries: Annotated[tuple[JudgedEntry, ...], Field(min_length=1)]
    best: str
    beaten_by: str | None


class ModelCard(_Frozen):
    """What a model is, what it was made from, and how it did beside the rules that could replace it.

    ``family``: one of this project's own, tuned or as on the lecture's slides, or a model of a user's own series, whose
    ``task`` is the series' name and ``judged`` its backtest. ``reading`` says how a posted sequence becomes what the
    network sees. ``no_intervals`` says in words why a model that would have intervals has none.
    """

    format: Literal[2]
    name: Name
    version: Version
    family: Family
    task: Name
    architecture: Cell
    description: str
    reading: ReadingSpec
    lengths: Lengths
    parameters: int
    layers: list[Layer]
    training: Training
    evaluations: Annotated[list[Evaluation], Field(min_length=1)]
    intervals: Intervals | None
    no_intervals: str | None = None
    judged: Judged | None = None
    checksums: dict[str, Digest]

    @model_validator(mode="before")
    @classmethod
    def _of_any_format(cls, card: Any) -> Any:
        return from_format_1(card) if isinstance(card, dict) and card.get("format") == 1 else card

    @property
    def beaten_by(self) -> str | None:
        """The rule, by its plain name, that did better on the series that this model was made for."""
        if self.judged is None or self.judged.beaten_by is None:
            return None
        return self.judged.beaten_by.removeprefix("rule:")


class GoldenCase(_Frozen):
    """One sequence and the answer that Keras gave to it when the model was exported.

    Where the answer is a text, that is ``output`` and ``value`` the logarithm of its probability; where it is an image,
    ``value`` is the mean of its pixels. ``covariates`` stand beside the sequence and one step after it.
    """

    sequence: Annotated[list[float] | list[tuple[float, float]] | str, Field(min_length=1)]
    value: float
    output: str | list[float] | None = None
    covariates: Covariates | None = None


class Golden(_Frozen):
    cases: Annotated[list[GoldenCase], Field(min_length=1)]


def from_format_1(card: dict[str, Any]) -> dict[str, Any]:
    """A card of format 1, which said how a model reads in five members and its family in its name, as one of format 2.

    Raises:
        ValueError: those members do not go together.
    """
    card = dict(card)
    match [card.pop(member, None) for member in ("input", "scaling", "window", "indices", "values")]:
        case ["values", "causal", None, None, None]:
            reading: dict[str, Any] = {"kind": "series"}
        case ["values", "none", int(window), None, values]:
            reading = {"kind": "windows", "window": window, "values": values}
        case ["pairs", "none", None, list(indices), values]:
            reading = {"kind": "pairs", "indices": indices, "values": values}
        case _:
            raise ValueError("values need causal scaling or a window, and pairs the range of their indices")
    if reading.get("values", card) is None:
        del reading["values"]
    family = "own" if card.get("judged") else "textbook" if str(card.get("name")).startswith("textbook-") else "tuned"
    return card | {"format": 2, "family": family, "reading": reading}


def sha256(data: bytes) -> str:
    """Hex SHA-256 digest of ``data``."""
    return hashlib.sha256(data).hexdigest()
