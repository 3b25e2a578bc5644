"""SageMaker's runtime, for an unmodified boto3 and the bodies of DeepAR and Chronos."""

from service.http.protocol import Protocol
from service.protocols.sagemaker import container
from service.protocols.sagemaker.errors import MESSAGE
from service.protocols.sagemaker.invocations import InvocationsCodec

SAGEMAKER = Protocol(
    ("/endpoints", "/invocations", "/ping", "/execution-parameters"),
    MESSAGE,
    (InvocationsCodec(),),
    (container.router,),
)
