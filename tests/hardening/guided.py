"""Fuzzing of the raw HTTP surface that learns: what reaches new code of the service is kept and bent further.

``python -m tests.hardening.guided --requests 100000`` (``make fuzz``) runs the service in this process, its code
instrumented by Atheris (libFuzzer), and sends it bytes over a socket: the good requests of every protocol and what
they turn into. Any 5xx but 503, any refusal over 4 kB, any answer that does not come and any error of the event loop
ends the run; the bytes are then in artefacts/fuzz/, in a file that can be named to send them again.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import random
import re
import shutil
import socket
import sys
import tempfile
import time
import traceback
from collections import Counter
from contextlib import suppress
from pathlib import Path

try:
    import atheris
except ImportError:  # no wheel for this machine
    print("guided fuzzing SKIPPED: Atheris has wheels for Linux on x86-64 only")
    sys.exit(0)

with atheris.instrument_imports(include=["service"]):  # before anything else imports the service
    from service.request_log.migrate import migrate
    from service.server import Server, server_of
    from service.settings import Settings
from tests.conftest import MODELS
from tests.hardening.asking import MOST_BYTES
from tests.hardening.fuzz import bent, good

FAULTS = Path(__file__).parents[2] / "artefacts" / "fuzz"
SECONDS = 20  # until an answer that does not come is a fault
MOST_INPUT = 24 * 1024  # beyond the bound on headers
_GOOD = 400  # requests to begin with
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_LENGTH = re.compile(rb"(?i)content-length: *\d+")


class Fault(Exception):
    """The service did what no bytes may make it do."""


class Fuzzed:
    """The service in this process, and what it answered so far."""

    def __init__(self, folder: Path) -> None:
        database = f"sqlite:///{folder}/unroll.db"
        migrate(database)
        settings = Settings(models_dir=MODELS, database_url=database, log_durability="process", log_bodies="shape")
        self.statuses: Counter[str] = Counter()
        self.sent = 0
        self._address = str(folder / "socket")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self._address)
        self._trouble: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda _, context: self._trouble.append(str(context)))
        self._server: Server = server_of(settings)
        self._serving = self._loop.create_task(self._server.serve([self._listener]))
        self._loop.run_until_complete(self._started())

    def send(self, data: bytes) -> None:
        """Send ``data`` on a connection of its own and look at what comes back; raises Fault."""
        self.sent += 1
        try:
            answer = self._loop.run_until_complete(self._answer(data))
        except ConnectionRefusedError:
            if self.stopping:
                return
            raise Fault("nobody listens any more") from None
        head, _, body = answer.partition(b"\r\n\r\n")
        found = [int(status) for status in _STATUS.findall(answer)]
        self.statuses.update(map(str, found or ["closed"]))
        if any(status >= 500 and status != 503 for status in found):
            raise Fault(f"answered {answer[:500]!r}")
        if len(found) == 1 and found[0] >= 400 and len(body) > MOST_BYTES:
            raise Fault(f"a refusal of {len(body)} bytes: {head!r}")
        if self._trouble or (self._serving.done() and not self.stopping):
            raise Fault(f"the event loop tells of {self._trouble or 'the end of the server'}")

    @property
    def stopping(self) -> bool:
        """Whether a signal has told this process to end."""
        return self._server.should_exit

    def stop(self) -> int:
        """The server's exit code."""
        self._server.should_exit = True
        self._loop.run_until_complete(self._serving)
        self._loop.close()
        return self._server.exit_code

    async def _started(self) -> None:
        while not self._server.started:  # noqa: ASYNC110  (uvicorn has no event for it)
            await asyncio.sleep(0.01)

    async def _answer(self, data: bytes) -> bytes:
        parts = []
        with socket.socket(socket.AF_UNIX) as client:
            client.setblocking(False)
            try:
                async with asyncio.timeout(SECONDS):
                    await self._loop.sock_connect(client, self._address)
                    with suppress(OSError):  # the service answered and closed before it had read everything
                        await self._loop.sock_sendall(client, data)
                        client.shutdown(socket.SHUT_WR)
                    with suppress(ConnectionResetError):
                        while part := await self._loop.sock_recv(client, 1 << 16):
                            parts.append(part)
            except TimeoutError:
                raise Fault(f"no answer in {SECONDS} s") from None
        return b"".join(parts)


def mutated(data: bytes, longest: int, seed: int) -> bytes:
    """Another input from ``data``: bent anywhere, bent in its body only, or changed byte by byte as libFuzzer does."""
    chance = random.Random(seed)  # noqa: S311  (the same bytes for the same seed are wanted)
    data = data or good(chance)
    match chance.randrange(4):
        case 0:
            return bent(chance, data)[:longest]
        case 1:
            return bytes(atheris.Mutate(data, longest))
        case _:  # most bytes that are no HTTP are refused at the first look, so half of the inputs stay HTTP
            head, _, body = (data if data.count(b"\r\n\r\n") == 1 else good(chance)).partition(b"\r\n\r\n")
            body = bent(chance, body or b"{}")
            head = _LENGTH.sub(b"Content-Length: %d" % len(body), head)
            return (head + b"\r\n\r\n" + body)[:longest]


def resident_kb() -> int:
    return int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0])


def run(requests: int, seed: int, folder: Path) -> None:
    """Send that many requests and end the process: with 0, or where there was a fault with 1 and its bytes kept."""
    corpus = folder / "corpus"
    corpus.mkdir()
    chance = random.Random(seed)  # noqa: S311
    for number in range(_GOOD):
        (corpus / str(number)).write_bytes(good(chance))
    FAULTS.mkdir(parents=True, exist_ok=True)
    fuzzed, began, before = Fuzzed(folder), time.perf_counter(), resident_kb()

    def one(data: bytes) -> None:
        try:
            fuzzed.send(data)
        except Fault:  # where it is left to libFuzzer, that waits a minute for the service's threads
            kept = FAULTS / f"fault-{hashlib.sha256(data).hexdigest()[:16]}"
            kept.write_bytes(data)
            traceback.print_exc()
            print(f"kept as {kept}", flush=True)
            shutil.rmtree(folder)
            os._exit(1)
        if fuzzed.sent >= requests or fuzzed.stopping:  # libFuzzer would end the process here too, and tell nothing
            code = fuzzed.stop()
            print(f"seed {seed}: {fuzzed.sent} requests in {time.perf_counter() - began:.0f} s")
            print(f"answers {dict(fuzzed.statuses.most_common())}")
            print(f"{len(list(corpus.iterdir())) - _GOOD} inputs learned")
            print(f"resident {before} -> {resident_kb()} kB, what was learned included")
            print("no faults" if code == 0 else f"the service ended with {code}", flush=True)
            shutil.rmtree(folder)
            os._exit(code)

    flags = (
        f"-seed={seed % (1 << 32) or 1}", f"-max_len={MOST_INPUT}", f"-artifact_prefix={FAULTS}/",
        "-len_control=0", "-rss_limit_mb=0", "-timeout=60", "-print_final_stats=0",
    )  # fmt: skip
    atheris.Setup([sys.argv[0], *flags, str(corpus)], one, custom_mutator=mutated)
    atheris.Fuzz()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("files", nargs="*", type=Path, help="inputs of an earlier run, sent again instead")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    if not options.files:
        run(options.requests, options.seed, folder)
    fuzzed = Fuzzed(folder)
    for file in options.files:
        fuzzed.send(file.read_bytes())
        print(f"{file}: {dict(fuzzed.statuses)}")
    fuzzed.stop()
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
