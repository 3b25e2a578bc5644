"""How errors are answered to boto3, which shows `Message` and takes `Code` for the error's name; bad input is a 400."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import orjson

from service.http.errors import LONGEST_TEXT, ErrorShape, Failure


@dataclass(frozen=True, slots=True)
class SageMakerError:
    """An error answer; the names of its members are those that boto3 looks for."""

    Message: str
    Code: str
    RequestId: str


class _Message(ErrorShape):
    record = SageMakerError

    def status(self, status: HTTPStatus) -> HTTPStatus:
        return HTTPStatus.BAD_REQUEST if status == HTTPStatus.UNPROCESSABLE_ENTITY else status

    def body(self, failure: Failure, status: HTTPStatus, request_id: str) -> bytes:
        detail = failure.detail
        if failure.wrong and failure.wrong[0].expected not in detail:
            detail = f"{detail}; {failure.wrong[0].where}: expected {failure.wrong[0].expected}"
        if status == HTTPStatus.UNAUTHORIZED:
            detail = f"{detail}; AWS's signature is not looked at: add the header to the client's requests"
        return orjson.dumps(SageMakerError(detail[:LONGEST_TEXT], failure.code, request_id))


MESSAGE = _Message()
