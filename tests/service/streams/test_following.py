"""A stream followed and rebuilt, without any server: the same to the bit, flagged at the rate, little kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.inference.engine import Engine
from service.request_log.appending import Append, Value
from service.request_log.streams import Stream, Tail, made
from service.streams.definition import Definition
from service.streams.following import Following, Known, first_read
from service.streams.foretelling import predictions
from service.streams.held import Held
from service.streams.judging import LARGEST_SCORE, Foretold, Judge

W = 64


class Record:
    """What is on record of one stream, as the store would have it."""

    def __init__(self, **settings: Any) -> None:
        fields = {"model": "sine-gru", "version": "1", "season": (), "window": W, "levels": (90.0,)}
        definition = Definition(**{**fields, "flag_rate": 0.1, "drift": 0.01, **settings})
        self.stream: Stream = made("", "meter", definition.packed(), definition.model or "", definition.version or "")
        self.values: list[Value] = []
        self.kept_from = 0

    def take(self, append: Append) -> None:
        self.values += append.values
        self.stream = replace(self.stream, next=append.values[-1].seq + 1)
        if append.learnt is not None:
            self.stream = replace(self.stream, judged=append.learnt.judged, learnt=append.learnt.packed)
        self.kept_from = max(self.kept_from, append.forget or 0)

    def rebuilt(self) -> Following:
        start, kept = first_read(self.stream), self.values[self.kept_from :]
        assert start >= self.kept_from
        return Following(
            Tail(
                self.stream,
                [(each.seq, each.value) for each in kept if each.seq >= start],
                [(each.seq, each.score) for each in kept if each.seq >= self.stream.judged],
                kept[-1].answer if kept else None,
            )
        )


def _moved_on(engine: Engine, following: Following, values: list[Known]) -> Append:
    (told,) = predictions(engine, [(following, values)])
    return following.answer(values, told, 0, following.next)


def _series(length: int, seed: int = 1) -> list[Known]:
    rng = np.random.default_rng(seed)
    found: list[Known] = (np.sin(np.arange(length) / 5) + 0.05 * rng.standard_normal(length)).tolist()
    return found


@pytest.mark.parametrize("model", ["sine-gru", "textbook-sine-lstm", "series-gru"])
def test_a_stream_that_is_rebuilt_at_any_value_goes_on_to_the_bit(engine: Engine, model: str) -> None:
    values, held, anew = _series(2 * W + 20), Record(model=model), Record(model=model)
    values[70] = 40.0
    following, place = held.rebuilt(), 0
    for size in (1, 1, 13, W - 15, 1, W - 1, 5, 15):
        part = values[place : place + size]
        held.take(_moved_on(engine, following, part))
        anew.take(_moved_on(engine, anew.rebuilt(), part))
        place += size
    assert place == len(values)
    assert anew.values == held.values
    assert anew.stream.learnt == held.stream.learnt is not None


@pytest.mark.slow
def test_flags_keep_their_rate_through_changes_of_scale_and_level(engine: Engine) -> None:
    values = np.array(_series(6000))
    values[2000:] *= 10.0
    values[4000:] = 0.001 * values[4000:] + 3.0
    record = Record(flag_rate=0.1)
    following, flagged = record.rebuilt(), 0
    for start in range(0, len(values), 500):
        record.take(_moved_on(engine, following, values[start : start + 500].tolist()))
        flagged += following.flagged
    flags = [(orjson.loads(each.answer)["arrived"] or {}).get("flag") for each in record.values]
    assert flagged == flags.count(True)
    assert flagged / len(values) == pytest.approx(0.1, rel=0.1)


def test_little_is_kept_and_never_too_little(engine: Engine) -> None:
    record, values = Record(), _series(6 * W)
    for start in range(0, len(values), 16):
        record.take(_moved_on(engine, record.rebuilt(), values[start : start + 16]))
        assert min(2 * W, len(record.values)) <= len(record.values) - record.kept_from <= 3 * W
    whole = _moved_on(engine, record.rebuilt(), _series(4 * W))
    assert whole.forget == len(record.values)  # all of one request stay for whoever asks again


@given(seq=st.integers(0, 2**53), window=st.integers(64, 2048))
def test_an_answer_reads_one_to_two_windows_once_there_are_so_many(seq: int, window: int) -> None:
    definition = Definition(None, None, (), window, (90.0,), None, None)
    start = definition.start(seq)
    assert start == max(0, (seq // window - 1) * window)
    assert seq + 1 - start <= 2 * window
    assert seq + 1 - start > window or start == 0


@given(
    value=st.floats(-1e300, 1e300),
    came=st.floats(-1e300, 1e300),
    width=st.floats(0, 1e300),
    context=st.lists(st.floats(-1e300, 1e300) | st.none(), max_size=5),
)
def test_a_score_is_a_number_whatever_comes(
    value: float, came: float, width: float, context: list[float | None]
) -> None:
    for intervals in (None, {"90": (value - width, value + width)}):
        score = Foretold(value, intervals).score(came, np.array(context, np.float64))
        known = [each for each in context if each is not None]
        assert (score is None) is (intervals is None and len(known) < 2)
        assert score is None or 0.0 <= score <= LARGEST_SCORE


@given(st.lists(st.floats(0, 1e9) | st.none(), max_size=40), st.integers(0, 40))
def test_what_was_learnt_follows_from_the_scores_alone(scores: list[float | None], cut: int) -> None:
    definition = Definition(None, None, (), W, (90.0,), 0.1, 0.01)
    one, first = Judge(definition), Judge(definition)
    told = [one.judge(score) for score in scores]
    for score in scores[:cut]:
        first.judge(score)
    other = Judge(definition, first.pack())
    assert [other.judge(score) for score in scores[cut:]] == told[cut:]
    assert other.pack() == one.pack()


def test_the_streams_that_are_held_are_those_used_last() -> None:
    def following(name: str) -> Following:
        record = Record()
        record.stream = replace(record.stream, name=name)
        return record.rebuilt()

    held = Held(2 * following("a").size)
    one, other, third = map(following, "abc")
    held.put(one)
    held.put(other)
    assert held.take("", "a") is one
    held.put(one)
    held.put(third)
    assert [held.take("", name) for name in "abc"] == [one, None, third]
    assert len(held) == 0
