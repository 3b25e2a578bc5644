"""The Open Inference Protocol, version 2, over REST: for clients that people already have."""

from service.http.protocol import Protocol
from service.protocols.kserve_errors import ERROR_STRING
from service.protocols.v2 import infer, models, repository, statistics

V2 = Protocol(("/v2",), ERROR_STRING, (infer.InferCodec(),), (statistics.router, models.router, repository.router))
