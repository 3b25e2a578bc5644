"""KServe's time series API: univariate series in, means and quantiles out."""

from service.http.protocol import Protocol
from service.protocols.timeseries.errors import ERROR
from service.protocols.timeseries.forecast import ForecastCodec, router

TIMESERIES = Protocol(("/v1/timeseries",), ERROR, (ForecastCodec(),), (router,))
