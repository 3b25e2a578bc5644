"""How errors are answered to boto3, which shows `Message` and takes `Code` for the error's name; bad input is a 400."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import orjson

from service.http.errors import LONGEST_TEXT, Failure, PlainShape, in_words


@dataclass(frozen=True, slots=True)
class SageMakerError:
    """An error answer; the names of its members are those that boto3 looks for."""

    Message: str
    Code: str
    RequestId: str


class _Message(PlainShape):
    record = SageMakerError

    def body(self, failure: Failure, status: HTTPStatus, request_id: str) -> bytes:
        detail = in_words(failure)
        if status == HTTPStatus.UNAUTHORIZED:
            detail = f"{detail}; boto3 sends it as aws_session_token=KEY, and its signature is not looked at"
        return orjson.dumps(SageMakerError(detail[:LONGEST_TEXT], failure.code, request_id))


MESSAGE = _Message()
