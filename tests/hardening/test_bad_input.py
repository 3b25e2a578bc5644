"""The bad-input rows of the table in README.md beside this file, as bytes, in every protocol."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from functools import cache

import pytest

from tests.hardening.asking import MOST_BYTES, PATHS, READING, Asked, assert_refused, method_of
from tests.raw import Reply, connected, exchange, http, read_reply, send_all

every_path = pytest.mark.parametrize("path", PATHS)
every_reading_path = pytest.mark.parametrize("path", READING)
BODY_LIMIT = 8 * 1024 * 1024


def fastest(ask: Callable[[], Reply], enough: float = 0.0) -> Reply:
    """The answer that took least time of five, or less than ``enough``: other programs run on this machine too."""
    replies: list[Reply] = []
    while len(replies) < 5 and (not replies or replies[-1].seconds >= enough):
        replies.append(ask())
    return min(replies, key=lambda reply: reply.seconds)


@cache
def ordinary(asked: Asked, values: int = 1_000) -> Reply:
    """What an answered request of that many values takes, to hold a refused one against."""
    reply = fastest(lambda: asked.sequence("/predict", "[" + ",".join(["1.5"] * values) + "]"))
    assert reply.status == 200
    return reply


@every_path
@pytest.mark.parametrize(
    "value", ["NaN", "-NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1.1e300", "-1e308", '"nan"']
)
def test_a_value_that_is_not_finite_or_too_large(asked: Asked, path: str, value: str) -> None:
    codes = {"non_finite", "out_of_range", "wrong_type", "invalid_json"}
    assert_refused(asked.sequence(path, f"[1,2,3,{value}]"), path, 422, codes)


@every_path
@pytest.mark.parametrize("text", ["[" + "9" * 5000 + "]", "[" * 250 + "]" * 250, "[" * 100_000, '{"a":' * 100_000])
def test_endless_digits_and_deep_nesting_cost_little(asked: Asked, path: str, text: str) -> None:
    most = 10 * ordinary(asked).seconds
    reply = fastest(lambda: asked.sequence(path, text), enough=most)
    assert_refused(reply, path, 422)
    assert reply.seconds < most


@every_path
@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"\\ud800","sequence":[1,2]}',
        b'{"sequence":[1,2],"model":"\xff\xfe"}',
        '{"sequence":[1,2]}'.encode("utf-16"),
        '{"sequence":[1,2]}'.encode("utf-16-le"),
        '{"sequence":[1,2]}'.encode("utf-8-sig"),
        b"\xc0\x80",
        b"\x00",
    ],
)
def test_text_that_is_no_utf8(asked: Asked, path: str, body: bytes) -> None:
    assert_refused(asked.post(path, body), path, 422)


@pytest.mark.parametrize("path", [path for path in PATHS if not path.startswith("/v2")])
@pytest.mark.parametrize(
    "extra", ['"Zq7":1,"Zq7":2', '"sequence":[1],"sequence":[2]', '"\\u0073equence":[1],"sequence":[2]', '"Zq7":1']
)
def test_keys_that_are_unknown_or_given_twice(asked: Asked, path: str, extra: str) -> None:
    reply = asked.post(path, PATHS[path].replace("%s", "[1,2,3,4]")[:-1] + "," + extra + "}")
    assert_refused(reply, path, 422, {"unknown_field", "repeated_key"})
    assert b"Zq7" not in reply.body


@pytest.mark.parametrize("key", ['"inputs"', '"\\u0069nputs"'])
def test_inputs_given_twice_to_v2_which_lets_unknown_keys_pass(asked: Asked, key: str) -> None:
    path = "/v2/models/sine-gru/infer"
    inputs = PATHS[path].replace("%s", "[1,2,3,4]").removeprefix('{"inputs":').removesuffix("}")
    assert asked.post(path, '{"inputs":' + inputs + "}").status == 200
    assert_refused(asked.post(path, '{"inputs":' + inputs + "," + key + ":" + inputs + "}"), path, 422)


def test_parameters_given_twice_within_a_tensor_of_v2(asked: Asked) -> None:
    path = "/v2/models/sine-gru/infer"
    body = PATHS[path].replace("%s", "[1,2,3,4]").removesuffix("}")
    asked_for = ',"outputs":[{"name":"prediction","parameters":{"binary_data":false}%s}]}'
    assert asked.post(path, body + asked_for % "").status == 200
    assert_refused(asked.post(path, body + asked_for % ',"parameters":{"binary_data":true}'), path, 422)


@every_path
@pytest.mark.parametrize("value", ["true", "null", '"1"', "{}", '"[1,2]"'])
def test_something_else_where_a_number_belongs(asked: Asked, path: str, value: str) -> None:
    if value == "null" and path in ("/predict", "/forecast", "/anomalies"):  # a gap
        assert asked.sequence(path, f"[1,2,3,{value}]").status == 200
        return
    assert_refused(asked.sequence(path, f"[1,2,3,{value}]"), path, 422)


@every_path
@pytest.mark.parametrize("text", ["[]", "[[[1,2]]]", "[[1,2],3]", "1", "{}", "null", '"x"', "true"])
def test_a_sequence_of_the_wrong_shape(asked: Asked, path: str, text: str) -> None:
    assert_refused(asked.sequence(path, text), path, 422)


def test_a_sequence_of_more_values_than_are_taken(asked: Asked) -> None:
    text = "[" + "1," * 250_000 + "1]"
    for path in ("/predict", "/forecast", "/v1/models/sine-gru:predict"):
        assert_refused(asked.sequence(path, text), path, 422)


@pytest.mark.parametrize(
    "sequence",
    [
        "[[0.5,1.0],[2,1.0]]",
        "[[-2,1.0],[2,1.0]]",
        "[[1e300,1.0],[2,1.0]]",
        "[[1,1.0],[3,1.0]]",
        "[[1],[2]]",
        "[[1,2,3]]",
        "[1,2,3]",
    ],
)
def test_memory_pairs_that_have_no_answer(asked: Asked, sequence: str) -> None:
    reply = asked.post("/predict", f'{{"model":"memory-lstm","sequence":{sequence}}}')
    assert_refused(reply, "/predict", 422)
    assert reply.json()["errors"][0]["expected"]


@every_path
@pytest.mark.parametrize(
    "element", ["true", '"x"', "NaN", "[]", "{}", "null", "[1,null]", "[[]]", "[[1]]", "[1,2,3]", '{"":1}']
)
def test_200_000_bad_elements_cost_little_and_are_answered_in_4_kb(asked: Asked, path: str, element: str) -> None:
    text = "[" + ",".join([element] * 200_000) + "]"
    most = 10 * ordinary(asked, 100_000).seconds
    reply = fastest(lambda: asked.sequence(path, text), enough=most)
    assert_refused(reply, path, 422)
    assert reply.seconds < most


@every_path
@pytest.mark.parametrize("body", [b"", b"null", b'{"sequence":[1,2', b"[]", b"{}", b"[1,2,3]", b"Zq7mark"])
def test_an_empty_truncated_or_null_body(asked: Asked, path: str, body: bytes) -> None:
    assert_refused(asked.post(path, body), path, 422)


@every_path
@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "text/html"},
        {"Content_Type": "\xff\xfe"},
        {"Content_Type": "multipart/form-data; boundary=x"},
        {"Content_Encoding": "br"},
        {"Content_Encoding": "zstd, gzip"},
    ],
)
def test_a_form_that_is_not_read_here(asked: Asked, path: str, headers: dict[str, str]) -> None:
    body = PATHS[path].replace("%s", "[1,2,3,4]")
    assert_refused(asked.post(path, body, **headers), path, 415)


@every_path
def test_an_absent_content_type_is_accepted(asked: Asked, path: str) -> None:
    assert asked.sequence(path, "[1,2,3,4]").status == 200


@every_reading_path
def test_a_body_over_the_cap_is_refused_by_its_length_before_it_is_sent(asked: Asked, path: str) -> None:
    head = f"{method_of(path)} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {BODY_LIMIT + 1}\r\n\r\n"
    assert_refused(exchange(asked.port, head.encode()), path, 413)


@every_reading_path
def test_a_chunked_body_over_the_cap_is_refused_while_it_comes(asked: Asked, path: str) -> None:
    head = f"{method_of(path)} {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    with connected(asked.port) as connection:
        send_all(connection, head)
        for _ in range(BODY_LIMIT // 1_000_000 + 1):
            send_all(connection, b"%x\r\n" % 1_000_000 + b" " * 1_000_000 + b"\r\n")
        assert_refused(read_reply(connection), path, 413)


@pytest.mark.parametrize("name", ["gzip", "deflate"])
def test_a_bomb_is_refused_at_the_cap_after_decompression(asked: Asked, name: str) -> None:
    path = "/v2/models/sine-gru/infer"
    content = b" " * (50 * 1024 * 1024)
    packed = gzip.compress(content) if name == "gzip" else zlib.compress(content)
    most = 10 * ordinary(asked, 100_000).seconds
    reply = fastest(lambda: asked.post(path, packed, Content_Encoding=name), enough=most)
    assert_refused(reply, path, 413)
    assert reply.seconds < most


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8b", b"not gzip", gzip.compress(b'{"inputs":[]}', mtime=0)[:-4]])
def test_a_damaged_encoding_is_bad_input(asked: Asked, damage: bytes) -> None:
    path = "/v2/models/sine-gru/infer"
    assert_refused(asked.post(path, damage, Content_Encoding="gzip"), path, 422)


NAMES = [
    *("../x", "..%2f..%2fetc%2fpasswd", "%2e%2e", "%2e%2e%2f", "..", ".", "%2fetc%2fpasswd", "\\..\\x", "CON"),
    *("a%00b", "%00", "main.js%00", "%0a", "%ff.js", "%ed%a0%80.js", "%f0%9f%98%80.js", "e%cc%81.svg", "sine-gru%2f1"),
    # As long as a file's name may be and longer; as a whole path may be and longer.
    *("a" * 252 + ".js", "a" * 253 + ".js", "a" * 300, "a" * 4096 + ".js", "%f0%9f%98%80" * 64 + ".js"),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "path",
    [
        *("/models/{}", "/models/{}/plots/loss.svg", "/models/sine-gru?version={}", "/page/{}", "/requests/{}"),
        *("/v1/models/{}", "/v2/models/{}", "/v2/models/{}/ready", "/v2/models/sine-gru/versions/{}"),
        *("/v2/repository/models/{}/load", "/v2/repository/models/{}/unload", "/static-offline-docs/{}"),
    ],
)
def test_a_name_in_a_path_that_is_no_model_touches_no_file(asked: Asked, path: str, name: str) -> None:
    reply = exchange(asked.port, http("POST" if "repository" in path else "GET", path.format(name)))
    assert (reply.status, len(reply.body) <= MOST_BYTES) == (404, True)
    assert b"root:" not in reply.body


@pytest.mark.parametrize("name", ["../x", "..", "a\\u0000b", "a" * 300, "sine-gru/1", "nobody"])
def test_a_name_in_a_body_that_is_no_model(asked: Asked, name: str) -> None:
    reply = asked.post("/predict", f'{{"model":"{name}","sequence":[1,2]}}')
    assert_refused(reply, "/predict", 404, "unknown_model")
    reply = asked.post("/predict", f'{{"model":"sine-gru","version":"{name}","sequence":[1,2]}}')
    assert_refused(reply, "/predict", 404, "unknown_version")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
@every_path
def test_a_wrong_method_names_the_right_one(asked: Asked, path: str, method: str) -> None:
    if method == "HEAD":  # its answer has the length of a body, and no body
        with connected(asked.port) as connection:
            connection.sendall(http(method, path))
            assert connection.recv(4096).startswith(b"HTTP/1.1 405")
        return
    reply = exchange(asked.port, http(method, path))
    assert_refused(reply, path, 405, "method_not_allowed")
    assert "POST" in reply.headers["allow"]


@pytest.mark.parametrize(
    "body", [b'{"value":NaN}', b'{"value":"\\ud800"}', b"\xff", b"[" * 100_000, b"null", b'{"x":1}']
)
def test_a_bad_outcome_is_a_small_problem(asked: Asked, body: bytes) -> None:
    path = f"/requests/{asked.sequence('/predict', '[1,2,3,4]').json()['request_id']}/outcome"
    assert_refused(asked.post(path, body, Content_Type="application/json"), path, 422)


@pytest.mark.parametrize("time", ["1767225600", "1e9", "1.6e-23", "-5", "-1e-9", "12:00-01:00"])
def test_a_number_is_no_time(asked: Asked, time: str) -> None:
    reply = exchange(asked.port, http("GET", f"/requests/export?until={time}"))
    assert_refused(reply, "/requests/export", 422)


@pytest.mark.parametrize(
    "query", ["limit=NaN", "limit=99999", "limit=" + "9" * 5000, "since=never", "cursor=%00", "cursor=%ff", "status=x",
              "model=" + "%ed%a0%80", "since=9999999-01-01T00:00:00Z"]
)  # fmt: skip
def test_a_bad_query_is_a_small_problem(asked: Asked, query: str) -> None:
    reply = exchange(asked.port, http("GET", f"/requests?{query}"))
    assert reply.status in (200, 422), reply.body[:200]
    if reply.status == 422:
        assert_refused(reply, "/requests", 422)
