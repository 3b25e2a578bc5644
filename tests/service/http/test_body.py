from __future__ import annotations

import asyncio
import time
import tracemalloc
from contextlib import suppress
from typing import Any

import pytest

from service.errors import BodyTooLarge, InvalidInput, UnsupportedMediaType
from service.http.body import JSON_ONLY, Disconnected, parse, read_body
from service.protocols.native.compared import CompareRequest
from service.protocols.native.inspected import InspectRequest
from service.protocols.native.predicted import PredictRequest
from service.routes.outcomes import OutcomeRequest
from tests.problems import TEXT

LIMIT = 1024
END: dict[str, Any] = {"type": "http.disconnect"}


class Client:
    """Sends ``messages`` one by one, and counts how many were asked for."""

    def __init__(self, *messages: dict[str, Any] | bytes) -> None:
        last = len(messages) - 1
        self._messages = [
            {"type": "http.request", "body": part, "more_body": place < last} if isinstance(part, bytes) else part
            for place, part in enumerate(messages)
        ]
        self.sent = 0

    async def receive(self) -> dict[str, Any]:
        self.sent += 1
        return self._messages[self.sent - 1]


def uncounted(size: int, complete: bool) -> None:
    pass


def read(client: Client, *headers: tuple[bytes, bytes]) -> bytes:
    return asyncio.run(read_body({"headers": list(headers)}, client.receive, LIMIT, JSON_ONLY, uncounted))


@pytest.mark.parametrize(
    "parts", [[b"{}"], [b""], [b"{", b"}"], [b"", b"{", b"", b"}", b""], [b"x" * LIMIT], [b"x" * 512] * 2]
)
def test_a_body_in_any_number_of_parts_is_read_whole(parts: list[bytes]) -> None:
    assert read(Client(*parts)) == b"".join(parts)


@pytest.mark.parametrize("parts", [[b"x" * (LIMIT + 1)], [b"x" * 1000, b"x" * 25], [b"x"] * (LIMIT + 1)])
def test_a_body_over_the_limit_is_refused_as_soon_as_it_is(parts: list[bytes]) -> None:
    client = Client(*parts, b"x" * 10**6)
    with pytest.raises(BodyTooLarge):
        read(client)
    assert client.sent <= len(parts)


@pytest.mark.parametrize("length", [b"1025", b"99999999999999999999"])
def test_a_body_that_announces_to_be_over_the_limit_is_not_read_at_all(length: bytes) -> None:
    client = Client(b"x")
    with pytest.raises(BodyTooLarge):
        read(client, (b"content-length", length))
    assert client.sent == 0


@pytest.mark.parametrize(
    "value",
    [
        b"application/json",
        b"application/json; charset=utf-8",
        b"APPLICATION/JSON",
        b" application/json ;x=y",
        b"application/x-www-form-urlencoded",  # what curl -d says whatever it sends
    ],
)
def test_json_by_any_of_its_names_is_read(value: bytes) -> None:
    assert read(Client(b"{}"), (b"content-type", value)) == b"{}"


@pytest.mark.parametrize(
    "header",
    [
        (b"content-type", b"text/plain"),
        (b"content-type", b"multipart/form-data; boundary=application/json"),
        (b"content-type", b"application/jsonx"),
        (b"content-type", b"\xff\xfe"),
        (b"content-encoding", b"gzip"),
        (b"content-encoding", b"identity, gzip"),
    ],
)
def test_another_media_type_or_encoding_is_refused_unread(header: tuple[bytes, bytes]) -> None:
    client = Client(b"{}")
    with pytest.raises(UnsupportedMediaType):
        read(client, header)
    assert client.sent == 0


def test_the_encoding_identity_is_no_encoding() -> None:
    assert read(Client(b"{}"), (b"content-encoding", b"Identity")) == b"{}"


@pytest.mark.parametrize("messages", [[END], [b"{", b"..."]])
def test_a_client_that_leaves_before_its_body_is_complete_asked_nothing(messages: list[Any]) -> None:
    client = Client(*messages[:-1], END) if len(messages) > 1 else Client(END)
    client._messages[0]["more_body"] = True
    with pytest.raises(Disconnected):
        read(client)


