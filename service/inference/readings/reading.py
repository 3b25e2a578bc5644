"""What every way of reading a sequence can do: from a posted sequence to what a network sees, and back to an answer.

A reading is the card's ``reading``, validated, and knows no card, no catalog and no HTTP. Service and training use the
same objects, so that a score is that of the served answer. Whatever a kind does not say is as for a plain series.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from service.arrays import Floats
from service.cards import GoldenCase, Layer
from service.covariates import Beside
from service.errors import InvalidInput, NonFiniteOutput, Problem
from service.inference.ablation import Off, without
from service.inference.answers import Counterfactual
from service.inference.batch import Batch
from service.inference.check import FIRST, Check, Known
from service.inference.forgetting import FORGOTTEN, Memory, forgotten_until
from service.inference.intervals import Fan
from service.inference.network import OnnxNetwork, State
from service.inference.readings.told import Ahead, Answers, Foretold, Lacking, Refusal, Traced
from service.inference.rolling import HorizonCheck
from service.inference.sequences import Kind, Sequence
from service.inference.unrolled import Unrolled, Unroller
from service.inference.writing import Manner, Output, OutputKind, Writing

Origins = NDArray[np.int32]

# What a reading's own ``load`` gives: other networks than chains of layers are asked in ways of their own.
Loaded = Any


class Reading(BaseModel, ABC):
    """One kind of reading with its parameters; ``kind`` names it on cards, a default of each subclass."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: str
    # What a posted sequence is a list of, and the numbers in each step of it.
    input: ClassVar[Kind] = "values"
    columns: ClassVar[int] = 1
    # Numbers that the network reads at each step.
    features: ClassVar[int]
    # Whether a sequence that came without a model's name may be answered so, and whether it can be continued.
    any_series: ClassVar[bool] = False
    # Whether it is there for any series, so that one of its models answers as long as nobody does better.
    general: ClassVar[bool] = False
    forecasts: ClassVar[bool] = True
    # Whether what its network answers at a step hangs on the steps before only, so that it can be carried on (Carried).
    carries: ClassVar[bool] = False
    # Whether the network itself says how the truth spreads around its answers, and whether it knows what a gap is.
    spreads: ClassVar[bool] = False
    gaps: ClassVar[bool] = False
    # Whether something stands beside each sequence, which it cannot do without.
    covariates: ClassVar[bool] = False
    # What an answer is: a text is written symbol by symbol, and an image drawn at once.
    output: ClassVar[OutputKind] = "number"
    # Whether what Keras saved can answer in the place of the ONNX form.
    either_runtime: ClassVar[bool] = True

    def spec(self) -> dict[str, Any]:
        """What a card says of this reading."""
        return self.model_dump(mode="json", exclude_none=True)

    def load(self, onnx: bytes) -> Loaded:
        """The network of an ONNX file, ready to run; its ``form`` has the ``layers`` and ``parameters`` that it found.

        A folder may come from anywhere: whatever is run has been looked at node by node, so that work and memory grow
        with steps times weights. Raises ModelRejected for a file of another form than this reading's.
        """
        return OnnxNetwork(onnx, self.features)

    @property
    def writes(self) -> bool:
        """Whether the answer is written, or drawn, and no number."""
        return self.output != "number"

    @property
    def shortest(self) -> int:
        """The fewest steps that there is an answer to."""
        return 1

    @property
    def first(self) -> int:
        """How many steps come before the first one that is checked."""
        return max(FIRST, self.shortest)

    @property
    def reads(self) -> int:
        """Steps that the network reads for each further one of a sequence: what a value costs."""
        return 1

    def counted(self, batch: Batch) -> NDArray[np.int32]:
        """The steps of each sequence, of which a card says how many are accepted."""
        return batch.lengths

    def taken(self, batch: Batch) -> Batch:
        """A posted ``batch`` as this reading takes it: numbers may be an image."""
        return batch

    def taken_apart(self, sequence: Sequence) -> Sequence | list[Any]:
        """What is read of a posted ``sequence`` at each step."""
        return sequence

    def looks_back(self, length: int) -> int:
        """How many of a sequence's last steps its answer comes from."""
        return length

    def adopted(self, name: str, beside: Beside) -> Beside | None:
        """What the model called ``name`` reads of what was posted ``beside`` sequences, by its own names.

        None where there is nothing to be read. Raises InvalidInput for columns in an order that it does not know.
        """
        return None if beside.optional or not beside.columns else beside

    def require_beside(self, name: str, batch: Batch) -> None:
        """Refuse what stands beside the sequences of ``batch`` where the model called ``name`` takes something else.

        Raises:
            InvalidInput: says what it takes.
        """
        if batch.covariates is not None:
            problems = (Problem("covariates", "none: this model takes no covariates"),)
            raise InvalidInput(f"{name} takes no covariates: leave them out", code="no_covariates", problems=problems)

    def refusals(self, batch: Batch) -> Iterator[Refusal]:
        """What there is no answer for in a batch of the right kind and of accepted lengths."""
        yield from ()

    @abstractmethod
    def seen(self, batch: Batch) -> NDArray[Any]:
        """What the network sees of a whole batch, float [sequences, timesteps, features]; it reads it in float32."""

    def read(self, network: Loaded, batch: Batch, start: int = 0) -> Answers:
        """The answers after each step from ``start`` on, in the client's units. Asked of readings of numbers."""
        raise NotImplementedError

    def answer(self, network: Loaded, batch: Batch) -> tuple[Floats, State | None]:
        """The answers to a batch [sequences], and the state after it; logarithms of the chance of what is written."""
        found = self.read(network, batch, int(batch.lengths.min()) - 1)
        return batch.last(found.predictions), found.state

    def missed(self, network: Loaded, batch: Batch, cases: list[GoldenCase]) -> float:
        """By how much the answers to ``batch`` miss those of ``cases``, as a share of the larger of answer and unit."""
        answers, _ = self.answer(network, batch)
        if not np.isfinite(answers).all():
            raise NonFiniteOutput("it answered a golden sequence with a number that is not finite")
        expected = np.array([case.value for case in cases])
        scale = np.maximum(np.maximum(np.abs(expected), batch.unit), np.finfo(float).tiny)
        return float((np.abs(answers - expected) / scale).max())

    def write(self, network: Loaded, batch: Batch, manner: Manner) -> Writing:
        """What is written about a single sequence. Asked of readings that write; raises InvalidInput for a ``manner``
        that there is none in.
        """
        raise NotImplementedError

    def ruled(self, batch: Batch) -> tuple[str, Output | None]:
        """The rule that what is written is held against, and its own answer if it has one. Asked as :meth:`write`."""
        raise NotImplementedError

    def agree(self, output: Output, ruled: Output) -> bool:
        """Whether what was written says the same as what a rule says."""
        return output == ruled

    def in_words(self, output: Output) -> str:
        """What was written, to be named in a sentence."""
        return str(output)

    def writing_steps(self, steps: int) -> int:
        """How many symbols are written at the most about so many steps."""
        return 0

    def history(self, network: Loaded, batch: Batch) -> tuple[Floats, Fan | None]:
        """The answers after each step [sequences, timesteps], each made from the steps up to that one only.

        Beside them the spread around them, where the network itself says it: the steps are in the place of those ahead.
        NaN before the first that can be answered, and meaningless past a sequence's length.
        """
        return self.read(network, batch).predictions.T, None

    def ahead(self, network: Loaded, batch: Batch, answers: Floats, state: State | None, horizon: int) -> Ahead:
        """What follows each sequence, the ``answers`` first.

        ``answers`` and ``state`` are what :meth:`answer` gave for ``batch``. Asked of readings that forecast.
        """
        raise NotImplementedError

    def continued(self, network: Loaded, batch: Batch, horizon: int) -> Ahead:
        """What follows each sequence, where nothing is known of it yet."""
        return self.ahead(network, batch, *self.answer(network, batch), horizon)

    def forecast(self, network: Loaded, batch: Batch, horizon: int) -> Floats:
        """The next ``horizon`` values of each sequence [sequences, horizon]."""
        return self.continued(network, batch, horizon).values

    def foretold(self, network: Loaded, batch: Batch, origins: Origins, horizon: int) -> Foretold:
        """Forecasts of each sequence after its first ``origins`` [origins, sequences] values, lowest first.

        Of a sequence that an origin lies beyond, or too early in for an answer, they mean nothing, but are finite.
        """
        raise NotImplementedError

    def known(self, batch: Batch) -> Known | None:
        """The exact answers, where the sequence itself tells them; None for values yet to come."""
        return None

    def loss_caveat(self, name: str, check: Check | HorizonCheck) -> str:
        """The warning of the model called ``name`` where a rule did better."""
        return (
            f"{name} does worse than the rule {check.rule} on this sequence: "
            f"mean absolute error {check.mae:.3g} against {check.rule_mae:.3g} over {check.in_words()}."
        )

    def outside(self, batch: Batch) -> NDArray[np.bool_] | None:
        """Where a sequence leaves the range that was trained on [sequences]; None where that is no matter."""
        return None

    def range_caveat(self, name: str) -> str:
        """The warning of the model called ``name`` where :meth:`outside` says so."""
        raise NotImplementedError

    def length_caveat(self, name: str, trained: tuple[int, int], length: int) -> str | None:
        """The warning on a sequence of ``length`` steps; None where the model was ``trained`` for it."""
        shortest, longest = trained
        if shortest <= length <= longest:
            return None
        lengths = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
        return f"{name} was trained on lengths of {lengths} steps; this one has {length}."

    def unroller(self, layers: list[Layer], weights: Mapping[str, NDArray[np.float32]]) -> Unroller:
        """What runs over the steps, to be unrolled, from a card's ``layers`` and the ``weights`` by name."""
        return Unroller(layers, weights)

    def traced(self, network: Loaded, batch: Batch, unroller: Unroller, unrolled: Unrolled) -> Traced:
        """Where the answer to a single sequence comes from."""
        return Traced(float(unrolled.outputs[-1]), unroller.gradient(unrolled))

    def lacking(
        self, network: Loaded, batch: Batch, layers: list[Layer], weights: Mapping[str, NDArray[np.float32]], off: Off
    ) -> Lacking | None:
        """The answer to a single sequence with a part of the network ``off``; None where it cannot be replayed.

        Raises:
            InvalidInput: there is no such part.
        """
        unroller = self.unroller(layers, without(layers, weights, off))
        features = self.seen(batch)[0, -self.looks_back(int(self.counted(batch)[0])) :]
        replayed = self.traced(network, batch, unroller, unroller.forward(features)).replayed
        return None if replayed is None else Lacking(replayed)

    def remembered(self, name: str, memory: Memory, first: int) -> str:
        """What the ``memory`` of the model called ``name`` from step ``first`` on means, in a sentence or two."""
        forgotten = forgotten_until(memory)
        half = ""
        if memory.half_life is not None:
            steps = "1 step" if memory.half_life == 1 else f"{memory.half_life} steps"
            half = f" Half of a step is gone for good {steps} later."
        if forgotten:
            return (
                f"{name} has forgotten everything before step {first + forgotten}: less than {FORGOTTEN:.0%} of the "
                f"state at those steps is left in its answer.{half}"
            )
        kept = "all" if memory.retained[0] >= 1.0 else f"{memory.retained[0]:.0%}"
        return f"{name} answers with {kept} of its state at step {first} still in mind.{half}"

    def counterfactuals(self, network: Loaded, batch: Batch, value: float) -> list[Counterfactual] | None:
        """What else a single sequence's answer ``value`` could have been; None where nothing is tried."""
        return None

    @property
    def inspected(self) -> int:
        """The most steps that can be looked into: each costs some units^2 and answers with some hundred numbers."""
        return 1024

    def tried(self, steps: int) -> int:
        """Steps that :meth:`counterfactuals` and :meth:`traced` read of a sequence of so many."""
        return 0

    def trained_on(self, inputs: Floats) -> Self:
        """The reading of a network that knows only the raw ``inputs`` [sequences, timesteps, columns]."""
        return self

    @property
    def while_learning(self) -> tuple[Floats, Floats] | None:
        """Centre and scale [features] of what the network sees while it learns, which its first layer takes over."""
        return None
