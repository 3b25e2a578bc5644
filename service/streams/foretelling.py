"""What streams say of their next values, each as /predict says it of the stream's context, all of them asked together.

The network of a stream goes on from where it was: it reads what came, and not the context again. What it answered
before is kept with the stream; the check beside it is made from that anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from service.arrays import Floats
from service.inference.answers import Prediction
from service.inference.cancellation import checkpoint
from service.inference.carrying import Carried, Read, carry_on, padded
from service.inference.engine import Engine
from service.inference.model import Model
from service.inference.sequences import Rows
from service.streams.following import Context, Following, Known

_AT_ONCE = 256  # contexts that are handed over together: copies of values, and what is computed before the next look


class _Asked(NamedTuple):
    """The ``context`` of the value at ``number`` of those that came for the stream at ``place``."""

    place: int
    number: int
    following: Following
    context: Context


def predictions(engine: Engine, asked: Sequence[tuple[Following, Sequence[Known]]]) -> list[list[Prediction | None]]:
    """What each stream answers after each of the values that came for it; those that are alike are asked together.

    Raises as :meth:`Engine.predict` does, where one of them has no answer.
    """
    groups: dict[Any, list[_Asked]] = {}
    found: list[list[Prediction | None]] = []
    for place, (following, values) in enumerate(asked):
        found.append([None] * len(values))
        group = groups.setdefault(following.kind, [])
        for number, context in enumerate(following.contexts(engine, values)):
            if context is not None:
                group.append(_Asked(place, number, following, context))
    for (model, version, levels, season), group in groups.items():
        read = _read(engine.catalog.get(model, version), group)
        for start in range(0, len(group), _AT_ONCE):
            part = group[start : start + _AT_ONCE]
            contexts = [each.context.values for each in part]
            rows = Rows(padded(contexts), np.array([*map(len, contexts)]))
            outputs = None if read is None else read[start : start + _AT_ONCE]
            answers = engine.predict(rows, model, version, levels, (), season, outputs)
            for each, answer in zip(part, answers, strict=True):
                found[each.place][each.number] = answer
                if outputs is not None and answer.season is not None:
                    each.following.found_season(each.context, answer.season.steps[0])
            checkpoint()
    return found


def _read(model: Model, group: list[_Asked]) -> list[Read] | None:
    """What the network of ``model`` answers at each step of each context; None where it reads each anew."""
    if not model.reading.carries:
        return None
    network = model.network
    # Of the contexts of a stream that start alike the last one has all others in it.
    longest = {(each.place, each.context.start): each for each in group}
    read: dict[tuple[int, int], Carried] = {}
    further: dict[tuple[int, int], tuple[Carried | None, Floats]] = {}
    for key, (_, _, following, context) in longest.items():
        before = following.read(network, context.start)
        steps = 0 if before is None else len(before.outputs)
        if before is not None and steps == len(context.values):
            read[key] = before
        else:
            further[key] = before, context.values[steps:]
    came = zip(further, carry_on(network, *zip(*further.values(), strict=True)), strict=True) if further else ()
    for key, carried in came:
        read[key] = carried
        longest[key].following.hold(network, key[1], carried)
    return [
        Read(read[place, context.start].outputs[: len(context.values)], following.season(context))
        for place, _, following, context in group
    ]
