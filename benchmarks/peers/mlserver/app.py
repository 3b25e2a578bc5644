"""The network as an MLServer runtime; the protocol is the Open Inference Protocol."""

from __future__ import annotations

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

from benchmarks.apps.network import Network


class SineGru(MLModel):
    async def load(self) -> bool:
        self._network = Network()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        values = np.asarray(NumpyCodec.decode_input(payload.inputs[0]), np.float64)
        answered = self._network.next_values(values.reshape(values.shape[:2]))
        output = NumpyCodec.encode_output("prediction", answered[:, None])
        return InferenceResponse(model_name=self.name, outputs=[output])
