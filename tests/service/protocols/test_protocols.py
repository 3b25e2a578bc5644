"""A protocol of somebody else's, written here as one file would be, is served like those of the service."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from service.app import PROTOCOLS, create_app
from service.http.body import parse
from service.http.codec import Call, Codec, Content
from service.http.deps import CatalogDep
from service.http.errors import ErrorShape, Failure
from service.http.protocol import Protocol
from service.inference import answers, questions
from service.settings import Settings
from tests.conftest import MODELS
from tests.serving import in_thread


class Numbers(BaseModel):
    """Lines of numbers, as text."""

    model_config = ConfigDict(extra="ignore", strict=True)

    lines: list[str] = Field(min_length=1)


class Lines(BaseModel):
    """A line for each."""

    lines: list[str]


class LinesCodec(Codec[Numbers]):
    path = "/lines/{model}/next"
    routes = ("/lines/{model}/next",)
    tag = "lines"
    payload, response = Numbers, Lines
    summary = "Continue lines of numbers"
    example = {"lines": ["1 2 3"]}  # noqa: RUF012

    def read(self, call: Call) -> Numbers:
        return parse(Numbers, call.body)

    def question(self, payload: Numbers, call: Call) -> questions.Predict:
        return questions.Predict([list(map(float, line.split())) for line in payload.lines], call.path["model"], None)

    def write(self, found: list[answers.Prediction], payload: Numbers, call: Call) -> Content:
        text = "\n".join(f"{each.value:.3f} by {each.model}" for each in found)
        return Content(text.encode(), ((b"content-type", b"text/plain"),))


class Shouted(BaseModel):
    """An error."""

    shout: str


class Shout(ErrorShape):
    media_type = "text/plain"
    record = Shouted

    def status(self, status: HTTPStatus) -> HTTPStatus:
        return HTTPStatus.IM_A_TEAPOT if status == HTTPStatus.NOT_FOUND else status

    def body(self, failure: Failure, status: HTTPStatus, request_id: str) -> bytes:
        return failure.detail.upper().encode()


router = APIRouter(prefix="/lines", tags=["lines"])


@router.get("/names", summary="Names of models")
async def names(catalog: CatalogDep) -> list[str]:
    return [model.card.name for model in catalog]


LINES = Protocol(("/lines",), Shout(), (LinesCodec(),), (router,))


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    url = f"sqlite:///{tmp_path_factory.mktemp('lines')}/unroll.db"
    settings: dict[str, Any] = {"models_dir": MODELS, "database_url": url, "log_durability": "process"}
    with in_thread(create_app(Settings(**settings), protocols=(*PROTOCOLS, LINES)), **settings) as client:
        yield client


def test_its_questions_are_answered_as_those_of_others_and_are_on_record(lines: httpx.Client) -> None:
    answered = lines.post("/lines/linear-gru/next", json={"lines": ["1 2 3", "5 5 5 5"], "since": "1.2"})
    native = lines.post("/predict", json={"model": "linear-gru", "sequences": [[1, 2, 3], [5, 5, 5, 5]]}).json()
    assert answered.headers["content-type"] == "text/plain"
    assert answered.text.splitlines() == [f"{each['value']:.3f} by linear-gru" for each in native["predictions"]]
    row = lines.get(f"/requests/{answered.headers['x-request-id']}").json()
    assert (row["endpoint"], row["task"], row["models"]) == ("/lines/{model}/next", "linear", ["linear-gru/1"])
    assert (row["sequences"], row["values"]) == (2, 7)
    assert [each["id"] for each in lines.get("/requests?endpoint=/lines/linear-gru/next").json()["requests"]] == [
        row["id"]
    ]


@pytest.mark.parametrize(
    ("path", "body", "status", "text"),
    [
        ("/lines/nobody/next", b'{"lines": ["1 2 3"]}', 418, "NO MODEL OF THAT NAME IS SERVED"),
        ("/lines/linear-gru/next", b"{", 422, "THE BODY IS NOT VALID JSON"),
        ("/lines/elsewhere", b"", 418, "NOTHING MATCHES THE GIVEN URI"),
    ],
)
def test_its_errors_have_its_own_shape(lines: httpx.Client, path: str, body: bytes, status: int, text: str) -> None:
    response = lines.post(path, content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.headers["content-type"]) == (status, "text/plain")
    assert response.text.startswith(text)
    assert len(response.headers["x-request-id"]) == 36


def test_its_other_routes_are_served_and_let_unknown_parameters_pass(lines: httpx.Client) -> None:
    assert "linear-gru" in lines.get("/lines/names?since=1.2").json()
    assert lines.get("/models?since=1.2").status_code == 422


def test_the_document_describes_it(lines: httpx.Client) -> None:
    operation = lines.get("/openapi.json").json()["paths"]["/lines/{model}/next"]["post"]
    assert operation["responses"]["418"]["content"]["text/plain"]["schema"] == {"$ref": "#/components/schemas/Shouted"}
