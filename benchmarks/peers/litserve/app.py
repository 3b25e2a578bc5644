"""``python -m benchmarks.peers.litserve.app PORT``. The hooks' parameters have LitServe's names.

It reads the hooks' annotations when it starts, so these are no strings, and the request has none: any JSON object.
"""

import sys

import litserve as ls

from benchmarks.apps.network import Network


class SineGru(ls.LitAPI):
    def setup(self, device: str) -> None:
        self._network = Network()

    def decode_request(self, request):
        return request["sequence"]

    def predict(self, sequence: list[float]) -> float:
        return self._network.next_value(sequence)

    def encode_response(self, output: float) -> dict[str, float]:
        return {"value": output}


if __name__ == "__main__":
    server = ls.LitServer(SineGru(), accelerator="cpu", workers_per_device=1, fast_queue=True)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", generate_client_file=False)
