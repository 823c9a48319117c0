"""A sloppy wire, read by the Struct that an operation declares."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from msgspec import Meta, Struct

from tenantry.core.errors import InvalidValue
from tenantry.surfaces.shared.loose import read_loosely


class Sent(Struct, rename="camel"):
    """Each kind of field."""

    pin_code: Annotated[str, Meta(max_length=4)] | int | None = None
    members: Annotated[list[Annotated[str, Meta(max_length=5)]], Meta(max_length=3)] | str | None = None
    count: Annotated[int, Meta(ge=1)] | None = None
    active: Annotated[bool, Meta(extra={"also_absent": ""})] = False


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"PINCODE": 1234}, Sent(pin_code="1234")),
        ({"pinCode": "12"}, Sent(pin_code="12")),
        ({"members": ["a", "b"]}, Sent(members=["a", "b"])),
        ({"members": "a;b,c"}, Sent(members=["a", "b", "c"])),
        ({"members": "a;b;c;"}, Sent(members=["a", "b", "c", ""])),
        ({"members": ""}, Sent(members=[""])),
        ({"Members": None, "members": "a"}, Sent(members=["a"])),
        ({"count": "7", "active": "TRUE"}, Sent(count=7, active=True)),
        ({"active": "", "another": object}, Sent()),
    ],
)
def test_what_clients_send_in_several_forms_is_read_as_one(sent: Any, read: Sent) -> None:
    assert read_loosely(sent, Sent) == read


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"pinCode": 12345}, "pinCode must be a string"),
        ({"pinCode": 10**5000}, "pinCode must be a string"),
        ({"pinCode": True}, "pinCode must be a string"),
        ({"pinCode": -123}, "pinCode must be a string"),
        ({"pinCode": 1.5}, "pinCode must be a string"),
        ({"pinCode": "12345"}, "pinCode must not be longer than 4 characters"),
        ({"members": 7}, "members must be a list"),
        ({"members": {}}, "members must be a list"),
        ({"members": ["a", 7]}, "members[1] must be a string"),
        ({"members": ["abcdef"]}, "members[0] must not be longer than 5 characters"),
        ({"members": ["a"] * 4}, "members must not have more than 3 entries"),
        ({"members": "a;" * 4}, "members must not have more than 3 entries"),
        ({"count": 0}, "count must be a whole number from 1"),
        ({"active": "perhaps"}, "active must be true or false"),
        ([], "The request body must be a JSON object"),
    ],
)
def test_what_is_in_none_of_its_forms_is_refused_by_its_name(sent: Any, message: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        read_loosely(sent, Sent)
    assert refused.value.public.startswith(message)


def test_a_shape_that_nobody_reads_loosely_cannot_be_declared() -> None:
    class Odd(Struct):
        """A union that no client needs."""

        either: int | list[str] | None = None

    with pytest.raises(TypeError, match="nobody reads"):
        read_loosely({}, Odd)
