"""POST /v2/models/{model}[/versions/{version}]/infer: a prediction, asked and answered in tensors."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import orjson

from service.api import encoding
from service.api.body import Accepted, parse, refuse_repeated_keys
from service.api.computing import ComputingEndpoint
from service.api.deps import Services
from service.api.errors import Refusal
from service.api.replies import Computed, Content, Posted, Reply
from service.api.v2 import codec
from service.api.v2.schemas import InferRequest, InferResponse, OutputTensor
from service.errors import InvalidInput
from service.inference.answers import NextValues
from service.inference.price import Price
from service.inference.sequences import Rows, kind_of_short

_JSON_BYTES = b"inference-header-content-length"
# Keys of a tensor, each at most once in each; and one that may stand at the top and in every tensor besides.
_TENSOR_KEYS = (b'"shape"', b'"datatype"', b'"data"')
_PARAMETERS = b'"parameters"'


class Question(NamedTuple):
    rows: Rows
    values: int
    id: str | None
    binary: bool


class InferEndpoint(ComputingEndpoint[Question]):
    """Both paths of the protocol's one computing endpoint."""

    path = "/v2/models/{model}/infer"
    routes = ("/v2/models/{model}/infer", "/v2/models/{model}/versions/{version}/infer")
    accepted = Accepted(
        frozenset({b"application/json", b"application/octet-stream", b"application/x-www-form-urlencoded"}),
        encoding.OFFERED,
    )
    tag = "v2"
    binary = True
    headers = (
        {
            "name": "Inference-Header-Content-Length",
            "in": "header",
            "required": False,
            "description": "Bytes of the JSON part, where tensors follow it as bytes.",
            "schema": {"type": "integer", "minimum": 0},
        },
    )
    payload = InferRequest
    response = InferResponse
    summary = "Predict the next value of each row, by the Open Inference Protocol"
    example = {  # noqa: RUF012  # overrides an instance attribute
        "inputs": [{"name": "sequence", "datatype": "FP64", "shape": [1, 4], "data": [1.0, 2.0, 3.0, 4.0]}]
    }

    def read(self, posted: Posted) -> Question:
        end = _json_bytes(posted)
        head = posted.body[:end]
        request = parse(self.payload, head)
        if head.count(_PARAMETERS) > 1 or any(head.count(key) > len(request.inputs) for key in _TENSOR_KEYS):
            refuse_repeated_keys(head)
        rows = codec.rows_of(request, memoryview(posted.body)[end:])
        return Question(rows, int(rows.lengths.sum()), request.id, binary=request.wants_binary())

    def price(self, services: Services, question: Question, posted: Posted) -> Price:
        model, version = posted.path["model"], posted.path.get("version")
        return services.engine.prices.predict(len(question.rows.lengths), question.values, model, version)

    def compute(self, services: Services, question: Question, posted: Posted) -> Computed:
        found = services.engine.next_values(question.rows, posted.path["model"], posted.path.get("version"))
        return _computed(services, question, posted, found)

    def joins(self, question: Question, posted: Posted) -> Hashable | None:
        kind = kind_of_short(question.rows.listed()[0]) if len(question.rows.lengths) == 1 else None
        return None if kind is None else (posted.path["model"], posted.path.get("version"), kind)

    def compute_together(self, services: Services, questions: list[Question], posted: list[Posted]) -> list[Computed]:
        sequences = [sequence for question in questions for sequence in question.rows.listed()]
        model, version = posted[0].path["model"], posted[0].path.get("version")
        # Without levels no intervals are computed: the protocol has no place for them.
        predictions = services.engine.predict(sequences, model, version, levels=())
        rows = zip(questions, posted, predictions, strict=True)
        return [_computed(services, question, each, NextValues.of([found])) for question, each, found in rows]

    def observe(
        self, services: Services, posted: Posted, reply: Reply | None, refusal: Refusal | None, nanoseconds: int
    ) -> None:
        super().observe(services, posted, reply, refusal, nanoseconds)
        model = services.catalog.find(posted.path["model"], posted.path.get("version"))
        if model is None:
            return  # what clients make up must not become a series
        seconds, at = nanoseconds * 1e-9, posted.time * 1e-6
        if reply is None or refusal is not None:
            services.metrics.inferred(model.reference, 0, {"fail": seconds}, at)
            return
        began, validated, inferred, written = reply.stages
        stages = {
            "success": seconds,
            "queue": 0.0,  # nothing waits for a batch here
            "compute_input": (validated - began) * 1e-9,
            "compute_infer": (inferred - validated) * 1e-9,
            "compute_output": (written - inferred) * 1e-9,
        }
        services.metrics.inferred(model.reference, reply.computed.sequences, stages, at)

    def write(self, computed: Computed, question: Question) -> Content:
        found: NextValues = computed.response  # type: ignore[assignment]  # what compute put there
        tensor, data = codec.output(found.values, question.binary)
        head = orjson.dumps(_answer(found, tensor, question.id))
        if not data:
            return Content(head, ((b"content-type", b"application/json"),))
        headers = ((b"content-type", b"application/octet-stream"), (_JSON_BYTES, str(len(head)).encode()))
        return Content(head + data, headers)


def _computed(services: Services, question: Question, posted: Posted, found: NextValues) -> Computed:
    return Computed(
        found,
        task=services.catalog.task(posted.path["model"]),
        models=(f"{found.model}/{found.version}",),
        sequences=len(found.values),
        values=question.values,
    )


def _json_bytes(posted: Posted) -> int:
    given = posted.headers.get(_JSON_BYTES)
    if given is None:
        return len(posted.body)
    if not given.isdigit() or len(given) > 10 or int(given) > len(posted.body):
        raise InvalidInput(
            "Inference-Header-Content-Length: expected the number of bytes of the JSON part", code="invalid_header"
        )
    return int(given)


def _answer(found: NextValues, tensor: OutputTensor, identity: str | None) -> dict[str, object]:
    """The response without what it has not: clients take a null for a value."""
    shown = {name: getattr(tensor, name) for name in ("name", "shape", "datatype")}
    shown |= {"data": tensor.data} if tensor.parameters is None else {"parameters": tensor.parameters}
    answer: dict[str, object] = {
        "model_name": found.model,
        "model_version": found.version,
        "outputs": [shown],
        "parameters": found.verdicts,
    }
    return answer if identity is None else {**answer, "id": identity}


infer = InferEndpoint()
