"""An answer that is written rather than a number, with its evidence. Knows no alphabet."""

from __future__ import annotations

from collections.abc import Sequence as Sequences

from service.errors import InvalidInput, Problem
from service.inference.model import Model
from service.inference.padding import batches
from service.inference.sequences import Sequence
from service.inference.writing import Manner, Writing
from service.inference.written_answers import Alternative, Candidate, Generated, TextCheck, WrittenStep

# An answer that is less likely than this by its own network is as likely to be another one.
_UNSURE = 0.5


def generate(model: Model, sequence: Sequence, manner: Manner) -> Generated:
    """What ``model`` writes about ``sequence``, after :func:`require`.

    Raises:
        InvalidInput: there is no answer in that manner.
        NonFiniteOutput: the network answered NaN or infinity.
    """
    name = model.card.name
    batch = model.reading.taken(next(batches([sequence])))
    written = model.reading.write(model.network, batch, manner)
    rule, ruled = model.reading.ruled(batch)
    output = written.texts[0].output
    check = TextCheck(rule, ruled, None if ruled is None else model.reading.agree(output, ruled))
    return Generated(
        model=name,
        version=model.card.version,
        output=output,
        probability=written.texts[0].probability,
        candidates=[Candidate(text.output, text.probability) for text in written.texts],
        steps=[
            WrittenStep(symbol, [Alternative(*each) for each in likely])
            for symbol, likely in zip(written.symbols, written.alternatives, strict=True)
        ],
        attention=None if written.attention is None else written.attention.tolist(),
        check=check,
        warnings=[*_caveats(model, written, check, manner), *_of_length(model, sequence)],
    )


def require(model: Model, sequences: Sequences[Sequence]) -> None:
    """Refuse what ``model`` does not write about, by its place among the ``sequences``.

    Raises:
        InvalidInput: the model answers with numbers, or has no answer for one of them.
    """
    if not model.reading.writes:
        raise InvalidInput(
            f"{model.card.name} answers with numbers and writes nothing",
            code="not_generating",
            problems=(Problem("model", "a model that writes, such as translate-date-gru"),),
        )
    for batch in batches([*sequences]):
        model.require(model.reading.taken(batch))


def _caveats(model: Model, written: Writing, check: TextCheck, manner: Manner) -> list[str]:
    name, found = model.card.name, []
    if check.agree is None:
        found.append(f"The rule {check.rule} has no answer to this, so that nothing speaks for what {name} made of it.")
    elif check.rule_output is not None and not check.agree:
        ruled = model.reading.in_words(check.rule_output)
        found.append(f"The rule {check.rule} answers {ruled}, and {name} something else.")
    chance = written.texts[0].probability
    if manner.temperature is not None:
        found.append(f"{name} drew each symbol by chance: another seed may give another answer.")
    elif chance is not None and chance < _UNSURE:
        found.append(f"{name} is unsure: to itself this answer has a probability of {chance:.2g}.")
    if not written.texts[0].ended:
        found.append(f"{name} was cut off: it had not come to an end after {len(written.symbols)} symbols.")
    return found


def _of_length(model: Model, sequence: Sequence) -> list[str]:
    length = len(model.reading.taken_apart(sequence))
    said = model.reading.length_caveat(model.card.name, model.card.lengths.trained, length)
    return [] if said is None else [said]
