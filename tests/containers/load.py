"""Clients that ask without a pause, each on a connection of its own, and remember every answer and every failure.

nginx closes idle connections when it learns of a new replica. A request that crosses such an end gets no answer and
is asked once more on a new connection, as HTTP asks of a client; the crossings are counted.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

CLIENTS = 8
BODY = {"model": "sine-gru", "sequence": [3.0, 3.6, 4.1, 4.6, 4.9, 5.0, 4.9, 4.7]}


@dataclass(slots=True)
class Load:
    """``answered`` holds the ids of 2xx answers, ``failed`` what else came back; both grow while it runs."""

    answered: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    crossed: int = 0
    _grown: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, answers: int, seconds: float = 60) -> None:
        """Return when that many more answers have come."""
        goal = len(self.answered) + answers
        with self._grown:
            assert self._grown.wait_for(lambda: len(self.answered) >= goal, seconds), self.failed[:5]

    def note(self, outcome: httpx.Response | httpx.TransportError) -> None:
        with self._grown:
            if isinstance(outcome, httpx.Response) and outcome.is_success:
                self.answered.append(outcome.json()["request_id"])
            else:
                self.failed.append(
                    f"{outcome.status_code} {outcome.text[:200]}"
                    if isinstance(outcome, httpx.Response)
                    else repr(outcome)
                )
            self._grown.notify_all()


@contextmanager
def load(port: int, key: str, clients: int = CLIENTS) -> Iterator[Load]:
    """That many clients at work while the block runs."""
    result, enough = Load(), threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"X-API-Key": key}, timeout=30) as client:
            while not enough.is_set():
                try:
                    result.note(once_more_if_closed(client))
                except httpx.TransportError as error:
                    result.note(error)

    def once_more_if_closed(client: httpx.Client) -> httpx.Response:
        try:
            return client.post("/predict", json=BODY)
        except (httpx.ReadError, httpx.RemoteProtocolError):
            result.crossed += 1
            return client.post("/predict", json=BODY)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield result
    finally:
        enough.set()
        for thread in threads:
            thread.join()
