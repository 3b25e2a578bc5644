"""The computing calls of TimeGPT's SDK as jobs: taken in, asked after, and cancelled."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, HTTPException, Path, Request, Response
from pydantic import BaseModel

from service.http.auth import needs
from service.http.codec import Call
from service.http.deps import JobsDep
from service.keys import Scope
from service.protocols.nixtla.codecs import CODECS
from service.protocols.nixtla.errors import DETAIL
from service.request_log.jobs import Job

_BEFORE = "/nixtla/v2/"
_TASKS = {codec.path.removeprefix(_BEFORE): codec for codec in CODECS}

router = APIRouter(prefix="/nixtla/v2", tags=["nixtla"])

TaskDep = Annotated[str, Path(description=f"One of {', '.join(_TASKS)}.")]
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}}
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: DETAIL.entry("No such job, or it was forgotten")}
_MANY: dict[int | str, dict[str, Any]] = {429: DETAIL.entry("As many jobs wait as may")}


class JobId(BaseModel):
    """The job is on record and will be answered."""

    job_id: str


class JobAnswer(BaseModel):
    """Where a job is; ``result`` is what the call itself would have answered, ``error`` why there is none."""

    job_id: str
    status: Literal["pending", "running", "succeeded", "failed", "cancelled"]
    result: dict[str, Any] | None
    error: str | None


class JobCancelled(BaseModel):
    job_id: str
    status: Literal["cancelled"]


@router.post(
    "/{task}/async",
    status_code=202,
    summary="Have a computing call answered later",
    description="The body is that of the call itself.",
    openapi_extra=_BODY,
    responses=DETAIL.entries(404, 413, 415, 503) | _MANY,
)
@needs(Scope.predict)
async def submit(task: TaskDep, request: Request, jobs: JobsDep) -> JobId:
    return JobId(job_id=await jobs.submit(_endpoint(task), _seconds, request.scope, request.receive))


@router.get(
    "/{task}/jobs/{job}",
    summary="What became of a job",
    response_model=JobAnswer,
    responses=_UNKNOWN | DETAIL.entries(503),
)
@needs(Scope.predict)
async def status(task: TaskDep, job: str, request: Request, jobs: JobsDep) -> Response:
    found = await jobs.get(request.scope["state"].get("client"), _endpoint(task), job)
    return Response(_told(found), media_type="application/json")


@router.post(
    "/async/jobs/{job}/cancel",
    summary="Cancel a job",
    responses=_UNKNOWN | DETAIL.entries(503) | {409: DETAIL.entry("The job has ended already")},
)
@needs(Scope.predict)
async def cancel(job: str, request: Request, jobs: JobsDep) -> JobCancelled:
    await jobs.cancel(request.scope["state"].get("client"), job)
    return JobCancelled(job_id=job, status="cancelled")


def _endpoint(task: str) -> str:
    if task not in _TASKS:
        raise HTTPException(404)
    return _BEFORE + task


def _seconds(call: Call) -> float | None:
    options = call.payload.job_options
    return None if options is None else options.timeout_seconds


def _told(job: Job) -> bytes:
    result = orjson.Fragment(job.body) if job.status == "succeeded" and job.body is not None else None
    return orjson.dumps({"job_id": job.id, "status": job.status, "result": result, "error": job.error})
