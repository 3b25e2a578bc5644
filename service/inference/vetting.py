"""Model folders that nobody vouches for are loaded first by a process of its own, within limits. Knows no catalog.

A card's checksums vouch only for the card's own folder. So what a folder makes the runtime do is tried where it can
take no more than some seconds and some memory, and where a crash ends nobody else. ``python -m
service.inference.vetting`` reads paths and answers for each, one JSON document a line; it ends with its standard input.
"""

from __future__ import annotations

import json
import math
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple, cast

from service.cards import sha256
from service.errors import ModelPending, ModelRejected
from service.folders import read_card, read_folder, reference_of
from service.inference.catalog import Runtime, load

_PUBLISHED = Path(__file__).with_name("published.sha256")
_LOOK_SECONDS, _PATIENCE_SECONDS = 0.1, 10.0
_MIB = 1024 * 1024


class Limits(NamedTuple):
    """What the loading of one folder may take: processor time, time, and memory beside that of the runtime itself."""

    cpu_seconds: int = 5
    seconds: int = 30
    memory: int = 512 * _MIB


class Vetting:
    """Says which folders may be loaded here: those whose card is one of the published, and those that passed."""

    def __init__(
        self,
        runtime: Runtime,
        ending: Callable[[], bool] = lambda: False,
        limits: Limits = Limits(),  # noqa: B008  (it cannot be changed)
        program: tuple[str, ...] = ("-m", "service.inference.vetting"),
    ) -> None:
        """``ending`` tells whether the service is to end, and nothing is worth waiting for.

        ``program`` is what Python runs, for tests that need one with a fault.
        """
        self._ending = ending
        arguments = (runtime, *map(str, limits))
        self._command = [sys.executable, "-P", *program, *arguments]
        self._seconds = limits.seconds
        self._vouched = {line.split()[0] for line in _PUBLISHED.read_text().splitlines()}

    def vouches(self, digest: str) -> bool:
        """Whether a folder with a card of that ``digest`` may be loaded."""
        return digest in self._vouched

    def vouch(self, digest: str) -> None:
        """Whoever made the folder with a card of that ``digest`` is this service itself."""
        self._vouched.add(digest)

    def refusals(self, paths: Sequence[Path]) -> dict[Path, ModelRejected]:
        """Load those of ``paths`` that nobody vouches for, elsewhere; what is refused, and why.

        Whatever many folders do, it ends in half a minute or so: the last of them are then :class:`ModelPending`.
        """
        refused: dict[Path, ModelRejected] = {}
        unknown: list[Path] = []
        for path in paths:
            try:
                if sha256(read_card(path)) not in self._vouched:
                    unknown.append(path)
            except ModelRejected as error:
                refused[path] = error
        # From the first answer on: until then it is the runtime that takes its time.
        until, why = math.inf, "it waits for others that take long to load"
        while unknown and time.monotonic() < until and not self._ending():
            try:
                child = _Child(self._command)
            except OSError as error:
                why = f"no process could be started to load it in ({error.strerror})"
                break
            with child:
                while unknown and time.monotonic() < until and not self._ending():
                    path = unknown.pop(0)
                    answer = child.ask(path, self._seconds, self._ending)
                    if isinstance(answer, ModelRejected):
                        refused[path] = answer
                    else:
                        self._vouched.add(answer)
                    until = min(until, time.monotonic() + _PATIENCE_SECONDS)
                    if child.ended:  # by this folder; another goes on with the others
                        break
        return refused | {path: ModelPending(f"{reference_of(path)}: {why}") for path in unknown}


class _Child:
    """The process that loads folders, one after the other; leaves nothing behind."""

    def __init__(self, command: list[str]) -> None:
        # It finds the modules where this process did, whatever stands in the current folder.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(  # noqa: S603  (our own module)
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def __enter__(self) -> _Child:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._process.communicate(timeout=_PATIENCE_SECONDS)  # it ends with its standard input
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def ask(self, path: Path, seconds: float, ending: Callable[[], bool]) -> str | ModelRejected:
        """The digest of the card of ``path``, or why it must not be loaded."""
        asking, answering = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)
        until = time.monotonic() + 2 * seconds  # the process ends itself after half of it
        with suppress(BrokenPipeError):
            asking.write(json.dumps(os.fspath(path)).encode() + b"\n")
            asking.flush()
        while not select.select([answering], [], [], _LOOK_SECONDS)[0]:
            if ending() or time.monotonic() > until:
                self._process.kill()
                self._process.wait()
                return ModelPending(f"{reference_of(path)}: it was not loaded in time")
        line = answering.readline()
        if not line:
            return ModelRejected(f"{reference_of(path)}: {_how_it_ended(self._process.wait())}")
        answer = json.loads(line)
        return str(answer["card"]) if "card" in answer else ModelRejected(answer["refused"])


def _how_it_ended(code: int) -> str:
    reasons = {
        -signal.SIGXCPU: "loading it takes too much processor time",
        -signal.SIGALRM: "loading it takes too long",
        -signal.SIGKILL: "loading it takes too much memory, or was ended by somebody",
    }
    return reasons.get(code, f"loading it ends the process (code {code})")


def main(arguments: list[str]) -> None:
    """Answer for each path of standard input with its card's digest or with the reason why it is refused."""
    runtime: Runtime = "tensorflow" if arguments[0] == "tensorflow" else "onnx"
    limits = Limits(*map(int, arguments[1:]))
    if runtime == "tensorflow":
        # Seconds and hundreds of megabytes, which are no folder's.
        import service.inference.keras_network  # noqa: F401
    for line in sys.stdin:
        path = Path(json.loads(line))
        _limit(limits)
        try:
            folder = read_folder(path)
            load(folder, runtime)
            answer = {"card": folder.digest}
        except ModelRejected as error:
            answer = {"refused": error.detail}
        except MemoryError:
            answer = {"refused": f"{reference_of(path)}: loading it takes too much memory"}
        print(json.dumps(answer), flush=True)


def _limit(limits: Limits) -> None:
    """From now on this process may take so much more, and is the first to go where the machine's memory ends."""
    import resource

    signal.alarm(limits.seconds)
    with suppress(OSError):  # Linux; elsewhere there is no such file
        Path("/proc/self/oom_score_adj").write_text("1000")
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + limits.memory, most))
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + limits.cpu_seconds, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(sys.argv[1:])
