"""Tests of manifests: what is written is read again, and nothing else is."""

import json
from typing import Any

import http_ece
import pytest

from clouddp.content.format import content_encoding
from clouddp.content.format.entries import LinkEntry, Manifest
from clouddp.content.format.manifest import open_manifest, read_tree, seal_manifest, write_tree
from clouddp.content.format.padding import padded_length
from clouddp.model.errors import DamagedError
from tests.unit.content.format.trees import a_file, a_manifest, a_tree

KEY = bytes(range(16))
SALT = bytes(range(16, 32))
TREE = a_tree(
    a_file("a/empty"),
    a_file("b.txt", b"12345"),
    folders=("nothing here",),
    links=(LinkEntry(path="latest", target="b.txt"),),
)
MANIFEST = a_manifest(TREE, 3, 2)


def _text(manifest: Manifest) -> Any:
    return json.loads(content_encoding.decrypt(seal_manifest(manifest, key=KEY, salt=SALT), KEY))


def _sealed(document: Any) -> bytes:
    return content_encoding.encrypt(json.dumps(document).encode(), KEY, SALT, record_size=65_536)


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert open_manifest(seal_manifest(MANIFEST, key=KEY, salt=SALT), KEY) == MANIFEST


def test_a_manifest_of_thousands_of_files_takes_many_records() -> None:
    tree = a_tree(*(a_file(f"{number:05}", b"x") for number in range(3000)))
    manifest = a_manifest(tree, 3000)
    sealed = seal_manifest(manifest, key=KEY, salt=SALT)

    assert len(sealed) > 5 * 65_536
    assert open_manifest(sealed, KEY) == manifest
    assert json.loads(http_ece.decrypt(sealed, key=KEY))["tree"]["files"][2999]["path"] == "02999"


def test_the_length_of_the_text_is_padded() -> None:
    text = content_encoding.decrypt(seal_manifest(MANIFEST, key=KEY, salt=SALT), KEY)

    assert len(text) == padded_length(len(text.rstrip(b" ")))


def test_octets_are_written_as_hexadecimal_digits() -> None:
    document = _text(MANIFEST)

    assert document["chunks"][1]["key"] == "00" * 15 + "01"
    assert document["digest_algorithm"] == "blake3-256"


def _change(*path: str | int, to: object) -> Any:
    document = _text(MANIFEST)
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return document


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format",), 2),
        (("more",), 1),
        (("tree", "files", 0, "owner"), "root"),
        (("tree", "files", 0, "path"), "../outside"),
        (("tree", "files", 0, "path"), "/etc/passwd"),
        (("tree", "files", 0, "path"), "c:x"),
        (("tree", "files", 0, "path"), "z"),
        (("tree", "files", 0, "path"), "b.txt"),
        (("tree", "files", 0, "path"), "b.txt/below"),
        (("tree", "files", 0, "path"), "latest/through a link"),
        (("tree", "files", 0, "mode"), 0o4755),
        (("tree", "files", 0, "size"), "0"),
        (("tree", "files", 0, "size"), -1),
        (("tree", "files", 0, "size"), True),
        (("tree", "files", 1, "size"), 6),
        (("tree", "files", 0, "digest"), "00"),
        (("tree", "links", 0, "target"), "../../x"),
        (("tree", "folders"), ["b", "a"]),
        (("chunks", 0, "name"), "../state/service"),
        (("chunks", 0, "name"), "0" * 32 + "\n"),
        (("chunks", 0, "key"), "zz" * 16),
        (("chunks", 0, "encoding"), 2),
        (("chunks", 0, "raw_length"), 2**40),
        (("chunks", 0, "raw_length"), 0),
        (("digest_algorithm",), "md5"),
        (("generation",), 0),
    ],
)
def test_a_manifest_that_no_site_writes_is_refused(path: tuple[str | int, ...], value: object) -> None:
    with pytest.raises(DamagedError, match="manifest_not_valid"):
        open_manifest(_sealed(_change(*path, to=value)), KEY)


def test_what_is_not_json_is_refused() -> None:
    with pytest.raises(DamagedError, match="manifest_not_valid"):
        open_manifest(content_encoding.encrypt(b"\xff{", KEY, SALT, record_size=4096), KEY)


def test_an_error_never_shows_a_key() -> None:
    document = _change("chunks", 0, "key", to="c0ffee")

    with pytest.raises(DamagedError) as raised:
        open_manifest(_sealed(document), KEY)

    assert "c0ffee" not in str(raised.value)
    assert raised.value.arguments["reason"] == "chunks.0.key"


def test_a_tree_is_read_as_it_was_written() -> None:
    assert read_tree(write_tree(TREE)) == TREE
    with pytest.raises(DamagedError):
        read_tree(b"{}")
