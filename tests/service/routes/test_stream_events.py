"""The events of a stream: every value once and in order, whoever took it, on after a cut, and ended in time."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import MODELS
from tests.problems import assert_problem
from tests.serving import Process, in_thread


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Two services on one record; two may follow each."""
    settings = {"database_url": f"sqlite:///{tmp_path_factory.mktemp('events')}/unroll.db", "stream_followers": 2}
    with in_thread(models_dir=MODELS, **settings) as one, in_thread(models_dir=MODELS, **settings) as other:
        yield one, other


def _make(api: httpx.Client, stream: str, *values: float) -> None:
    api.put(f"/streams/{stream}", json={"model": "linear-gru", "window": 64}).raise_for_status()
    if values:
        _send(api, stream, 0, *values)


def _send(api: httpx.Client, stream: str, seq: int, *values: float) -> None:
    api.post(f"/streams/{stream}/values", json={"seq": seq, "values": values}).raise_for_status()


def _events(answer: httpx.Response) -> Iterator[dict[str, str]]:
    """Events as a browser takes them."""
    event: dict[str, str] = {}
    for line in answer.iter_lines():
        if not line and "data" in event:
            yield event
        if not line:
            event = {}
        elif not line.startswith(":"):
            name, _, event[name] = line.partition(": ")


def _seqs(api: httpx.Client, path: str, **headers: str) -> list[int]:
    """The numbers of all events until the stream is closed."""
    with api.stream("GET", path, headers=headers) as answer:
        *values, closed = list(_events(answer))
    assert closed["event"] == "closed"
    assert [json.loads(each["data"])["seq"] for each in values] == [int(each["id"]) for each in values]
    return [int(each["id"]) for each in values]


def test_every_value_is_sent_once_and_in_order_whichever_process_took_it(
    services: tuple[httpx.Client, httpx.Client],
) -> None:
    _make(services[0], "turns", 1.0, 2.0)
    with services[0].stream("GET", "/streams/turns/events", headers={"Last-Event-ID": "0"}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        following, found = _events(answer), []
        found.append(next(following))
        for seq in range(2, 6):
            with httpx.Client(base_url=services[seq % 2].base_url, timeout=60) as sender:
                _send(sender, "turns", seq, float(seq))
            found.append(next(following))
    assert [int(each["id"]) for each in found] == [1, 2, 3, 4, 5]
    stored = services[0].get("/streams/turns/values?from=1").json()["values"]
    assert [json.loads(each["data"]) for each in found] == stored


def test_who_was_cut_off_goes_on_where_it_was_and_who_comes_new_begins_with_the_next(
    services: tuple[httpx.Client, httpx.Client],
) -> None:
    api = services[0]
    _make(api, "closed", *map(float, range(600)))
    api.post("/streams/closed/close").raise_for_status()
    assert _seqs(api, "/streams/closed/events") == []
    assert _seqs(api, "/streams/closed/events?from=597") == [597, 598, 599]
    assert _seqs(api, "/streams/closed/events", **{"Last-Event-ID": "-0"}) == [*range(1, 600)]


def test_what_cannot_be_followed_is_refused_before_anything_is_sent(
    services: tuple[httpx.Client, httpx.Client],
) -> None:
    api = services[0]
    _make(api, "followed", 1.0)
    assert_problem(api.get("/streams/nobody/events"), 404, "unknown_stream")
    assert_problem(api.get("/streams/followed/events", headers={"Last-Event-ID": "one"}), 422, "invalid_input")
    path = "/streams/followed/events?from=0"
    with api.stream("GET", path) as first, api.stream("GET", path) as second:
        following = [_events(each) for each in (first, second)]  # one that is dropped closes its connection
        assert [next(each)["id"] for each in following] == ["0", "0"]
        assert_problem(api.get(path), 503, "too_many_followers")
        assert "unroll_stream_followers 2.0" in api.get("/metrics").text
    api.post("/streams/followed/close").raise_for_status()
    while (again := api.get(path)).status_code == httpx.codes.SERVICE_UNAVAILABLE:
        assert_problem(again, 503, "too_many_followers")  # the service has not seen yet that they left
    assert again.status_code == httpx.codes.OK


def test_the_events_of_a_stream_that_is_deleted_end(services: tuple[httpx.Client, httpx.Client]) -> None:
    _make(services[0], "gone", 1.0)
    with services[0].stream("GET", "/streams/gone/events?from=0") as answer:
        following = _events(answer)
        next(following)
        services[1].delete("/streams/gone").raise_for_status()
        assert next(following)["event"] == "closed"


@pytest.mark.slow
def test_a_service_that_ends_does_not_wait_for_who_follows(tmp_path: Path) -> None:
    with Process(tmp_path) as service:
        service.wait_until_ready()
        _make(service.client, "meter", 1.0)
        ended: list[Any] = []

        def follow() -> None:
            with service.client.stream("GET", "/streams/meter/events?from=0") as answer:
                events = _events(answer)
                ended.append(next(events)["id"])
                begun.set()
                ended.extend(events)

        begun = threading.Event()
        following = threading.Thread(target=follow)
        following.start()
        begun.wait(30)
        service.process.terminate()
        assert service.process.wait(timeout=9) == 0  # the grace for what never ends is longer
        following.join()
    assert ended == ["0"]
