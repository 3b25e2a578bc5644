"""POST /v2/models/{model}[/versions/{version}]/infer: a prediction, asked and answered in tensors."""

from __future__ import annotations

from itertools import chain

import orjson

from service.errors import InvalidInput, Problem
from service.http import encoding
from service.http.body import Accepted, parse, refuse_repeated_keys
from service.http.codec import JSON, Call, Codec, Content
from service.inference import answers
from service.inference.catalog import Catalog
from service.inference.questions import Generate, NextValues
from service.inference.written_answers import Generated
from service.protocols.v2 import tensors, written
from service.protocols.v2.schemas import InferRequest, InferResponse, OutputTensor
from service.streams.sequenced import Sequenced
from service.telemetry.metrics import Metrics
from service.verdicts import VERDICTS

_JSON_BYTES = b"inference-header-content-length"
# What `quantiles` are of: clients have no place to ask for others.
DECILES = tuple(each / 10 for each in range(1, 10))
# Keys of a tensor, each at most once in each; and one that may stand at the top and in every tensor besides.
_TENSOR_KEYS = (b'"shape"', b'"datatype"', b'"data"')
_PARAMETERS = b'"parameters"'
# What is said back of a sequence.
_SEQUENCE = ("sequence_id", "sequence_start", "sequence_end")


class InferCodec(Codec[InferRequest]):
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

    def read(self, call: Call) -> InferRequest:
        head = call.body[: _json_bytes(call)]
        request = parse(self.payload, head)
        if head.count(_PARAMETERS) > 1 or any(head.count(key) > len(request.inputs) for key in _TENSOR_KEYS):
            refuse_repeated_keys(head)
        return request

    def question(self, payload: InferRequest, call: Call) -> NextValues | Generate:
        data, of = memoryview(call.body)[_json_bytes(call) :], (call.path["model"], call.path.get("version"))
        if written.is_written(payload):
            return written.question(payload, data, *of)
        wanted = payload.wanted()
        if not wanted.keys() <= {"prediction", "quantiles"}:
            raise tensors.refused("outputs", "prediction or quantiles; others are of models that write, with an input")
        rows, season = tensors.read(payload, data)
        return NextValues(rows, *of, season, DECILES if "quantiles" in wanted else ())

    def sequenced(self, payload: InferRequest, call: Call) -> Sequenced | None:
        said = payload.parameters
        if not said.sequence_id:
            if said.sequence_start or said.sequence_end or said.seq is not None:
                expected = "a sequence_id that is not 0, where a sequence starts, ends or is numbered"
                raise InvalidInput(
                    f"expected {expected}", code="sequence_id", problems=(Problem("parameters", expected),)
                )
            return None
        rows, season = tensors.read(payload, memoryview(call.body)[_json_bytes(call) :])
        if len(rows) != 1 or rows.table.ndim != 2:
            expected = "one row of numbers, the next of one sequence"
            raise InvalidInput(f"expected {expected}", code="invalid_tensor", problems=(Problem("sequence", expected),))
        if "quantiles" in payload.wanted():
            expected = "prediction alone: a sequence has no quantiles"
            raise InvalidInput(f"expected {expected}", code="no_quantiles", problems=(Problem("outputs", expected),))
        values: list[float] = rows.table[0, : rows.lengths[0]].tolist()
        of = call.path["model"], call.path.get("version"), said.sequence_id
        return Sequenced(*of, values, season, said.sequence_start, said.sequence_end, said.seq)

    def observe(self, call: Call, metrics: Metrics, catalog: Catalog, nanoseconds: int, failed: bool) -> None:
        model = catalog.find(call.path["model"], call.path.get("version"))
        if model is None:
            return  # what clients make up must not become a series
        stages = {"fail" if failed else "success": nanoseconds * 1e-9}
        if call.answer is not None and not failed:
            stages |= {
                "queue": 0.0,  # nothing waits for a batch here
                "compute_input": (call.validated - call.began) * 1e-9,
                "compute_infer": (call.inferred - call.validated) * 1e-9,
                "compute_output": (call.written - call.inferred) * 1e-9,
            }
        sequences = 0 if failed or call.answer is None else call.answer.sequences
        metrics.inferred(model.reference, sequences, stages, call.time * 1e-6)

    def write(self, found: answers.NextValues | list[Generated], payload: InferRequest, call: Call) -> Content:
        if isinstance(found, list):
            made, parameters, of = written.outputs(found, payload), written.agreements(found), found[0]
            head = orjson.dumps(_answer(of.model, of.version, parameters, [tensor for tensor, _ in made], payload))
        else:
            said = {"prediction": found.values, "quantiles": [*chain.from_iterable(found.quantiles)]}
            rows = len(found.values)
            made = [tensors.output(name, said[name], rows, binary) for name, binary in payload.wanted().items()]
            parameters = {verdict: found.verdicts.count(verdict) for verdict in VERDICTS}
            head = orjson.dumps(
                _answer(found.model, found.version, parameters, [tensor for tensor, _ in made], payload)
            )
        data = b"".join(part for _, part in made)
        if not data:
            return Content(head, JSON)
        headers = ((b"content-type", b"application/octet-stream"), (_JSON_BYTES, str(len(head)).encode()))
        return Content(head + data, headers)


def _json_bytes(call: Call) -> int:
    given = call.headers.get(_JSON_BYTES)
    if given is None:
        return len(call.body)
    if not given.isdigit() or len(given) > 10 or int(given) > len(call.body):
        raise InvalidInput(
            "Inference-Header-Content-Length: expected the number of bytes of the JSON part", code="invalid_header"
        )
    return int(given)


def _shown(tensor: OutputTensor) -> dict[str, object]:
    shown = {name: getattr(tensor, name) for name in ("name", "shape", "datatype")}
    return shown | ({"data": tensor.data} if tensor.parameters is None else {"parameters": tensor.parameters})


def _answer(
    model: str, version: str, parameters: dict[str, object], outputs: list[OutputTensor], asked: InferRequest
) -> dict[str, object]:
    """The response without what it has not: clients take a null for a value."""
    if asked.parameters.sequence_id:
        parameters |= {name: getattr(asked.parameters, name) for name in _SEQUENCE}
    answer: dict[str, object] = {
        "model_name": model,
        "model_version": version,
        "outputs": [*map(_shown, outputs)],
        "parameters": parameters,
    }
    return answer if asked.id is None else {**answer, "id": asked.id}
