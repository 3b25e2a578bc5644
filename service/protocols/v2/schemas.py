"""Payloads of the Open Inference Protocol. Knows the protocol and not what our tensors mean.

Unknown keys are tolerated, as the protocol asks; known ones are strict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Tag

from service.http.numbers import MOST_SEQUENCES, MOST_VALUES, Number

Datatype = Literal[
    "FP64", "FP32", "FP16", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64", "BYTES"
]  # BOOL is no number, and no text

_Flat = Annotated[list[Number], Field(min_length=1, max_length=MOST_VALUES, fail_fast=True)]
_Rows = Annotated[list[_Flat], Field(min_length=1, max_length=MOST_VALUES, fail_fast=True)]
_Steps = Annotated[list[_Rows], Field(min_length=1, max_length=MOST_VALUES, fail_fast=True)]
_Texts = Annotated[list[str], Field(min_length=1, max_length=MOST_SEQUENCES, fail_fast=True)]
Data = Annotated[
    Annotated[_Flat, Tag("flat")]
    | Annotated[_Rows, Tag("rows")]
    | Annotated[_Steps, Tag("steps")]
    | Annotated[_Texts, Tag("texts")],
    Field(union_mode="left_to_right"),
]
Dimension = Annotated[int, Field(ge=0, le=MOST_VALUES)]


class _Tolerant(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, allow_inf_nan=False)


class InputParameters(_Tolerant):
    binary_data_size: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="Bytes of this tensor after the JSON part, instead of `data`."
    )


class InputTensor(_Tolerant):
    """A tensor: its elements in `data`, row by row, nested or flat, or as bytes after the JSON part."""

    name: Literal["sequence", "length", "season", "input"]
    shape: Annotated[list[Dimension], Field(min_length=1, max_length=3)]
    datatype: Datatype
    parameters: InputParameters = InputParameters()
    data: Data | None = None


class OutputParameters(_Tolerant):
    binary_data: bool | None = Field(default=None, description="Whether to answer with bytes after the JSON part.")


Output = Literal["prediction", "quantiles", "output", "probability"]


class RequestedOutput(_Tolerant):
    name: Output
    parameters: OutputParameters = OutputParameters()


class InferParameters(_Tolerant):
    """With `sequence_id` the values are the next ones of a sequence, which is a stream."""

    sequence_id: Annotated[int, Field(ge=0, lt=2**64)] | Annotated[str, Field(max_length=128)] = Field(
        default=0, description="Which sequence these values belong to; 0 and the empty text: to none."
    )
    sequence_start: bool = Field(default=False, description="Whether the sequence begins with these values.")
    sequence_end: bool = Field(default=False, description="Whether it ends with them.")
    seq: Annotated[int, Field(ge=0, le=2**53)] | None = Field(
        default=None,
        description="The number of the first of these values in their sequence, whose first has 0: then they count "
        "once, however often they are sent.",
    )
    binary_data_output: bool = Field(default=False, description="Whether all outputs are bytes after the JSON part.")


class InferRequest(_Tolerant):
    """Sequences as one padded tensor `sequence`; `length` says how many steps of each row count.

    `season` is that of all rows in steps, or two; left out, each row's is found. Models that write take one tensor
    `input` instead: texts as BYTES, or images as numbers, [images, 64].
    """

    id: str | None = Field(default=None, max_length=1000, description="Given back with the answer.")
    parameters: InferParameters = InferParameters()
    inputs: Annotated[list[InputTensor], Field(min_length=1, max_length=3, fail_fast=True)]
    outputs: Annotated[list[RequestedOutput], Field(max_length=8, fail_fast=True)] | None = None

    def wanted(self, default: Output = "prediction") -> dict[str, bool]:
        """The outputs asked for, in their order, and whether what each holds goes after the JSON part."""
        asked = {each.name: each.parameters.binary_data for each in self.outputs or ()} or {default: None}
        return {name: self.parameters.binary_data_output if one is None else one for name, one in asked.items()}


@dataclass(frozen=True, slots=True)
class OutputTensor:
    """An answer: its elements in `data`, or as bytes after the JSON part when `parameters` has their size."""

    name: str
    shape: list[int]
    datatype: str
    data: list[float] | list[str] | None = None
    parameters: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class InferResponse:
    """One predicted value for each row of `sequence`; `quantiles`, where asked for, are its nine deciles.

    For each row of `input` what was written or drawn is `output`, and its `probability` is there where it is asked for;
    `parameters` says how many rows the model's rule `agrees` with, `differs` from and has no answer to (`unruled`).

    `parameters` says how many rows the model `beats` the best simple rule on, `ties` with it, or `loses` to it; a row
    that is too short to be checked counts nowhere. Of a sequence it also says its `sequence_id`, `sequence_start` and
    `sequence_end`.
    """

    model_name: str
    model_version: str
    outputs: list[OutputTensor]
    parameters: dict[str, int | str | bool]
    id: str | None = None


class ServerMetadata(BaseModel):
    name: str
    version: str
    extensions: list[str]


class ServerLive(BaseModel):
    live: bool


class ServerReady(BaseModel):
    live: bool
    ready: bool


class ModelReady(BaseModel):
    name: str
    ready: bool


class TensorMetadata(BaseModel):
    """-1 stands for a dimension of any size."""

    name: str
    datatype: Datatype
    shape: list[int]


class ModelMetadata(BaseModel):
    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class TensorConfig(BaseModel):
    name: str
    data_type: str
    dims: list[int]


class ModelConfig(BaseModel):
    """What Triton's clients read before they measure."""

    name: str
    platform: str
    backend: str
    max_batch_size: int
    version_policy: dict[str, dict[str, list[int]]]
    input: list[TensorConfig]
    output: list[TensorConfig]


class IndexEntry(BaseModel):
    """One version of a model in the repository; `reason` says why it is not served."""

    name: str
    version: str
    state: Literal["READY", "UNAVAILABLE"]
    reason: str


class Duration(BaseModel):
    """How often, and nanoseconds in all."""

    count: int
    ns: int


class InferStatistics(BaseModel):
    success: Duration
    fail: Duration
    queue: Duration
    compute_input: Duration
    compute_infer: Duration
    compute_output: Duration
    cache_hit: Duration
    cache_miss: Duration


class ModelStatistics(BaseModel):
    """Requests that came by this protocol: `inference_count` counts sequences, `execution_count` requests."""

    name: str
    version: str
    last_inference: int = Field(description="Milliseconds since the epoch; 0 before the first.")
    inference_count: int
    execution_count: int
    inference_stats: InferStatistics
    batch_stats: list[dict[str, Any]] = []


class Statistics(BaseModel):
    model_stats: list[ModelStatistics]
