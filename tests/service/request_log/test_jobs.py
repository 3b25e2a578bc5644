"""Jobs on record, on both databases: taken once, given back, ended by who runs them, forgotten in time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.errors import JobEnded, JobsFull, UnknownJob
from service.request_log import jobs
from service.request_log.jobs import Job, JobReader
from service.request_log.rows import identify
from tests.service.request_log.conftest import Execute, OpenWriter

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def job_reader(url: str) -> Iterator[JobReader]:
    reader = JobReader(url, timeout=5.0)
    yield reader
    reader.close()


def job(client: str = "", body: bytes = b"{}") -> Job:
    return Job(identify()[0], client, "/call", "pending", None, 0, None, body)


async def test_the_earliest_is_taken_by_one_alone(open_writer: OpenWriter, job_reader: JobReader) -> None:
    first, second = job(), job()
    async with open_writer() as log:
        assert not job_reader.any_wait()
        for each in (first, second):
            await log.run(jobs.enter(each))
        assert job_reader.any_wait()
        taken = [await log.run(jobs.take) for _ in range(3)]
        assert [each and each.id for each in taken] == [first.id, second.id, None]
        assert not job_reader.any_wait()
        assert await log.run(jobs.end(taken[0], "succeeded", b"answer"))  # type: ignore[arg-type]
        found = job_reader.get("", "/call", first.id)
        assert (found.status, found.body, found.error) == ("succeeded", b"answer", None)


async def test_one_that_is_given_back_is_taken_again(open_writer: OpenWriter) -> None:
    async with open_writer() as log:
        await log.run(jobs.enter(job()))
        taken = await log.run(jobs.take)
        assert taken is not None
        await log.run(jobs.release(taken))
        again = await log.run(jobs.take)
        assert again == taken


async def test_one_whose_runner_is_silent_is_anybodys_but_not_for_ever(
    open_writer: OpenWriter, job_reader: JobReader, execute: Execute
) -> None:
    mine = job()
    async with open_writer() as log:
        await log.run(jobs.enter(mine))
        first = await log.run(jobs.take)
        assert first is not None
        for attempt in range(2, jobs.MOST_ATTEMPTS + 1):
            assert await log.run(jobs.take) is None
            execute("UPDATE jobs SET alive = 0")
            other = await log.run(jobs.take)
            assert other is not None
            assert other.attempts == attempt
            assert not await log.run(jobs.keep(first))  # and so the first one ends
            assert not await log.run(jobs.end(first, "succeeded", b"late"))
            assert await log.run(jobs.keep(other))
        execute("UPDATE jobs SET alive = 0")
        assert await log.run(jobs.take) is None
    found = job_reader.get("", "/call", mine.id)
    assert (found.status, found.body) == ("failed", None)
    assert found.error is not None


async def test_one_that_is_cancelled_is_nobodys(open_writer: OpenWriter) -> None:
    waiting, running = job("a"), job("a")
    async with open_writer() as log:
        await log.run(jobs.enter(running))
        taken = await log.run(jobs.take)
        assert taken is not None
        await log.run(jobs.enter(waiting))
        for each in (waiting, running):
            with pytest.raises(UnknownJob):
                await log.run(jobs.cancel("b", each.id))
            await log.run(jobs.cancel("a", each.id))
            with pytest.raises(JobEnded, match="been cancelled already"):
                await log.run(jobs.cancel("a", each.id))
        assert await log.run(jobs.take) is None
        assert not await log.run(jobs.end(taken, "succeeded", b"late"))


async def test_what_waits_is_bounded_in_number_and_bytes(
    open_writer: OpenWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MOST_WAITING", 3)
    monkeypatch.setattr(jobs, "MOST_BYTES", 25)
    async with open_writer() as log:
        for _ in range(2):
            await log.run(jobs.enter(job(body=b"0123456789")))
        with pytest.raises(JobsFull):
            await log.run(jobs.enter(job(body=b"0123456789")))
        await log.run(jobs.enter(job(body=b"01234")))
        with pytest.raises(JobsFull):
            await log.run(jobs.enter(job(body=b"")))


async def test_what_ended_is_forgotten_beyond_its_number_its_bytes_and_its_time(
    open_writer: OpenWriter, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MOST_KEPT", 3)

    def kept() -> list[str]:
        return [identity for (identity,) in execute("SELECT id FROM jobs ORDER BY id")]

    ended = [job() for _ in range(5)]
    async with open_writer() as log:
        for each in ended:
            await log.run(jobs.enter(each))
            taken = await log.run(jobs.take)
            assert taken is not None
            await log.run(jobs.end(taken, "succeeded", b"0123456789"))
        await log.run(jobs.enter(waiting := job()))
        assert kept() == [*(each.id for each in ended[2:]), waiting.id]
        monkeypatch.setattr(jobs, "MOST_BYTES", 25)
        await log.run(jobs.enter(another := job()))
        assert kept() == [*(each.id for each in ended[3:]), waiting.id, another.id]
        monkeypatch.setattr(jobs, "KEPT_SECONDS", -1.0)
        await log.run(jobs.enter(last := job()))
        assert kept() == [waiting.id, another.id, last.id]
