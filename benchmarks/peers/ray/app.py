"""``python -m benchmarks.peers.ray.app PORT``."""

from __future__ import annotations

import sys

import ray
from ray import serve
from starlette.requests import Request

from benchmarks.apps.network import Network


@serve.deployment(num_replicas=1, max_ongoing_requests=1000)
class SineGru:
    def __init__(self) -> None:
        self._network = Network()

    async def __call__(self, request: Request) -> dict[str, float]:
        return {"value": self._network.next_value((await request.json())["sequence"])}


if __name__ == "__main__":
    ray.init(num_cpus=2, include_dashboard=False, logging_level="warning")
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
    serve.run(SineGru.bind(), route_prefix="/predict", blocking=True)
