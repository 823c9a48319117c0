"""Bodies: what is read, what is refused, and which field a refusal names."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from tenantry.core.errors import InvalidValue, PayloadTooLarge
from tenantry.surfaces.shared.body import MOST_VALUES, Fields, parse_json, read_body, read_parts

DEPTH = 32


def parse(raw: bytes, *, lenient: bool = False) -> Any:
    return parse_json(raw, depth_limit=DEPTH, lenient=lenient)


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b"", "body"),
        (b"hello", "body"),
        (b'{"a": 1} trailing', "body"),
        (b"\xff\xfe", "body"),
        (b"[" * 200 + b"]" * 200, "body"),
        (b"[" * 200_000, "body"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, "body"),
        (b"1" * 5_000, "body"),
        (b'{"name": "a\\u0000b"}', "name"),
        (b'{"name": "\\ud800"}', "name"),
        (b'{"name": ["\\udc00x"]}', "name"),
        (b'{"a\\u0000": 1}', "body"),
        (b'{"count": NaN}', "count"),
        (b'{"count": 1e999}', "count"),
    ],
)
@pytest.mark.parametrize("lenient", [False, True])
def test_what_is_not_usable_json_is_refused_and_the_field_named(raw: bytes, field: str, lenient: bool) -> None:
    with pytest.raises(InvalidValue) as refused:
        parse(raw, lenient=lenient)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "raw",
    [
        b"{mobileNumber: '+1', \"pin\": 12, admin: true,}",
        b"{'mobileNumber': '+1', 'pin': 12, 'admin': True}",
        b'\xef\xbb\xbf{"mobileNumber": "+1", "pin": 12, "admin": true}',
        b"{mobileNumber: '+1', // it's a comment\n pin: 0xC, /* True */ admin: True}",
    ],
)
def test_sloppy_json_is_read_where_it_is_allowed(raw: bytes) -> None:
    assert parse(raw, lenient=True) == {"mobileNumber": "+1", "pin": 12, "admin": True}


def test_pythons_constants_inside_strings_stay_text() -> None:
    assert parse(b"{'a': 'None of \\'True\\'', 'b': None}", lenient=True) == {"a": "None of 'True'", "b": None}


def test_sloppy_json_is_refused_where_it_is_not_allowed() -> None:
    with pytest.raises(InvalidValue):
        parse(b"{'a': 1}")


@pytest.mark.parametrize("raw", [b'"' + b'\\"' * 250_000, b"{'a': 1" + b"'x" * 250_000, b"/*" * 250_000])
def test_a_body_made_to_be_slow_is_not(raw: bytes) -> None:
    started = time.process_time()
    with pytest.raises(InvalidValue):
        parse(raw, lenient=True)
    assert time.process_time() - started < 2


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_read_or_refused(raw: bytes, lenient: bool) -> None:
    try:
        parsed = parse(raw, lenient=lenient)
    except InvalidValue:
        return
    assert parse(json.dumps(parsed).encode(), lenient=False) == parsed


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(json_values)
def test_pythons_own_form_of_a_value_is_read_as_the_value(value: Any) -> None:
    assert parse(str({"value": value}).encode(), lenient=True) == {"value": value}


def receiving(*chunks: bytes) -> Any:
    left = list(chunks)

    async def receive() -> Message:
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    return receive


async def test_a_body_is_put_together_from_its_chunks() -> None:
    assert await read_body(receiving(b"ab", b"", b"cd"), 4) == b"abcd"


async def test_a_body_over_the_limit_is_refused_while_it_comes() -> None:
    with pytest.raises(PayloadTooLarge):
        await read_body(receiving(b"abc", b"de", b"never asked for"), 4)


def test_keys_are_found_in_any_letter_case_and_the_last_of_two_counts() -> None:
    fields = Fields({"DisplayName": "first", "displayname": "last"})
    assert fields.text("displayName") == "last"
    assert "DISPLAYNAME" in fields


def test_null_counts_as_absent() -> None:
    fields = Fields({"a": None})
    assert (fields.text("a"), fields.flag("a"), fields.texts("a"), fields.object("a")) == (None, None, [], None)
    with pytest.raises(InvalidValue):
        fields.text("a", required=True)


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        (lambda fields: fields.text("number"), "number"),
        (lambda fields: fields.text("text", max_length=2), "text"),
        (lambda fields: fields.text("blank", required=True), "blank"),
        (lambda fields: fields.text("absent", required=True), "absent"),
        (lambda fields: fields.flag("text"), "text"),
        (lambda fields: fields.whole("text"), "text"),
        (lambda fields: fields.whole("flag"), "flag"),
        (lambda fields: fields.whole("number", high=6), "number"),
        (lambda fields: fields.texts("number"), "number"),
        (lambda fields: fields.texts("flag"), "flag"),
        (lambda fields: fields.texts("list"), "list[1]"),
        (lambda fields: fields.texts("list", max_items=1), "list"),
        (lambda fields: fields.object("text"), "text"),
        (lambda fields: fields.objects("list"), "list[0]"),
        (lambda fields: fields.object("inner", required=True).text("number", required=True), "inner.number"),
    ],
)
def test_a_wrong_field_is_named(ask: Any, field: str) -> None:
    fields = Fields({"number": 7, "text": "abc", "blank": " ", "flag": False, "list": ["a", 1], "inner": {"number": 1}})
    with pytest.raises(InvalidValue) as refused:
        ask(fields)
    assert refused.value.field == field
    assert field in refused.value.public


@pytest.mark.parametrize("value", [[], "text", 1, None])
def test_a_body_that_is_no_object_is_refused(value: Any) -> None:
    with pytest.raises(InvalidValue) as refused:
        Fields(value)
    assert refused.value.field == "body"


@pytest.mark.parametrize("lenient", [False, True])
def test_a_body_of_more_values_than_anybody_sends_is_refused_before_they_are_looked_at(lenient: bool) -> None:
    most = json.dumps({"a": [[]] * (MOST_VALUES - 1)}).encode()
    assert len(parse_json(most, depth_limit=8, lenient=lenient)["a"]) == MOST_VALUES - 1
    bodies: tuple[Any, ...] = ({"a": [[]] * MOST_VALUES}, [{str(key): {} for key in range(MOST_VALUES)}])
    for more in bodies:
        with pytest.raises(InvalidValue) as refused:
            parse_json(json.dumps(more).encode(), depth_limit=8, lenient=lenient)
        assert (refused.value.field, str(MOST_VALUES) in refused.value.public) == ("body", True)


async def test_a_body_that_flows_is_passed_on_until_it_is_too_much() -> None:
    came: list[bytes] = [b"abc", b"def", b"ghi"]
    passed: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": came.pop(0), "more_body": bool(came)}

    async def take(length: str | None) -> None:
        async for part in read_parts(receive, 6, length):
            passed.append(part)  # noqa: PERF401 - what came before it was too much is wanted

    for length in (None, "7"):
        with pytest.raises(PayloadTooLarge):
            await take(length)
        assert passed == [b"abc", b"def"]
