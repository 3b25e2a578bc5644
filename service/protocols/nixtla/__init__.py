"""The API of TimeGPT's SDK, for an unmodified NixtlaClient."""

from service.http.protocol import Protocol
from service.protocols.nixtla import account, finetuning, jobs
from service.protocols.nixtla.codecs import CODECS
from service.protocols.nixtla.errors import DETAIL

NIXTLA = Protocol(("/nixtla",), DETAIL, CODECS, (account.router, finetuning.router, jobs.router))
