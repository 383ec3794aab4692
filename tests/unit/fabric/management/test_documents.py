"""Documents are read strictly and written so that every parser reads them again."""

import base64
from datetime import UTC, datetime

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from clouddp.fabric.management.documents import (
    NAMESPACE,
    RequestDocument,
    element,
    extended_properties_element,
    flag_element,
    merge_properties,
    moment_text,
    nil_element,
    parse_xml,
    precise_moment_text,
    read_document,
    reply_document,
    text_element,
)
from clouddp.fabric.management.protocol_errors import ProtocolError
from tests.unit.fabric.builders import document, encoded, properties

MOMENT = datetime(2015, 6, 30, 23, 59, 23, 831_283, tzinfo=UTC)


def read(**values: str) -> RequestDocument:
    return read_document(document("Doc", **values).encode(), "Doc")


def refusal(body: bytes) -> str:
    with pytest.raises(ProtocolError) as caught:
        read_document(body, "Doc")
    return caught.value.code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_document_is_read_in_every_encoding_that_xml_has_to_have(encoding: str) -> None:
    text = f"<Doc xmlns='{NAMESPACE}'><A> é </A></Doc>"

    assert read_document(text.encode(encoding), "Doc").text("A") == "é"


def test_a_prefix_is_as_good_as_a_default_namespace() -> None:
    body = f"<x:Doc xmlns:x='{NAMESPACE}'><x:A>1</x:A><A>2</A></x:Doc>".encode()

    assert read_document(body, "Doc").text("A") == "1"


def test_blanks_count_only_where_they_are_asked_for() -> None:
    read_one = read(A="  a b ", Password=" p ")

    assert (read_one.text("A"), read_one.exact_text("Password")) == ("a b", " p ")


def test_a_nil_or_missing_element_is_empty() -> None:
    body = f"<Doc xmlns='{NAMESPACE}' xmlns:i='http://www.w3.org/2001/XMLSchema-instance'><A i:nil='true'/></Doc>"
    read_one = read_document(body.encode(), "Doc")

    assert (read_one.text("A"), read_one.text("B"), read_one.optional_label(), read_one.description()) == ("",) * 4
    for name in "AB":
        with pytest.raises(ProtocolError, match=f"The {name} element is required"):
            read_one.needed_text(name)


@pytest.mark.parametrize(
    ("text", "expected"), [("", False), ("false", False), ("0", False), ("TRUE", True), ("1", True)]
)
def test_a_flag_is_true_or_false(text: str, expected: bool) -> None:
    assert read(Flag=text).is_set("Flag") is expected


@pytest.mark.parametrize("text", ["yes", "2", "tru", "true false"])
def test_a_flag_that_is_neither_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        read(Flag=text).is_set("Flag")

    assert caught.value.code == "InvalidXmlRequest"


def test_base64_may_be_folded() -> None:
    data = bytes(range(256))
    folded = "\r\n ".join(base64.b64encode(data).decode()[start : start + 64] for start in range(0, 344, 64))

    assert read(Data=folded).needed_bytes("Data") == data


@pytest.mark.parametrize("text", ["a", "a===", "*", "YQ==YQ==", "YQ=", "é", "YQ-_"])
def test_base64_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError, match="not Base-64"):
        read(Data=text).needed_bytes("Data")


def test_a_label_of_a_hundred_characters_is_the_longest() -> None:
    assert read(Label=encoded("é" * 100)).label() == encoded("é" * 100)
    for wrong in (encoded("x" * 101), encoded(b"\xff"), "é"):
        with pytest.raises(ProtocolError):
            read(Label=wrong).label()


@pytest.mark.parametrize(
    "content",
    [
        properties(**{"": "1"}),
        properties(**{"1a": "1"}),
        properties(**{"a-b": "1"}),
        properties(**{"a" * 65: "1"}),
        properties(a="x" * 256),
        properties(a="1") * 2,
        properties(**{f"p{number}": "" for number in range(51)}),
    ],
)
def test_properties_that_the_service_does_not_take_are_refused(content: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        read(ExtendedProperties=content).extended_properties()

    assert caught.value.code == "BadRequest"


def test_properties_are_added_and_replaced_up_to_fifty() -> None:
    fifty = tuple((f"p{number}", "1") for number in range(50))

    assert merge_properties((("a", "1"), ("b", "2")), (("b", "3"), ("c", "4"))) == (("a", "1"), ("b", "3"), ("c", "4"))
    assert merge_properties(fifty, (("p0", "2"),))[0] == ("p0", "2")
    with pytest.raises(ProtocolError, match="more than 50"):
        merge_properties(fifty, (("more", "1"),))


@pytest.mark.parametrize(
    "body",
    [b"", b"<", b"<Doc/>", b"<Doc xmlns='other'/>", f"<Other xmlns='{NAMESPACE}'/>".encode(), b"<!DOCTYPE Doc><Doc/>"],
)
def test_another_document_is_refused(body: bytes) -> None:
    assert refusal(body) == "InvalidXmlRequest"


def test_elements_are_written_as_the_real_service_writes_them() -> None:
    assert element("A") == "<A/>"
    assert text_element("A", "") == "<A/>"
    assert text_element("A", "<&>") == "<A>&lt;&amp;&gt;</A>"
    assert nil_element("A", "") == '<A i:nil="true"/>'
    assert nil_element("A", "a") == "<A>a</A>"
    assert flag_element("A", value=False) == "<A>false</A>"
    assert extended_properties_element(()) == "<ExtendedProperties/>"
    assert reply_document("A", "<B/>").startswith(f'<A xmlns="{NAMESPACE}" xmlns:i="http://www.w3.org/2001/XMLSchema')
    assert moment_text(MOMENT) == "2015-06-30T23:59:23Z"
    assert precise_moment_text(MOMENT) == "2015-06-30T23:59:23.8312830Z"


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(), max_size=60))
def test_whatever_a_text_holds_the_reply_can_be_read(text: str) -> None:
    written = reply_document("A", text_element("B", text))

    root = fromstring(written.encode("utf-8"))

    expected = "".join(character if is_of_xml(character) else "\N{REPLACEMENT CHARACTER}" for character in text)
    assert (root[0].text or "") == expected.replace("\r\n", "\n").replace("\r", "\n")


def is_of_xml(character: str) -> bool:
    """Say whether XML 1.0 can hold a character (section 2.2)."""
    number = ord(character)
    return character in "\t\n\r" or 0x20 <= number <= 0xD7FF or 0xE000 <= number <= 0xFFFD or number >= 0x10000


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_no_octets_are_a_defect(body: bytes) -> None:
    try:
        parse_xml(body)
    except ProtocolError as error:
        assert error.code == "InvalidXmlRequest"  # noqa: PT017 (both outcomes are right)
