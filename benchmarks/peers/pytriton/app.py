"""``python -m benchmarks.peers.pytriton.app HTTP GRPC METRICS``: the three ports that Triton listens on."""

from __future__ import annotations

import sys

import numpy as np
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

from benchmarks.apps.network import Network

network = Network()


@batch
def infer(sequence: np.ndarray) -> dict[str, np.ndarray]:
    values = sequence.reshape(sequence.shape[:2])
    return {"prediction": network.next_values(values)[:, None]}


if __name__ == "__main__":
    http, grpc, metrics = map(int, sys.argv[1:])
    local = "127.0.0.1"
    config = TritonConfig(
        http_address=local, http_port=http, grpc_address=local, grpc_port=grpc, metrics_address=local,
        metrics_port=metrics,
    )  # fmt: skip
    with Triton(config=config) as triton:
        triton.bind(
            model_name="sine-gru",
            infer_func=infer,
            inputs=[Tensor(name="sequence", dtype=np.float64, shape=(-1, 1))],
            outputs=[Tensor(name="prediction", dtype=np.float64, shape=(1,))],
            config=ModelConfig(max_batch_size=64, batcher=DynamicBatcher(max_queue_delay_microseconds=500)),
        )
        triton.serve()
