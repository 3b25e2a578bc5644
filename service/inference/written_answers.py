"""What the engine gives back of what models write or draw: plain records, each with its evidence."""

from __future__ import annotations

from dataclasses import dataclass

from service.cards import Score
from service.inference.writing import Output


@dataclass(frozen=True, slots=True)
class Alternative:
    """A symbol that was likely at its place; empty for the end."""

    output: str
    probability: float


@dataclass(frozen=True, slots=True)
class WrittenStep:
    """One symbol of what was written, empty for the end, and the likeliest there, itself among them or not."""

    output: str
    alternatives: list[Alternative]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the texts that were written side by side, and its probability, None of an image."""

    output: Output
    probability: float | None


@dataclass(frozen=True, slots=True)
class TextCheck:
    """What a rule that learnt nothing answers; both None where it has no answer.

    An image agrees with another one where both show the same digit.
    """

    rule: str
    rule_output: Output | None
    agree: bool | None


@dataclass(frozen=True, slots=True)
class Generated:
    """What a model wrote, with the evidence for it.

    ``probability`` is that of the whole output, its end included, by the network itself. ``candidates`` are the best
    texts, one for each beam, likeliest first. ``steps`` are the output's symbols, the end last, and ``attention`` for
    each of them how the network looked at each character of the input, or each row of an image: shares that sum to one,
    None for a network that does not look back. An image is drawn at once and without a probability: 64 numbers from 0
    to 16, row by row.
    """

    model: str
    version: str
    output: Output
    probability: float | None
    candidates: list[Candidate]
    steps: list[WrittenStep]
    attention: list[list[float]] | None
    check: TextCheck
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class WrittenResult:
    """What one model wrote in a comparison; the lists run parallel to the posted sequences.

    ``errors`` are 1 where it is not the target, else 0; ``duration_us`` and ``test`` are as in a :class:`ModelResult`.
    """

    model: str
    version: str
    architecture: str
    parameters: int
    outputs: list[Output]
    probabilities: list[float | None]
    errors: list[float] | None
    checks: list[TextCheck]
    warnings: list[list[str]]
    duration_us: int
    test: Score


@dataclass(frozen=True, slots=True)
class WrittenRule:
    """What one rule writes, parallel to the posted sequences; None where it has no answer, an error where known."""

    name: str
    outputs: list[Output | None]
    errors: list[float] | None