def test_a_body_is_counted_as_it_comes() -> None:
    counted: list[tuple[int, bool]] = []
    client = Client(b"{", b"", b"  }")
    asyncio.run(read_body({"headers": []}, client.receive, LIMIT, JSON_ONLY, lambda *each: counted.append(each)))
    assert counted == [(1, False), (1, False), (4, True)]


@pytest.mark.parametrize(
    ("body", "code", "where"),
    [
        (b"", "invalid_json", "body"),
        (b"null", "wrong_type", "body"),
        (b"[]", "wrong_type", "body"),
        (b'"text"', "wrong_type", "body"),
        (b'{"sequence":[1,2', "invalid_json", "body"),
        (b'{"sequence":[1,2]} {}', "invalid_json", "body"),
        (b'\xef\xbb\xbf{"sequence":[1]}', "invalid_json", "body"),
        ('{"sequence":[1]}'.encode("utf-16"), "invalid_json", "body"),
        (b'{"sequence":[1],"model":"\xff"}', "invalid_json", "body"),
        (b'{"sequence":[1],"model":"\\ud800"}', "invalid_json", "body"),
        (b'{"sequence":[1],"model":"\\u12"}', "invalid_json", "body"),
        (b'{"sequence":[1,],"model":"x"}', "invalid_json", "body"),
        (b"{'sequence':[1]}", "invalid_json", "body"),
        (b'{"sequence":[NaN]}', "non_finite", "sequence.0"),
        (b'{"sequence":[1,-Infinity]}', "non_finite", "sequence.1"),
        (b'{"sequence":[1e400]}', "non_finite", "sequence.0"),
        (b'{"sequence":[[0,1],[1,1e999]]}', "non_finite", "sequence.1.1"),
        (b'{"sequence":["nan"]}', "wrong_type", "sequence.0"),
        (b'{"sequence":["1"]}', "wrong_type", "sequence.0"),
        (b'{"sequence":[true]}', "wrong_type", "sequence.0"),
        (b'{"sequence":[1,null,"x"]}', "wrong_type", "sequence.2"),
        (b'{"sequence":[1],"season":0}', "out_of_range", "season"),
        (b'{"sequence":[1],"season":2.5}', "wrong_type", "season"),
        (b'{"sequence":[1],"season":"12"}', "wrong_type", "season"),
        (b'{"sequence":[1],"season":[24,168,8766]}', "too_long", "season"),
        (b'{"sequence":[1],"season":[24,true]}', "wrong_type", "season.1"),
        (b'{"sequence":[1],"season":[]}', "wrong_type", "season"),
        (b'{"sequence":[1,[2,3]]}', "wrong_type", "sequence.1"),
        (b'{"sequence":[[0,1],2]}', "wrong_type", "sequence.1"),
        (b'{"sequence":[[0,1],[0,1,2]]}', "too_long", "sequence.1"),
        (b'{"sequence":[[[1,2]]]}', "wrong_type", "sequence.0.0"),
        (b'{"sequence":[]}', "too_short", "sequence"),
        (b'{"sequences":[]}', "too_short", "sequences"),
        (b'{"sequences":[[1],[]]}', "too_short", "sequences.1"),
        (b'{"sequences":[1,2]}', "wrong_type", "sequences.0"),
        (b'{"sequence":"1,2"}', "wrong_type", "sequence"),
        (b'{"sequence":{"0":1}}', "wrong_type", "sequence"),
        (b'{"sequence":[1],"model":7}', "wrong_type", "model"),
        (b'{"sequence":[1],"model":""}', "too_short", "model"),
        (b'{"sequence":[1],"levels":[100]}', "out_of_range", "levels.0"),
        (b'{"sequence":[1],"levels":["80"]}', "wrong_type", "levels.0"),
        (b'{"sequence":[1],"levels":[]}', "too_short", "levels"),
        (b'{"sequence":[1],"levels":[true]}', "wrong_type", "levels.0"),
        (b'{"sequence":[1],"' + TEXT.encode() + b'":1}', "unknown_field", "body"),
    ],
)
def test_what_the_schema_does_not_say_is_refused_where_it_is(body: bytes, code: str, where: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(PredictRequest, body)
    assert (refused.value.code, refused.value.problems[0].where) == (code, where)
    assert TEXT not in refused.value.detail
    assert all(TEXT not in problem.where + problem.expected for problem in refused.value.problems)


@pytest.mark.parametrize(
    ("body", "code", "where"),
    [
        (b"", "invalid_json", "body"),
        (b'{"value":1,"value":2}', "repeated_key", "body"),
        (b'{"values":[1],"v\\u0061lues":[2]}', "repeated_key", "body"),
        (b'{"value":"1"}', "wrong_type", "value"),
        (b'{"value":NaN}', "non_finite", "value"),
        (b'{"values":1}', "wrong_type", "values"),
        (b'{"values":[1,null,[2]]}', "wrong_type", "values.2"),
        (b'{"values":[[1,null],["x"]]}', "wrong_type", "values.1.0"),
        (b'{"values":[[[1]]]}', "wrong_type", "values.0.0"),
        (b'{"values":[' + b"null," * 250_000 + b"null]}", "too_long", "values"),
    ],
)
def test_a_bad_outcome_is_refused_where_it_is_bad(body: bytes, code: str, where: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(OutcomeRequest, body)
    assert (refused.value.code, refused.value.problems[0].where) == (code, where)
    assert len(refused.value.problems) == 1


def test_a_gap_in_a_sequence_is_null_and_a_season_one_number_or_two() -> None:
    assert parse(PredictRequest, b'{"sequence":[1,null,3]}').sequence == [1.0, None, 3.0]
    told = [parse(PredictRequest, b'{"sequence":[1]%b}' % season).told() for season in (b"", b',"season":12')]
    assert told == [(), (12,)]
    assert parse(PredictRequest, b'{"sequence":[1],"season":[24,168]}').told() == (24, 168)


@pytest.mark.parametrize(
    "body",
    [
        b'{"sequence":[1],"sequence":[2]}',
        b'{"sequence":[1],"model":"a","model":"a"}',
        b'{"sequ\\u0065nce":[1],"sequence":[2]}',
        b'{"sequ\\u0065nce":[1],"\\u0073equence":[2]}',
        b'{"sequence" :[1],"sequence"\n:[2]}',
    ],
)
def test_a_key_that_is_given_twice_is_refused_however_it_is_written(body: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(PredictRequest, body)
    assert refused.value.code == "repeated_key"


@pytest.mark.parametrize(
    "body",
    [
        b'{"sequence":[1],"model":"sequence"}',
        b'{"sequence":[1],"model":"\\"sequence\\":[2],\\"sequence\\":"}',
        b'{"\\u0073equence":[1],"model":"\\u0061"}',
    ],
)
def test_a_name_that_only_looks_like_a_repeated_key_is_taken(body: bytes) -> None:
    assert parse(PredictRequest, body).sequence == [1.0]


def test_numbers_are_read_as_written() -> None:
    tiny = b"0." + b"0" * 5000 + b"1"
    sequence = b"[-0.0, 1E5, 9007199254740993, 0.1, 5e-324, 1e-5000, " + tiny + b"]"
    parsed = parse(PredictRequest, b'{"sequence":' + sequence + b"}")
    assert parsed.sequence == [0.0, 1e5, 2.0**53, 0.1, 5e-324, 0.0, 0.0]


@pytest.mark.parametrize("length", [400, 5000, 10**6])
def test_a_number_with_thousands_of_digits_is_refused(length: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(PredictRequest, b'{"sequence":[' + b"9" * length + b"]}")
    assert refused.value.code in ("non_finite", "invalid_json", "wrong_type")


@pytest.mark.parametrize("depth", [250, 100_000])
@pytest.mark.parametrize("opening", [b"[", b'{"sequence":'])
def test_deep_nesting_is_refused(depth: int, opening: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse(PredictRequest, b'{"sequence":' + opening * depth)


def test_200_000_bad_elements_give_one_small_error() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(PredictRequest, b'{"sequence":[' + b",".join([b"true"] * 200_000) + b"]}")
    assert len(refused.value.problems) == 1


@pytest.mark.parametrize(
    ("fields", "truth"),
    [
        (b'"sequence":[1,2],"target":3', [3.0]),
        (b'"sequences":[[1],[2]],"targets":[3,4]', [3.0, 4.0]),
        (b'"sequence":[1,2]', None),
    ],
)
def test_a_target_belongs_to_a_sequence_and_targets_to_sequences(fields: bytes, truth: list[float] | None) -> None:
    assert parse(CompareRequest, b'{"task":"sine",' + fields + b"}").truth() == truth


@pytest.mark.parametrize(
    "fields",
    [b'"sequence":[1],"targets":[3]', b'"sequences":[[1]],"target":3', b'"sequence":[1],"target":3,"targets":[3]'],
)
def test_targets_that_belong_to_nothing_are_refused(fields: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(CompareRequest, b'{"task":"sine",' + fields + b"}").truth()
    assert refused.value.code == "targets_mismatch"


@pytest.mark.parametrize("element", ["[]", "{}", "null", '"x"', "[[]]", "[[1]]", "[1,2,3]", '{"":1}', "NaN"])
@pytest.mark.parametrize("field", ['"sequence":[%s]', '"sequences":[[%s]]'])
def test_bad_elements_cost_no_more_than_ten_times_what_good_ones_do(element: str, field: str) -> None:
    def cost(element: str, number: int) -> float:
        body = b"{" + field.encode() % ",".join([element] * number).encode() + b"}"
        seconds = []
        for _ in range(5):  # the least of them: other programs slow this one down
            started = time.process_time()
            with suppress(InvalidInput):
                parse(PredictRequest, body)
            seconds.append(time.process_time() - started)
        return min(seconds)

    assert cost(element, 200_000) < 10 * cost("1.5", 100_000)


@pytest.mark.parametrize("element", ["1", "[]", "[[1]]", '{"":1}', "null", '""'])
def test_a_body_of_more_parts_than_any_request_has_is_refused_before_it_is_parsed(element: str) -> None:
    body = b'{"sequence":[' + b",".join([element.encode()] * ((8 << 20) // (len(element) + 1))) + b"]}"
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInput) as refused:
            parse(PredictRequest, body)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refused.value.code == "too_long"
    assert most < 1 << 20


def test_the_largest_request_of_pairs_is_within_the_bounds() -> None:
    pairs = b"[" + b",".join([b"[1,2.5]"] * 25) + b"]"
    posted = parse(PredictRequest, b'{"sequences":[' + b",".join([pairs] * 10_000) + b"]}").sequences
    assert posted is not None
    assert sum(map(len, posted)) == 250_000


@pytest.mark.parametrize(
    ("sequence", "code", "where"),
    [
        ("[1,2,[3,4]]", "wrong_type", "sequence.2"),
        ("[[1,2],3]", "wrong_type", "sequence.1"),
        ("[[1,2],[3]]", "missing_field", "sequence.1.1"),
        ("[[1,2],[3,4,5]]", "too_long", "sequence.1"),
        ("[[1,NaN]]", "non_finite", "sequence.0.1"),
        ("[null,[1,2]]", "wrong_type", "sequence.1"),
        ("[[null,1]]", "wrong_type", "sequence.0.0"),
        ("[]", "too_short", "sequence"),
        ('"x"', "wrong_type", "sequence"),
        (str([1] * 250_001), "too_long", "sequence"),
        (str([[1, 1]] * 250_001), "too_long", "sequence"),
    ],
)
def test_of_the_two_forms_of_a_sequence_the_nearer_one_is_explained(sequence: str, code: str, where: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(PredictRequest, b'{"sequence":%b}' % sequence.encode())
    assert (refused.value.code, refused.value.problems[0].where) == (code, where)


@pytest.mark.parametrize(
    ("sequence", "code"),
    [
        ('""', "too_short"),
        ('"%s"' % ("x" * 10_001), "too_long"),
        ("[]", "too_short"),
        ("[1,NaN]", "non_finite"),
        ("[[1,2],[3]]", "missing_field"),
        ("7", "wrong_type"),
    ],
)
def test_where_a_text_may_stand_for_a_sequence_too_the_form_that_was_meant_is_explained(
    sequence: str, code: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(InspectRequest, b'{"model":"x","sequence":%b}' % sequence.encode())
    assert refused.value.code == code
