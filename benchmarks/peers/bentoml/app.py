"""``bentoml serve benchmarks.peers.bentoml.app:SineGru``."""

from __future__ import annotations

import bentoml

from benchmarks.apps.network import Network


@bentoml.service(workers=1, logging={"access": {"enabled": False}}, metrics={"enabled": False})
class SineGru:
    def __init__(self) -> None:
        self._network = Network()

    @bentoml.api
    async def predict(self, model: str, sequence: list[float]) -> dict[str, float]:
        return {"value": self._network.next_value(sequence)}
