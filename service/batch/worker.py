"""``python -m service.batch.worker``: a line of JSON in for the job and for each part, one out for each part done.

It ends when nobody writes to it any more: no worker outlives its parent by more than a part.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TextIO

import pyarrow as pa

from service.batch.job import Failed, Job, Part
from service.batch.scoring import Scorer
from service.errors import UnrollError


def main() -> None:
    """Answer parts until the input ends, or one cannot be read or written."""
    signal.pthread_sigmask(signal.SIG_SETMASK, set())  # it was begun with some blocked
    # What libraries print must not come between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    pa.set_cpu_count(1)  # each core has a worker
    try:
        _answer(answers)
    except BrokenPipeError:  # its parent was killed, and nobody wants to know anything any more
        os._exit(1)


def _answer(answers: TextIO) -> None:
    try:
        scorer = Scorer(Job.model_validate_json(sys.stdin.readline()))
        for line in sys.stdin:
            print(scorer(Part.model_validate_json(line)).model_dump_json(), file=answers, flush=True)
    except (UnrollError, OSError, pa.ArrowException) as error:
        print(Failed.of(error).model_dump_json(), file=answers, flush=True)


if __name__ == "__main__":
    main()
