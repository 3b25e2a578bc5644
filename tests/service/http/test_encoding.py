"""Which coding an Accept-Encoding header asks for, and that every route that compresses understands it alike."""

from __future__ import annotations

import gzip

import httpx
import pytest

from service.http.encoding import OFFERED, chosen, zstd

ACCEPTED = {
    "": None,
    "gzip": b"gzip",
    "GZip": b"gzip",
    "deflate": b"deflate",
    "deflate, gzip": b"deflate",
    "gzip, deflate, br": b"gzip",
    "br": None,
    "br, zstd": b"zstd",
    "gzip, deflate, br, zstd": b"gzip",
    "identity": None,
    "*": b"gzip",
    "*;q=0": None,
    "gzip;q=0": None,
    "gzip;q=0.0": None,
    "gzip; q=0.000": None,
    "gzip ; Q=0": None,
    "gzip;q=0, deflate": b"deflate",
    "gzip;q=0, *": b"deflate",
    "gzip;q=0.5, deflate;q=0.8": b"deflate",
    "gzip;q=0.001": b"gzip",
    "gzip;q=1.000": b"gzip",
    "gzip;q=0.5, identity": None,
    "gzip, identity;q=0.5": b"gzip",
    "gzip, identity;q=0": b"gzip",
    "gzip, *;q=0": b"gzip",
    "xgzip": None,
    "gzipped, nogzip": None,
    "gzip;q=2": None,
    "gzip;q=-1": None,
    "gzip;q=nan": None,
    "gzip;q=": None,
    "gzip;q": None,
    ",,;;,": None,
    "\xff;q=\xfe": None,
    "gzip;q=0," * 1000: None,
}


@pytest.mark.parametrize("accept", ACCEPTED)
def test_a_header_asks_for_a_coding_or_for_none(accept: str) -> None:
    assert chosen(accept.encode("latin-1"), OFFERED) == ACCEPTED[accept]


def asked(api: httpx.Client, route: str, accept: str) -> httpx.Response:
    headers = {"Accept-Encoding": accept.encode("latin-1")}
    if route.endswith("/infer"):
        tensor = {"name": "sequence", "shape": [1, 3], "datatype": "FP64", "data": [1, 2, 4]}
        return api.post(route, json={"inputs": [tensor]}, headers=headers)
    return api.get(route, headers=headers)


@pytest.mark.parametrize("accept", [each for each in ACCEPTED if len(each) < 100])
@pytest.mark.parametrize(
    "route",
    ["/page/main.js", "/", "/page/uplot.iife.min.js", "/models/sine-gru/plots/loss.svg", "/v2/models/sine-gru/infer"],
)
def test_each_route_that_compresses_does_as_it_is_asked(api: httpx.Client, route: str, accept: str) -> None:
    expected = chosen(accept.encode("latin-1"), OFFERED)
    response = asked(api, route, accept)
    assert response.status_code == httpx.codes.OK
    assert response.headers.get("content-encoding", "") == (expected or b"").decode()
    assert response.headers["vary"].lower() == "accept-encoding"
    if not route.endswith("/infer"):
        # httpx reads zstd only where another package is installed.
        content = zstd.decompress(response.content) if expected == b"zstd" else response.content
        assert content == asked(api, route, "identity").content


def test_a_compressed_plot_is_one(api: httpx.Client) -> None:
    with api.stream("GET", "/models/sine-gru/plots/fit.svg", headers={"Accept-Encoding": "gzip"}) as response:
        packed = b"".join(response.iter_raw())
    assert gzip.decompress(packed) == api.get("/models/sine-gru/plots/fit.svg").content
