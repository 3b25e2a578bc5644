"""Computing endpoints of the native API: a strict JSON payload in, a JSON record out."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import TypeAdapter

from service.api.body import parse
from service.api.computing import ComputingEndpoint
from service.api.deps import Services
from service.api.replies import Computed, Content, Posted
from service.api.schemas import ComputingPayload
from service.errors import InvalidInput
from service.inference.price import Price

_HEADERS = ((b"content-type", b"application/json"),)

Payload = TypeVar("Payload", bound=ComputingPayload)
Answer = Callable[[Services, Payload, str], Computed]
Cost = Callable[[Services, Payload], Price]


class Joint(NamedTuple, Generic[Payload]):
    """How small requests that arrive at once are answered together.

    ``key`` is what payloads must have in common, None for one to be answered alone; ``answers`` gives the answer to
    each, and raises where one of them has none.
    """

    key: Callable[[Payload], Hashable | None]
    answers: Callable[[Services, list[Payload], list[str]], list[Computed]]


class NativeEndpoint(ComputingEndpoint[Payload]):
    """One path of the native API.

    It is answered by ``answer(services, payload, request_id)``, at the price of ``cost(services, payload)``.
    """

    tag = "computing"

    def __init__(
        self,
        path: str,
        payload: type[Payload],
        response: type[Any],
        answer: Answer[Payload],
        cost: Cost[Payload],
        example: dict[str, Any],
        *,
        joint: Joint[Payload] | None = None,
    ) -> None:
        self.path = path
        self.routes = (path,)
        self.payload: type[Payload] = payload
        self.response = response
        self.summary = (answer.__doc__ or "").strip().splitlines()[0]
        self.example = example
        self._answer, self._cost, self._joint = answer, cost, joint
        self._dump = TypeAdapter(response).dump_json

    def read(self, posted: Posted) -> Payload:
        return parse(self.payload, posted.body)

    def price(self, services: Services, question: Payload, posted: Posted) -> Price:
        return self._cost(services, question)

    def compute(self, services: Services, question: Payload, posted: Posted) -> Computed:
        try:
            return self._answer(services, question, posted.request_id)
        except InvalidInput as error:
            raise question.located(error) from None

    def joins(self, question: Payload, posted: Posted) -> Hashable | None:
        return None if self._joint is None else self._joint.key(question)

    def compute_together(self, services: Services, questions: list[Payload], posted: list[Posted]) -> list[Computed]:
        assert self._joint is not None  # noqa: S101  # else none would join
        return self._joint.answers(services, questions, [each.request_id for each in posted])

    def write(self, computed: Computed, question: Payload) -> Content:
        return Content(self._dump(computed.response), _HEADERS)
