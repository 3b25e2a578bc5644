"""The steps of one call between its bytes: a question from its body, and an answer to that. For any thread."""

from __future__ import annotations

import time

from service.http.codec import Call
from service.inference.cancellation import checkpoint
from service.inference.engine import Engine


def ask(call: Call, engine: Engine, body_limit: int) -> None:
    """Read ``call`` and find its price, which that of a stream finds out by itself.

    Raises InvalidInput, or BodyTooLarge for one that is when decompressed.
    """
    call.read(body_limit)
    if call.sequenced is None:
        call.price = call.question.price(engine.prices)


def compute(call: Call, engine: Engine) -> None:
    """Answer ``call`` and write the answer; raises what the question does."""
    began = time.perf_counter_ns()
    (answer,) = call.question.answers(engine, [call.question])
    checkpoint()
    call.write(answer, time.perf_counter_ns() - began)
