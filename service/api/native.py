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

_HEADERS = ((b"content-type", b"application/json"),)

Payload = TypeVar("Payload", bound=ComputingPayload)
Answer = Callable[[Services, Payload, str], Computed]


class Joint(NamedTuple, Generic[Payload]):
    """How small requests that arrive at once are answered together.

    ``key`` is what payloads must have in common, None for one to be answered alone; ``answers`` gives the answer to
    each, and raises where one of them has none.
    """

    key: Callable[[Payload], Hashable | None]
    answers: Callable[[Services, list[Payload], list[str]], list[Computed]]


class NativeEndpoint(ComputingEndpoint[Payload]):
    """One path of the native API, answered by ``answer(services, payload, request_id)``."""

    tag = "computing"

    def __init__(
        self,
        path: str,
        payload: type[Payload],
        response: type[Any],
        answer: Answer[Payload],
        example: dict[str, Any],
        *,
        inline: bool = True,
        joint: Joint[Payload] | None = None,
    ) -> None:
        """``inline``: whether a small body means little work; else every request leaves the event loop."""
        self.path = path
        self.routes = (path,)
        self.payload: type[Payload] = payload
        self.response = response
        self.summary = (answer.__doc__ or "").strip().splitlines()[0]
        self.example = example
        self._answer, self._joint = answer, joint
        if not inline:
            self.inline_bytes = 0
        self._dump = TypeAdapter(response).dump_json

    def read(self, posted: Posted) -> Payload:
        return parse(self.payload, posted.body)

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
